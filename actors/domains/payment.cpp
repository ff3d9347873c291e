// Decides about payments; the wallet's own money is the provider here, so what is requested is approved.
#include "actors/domains/payment.hpp"

namespace souk::domains {

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

answer payment::on(const souk::payment::cancel& cancel) {
  auto payment = store_.find(cancel.order);
  if (!payment) return refuse(reason::not_found, to_text(cancel.order));
  if (payment->now == state::approved) cancel_it(*payment, cancel.at);
  return {};
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
