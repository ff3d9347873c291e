// The sagas of souk, each a definition that is read in a minute.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "actors/sagas/plan.hpp"
#include "messages/order.hpp"

namespace souk::sagas {

// S4: user verified, stock taken, coupon used, wallet debited; then the order is completed, and its event tells the
// books of payments, the ranking and the data platform.
const plan& order_payment();
// S0: wallet debited at the quoted prices, stock taken, payment approved; then the order is completed.
const plan& balance_first();
// S1: stock taken while the caller waits; then coupon, wallet and payment by events, and a broadcast that undoes them.
const plan& stock_first();
// S3: stock, cart, wallet, payment and order, each by the events that it hears; nobody coordinates.
const plan& by_events();
// S2: the held seat confirmed, the token used up, wallet debited; then the payment is completed.
const plan& seat_payment();
// Goods come back: the shelf takes them in, the wallet is credited.
const plan& take_back();
// A completed order is cancelled: forward only, because the decision is already durable.
const plan& refund();

const plan& plan_of(order::flow flow);
std::optional<order::flow> find_flow(std::string_view name);
bool uses_coupons(order::flow flow);
std::string names_of_sales();  // "order_payment, balance_first": the flows that an order of goods may ask for

// How old a case of each design usually is at most, in milliseconds: an older one is late, and somebody looks at it.
using limits = std::array<std::int64_t, order::flows>;
const limits& usual_limits();

// All of them, in the order in which people read them.
std::span<const plan* const> all_plans();
const plan* find_plan(std::string_view name);

}  // namespace souk::sagas
