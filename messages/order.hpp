// Order: what was ordered, its saga's durable beginning and end, and the events that tell of it.
//
// A case is whatever a saga is about: a sale, a return, or the refund of a cancelled sale. Its row is the
// saga's log: written before anything else moves, closed with the timeline when the saga ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/grammar/answer.hpp"
#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"
#include "messages/grammar/rare.hpp"
#include "messages/product.hpp"

namespace souk::order {

inline constexpr std::size_t lines_max = 2000;

enum class state : std::uint8_t { pending, completed, failed, cancelled };
enum class saga_state : std::uint8_t { running, compensating, completed, compensated, parked };
enum class flow : std::uint8_t {
  order_payment,
  take_back,
  refund,
  balance_first,
  seat_payment,
  stock_first,
  by_events
};
inline constexpr std::size_t flows = 7;
// Placed by an event: no coordinator ever hears of it.
constexpr bool begins_by_event(flow f) { return f == flow::by_events; }
constexpr bool is_sale(flow f) { return f != flow::take_back && f != flow::refund; }
// Its payment is approved by a step of its own, before it is completed.
constexpr bool is_paid_before(flow f) {
  return f == flow::balance_first || f == flow::stock_first || f == flow::by_events;
}
constexpr bool sells_goods(flow f) { return is_sale(f) && f != flow::seat_payment; }  // what an order may ask for

// One thing that happened to a saga: a step was asked, answered, undone; or the saga as a whole began, ended.
enum class mark : std::uint8_t {
  began,
  asked,
  done,
  refused,
  lost,
  undoing,
  undone,
  parked,
  ended,
  recovered,
  cancel_asked,
};
struct happening {
  std::uint8_t step = 0;  // index into the plan's steps; unused for began, ended, recovered, cancel_asked
  mark what{};
  std::int64_t ms = 0;  // since the case was opened
  reason why{};
  SOUK_FIELDS(happening, step, what, ms, why);
};

inline money total_of(const std::vector<product::line>& lines) {
  money sum;
  for (const auto& one : lines) sum.minor += one.amount.minor;  // at most 2,000 x 10^12
  return sum;
}

// What a seat payment is about, as it was when the seat was held. One fencing number runs through it: the token's, then
// the reservation's, which is larger and names exactly one hold.
struct seat_sale {
  schedule_id schedule;
  seat_id seat;
  reservation_id reservation;
  token_id token;
  money price;
  std::int64_t seats = 0;  // that the schedule has: learned when the seat is confirmed
  moment opened;           // since when they are sold: learned likewise
  SOUK_FIELDS(seat_sale, schedule, seat, reservation, token, price, seats, opened);
};
inline money total_of(const std::vector<product::line>& lines, const rare<seat_sale>& seat) {
  return {total_of(lines).minor + (seat ? seat->price.minor : 0)};
}

// The content of a case: all that its steps and their compensation need.
struct brief {
  number id;
  order::flow flow{};
  user_id user;
  std::vector<product::line> lines;
  coupon_id coupon;     // 0: none
  bool agreed = false;  // the lines' amounts were agreed beforehand, the catalogue is not asked
  number refund_of;     // the order that a refund gives back
  money discount;       // learned from the coupon, or known from the order that is refunded
  moment placed;
  bool cancelling = false;  // somebody wants it back: walk back as soon as it is picked up
  bool priced = false;      // the lines' amounts are the catalogue's, and stand
  rare<seat_sale> seat;     // of a seat payment, which has no lines
  bool by_events = false;   // the domains carry on among themselves; coordinators leave it alone
  SOUK_FIELDS(brief, id, flow, user, lines, coupon, agreed, refund_of, discount, placed, cancelling, priced, seat,
              by_events);

