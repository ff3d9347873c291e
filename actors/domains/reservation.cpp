// Decides about seats: by the seat's own state, the hold's number and the moment in the command, by nothing else.
#include "actors/domains/reservation.hpp"

#include "messages/grammar/planted.hpp"

namespace souk::domains {

using what = persistence::reservation_store::what;
using souk::reservation::state;

answer reservation::on(const souk::reservation::open& open) {
  auto mine = store_.load(open.schedule);
  if (mine && mine->concert != open.concert) return refuse(reason::key_reused, open.schedule.text);
  store::schedule now = mine.value_or(store::schedule{0, open.schedule, open.concert});
  now.sales_open = open.sales_open;
  now.hold_ms = open.hold_ms;
  if (!now.id) now.id = store_.open(now);
  for (const auto& one : open.seats) store_.offer(now.id, one);
  now.seats = store_.seats_of(now.id);
  store_.save(now);
  return {};
}

answer reservation::on(const souk::reservation::hold& hold) {
  if (!hold.where) return refuse(reason::not_found, "no seat is named");
  const auto key = hold.where->schedule.text + '/' + hold.request;
  auto content = hold;
  content.admitted = true;
  const auto print = persistence::print_of(content);
  if (auto first = store_.requests.known(key, print)) return *first;
  if (!hold.admitted) return refuse(reason::not_admitted);
  auto schedule = store_.load(hold.where->schedule);
  if (!schedule) return refuse(reason::not_found, hold.where->schedule.text);
  auto seat = store_.find_seat(schedule->id, hold.where->seat);
  if (!seat) return refuse(reason::not_found, hold.where->seat.text);
  if (const auto last = store_.newest_of(hold.token)) {
    const auto its = *store_.seat_at(last->seat);
    const bool lives = its.newest == last->id && (its.now == state::reserved || its.held_at(hold.at));
    if (lives && its.id == seat->id && its.now == state::held && last->user == hold.user) {
      // Kept as well: a late copy of this request would else hold the seat anew when it is free again.
      auto said = reply_with(view_of(*last, its, hold.at), true);
      store_.requests.keep(key, print, said);
      return said;
    }
    if (lives) return refuse(reason::not_admitted, "the token has seat " + its.offer.seat.text);
  }
  const bool held = seat->held_at(hold.at) && !planted(bug::seat_believed);
  if (seat->now == state::reserved || held) return refuse(reason::seat_taken, seat->offer.seat.text);
  const store::hold fresh{store_.numbers.next(hold.at, slice_of(schedule->schedule.text), hold.token),
                          seat->id,
                          hold.user,
                          hold.token,
                          seat->offer.price,
                          hold.at + schedule->hold_ms};
  store_.append(fresh);
  seat->now = state::held;
  seat->newest = fresh.id;
  seat->until = fresh.until;
  store_.mark(*seat);
  if (!schedule->first_hold.ms) {
    schedule->first_hold = hold.at;
    store_.save(*schedule);
  }
  auto said = reply_with(view_of(fresh, *seat, hold.at));
  store_.requests.keep(key, print, said);
  return said;
}

answer reservation::on(const souk::reservation::release& release) {
  const auto hold = store_.find_hold(release.reservation);
  if (!hold) return refuse(reason::not_found, to_text(release.reservation));
  const auto seat = *store_.seat_at(hold->seat);
  if (seat.newest == hold->id) {
    if (seat.now == state::reserved) return refuse(reason::not_cancellable, "the seat is paid for: cancel its order");
    if (seat.now == state::held) free(seat);
  }
  return view_of(release.reservation, release.at);
}

answer reservation::on(const souk::reservation::check_out& out) {
  const auto key = "payment " + out.request;  // no key of a hold has a blank
  const auto print = persistence::print_of(out);
  if (auto first = store_.requests.known(key, print)) return *first;
  const auto hold = store_.find_hold(out.reservation);
  if (!hold || hold->user != out.user)
    return refuse(reason::not_found, "reservation " + to_text(out.reservation) + " of " + out.user.text);
  auto said = view_of(out.reservation, out.at);
  store_.requests.keep(key, print, said);
  return said;
}

answer reservation::on(const souk::reservation::confirm& confirm) {
  const auto hold = store_.find_hold(confirm.reservation);
  const auto why = why_not(confirm, hold);
  if (!store_.append({confirm.once.key(), why == reason::none ? what::confirmed : what::refused, confirm.reservation,
                      why, confirm.at}))
    return known(*store_.operation_at(confirm.once.key()), confirm);
  if (why != reason::none) return refuse(why, to_text(confirm.reservation));
  auto seat = *store_.seat_at(hold->seat);
  seat.now = state::reserved;
  seat.sale = confirm.once.saga;
  store_.mark(seat);
  return reply_with(told_of(*hold));
}

// The fence: only the newest hold of a seat counts, and of that one only the first payment.
reason reservation::why_not(const souk::reservation::confirm& confirm, const std::optional<store::hold>& hold) {
  if (!hold || hold->user != confirm.user || hold->token != confirm.token) return reason::hold_expired;
  const auto seat = *store_.seat_at(hold->seat);
  if (seat.newest != hold->id && !planted(bug::late_hold_believed)) return reason::hold_expired;
  if (seat.now == state::reserved) return reason::seat_taken;
  return seat.held_at(confirm.at) ? reason::none : reason::hold_expired;
}

// The key was used before: the first outcome stands.
answer reservation::known(const store::operation& first, const souk::reservation::confirm& confirm) {
  if (first.what == what::tombstone || store_.operation_at(first.key | 1)) return refuse(reason::undone);
  if (first.reservation != confirm.reservation)
    return refuse(reason::key_reused, "the same key came with another reservation");
  if (first.what == what::confirmed) return reply_with(told_of(*store_.find_hold(first.reservation)), true);
  auto again = refuse(first.why, to_text(first.reservation));
  again.replayed = true;
  return again;
}

answer reservation::on(const souk::reservation::undo_confirm& undo) {
  const auto first = store_.operation_at(undo.once.key());
  if (!first) {
    // It never came. It may still come: the tombstone will refuse it.
    (void)store_.append({undo.once.key(), what::tombstone, undo.reservation, reason::none, undo.at});
    return {};
  }
  if (first->what != what::confirmed) return {};  // it never took the seat: nothing to give back
  if (!store_.append({undo.once.undo_key(), what::undone, first->reservation, reason::none, undo.at})) return {};
  const auto seat = *store_.seat_at(store_.find_hold(first->reservation)->seat);
  if (seat.sale == undo.once.saga) free(seat);
  return {};
}

answer reservation::on(const souk::reservation::give_back& back) {
  if (!store_.append({back.once.key(), what::given_back, back.reservation, reason::none, back.at}))
    return reply_with(reply{}, true);
  const auto hold = store_.find_hold(back.reservation);
  if (!hold) return {};
  const auto seat = *store_.seat_at(hold->seat);
  if (seat.sale == back.sale) free(seat);
  return {};
}

answer reservation::on(const souk::recall& recall) {
  using effect = recorded::effect;
  const auto first = store_.operation_at(recall.once.key());
  if (!first) {
    if (!recall.forbid) return reply_with(recorded{});
    (void)store_.append({recall.once.key(), what::tombstone, {}, reason::none, recall.now});
    return reply_with(recorded{effect::forbidden, {}, {}});
  }
  if (first->what == what::refused) return reply_with(recorded{effect::refused, {}, {}});
  if (first->what == what::tombstone) return reply_with(recorded{effect::forbidden, {}, {}});
  const bool undone = store_.operation_at(recall.once.undo_key()).has_value();
  return reply_with(recorded{undone ? effect::undone : effect::done, {}, {}});
}

answer reservation::on(const souk::reservation::find& find) { return view_of(find.reservation, find.at); }

answer reservation::on(const souk::reservation::read& read) {
  const auto schedule = store_.load(read.schedule);
  if (!schedule) return refuse(reason::not_found, read.schedule.text);
  std::int64_t after = 0;
  if (!read.after.text.empty()) {
    const auto last = store_.find_seat(schedule->id, read.after);
    if (!last) return refuse(reason::not_found, read.after.text);
    after = last->id;
  }
  souk::reservation::page page;
  for (auto& one : store_.list(schedule->id, after, read.limit + 1)) {
    const bool held = one.held_at(read.at);
    const auto now = one.now == state::held && !held ? state::available : one.now;
    page.seats.push_back({std::move(one.offer), now, held ? one.until : moment{}});
  }
  page.more = page.seats.size() > read.limit;
  if (page.more) page.seats.pop_back();
  return reply_with(std::move(page));
}

answer reservation::view_of(reservation_id id, moment at) {
  const auto hold = store_.find_hold(id);
  if (!hold) return refuse(reason::not_found, to_text(id));
  return reply_with(view_of(*hold, *store_.seat_at(hold->seat), at));
}

souk::reservation::view reservation::view_of(const store::hold& hold, const store::seat& seat, moment at) {
  const bool newest = seat.newest == hold.id;
  const auto now = newest && seat.now == state::reserved ? state::reserved
                   : newest && seat.held_at(at)          ? state::held
                                                         : state::available;
  return {hold.id,   store_.load(seat.schedule)->schedule, seat.offer.seat, hold.user, hold.token, hold.price, now,
          hold.until};
}

souk::reservation::confirmed reservation::told_of(const store::hold& hold) {
  const auto schedule = store_.load(store_.seat_at(hold.seat)->schedule);
  return {schedule->seats, schedule->opened()};
}

void reservation::free(store::seat seat) {
  seat.now = state::available;
  seat.until = {};
  seat.sale = {};
  store_.mark(seat);
}

}  // namespace souk::domains
