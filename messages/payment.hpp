// Payment: requested, approved, cancelled; with the history of how it got there.
#pragma once

#include <cstdint>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"
#include "messages/order.hpp"

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

// Keeps the books of what orders paid from their wallets: events from one outbox, once each. A completed order's
// payment is approved, a cancelled order's is cancelled. Answers order::position.
struct book {
  order::events events;
  SOUK_FIELDS(book, events);
};

// The position up to which the events of one outbox are booked. Answers order::position.
struct find_position {
  std::uint32_t source = 0;
  SOUK_FIELDS(find_position, source);
};

struct find {
  number order;
  SOUK_FIELDS(find, order);
};

}  // namespace souk::payment
