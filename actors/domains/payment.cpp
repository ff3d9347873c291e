// Decides about payments; the wallet's own money is the provider here, so what is requested is approved.
#include "actors/domains/payment.hpp"

namespace souk::domains {

namespace order = souk::order;
using souk::payment::state;

answer payment::on(const souk::payment::pay& pay) {
  if (store_.append({pay.once.saga,
                     pay.user,
                     pay.amount,
                     state::approved,
                     {{state::requested, pay.at}, {state::approved, pay.at}}}))
    return {};
  // The order has a payment: the first outcome stands.
  const auto first = store_.find(pay.once.saga);
  if (first->now == state::cancelled) return refuse(reason::undone);
  if (first->user != pay.user || first->amount != pay.amount)
    return refuse(reason::key_reused, "the same key came with another user or amount");
  if (first->now == state::declined) return refuse(reason::payment_declined);
  return reply_with(reply{}, true);
}

answer payment::on(const souk::payment::undo_pay& undo) {
  auto payment = store_.find(undo.once.saga);
  if (!payment) {
    // It never came. It may still come: a payment of nothing that is cancelled already will refuse it.
    (void)store_.append({undo.once.saga, {}, {}, state::cancelled, {{state::cancelled, undo.at}}});
    return {};
  }
  if (payment->now == state::approved) cancel_it(*payment, undo.at);
  return {};
}

// The events of one order come in order, each once: nothing here can be too early or too late.
answer payment::on(const souk::payment::book& book) {
  const auto& events = book.events;
  auto position = store_.positions.of(events.source);
  for (const auto& event : events.list) {
    if (event.seq <= position) continue;  // told again: it is booked already
    position = event.seq;
    switch (event.what) {
      case order::kind::completed:
        // Some flows have had their payment approved before the order was completed: it is there then.
        (void)store_.append({event.subject,
                             event.user,
                             {event.total().minor - event.discount.minor},
                             state::approved,
                             {{state::requested, event.placed}, {state::approved, event.at}}});
        break;
      case order::kind::cancelled:
        if (auto payment = store_.find(event.subject); payment && payment->now == state::approved)
          cancel_it(*payment, event.at);
        break;
      case order::kind::returned: break;  // goods that come back are credited, their payment stands
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

void payment::cancel_it(souk::payment::view& payment, moment at) {
  payment.now = state::cancelled;
  payment.history.push_back({state::cancelled, at});
  store_.save(payment);
}

}  // namespace souk::domains
