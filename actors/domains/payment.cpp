// Decides about payments. Souk's own provider is the wallet's money, so what is requested of it is approved at once; an
// external one is asked by the cashier, and the answer waits for what it says.
#include "actors/domains/payment.hpp"

#include <algorithm>

#include "messages/grammar/planted.hpp"

namespace souk::domains {

namespace order = souk::order;
using souk::payment::outcome;
using souk::payment::state;

namespace {
constexpr std::int64_t bell_of_work = 1;  // rings when there is something to do; orders have large numbers
}  // namespace

payment::payment(const persistence::open_options& options, approval by) : store_(options), by_(by) {
  if (planted(bug::open_work_forgotten)) return;
  for (const auto& one : store_.open()) open(one, {});
}

answer payment::on(const souk::payment::pay& pay) {
  // Nothing is due: there is nothing that a provider could be asked to charge.
  const bool external = by_ == approval::external && pay.amount.minor != 0;
  souk::payment::view fresh{
      pay.once.saga, pay.user, pay.amount, state::approved, {{state::requested, pay.at}, {state::approved, pay.at}},
      external};
  if (external) {
    fresh.now = state::requested;
    fresh.history.pop_back();
  }
  const order::entry told{pay.amount, {}};
  if (store_.append(fresh)) {
    if (!external) return reply_with(told);
    open(fresh, pay.at);
    later_ = {pay.once.saga.value, pay};
    return {};
  }
  // The order has a payment: the first outcome stands.
  const auto first = store_.find(pay.once.saga);
  if (first->now == state::cancelled) return refuse(reason::undone);
  if (first->user != pay.user || first->amount != pay.amount)
    return refuse(reason::key_reused, "the same key came with another user or amount");
  switch (first->now) {
    case state::declined: {
      auto no = refuse(reason::payment_declined);
      no.replayed = true;
      no.body = told;
      return no;
    }
    case state::requested:
    // Not refused before it is called off in effect: a saga that is run again after a crash hears of it here first, and
    // must not end before.
    case state::cancelling: later_ = {pay.once.saga.value, pay}; break;
    case state::approved:
    case state::cancelled: break;
  }
  return reply_with(told, true);
}

answer payment::on(const souk::payment::undo_pay& undo) {
  auto payment = store_.find(undo.once.saga);
  if (!payment) {
    // It never came. It may still come: a payment of nothing that is cancelled already will refuse it, and nobody
    // asks the provider for it.
    (void)store_.append({undo.once.saga, {}, {}, state::cancelled, {{state::cancelled, undo.at}}});
    return {};
  }
  const bool before = payment->now == state::cancelled;
  if (payment->now == state::approved || payment->now == state::requested) call_off(*payment, undo.at);
  if (payment->now == state::cancelling) later_ = {undo.once.saga.value, undo};
  const bool was_one = payment->now == state::cancelled && !payment->user.text.empty();
  return was_one ? reply_with(order::entry{payment->amount, {}}, before) : answer{};
}

// The events of one order come in order, each once: nothing here can be too early or too late.
answer payment::on(const souk::payment::book& book) {
  const auto& events = book.events;
  auto position = store_.positions.of(events.source);
  if (planted(bug::position_before_effect) && !events.list.empty()) {
    store_.positions.save(events.source, events.list.back().seq);
    store_.file.commit();
    store_.file.begin();
  }
  for (const auto& event : events.list) {
    if (event.seq <= position) continue;  // told again: it is booked already
    position = event.seq;
    // Approved before it was completed: it is here.
    if (event.what == order::kind::completed && order::is_paid_before(event.flow)) continue;
    switch (event.what) {
      case order::kind::completed:
        (void)store_.append({event.subject,
                             event.user,
                             {event.total().minor - event.discount.minor},
                             state::approved,
                             {{state::requested, event.placed}, {state::approved, event.at}}});
        break;
      case order::kind::cancelled:
        if (auto payment = store_.find(event.subject); payment && payment->now == state::approved)
          call_off(*payment, event.at);
        break;
      default: break;  // goods that come back are credited, their payment stands
    }
  }
  store_.positions.save(events.source, position);
  return reply_with(order::position{position});
}

answer payment::on(const souk::payment::find_position& find) {
  return reply_with(order::position{store_.positions.of(find.source)});
}

answer payment::on(const souk::payment::find& find) {
  auto payment = store_.find(find.order);
  if (!payment || payment->user.text.empty()) return refuse(reason::not_found, to_text(find.order));
  return reply_with(*std::move(payment));
}

// What the provider has yet to say is not forbidden by anybody: only its answer ends it.
answer payment::on(const souk::recall& recall) {
  using effect = recorded::effect;
  const auto payment = store_.find(recall.once.saga);
  if (!payment) {
    if (!recall.forbid) return reply_with(recorded{});
    (void)store_.append({recall.once.saga, {}, {}, state::cancelled, {{state::cancelled, recall.now}}});
    return reply_with(recorded{effect::forbidden, {}, {}});
  }
  const auto now = payment->now == state::approved    ? effect::done
                   : payment->now == state::declined  ? effect::refused
                   : payment->now != state::cancelled ? effect::open
                   : payment->user.text.empty()       ? effect::forbidden
                                                      : effect::undone;
  if (now == effect::open && recall.forbid) return lose(reason::unreachable);
  return reply_with(recorded{now, payment->amount, {}});
}

answer payment::on(const souk::payment::open_work& ask) {
  souk::payment::works found;
  for (auto at = open_.upper_bound(ask.after); at != open_.end() && found.list.size() < ask.limit; ++at)
    found.list.push_back(at->second);
  if (found.list.empty() && ask.wait) later_ = {bell_of_work, ask};
  return reply_with(std::move(found));
}

// Told again, or too late: it is settled otherwise, and nothing is waiting for it.
answer payment::on(const souk::payment::settle& settle) {
  auto payment = store_.find(settle.order);
  if (!payment) return refuse(reason::not_found, to_text(settle.order));
  if (payment->now == state::requested && settle.what == outcome::captured)
    become(*payment, state::approved, settle.at);
  else if (payment->now == state::requested)
    become(*payment, state::declined, settle.at);  // a key that is dead already will never be charged
  else if (payment->now == state::cancelling && settle.what == outcome::gone)
    become(*payment, state::cancelled, settle.at);
  else if (settle.what == outcome::gone && payment->now != state::requested && payment->now != state::approved)
    close(settle.order);  // it was only looked after
  return {};
}

answer payment::on(const souk::payment::hasten& hasten) {
  const auto payment = store_.find(hasten.order);
  if (!payment || !payment->by_provider) return refuse(reason::not_found, to_text(hasten.order));
  // Of what is off already nothing must stand. Should the provider have captured it all the same, it is called off
  // again: that is not written, so that news which are none cost nothing, and is therefore answered only when it is
  // done.
  const bool off = payment->now == state::declined || payment->now == state::cancelled;
  if (!off && !turns_.contains(hasten.order.value)) return {};
  auto news = *payment;
  if (off) news.now = state::cancelling;
  if (off) later_ = {hasten.order.value, souk::payment::find{hasten.order}};
  open(news, hasten.at);
  return {};
}

void payment::become(souk::payment::view& payment, state to, moment at) {
  payment.now = to;
  payment.history.push_back({to, at});
  store_.save(payment);
  if (!payment.by_provider) return;
  if (to == state::cancelling) return open(payment, at);
  close(payment.order);
}

void payment::call_off(souk::payment::view& payment, moment at) {
  become(payment, payment.by_provider ? state::cancelling : state::cancelled, at);
}

// Each has one turn, a new one with every news of it, later than all before. Turns are not kept: after a restart they
// begin with what is open, and go on from the clock, so that they are later than those of before.
void payment::open(const souk::payment::view& payment, moment at) {
  if (const auto before = turns_.find(payment.order.value); before != turns_.end()) open_.erase(before->second);
  last_turn_ = std::max(last_turn_ + 1, at.ms << 10);
  turns_[payment.order.value] = last_turn_;
  open_.emplace(last_turn_, souk::payment::work{payment.order, payment.user, payment.amount, payment.now, last_turn_});
  if (std::find(rung_.begin(), rung_.end(), bell_of_work) == rung_.end()) rung_.push_back(bell_of_work);
}

void payment::close(number order) {
  const auto found = turns_.find(order.value);
  if (found == turns_.end()) return;
  open_.erase(found->second);
  turns_.erase(found);
  rung_.push_back(order.value);
}

}  // namespace souk::domains
