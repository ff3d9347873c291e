// Decides who waits, who is in, and who has had his turn.
#include "actors/domains/queue.hpp"

#include <algorithm>

namespace souk::domains {

using what = persistence::queue_store::what;
using souk::queue::state;

answer queue::on(const souk::queue::open& open) {
  auto room = store_.load(open.schedule).value_or(store::room{});
  room.schedule = open.schedule;
  room.sales_open = open.sales_open;
  room.admits = open.admits;
  room.hold_ms = open.hold_ms;
  room.id ? store_.save(room) : static_cast<void>(store_.open(room));
  return {};
}

answer queue::on(const souk::queue::join& join) {
  const auto key = join.schedule.text + '/' + join.request;
  const auto print = persistence::print_of(join);
  if (auto first = store_.requests.known(key, print)) return *first;
  auto room = store_.load(join.schedule);
  if (!room) return refuse(reason::not_found, join.schedule.text);
  turn_over(*room, join.at);
  auto mine = store_.live_of(room->id, join.user);
  if (!mine) {
    mine = store::token{store_.numbers.next(join.at, slice_of(join.schedule.text)), room->id, join.user};
    mine->place = ++room->issued;
    store_.save(*room);
    store_.issue(*mine);
    turn_over(*room, join.at);
    mine = store_.find(mine->id);
  }
  auto said = reply_with(view_of(*room, *mine));
  store_.requests.keep(key, print, said);
  return said;
}

answer queue::on(const souk::queue::find& find) {
  auto token = store_.find(find.token);
  if (!token) return refuse(reason::not_found, to_text(find.token));
  auto room = store_.load(token->room);
  turn_over(*room, find.at);
  return reply_with(view_of(*room, *store_.find(find.token)));
}

answer queue::on(const souk::queue::enter& enter) {
  auto token = store_.find(enter.token);
  if (!token) return refuse(reason::not_admitted, "no such token");
  auto room = store_.load(token->room);
  if (token->user != enter.user || room->schedule != enter.schedule)
    return refuse(reason::not_admitted, "the token is for another user or another date");
  turn_over(*room, enter.at);
  token = store_.find(enter.token);
  if (token->now != state::admitted) {
    static constexpr std::string_view why[]{"the token waits for its turn", "", "the token is used up",
                                            "the token has expired"};
    return refuse(reason::not_admitted, std::string{why[static_cast<std::size_t>(token->now)]});
  }
  // A hold that is made now may last longer than the stay so far: the token outlives it, so that it can be paid. But
  // who asks again and again, for whatever there is to hold or not, goes like everybody.
  if (enter.at > token->admitted + room->hold_ms)
    return refuse(reason::not_admitted, "its time to hold seats is over: it pays for what it holds");
  if (const auto stay = enter.at + room->hold_ms; stay > token->until) {
    token->until = stay;
    store_.save(*token);
  }
  return reply_with(view_of(*room, *token));
}

answer queue::on(const souk::queue::use& use) {
  auto token = store_.find(use.token);
  std::optional<store::room> room;
  if (token) {
    room = store_.load(token->room);
    turn_over(*room, use.at);
    token = store_.find(use.token);
  }
  const bool valid =
      token && token->now == state::admitted && token->user == use.user && room->schedule == use.schedule;
  if (!store_.append({use.once.key(), valid ? what::used : what::refused, use.token, use.at}))
    return known(*store_.operation_at(use.once.key()), use.token);
  if (!valid) return refuse(reason::not_admitted, to_text(use.token));
  token->now = state::used;
  token->used_by = use.once.saga;
  store_.save(*token);
  turn_over(*room, use.at);
  return {};
}

// The key was used before: the first outcome stands.
answer queue::known(const store::operation& first, token_id token) {
  if (first.what == what::tombstone || store_.operation_at(first.key | 1)) return refuse(reason::undone);
  if (first.token != token) return refuse(reason::key_reused, "the same key came with another token");
  if (first.what == what::used) return reply_with(reply{}, true);
  auto again = refuse(reason::not_admitted, to_text(token));
  again.replayed = true;
  return again;
}

answer queue::on(const souk::queue::undo_use& undo) {
  const auto first = store_.operation_at(undo.once.key());
  if (!first) {
    // It never came. It may still come: the tombstone will refuse it.
    (void)store_.append({undo.once.key(), what::tombstone, undo.token, undo.at});
    return {};
  }
  if (first->what != what::used) return {};  // it never took the token: nothing to give back
  if (!store_.append({undo.once.undo_key(), what::use_undone, first->token, undo.at})) return {};
  auto token = *store_.find(first->token);
  // First in line again, because the slot may be somebody else's by now; unless its user has taken another number.
  token.now = store_.live_of(token.room, token.user) ? state::expired : state::waiting;
  token.until = {};
  token.used_by = {};
  store_.save(token);
  auto room = store_.load(token.room);
  turn_over(*room, undo.at);
  return {};
}

answer queue::on(const souk::recall& recall) {
  using effect = recorded::effect;
  const auto first = store_.operation_at(recall.once.key());
  if (!first) {
    if (!recall.forbid) return reply_with(recorded{});
    (void)store_.append({recall.once.key(), what::tombstone, {}, recall.now});
    return reply_with(recorded{effect::forbidden, {}, {}});
  }
  if (first->what == what::refused) return reply_with(recorded{effect::refused, {}, {}});
  if (first->what == what::tombstone) return reply_with(recorded{effect::forbidden, {}, {}});
  const bool undone = store_.operation_at(recall.once.undo_key()).has_value();
  return reply_with(recorded{undone ? effect::undone : effect::done, {}, {}});
}

void queue::turn_over(store::room& room, moment at) {
  // Written down, not only looked at: when the clock steps back, nobody comes in again for whom another was let in.
  while (auto gone = store_.first_due(room.id, at)) {
    gone->now = state::expired;
    store_.save(*gone);
  }
  if (at < room.sales_open) return;
  const auto turns_before = room.turns;
  for (auto in = store_.in(room.id); in < room.admits; ++in) {
    auto next = store_.first_waiting(room.id);
    if (!next) break;
    next->now = state::admitted;
    next->admitted = at;
    next->until = at + room.hold_ms;
    if (!next->turn) next->turn = ++room.turns;
    store_.save(*next);
  }
  if (room.turns != turns_before) store_.save(room);
}

souk::queue::view queue::view_of(const store::room& room, const store::token& token) {
  souk::queue::view view{token.id, room.schedule, token.user, token.place, 0, token.now, token.until};
  if (token.now != state::waiting) return view;
  // Those who were never in lie between the last turn and this place; others wait for the second time.
  view.ahead = std::max<std::int64_t>(token.place - 1 - room.turns, 0) +
               store_.waiting_below(room.id, std::min(token.place, room.turns + 1));
  return view;
}

}  // namespace souk::domains
