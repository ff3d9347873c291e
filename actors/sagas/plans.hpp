// The sagas of souk, each a definition that is read in a minute.
#pragma once

#include <span>

#include "actors/sagas/plan.hpp"
#include "messages/order.hpp"

namespace souk::sagas {

// S4: user verified, stock taken, coupon used, wallet debited, payment approved; then the order is completed, and its
// event tells the ranking and the data platform.
const plan& order_payment();
// Goods come back: the shelf takes them in, the wallet is credited.
const plan& take_back();
// A completed order is cancelled: forward only, because the decision is already durable.
const plan& refund();

const plan& plan_of(order::flow flow);

// All of them, in the order in which people read them.
std::span<const plan* const> all_plans();
const plan* find_plan(std::string_view name);

}  // namespace souk::sagas