  money total() const { return total_of(lines, seat); }
};

struct view {
  number id;
  order::flow flow{};
  user_id user;
  std::vector<product::line> lines;
  coupon_id coupon;
  order::state state{};
  saga_state saga{};
  reason why{};
  std::string detail;  // names what a refusal is about: a product
  money total;
  money discount;
  moment placed;
  moment ended;  // 0: not yet
  std::vector<happening> timeline;
  rare<seat_sale> seat;
  SOUK_FIELDS(view, id, flow, user, lines, coupon, state, saga, why, detail, total, discount, placed, ended, timeline,
              seat);
};

struct page {
  std::vector<view> orders;
  bool more = false;
  SOUK_FIELDS(page, orders, more);
};

// An order as its placing is answered: the durable promise, small because every order gets one.
struct ticket {
  number id;
  order::state state{};
  reason why{};
  std::string detail;
  money total;  // known once it is completed
  money discount;
  SOUK_FIELDS(ticket, id, state, why, detail, total, discount);
};

// Opens a case, once per request key: the same key with the same content gets the first case's ticket (and is
// marked replayed), with other content key_reused. Answers when durable, or with `wait` when it has ended.
struct place {
  std::string request;  // the caller's Idempotency-Key
  user_id user;
  std::vector<product::line> lines;
  coupon_id coupon;
  bool agreed = false;
  bool wait = false;
  order::flow flow = order::flow::order_payment;  // a sale, or take_back
  moment at;
  rare<seat_sale> seat;  // of a seat payment
  SOUK_FIELDS(place, request, user, lines, coupon, agreed, wait, flow, at, seat);
};

// Answers the ticket when it is decided what becomes of the case; `accepted`: or when it runs by events.
struct watch {
  number id;
  bool accepted = false;
  SOUK_FIELDS(watch, id, accepted);
};

// The pivot of a sale: the order is completed and its event written, unless it was cancelled meanwhile.
struct complete {
  number id;
  std::vector<money> amounts;  // of each line
  money discount;
  std::vector<happening> timeline;
  moment at;
  rare<seat_sale> seat;  // with what was learned of it
  SOUK_FIELDS(complete, id, amounts, discount, timeline, at, seat);
};

// From here on the case runs by events: the goods are taken, and the caller hears that the order is accepted. Refused
// when it was cancelled meanwhile.
struct announce {
  souk::once once;
  std::vector<money> amounts;  // of each line
  std::vector<happening> timeline;
  moment at;
  SOUK_FIELDS(announce, once, amounts, timeline, at);
};

// It will not come to pass: the caller hears why, and who acted undoes its part. The case stays open until they have.
struct give_up {
  number id;
  reason why{};
  std::string detail;
  moment at;
  SOUK_FIELDS(give_up, id, why, detail, at);
};

// A coordinator is about to run a case that may have run before. Refused when there is nothing left to run: it has
// ended, or goes on by events. Otherwise the ticket's reason says whether the case is to be walked back, and why.
struct claim {
  number id;
  SOUK_FIELDS(claim, id);
};

// Everything was walked back: the case ends with this reason.
struct fail {
  number id;
  reason why{};
  std::string detail;
  std::vector<happening> timeline;
  moment at;
  SOUK_FIELDS(fail, id, why, detail, timeline, at);
};

// A return or a refund went through to its end.
struct close {
  number id;
  std::vector<happening> timeline;
  moment at;
  SOUK_FIELDS(close, id, timeline, at);
};

// The saga needs an operator: the case stays open, with its timeline.
struct park {
  number id;
  std::vector<happening> timeline;
  moment at;
  SOUK_FIELDS(park, id, timeline, at);
};

// Takes an order back: before its pivot the saga walks back, after it a refund is opened. Twice is once.
// Answers the ticket when it is cancelled (with `wait`), or at once. Refused: not_found, not_cancellable.
struct cancel {
  number id;
  bool wait = false;
  moment at;
  SOUK_FIELDS(cancel, id, wait, at);
};

// Answers a view with the timeline as far as it is durable.
struct find {
  number id;
  SOUK_FIELDS(find, id);
};

// Answers the view of the case that this request opened.
struct find_request {
  std::string request;
  SOUK_FIELDS(find_request, request);
};

// Sales, newest first, of a user and in a state if given. Answers a page.
struct list {
  std::optional<user_id> user;
  std::optional<order::state> state;
  number before;  // 0: from the newest
  std::uint32_t limit = 100;
  SOUK_FIELDS(list, user, state, before, limit);
};

// A coordinator that starts asks for the open cases of its share: those whose slice % of == share. They come as
// begin messages, not in the answer.
struct resume {
  std::uint32_t share = 0;
  std::uint32_t of = 1;
  SOUK_FIELDS(resume, share, of);
};

// An event as it stands in the outbox: what happened to a case, with all that subscribers need to know of it. Its
// outside form, a CloudEvents 1.0 object in JSON, is made where it leaves (actors/edge/cloud_event.hpp).
enum class kind : std::uint8_t {
  completed,
  cancelled,
  returned,
  // What wallet and payment wrote into their histories, of orders that run by events: from the event log, in no outbox.
  wallet_debited,
  wallet_restored,
  payment_approved,
  payment_declined,
  payment_cancelled,
};

// What a step wrote into the history that its domain keeps: the wallet's ledger, the book of payments.
struct entry {
  money amount;                  // that moved, or was to be paid
  std::optional<money> balance;  // of the wallet after it
  SOUK_FIELDS(entry, amount, balance);
};

struct event {
  std::int64_t seq = 0;  // grows by 1 within one outbox
  number subject;        // the order: events of one order keep their order
  order::kind what{};
  moment at;
  user_id user;
  std::vector<product::line> lines;
  money discount;
  coupon_id coupon;
  moment placed;
  rare<seat_sale> seat;
  order::flow flow{};
  rare<order::entry> entry;
  SOUK_FIELDS(event, seq, subject, what, at, user, lines, discount, coupon, placed, seat, flow, entry);

  money total() const { return total_of(lines, seat); }
};
struct events {
  std::uint32_t source = 0;  // the shard whose outbox this is
  std::vector<event> list;
  SOUK_FIELDS(events, source, list);
};

// How far a subscriber has come in one outbox.
struct position {
  std::int64_t seq = 0;
  SOUK_FIELDS(position, seq);
};

enum class subscriber : std::uint8_t { ranking, platform, payment };
inline constexpr std::size_t subscribers = 3;

// Asks for the events after `after`, and says that all up to it are durably in effect: the acknowledgement and
// the next request are one message. Answered with events as soon as there are any.
struct fetch {
  subscriber who{};
  std::uint32_t source = 0;
  std::int64_t after = 0;
  std::uint32_t limit = 512;
  SOUK_FIELDS(fetch, who, source, after, limit);
};

}  // namespace souk::order
