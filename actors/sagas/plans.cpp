// Defines the sagas of souk.
#include "actors/sagas/plans.hpp"

#include <algorithm>
#include <array>

#include "actors/sagas/steps.hpp"

namespace souk::sagas {

const plan& order_payment() {
  static const plan it = saga("order_payment")
                             .then(verify_user)
                             .then(take_stock)
                             .then(use_coupon)
                             .then(debit_wallet)
                             .pivot(complete_order)
                             .otherwise(fail_order)
                             .afterwards(book_payment)
                             .afterwards(count_sale)
                             .afterwards(tell_platform)
                             .build();
  return it;
}

const plan& balance_first() {
  static const plan it = saga("balance_first")
                             .then(verify_user)
                             .then(quote_prices)
                             .then(debit_wallet)
                             .then(take_stock)
                             .then(approve_payment)
                             .pivot(complete_order)
                             .otherwise(fail_order)
                             .afterwards(book_payment)
                             .afterwards(count_sale)
                             .afterwards(tell_platform)
                             .build();
  return it;
}

// The goods are taken while the caller waits; from the announcement on every domain acts on the events that it hears,
// and undoes its part on the event that says the order was cancelled.
const plan& stock_first() {
  static const plan it = choreography("stock_first")
                             .asked(verify_user, role::compensable)
                             .asked(take_stock, role::compensable)
                             .asked(announce_order, role::insisted)
                             .with(use_coupon, role::compensable)
                             .with(debit_wallet, role::compensable)
                             .with(approve_payment, role::compensable)
                             .with(complete_order, role::pivot)
                             .with(cancel_order, role::insisted)
                             .asked(fail_order, role::insisted)
                             .afterwards(book_payment)
                             .afterwards(count_sale)
                             .afterwards(tell_platform)
                             .start({run(verify_user)})
                             .when(verify_user, outcome::done, {run(take_stock)})
                             .when(verify_user, outcome::refused, {run(fail_order)})
                             .when(verify_user, outcome::lost, {run(fail_order)})
                             .when(take_stock, outcome::done, {run(announce_order)})
                             .when(take_stock, outcome::refused, {run(fail_order)})
                             .when(take_stock, outcome::lost, {undo(take_stock)})
                             .when(announce_order, outcome::done, {run(use_coupon)})
                             .when(announce_order, outcome::refused, {undo(take_stock)})
                             .when(use_coupon, outcome::done, {run(debit_wallet)})
                             .when(use_coupon, outcome::refused, {run(cancel_order)})
                             .when(debit_wallet, outcome::done, {run(approve_payment)})
                             .when(debit_wallet, outcome::refused, {run(cancel_order)})
                             .when(approve_payment, outcome::done, {run(complete_order)})
                             .when(approve_payment, outcome::refused, {run(cancel_order)})
                             .when(complete_order, outcome::done, {complete()})
                             .when(complete_order, outcome::refused, {run(cancel_order)})
                             .when(cancel_order, outcome::done,
                                   {undo(take_stock), undo(use_coupon), undo(debit_wallet), undo(approve_payment)})
                             .when_all_back({run(fail_order)})
                             .when(fail_order, outcome::done, {reject()})
                             .build();
  return it;
}

// No coordinator: each domain holds its own rows and acts when it hears of them.
const plan& by_events() {
  static const plan it = choreography("by_events")
                             .with(verify_user, role::compensable)
                             .with(take_stock, role::compensable)
                             .with(empty_cart, role::compensable)
                             .with(debit_wallet, role::compensable)
                             .with(approve_payment, role::compensable)
                             .with(complete_order, role::pivot)
                             .with(fail_order, role::insisted)
                             .afterwards(book_payment)
                             .afterwards(count_sale)
                             .afterwards(tell_platform)
                             .start({run(verify_user)})
                             .when(verify_user, outcome::done, {run(take_stock)})
                             .when(verify_user, outcome::refused, {run(fail_order)})
                             .when(take_stock, outcome::done, {run(empty_cart)})
                             .when(take_stock, outcome::refused, {run(fail_order)})
                             .when(take_stock, outcome::undone, {run(fail_order)})
                             .when(empty_cart, outcome::done, {run(debit_wallet)})
                             .when(empty_cart, outcome::refused, {undo(take_stock)})
                             .when(empty_cart, outcome::undone, {undo(take_stock)})
                             .when(debit_wallet, outcome::done, {run(approve_payment)})
                             .when(debit_wallet, outcome::refused, {undo(empty_cart)})
                             .when(debit_wallet, outcome::undone, {undo(empty_cart)})
                             .when(approve_payment, outcome::done, {run(complete_order)})
                             .when(approve_payment, outcome::refused, {undo(debit_wallet)})
                             .when(approve_payment, outcome::undone, {undo(debit_wallet)})
                             .when(complete_order, outcome::done, {complete()})
                             .when(complete_order, outcome::refused, {undo(approve_payment)})
                             .when(fail_order, outcome::done, {reject()})
                             .tell_histories()
                             .build();
  return it;
}

const plan& seat_payment() {
  static const plan it = saga("seat_payment")
                             .then(verify_user)
                             .then(confirm_seat)
                             .then(use_token)
                             .then(debit_wallet)
                             .pivot(complete_order)
                             .otherwise(fail_order)
                             .afterwards(book_payment)
                             .afterwards(count_sold_out)
                             .afterwards(tell_platform)
                             .build();
  return it;
}

const plan& take_back() {
  static const plan it = saga("take_back")
                             .then(verify_user)
                             .then(verify_products)
                             .pivot(take_in_stock)
                             .insist(credit_wallet)
                             .insist(close_case)
                             .otherwise(fail_order)
                             .afterwards(count_sale)
                             .afterwards(tell_platform)
                             .build();
  return it;
}

const plan& refund() {
  static const plan it = saga("refund")
                             .insist(credit_wallet)
                             .insist(take_in_stock)
                             .insist(give_back_coupon)
                             .insist(release_seat)
                             .insist(close_case)
                             .afterwards(book_payment)
                             .afterwards(count_sale)
                             .afterwards(tell_platform)
                             .build();
  return it;
}

namespace {
// In the order of order::flow.
using definition = const plan& (*)();
constexpr std::array<definition, order::flows> definitions{order_payment, take_back,   refund,   balance_first,
                                                           seat_payment,  stock_first, by_events};
}  // namespace

// A case takes milliseconds; a step that is lost is asked again for some thirty seconds before it turns back, and the
// way back may take as long. Where a payment provider is asked before the end, it may be silent for minutes.
const limits& usual_limits() {
  static const limits all = [] {
    constexpr std::int64_t minute = 60'000;
    limits made{};
    made.fill(2 * minute);
    for (const auto slow : {order::flow::balance_first, order::flow::stock_first, order::flow::by_events})
      made[static_cast<std::size_t>(slow)] = 10 * minute;
    return made;
  }();
  return all;
}

const plan& plan_of(order::flow flow) { return definitions[static_cast<std::size_t>(flow)](); }

std::optional<order::flow> find_flow(std::string_view name) {
  for (std::size_t i = 0; i < definitions.size(); ++i)
    if (definitions[i]().name() == name) return static_cast<order::flow>(i);
  return std::nullopt;
}

std::string names_of_sales() {
  std::string names;
  for (std::size_t i = 0; i < definitions.size(); ++i)
    if (order::sells_goods(static_cast<order::flow>(i)))
      names.append(names.empty() ? "" : ", ").append(definitions[i]().name());
  return names;
}

std::span<const plan* const> all_plans() {
  static const std::array<const plan*, order::flows> all{
      &order_payment(), &balance_first(), &stock_first(), &seat_payment(), &by_events(), &take_back(), &refund()};
  return all;
}

bool uses_coupons(order::flow flow) {
  const auto& stages = plan_of(flow).stages();
  return std::any_of(stages.begin(), stages.end(), [](const auto& one) { return one.step == &use_coupon; });
}

const plan* find_plan(std::string_view name) {
  for (const auto* one : all_plans())
    if (one->name() == name) return one;
  return nullptr;
}

}  // namespace souk::sagas
