// Payment: requested, then approved or declined, or cancelled; with the history of how it got there.
//
//   requested -> approved | declined           an external payment provider is asked; the internal one approves at once
//   requested, approved -> cancelling          until the provider says that there is no charge, or that it is refunded
//   cancelling -> cancelled
#pragma once

#include <cstdint>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"
#include "messages/order.hpp"

namespace souk::payment {

enum class state : std::uint8_t { requested, approved, declined, cancelled, cancelling };

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
  bool by_provider = false;  // an external one keeps the charge, under the order's number
  SOUK_FIELDS(view, order, user, amount, now, history, by_provider);
};

// Requests the payment of an order and has it approved by the provider. Answers when the provider has said what became
// of it, with order::entry. Refused: payment_declined.
struct pay {
  souk::once once;
  user_id user;
  money amount;
  moment at;
  SOUK_FIELDS(pay, once, user, amount, at);
};

// Cancels that payment if it was approved; and if it was not, it never will be. Answers when it is in effect, at the
// provider too, with order::entry if there was one to cancel.
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

// What is left to do at the provider: a requested payment is to be charged, a cancelling one to be called off.
struct work {
  number order;
  user_id user;
  money amount;
  state now{};
  std::int64_t turn = 0;  // grows with whatever is news about any payment
  SOUK_FIELDS(work, order, user, amount, now, turn);
};
struct works {
  std::vector<work> list;
  SOUK_FIELDS(works, list);
};

// The open work with a turn after this one, in the order of the turns. Answers works, with `wait` when there are some.
struct open_work {
  std::int64_t after = 0;
  std::uint32_t limit = 256;
  bool wait = false;
  SOUK_FIELDS(open_work, after, limit, wait);
};

// What the provider was found to say about a payment. Only what its state still waits for has an effect.
enum class outcome : std::uint8_t {
  captured,  // the charge stands
  declined,  // it does not, and never will
  gone,      // it never will stand, or it is refunded
};
struct settle {
  number order;
  payment::outcome what{};
  moment at;
  SOUK_FIELDS(settle, order, what, at);
};

// Somebody says that the provider has news of this payment: it is asked at once. Refused: not_found.
struct hasten {
  number order;
  moment at;
  SOUK_FIELDS(hasten, order, at);
};

}  // namespace souk::payment
