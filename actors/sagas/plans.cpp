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
constexpr std::array<definition, order::flows> definitions{order_payment, take_back, refund, balance_first,
                                                           seat_payment};
}  // namespace

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
  static const std::array<const plan*, order::flows> all{&order_payment(), &balance_first(), &seat_payment(),
                                                         &take_back(), &refund()};
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
