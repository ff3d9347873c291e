// Defines the sagas of souk.
#include "actors/sagas/plans.hpp"

#include <array>
#include <cstdlib>

#include "actors/sagas/steps.hpp"

namespace souk::sagas {

const plan& order_payment() {
  static const plan it = saga("order_payment")
                             .then(verify_user)
                             .then(take_stock)
                             .then(use_coupon)
                             .then(debit_wallet)
                             .then(approve_payment)
                             .pivot(complete_order)
                             .otherwise(fail_order)
                             .afterwards(count_sale)
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
                             .insist(cancel_payment)
                             .insist(close_case)
                             .afterwards(count_sale)
                             .afterwards(tell_platform)
                             .build();
  return it;
}

const plan& plan_of(order::flow flow) {
  switch (flow) {
    case order::flow::order_payment: return order_payment();
    case order::flow::take_back: return take_back();
    case order::flow::refund: return refund();
  }
  std::abort();  // the flows are listed above
}

std::span<const plan* const> all_plans() {
  static const std::array<const plan*, 3> all{&order_payment(), &take_back(), &refund()};
  return all;
}

const plan* find_plan(std::string_view name) {
  for (const auto* one : all_plans())
    if (one->name() == name) return one;
  return nullptr;
}

}  // namespace souk::sagas
