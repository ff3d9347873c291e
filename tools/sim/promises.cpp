// Compares what was told with what is.
#include "tools/sim/promises.hpp"

#include <algorithm>

#include "actors/sagas/plans.hpp"

namespace souk::sim {

using order::flow;
using order::kind;
using order::state;

namespace {
constexpr std::string_view names[]{"pending", "completed", "failed", "cancelled"};
std::string in_words(const order::ticket& t) {
  return to_text(t.id) + ' ' + std::string{names[static_cast<std::size_t>(t.state)]} + " (" +
         std::string{to_text(t.why)} + ") total " + std::to_string(t.total.minor) + " less " +
         std::to_string(t.discount.minor);
}
std::int64_t paid(const order::view& end) { return end.total.minor - end.discount.minor; }

// The flows whose payment an outside provider approves.
bool asks_the_provider(flow f) { return f == flow::balance_first || f == flow::stock_first || f == flow::by_events; }
// Of which the platform is told what wallets and payments wrote into their histories.
bool tells_histories(flow f) { return f == flow::by_events; }
}  // namespace

promises::wish& promises::asked(const order::place& what, std::int64_t now_us) {
  auto& mine = wishes_[what.request];
  mine.what = what;
  mine.asked_us = now_us;
  return mine;
}

promises::pause* promises::paused(flow which, std::int64_t now_us) {
  const auto lasts = [&](const auto& one) { return one.flow == which && one.resumed_us == deed::never; };
  if (std::any_of(pauses_.begin(), pauses_.end(), lasts)) return nullptr;
  return &pauses_.emplace_back(pause{which, now_us});
}

bool promises::is_paused(std::int64_t now_us) const {
  return std::any_of(pauses_.begin(), pauses_.end(),
                     [&](const auto& one) { return one.told_us <= now_us && now_us < one.resume_asked_us; });
}

void promises::paused(const order::place& what, const asking& when) {
  seen_.saw(situation::refused_while_paused);
  const bool may_be = std::any_of(pauses_.begin(), pauses_.end(), [&](const auto& one) {
    return one.flow == what.flow && one.asked_us <= when.told_us && when.asked_us <= one.resumed_us;
  });
  if (!may_be) broken(what.request + " was refused as paused, and its design was not");
}

void promises::told(const std::string& request, const answer& said, const asking& when) {
  const auto* ticket = std::get_if<order::ticket>(&said.body);
  if (!said.done() || !ticket) {
    if (said.what == verdict::refused)
      broken(request + " was refused: " + std::string{to_text(said.why)} + ' ' + said.detail);
    return;
  }
  auto& mine = wishes_.at(request);
  for (const auto& one : pauses_)
    if (one.flow == mine.what.flow && !said.replayed && one.told_us < when.asked_us &&
        when.told_us < one.resume_asked_us)
      broken(request + " was taken while its design was paused");
  const auto [of, fresh] = request_of_.emplace(ticket->id.value, request);
  if (of->second != request) broken("two requests got one order: " + of->second + " and " + request);
  for (const auto& before : mine.told) {
    const bool final = before.state == state::completed || before.state == state::failed;
    const bool taken_back = before.state == state::completed && ticket->state == state::cancelled && mine.cancel_asked;
    // Answers may overtake each other.
    const bool overtaken = ticket->state == state::pending ||
                           (before.state == state::cancelled && ticket->state == state::completed && mine.cancel_asked);
    if (before.id != ticket->id || (final && before.state != ticket->state && !taken_back && !overtaken))
      broken(request + " was told " + in_words(before) + ", then " + in_words(*ticket));
  }
  mine.told.push_back(*ticket);
  if (ticket->state != state::pending) mine.told_us = std::min(mine.told_us, when.told_us);
}

void promises::cancel_asked(const std::string& request, std::int64_t now_us) {
  auto& mine = wishes_.at(request);
  mine.cancel_asked = true;
  mine.back_us = std::min(mine.back_us, now_us);
}

void promises::cancel_told(const std::string& request, const answer& said) {
  auto& mine = wishes_.at(request);
  if (said.done()) mine.cancel_told = true;
  if (said.why == reason::not_cancellable) {
    mine.cancel_refused = true;
    seen_.saw(situation::cancel_came_too_late);
  }
}

void promises::charged(const user_id& user, const answer& said, money amount, const asking& when) {
  if (!said.done()) return broken("a charge of " + user.text + " was refused: " + std::string{to_text(said.why)});
  // The first to hear of it, recorded or not: its entry was made since it was asked for.
  if (const auto* mine = std::get_if<wallet::view>(&said.body))
    sights_.push_back({mine->user.text, mine->entries, mine->balance.minor, when.asked_us, when.told_us, true});
  money_in_[user.text] += amount.minor;
}

void promises::restocked(const product_id& product, const answer& said, std::int64_t units) {
  if (!said.done()) return broken("a restock of " + product.text + " was refused: " + std::string{to_text(said.why)});
  goods_in_[product.text] += units;
}

void promises::found(const std::string& request, const answer& said, const runtime::stage& on) {
  auto& mine = wishes_.at(request);
  mine.found_us = on.now_us();
  const auto* view = std::get_if<order::view>(&said.body);
  if (!view) {
    if (!mine.told.empty()) broken(request + " was told " + in_words(mine.told.back()) + ", and is not there");
    return;
  }
  mine.end = *view;
  mine.ended_us = on.last_us(view->ended, deed::never);
  for (const auto& one : view->timeline) {
    if (one.what == order::mark::lost) seen_.saw(situation::step_lost);
    if (one.what == order::mark::undone) seen_.saw(situation::saga_walked_back);
  }
  if (view->state == state::pending) broken(request + " never ended");
  const auto& plan = sagas::plan_of(view->flow);
  for (std::size_t step = 0; step < plan.stages().size(); ++step) {
    if (plan.is_chain() || view->state != state::completed || plan.stages()[step].role != sagas::role::compensable)
      continue;
    const auto is_told = [&](const auto& one) {
      return one.step == step && (one.what == order::mark::done || one.what == order::mark::skipped);
    };
    if (std::none_of(view->timeline.begin(), view->timeline.end(), is_told))
      broken(request + " is completed, and its story does not say that " + std::string{plan.stages()[step].step->name} +
             " was done");
  }
  for (const auto& one : mine.told) {
    const bool same = one.state == view->state && (one.state != state::failed || one.why == view->why);
    const bool stands = one.state == state::pending || same ||
                        (one.state == state::completed && view->state == state::cancelled && mine.cancel_asked);
    if (one.id != view->id || !stands ||
        (one.state == state::completed && (one.total != view->total || one.discount != view->discount)))
      broken(request + " was told " + in_words(one) + ", but ended " +
             in_words({view->id, view->state, view->why, {}, view->total, view->discount}));
  }
  if (mine.cancel_told && view->state == state::completed) broken(request + " was cancelled, and is completed");
  if (mine.cancel_refused && view->state != state::failed)
    broken(request + " could not be cancelled, and did not fail");
  if (!mine.cancel_asked && view->state == state::cancelled) broken(request + " is cancelled, and nobody asked for it");
}

void promises::settled(const by_hand& what) { settled_[(what.refund_of ? what.refund_of : what.id).value] = what; }

const promises::by_hand* promises::settled_of(const order::view& end) const {
  const auto found = settled_.find(end.id.value);
  return found == settled_.end() ? nullptr : &found->second;
}

void promises::add_up() {
  for (const auto& [request, mine] : wishes_)
    if (mine.end) count(*mine.end);
}

void promises::count(const user_id& user, const by_hand& what) {
  money_out_[user.text] -= what.money;
  for (const auto& [product, units] : what.goods) goods_out_[product] -= units;
  if (const auto entered = entered_[what.id.value]; entered != what.money)
    broken("case " + to_text(what.id) + " was settled with " + std::to_string(what.money) +
           " in effect, and the ledger has " + std::to_string(entered));
}

void promises::count(const order::view& end) {
  const auto* hand = settled_of(end);
  if (hand) count(end.user, *hand);
  if (hand ? !hand->refund_of : end.state != state::completed) return;
  const auto sign = end.flow == flow::take_back ? -1 : 1;
  money_out_[end.user.text] += sign * paid(end);
  for (const auto& line : end.lines) goods_out_[line.product.text] += sign * line.quantity;
}

void promises::balance(const user_id& user, std::int64_t minor) {
  const auto due = money_in_[user.text] - money_out_[user.text];
  if (due != minor)
    broken("the wallet of " + user.text + " has " + std::to_string(minor) + " and should have " + std::to_string(due));
}

void promises::stock(const product_id& product, std::int64_t units) {
  const auto due = goods_in_[product.text] - goods_out_[product.text];
  if (due != units)
    broken("the shelf of " + product.text + " has " + std::to_string(units) + " and should have " +
           std::to_string(due));
}

void promises::saw(const answer& said, std::int64_t asked_us, std::int64_t told_us) {
  // A recorded answer shows what was, not what is.
  if (const auto* mine = std::get_if<wallet::view>(&said.body); mine && !said.replayed)
    sights_.push_back({mine->user.text, mine->entries, mine->balance.minor, asked_us, told_us});
}

void promises::read_ledger(const user_id& user, const answer& said) {
  if (const auto* page = std::get_if<wallet::page>(&said.body))
    for (const auto& one : page->entries) {
      ledgers_[user.text][one.number] = one.balance.minor;
      entered_[one.cause.value] += one.amount.minor;
      if (one.what != wallet::kind::charge) written_[{one.cause.value, one.what}] = one;
    }
}

void promises::compare_sights() {
  // A sale that stands was paid before anybody was told of it, and so was a return.
  for (const auto& [request, mine] : wishes_) {
    if (!mine.end || !was_completed(*mine.end) || mine.told_us == deed::never) continue;
    const auto moved = mine.end->flow == flow::take_back ? wallet::kind::credit : wallet::kind::debit;
    if (const auto found = written_.find({mine.end->id.value, moved}); found != written_.end())
      sights_.push_back(
          {mine.end->user.text, found->second.number, found->second.balance.minor, mine.asked_us, mine.told_us, true});
  }
  for (auto& one : contradictions(sights_, ledgers_)) broken(std::move(one));
  for (const auto& [request, mine] : wishes_)
    if (mine.end)
      histories_.ordered({mine.what, *mine.end, mine.asked_us, std::min(mine.told_us, mine.found_us),
                          std::max(mine.asked_us, std::min(mine.back_us, mine.found_us)), mine.found_us, mine.ended_us,
                          settled_of(*mine.end) != nullptr});
  for (auto& one : histories_.contradictions()) broken(std::move(one));
}

std::string promises::untold(const data_platform& platform) const {
  for (const auto& [request, mine] : wishes_) {
    if (!mine.end) continue;
    const auto& end = *mine.end;
    const bool sold = order::is_sale(end.flow) && was_completed(end);
    if (sold && !platform.knows(end.id, kind::completed)) return request + " completed";
    if (sold && end.state == state::cancelled && !platform.knows(end.id, kind::cancelled))
      return request + " cancelled";
    if (end.flow == flow::take_back && end.state == state::completed && !platform.knows(end.id, kind::returned))
      return request + " returned";
  }
  return {};
}

std::string promises::owed(const till& provider) const {
  for (const auto& [request, mine] : wishes_) {
    if (!mine.end || !asks_the_provider(mine.end->flow) || settled_of(*mine.end)) continue;
    const auto found = provider.ledger().find(to_text(mine.end->id));
    const auto kept = found == provider.ledger().end() ? 0 : found->second.kept();
    const auto due = mine.end->state == state::completed ? paid(*mine.end) : 0;
    if (kept != due)
      return request + ": the provider keeps " + std::to_string(kept) + " and should keep " + std::to_string(due);
  }
  return {};
}

void promises::outside(const data_platform& platform, const till& provider) {
  for (const auto& one : platform.wrong()) broken("platform: " + one);
  std::map<std::int64_t, const order::view*> ends;
  for (const auto& [request, mine] : wishes_)
    if (mine.end) ends[mine.end->id.value] = &*mine.end;
  for (const auto& [subject, what] : platform.all()) {
    const auto found = ends.find(subject);
    if (what > kind::returned) {  // a history, not an end
      if (found == ends.end() || !tells_histories(found->second->flow))
        broken("the platform was told of a history of " + to_text(number{subject}) + ", which has none");
      continue;
    }
    const bool true_one = found != ends.end() && (what == kind::completed   ? was_completed(*found->second)
                                                  : what == kind::cancelled ? found->second->state == state::cancelled
                                                                            : found->second->state == state::completed);
    if (!true_one) broken("the platform was told of an end of " + to_text(number{subject}) + " that is none");
  }
  look_at_histories(platform);
  for (const auto& [key, one] : provider.ledger())
    if (one.captures > 1 || one.refunds > one.captures)
      broken("the provider captured " + key + ' ' + std::to_string(one.captures) + " times and refunded it " +
             std::to_string(one.refunds) + " times");
}

// What wallets wrote about orders that run by events the platform was told, and nothing else; that a payment was
// approved, of each that stands.
void promises::look_at_histories(const data_platform& platform) {
  constexpr std::pair<wallet::kind, kind> told_as[]{{wallet::kind::debit, kind::wallet_debited},
                                                    {wallet::kind::debit_undone, kind::wallet_restored}};
  for (const auto& [request, mine] : wishes_) {
    if (!mine.end || !tells_histories(mine.end->flow)) continue;
    const auto id = mine.end->id;
    for (const auto& [written, told] : told_as)
      if (const bool is = written_.contains({id.value, written}); is != platform.knows(id, told))
        broken("the platform " + std::string{is ? "was never told" : "was told"} + " of an entry of " + request +
               (is ? "" : " that is none"));
    if (was_completed(*mine.end) && !settled_of(*mine.end) && !platform.knows(id, kind::payment_approved))
      broken("the platform was never told that " + request + " was paid");
  }
}

}  // namespace souk::sim
