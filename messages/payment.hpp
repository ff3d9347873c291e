// Payment: requested, approved, cancelled; with the history of how it got there.
#pragma once

#include <cstdint>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"

namespace souk::payment {

enum class state : std::uint8_t { requested, approved, declined, cancelled };

struct change {
  state to{};
  moment at;
  SOUK_FIELDS(change, to, at);
};

struct view {
  number order;
  user_id user;
  money amount;
  state now{};
  std::vector<change> history;
  SOUK_FIELDS(view, order, user, amount, now, history);
};

// Requests the payment of an order and has it approved by the provider. Refused: payment_declined.
struct pay {
  souk::once once;
  user_id user;
  money amount;
  moment at;
  SOUK_FIELDS(pay, once, user, amount, at);
};

// Cancels that payment if it was approved; and if it was not, it never will be.
struct undo_pay {
  souk::once once;  // of the pay
  moment at;
  SOUK_FIELDS(undo_pay, once, at);
};

// Cancels the payment of a completed order: part of a refund.
struct cancel {
  number order;
  moment at;
  SOUK_FIELDS(cancel, order, at);
};

struct find {
  number order;
  SOUK_FIELDS(find, order);
};

}  // namespace souk::payment
