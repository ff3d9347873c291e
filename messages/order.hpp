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
#include "messages/grammar/domain.hpp"
#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"
#include "messages/grammar/rare.hpp"
#include "messages/grammar/trace_parent.hpp"
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
  repaired,  // an operator sent it on; step: where it stood
  skipped,   // counted as done or undone, by an operator's word
};
struct happening {
  std::uint8_t step = 0;  // index into the plan's steps; unused for began, ended, recovered, cancel_asked
  mark what{};
  std::int64_t ms = 0;  // since the case was opened
  reason why{};
  SOUK_FIELDS(happening, step, what, ms, why);
};

// What an operator may do for a saga that is parked; and for a design.
enum class remedy : std::uint8_t {
  retry,       // asks again
  compensate,  // turns it back, if it has not passed its pivot
  skip,        // the step it stands at is known to be settled: it is not made, nor ever will be
  fail,        // ends it as failed; what is in effect stays so, and is written off
  // no saga is meant by these
  pause,   // no new orders of this design
  resume,  // they may come again
  replay,  // a dead letter gets its tries again
};
inline constexpr std::size_t remedies = 4;  // of sagas

// Where a parked saga stands, and what may be done for it: its coordinator knows the plan, the desk need not.
struct standstill {
  std::uint8_t step = 0;  // index into the plan's steps
  bool undoing = false;
  reason why{};
  std::string detail;
  moment since;
  std::uint8_t allowed = 0;  // a bit for each remedy
  domain home{};             // of the step

  bool allows(remedy what) const { return (allowed >> static_cast<unsigned>(what) & 1) != 0; }
  SOUK_FIELDS(standstill, step, undoing, why, detail, since, allowed, home);
};

// An event that was given up, as operators name it.
struct dead_letter {
  domain from{};  // platform: of an outbox; event_log
  std::string name;
  SOUK_FIELDS(dead_letter, from, name);
};

// One line of the audit log: who did what for which saga (0: for a whole design, or a dead letter), and why. It carries
// the hash of the line before it.
struct audit_line {
  std::int64_t seq = 0;  // 1, 2, 3 within one store
  number about;
  remedy what{};
  std::uint8_t step = 0;  // where it stood
  bool undoing = false;
  domain home{};  // of that step
  order::flow flow{};
  std::string by;
  std::string reason;
  std::string request;  // Idempotency-Key, or nothing
  moment at;
  std::string before;  // SHA-256 of the line before, in hex
  std::string hash;    // of this line with `before`
  rare<dead_letter> letter;
  SOUK_IN_ONE_BYTE(audit_line, undoing, letter)
  SOUK_FIELDS(audit_line, seq, about, what, step, undoing_and_letter, home, flow, by, reason, request, at, before,
              hash);
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
  bool cancelling = false;   // somebody wants it back: walk back as soon as it is picked up
  bool priced = false;       // the lines' amounts are the catalogue's, and stand
  rare<seat_sale> seat;      // of a seat payment, which has no lines
  bool by_events = false;    // the domains carry on among themselves; coordinators leave it alone
  rare<trace_parent> trace;  // which request of whom placed it, if he said so
  bool from_cart = false;    // its goods are what a cart held, and must be in it still
  SOUK_IN_ONE_BYTE(brief, by_events, trace)
  // Whoever does not know of carts takes such an order for one that is to be walked back, which does no harm.
  SOUK_IN_ONE_BYTE(brief, cancelling, from_cart)
  SOUK_FIELDS(brief, id, flow, user, lines, coupon, agreed, refund_of, discount, placed, cancelling_and_from_cart,
              priced, seat, by_events_and_trace);

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
  rare<standstill> parked;          // while it is
  std::vector<audit_line> repairs;  // oldest first; only when one case is asked for
  rare<trace_parent> trace;
  SOUK_IN_ONE_BYTE(view, parked, trace)
  SOUK_FIELDS(view, id, flow, user, lines, coupon, state, saga, why, detail, total, discount, placed, ended, timeline,
              seat, parked_and_trace, repairs);
};

struct page {
  std::vector<view> orders;
  bool more = false;
  number next;  // below it there is more: the last that is shown, or where a search stopped
  SOUK_FIELDS(page, orders, more, next);
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
  rare<seat_sale> seat;      // of a seat payment
  rare<trace_parent> trace;  // the caller's: no part of the content, a repetition may have another
  bool from_cart = false;    // the lines are what the user's cart held
  SOUK_IN_ONE_BYTE(place, seat, trace)
  SOUK_IN_ONE_BYTE(place, wait, from_cart)
  SOUK_FIELDS(place, request, user, lines, coupon, agreed, wait_and_from_cart, flow, at, seat_and_trace);
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
  rare<seat_sale> seat;    // with what was learned of it
  std::uint32_t turn = 0;  // this and the next six: under which a coordinator runs it; 0: an event says it
  SOUK_FIELDS(complete, id, amounts, discount, timeline, at, seat, turn);
};

// From here on the case runs by events: the goods are taken, and the caller hears that the order is accepted. Refused
// when it was cancelled meanwhile.
struct announce {
  souk::once once;
  std::vector<money> amounts;  // of each line
  std::vector<happening> timeline;
  moment at;
  std::uint32_t turn = 0;
  SOUK_FIELDS(announce, once, amounts, timeline, at, turn);
};

// It will not come to pass: the caller hears why, and who acted undoes its part. The case stays open until they have.
struct give_up {
  number id;
  reason why{};
  std::string detail;
  moment at;
  std::uint32_t turn = 0;
  SOUK_FIELDS(give_up, id, why, detail, at, turn);
};

// A coordinator is about to run a case that may have run before, or asks whether one that it has parked is to go on.
// Refused when there is nothing left to run: it has ended, or goes on by events. Otherwise answers claimed.
struct claim {
  number id;
  bool parked = false;
  std::uint32_t turn = 0;
  SOUK_FIELDS(claim, id, parked, turn);
};
// The reason says whether the case is to be walked back, and why.
struct claimed {
  struct settled {
    std::uint8_t step = 0;
    bool undoing = false;
    SOUK_FIELDS(settled, step, undoing);
  };
  reason why{};
  std::string detail;
  bool parked = false;              // it waits for an operator still
  std::vector<happening> timeline;  // of one that was parked: its story so far
  std::vector<settled> skipped;     // these are not made any more
  bool written_off = false;         // and whatever is in effect stays
  SOUK_FIELDS(claimed, why, detail, parked, timeline, skipped, written_off);
};

// Everything was walked back: the case ends with this reason.
struct fail {
  number id;
  reason why{};
  std::string detail;
  std::vector<happening> timeline;
  moment at;
  std::uint32_t turn = 0;
  SOUK_FIELDS(fail, id, why, detail, timeline, at, turn);
};

// A return or a refund went through to its end.
struct close {
  number id;
  std::vector<happening> timeline;
  moment at;
  std::uint32_t turn = 0;
  SOUK_FIELDS(close, id, timeline, at, turn);
};

// The saga needs an operator: the case stays open, with its timeline.
struct park {
  number id;
  std::vector<happening> timeline;
  moment at;
  standstill where;
  std::uint32_t turn = 0;
  SOUK_FIELDS(park, id, timeline, at, where, turn);
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

// An operator mends a parked saga; the decision and its line in the audit log are one transaction. Twice is once: the
// same request, or the same remedy when nothing stood still in between, is answered as a repetition. Refused:
// not_found, not_repairable, key_reused. With `dry` it says what it would say, and does nothing. Answers the line.
struct repair {
  number id;
  remedy what{};
  std::string reason;
  std::string request;
  std::string by;
  bool dry = false;
  moment at;
  SOUK_FIELDS(repair, id, what, reason, request, by, dry, at);
};

// Sagas of every design, newest first, as far as all that is given fits. Without a state: those that have not ended.
// Ended ones are looked for some thousands at a time: a page may be short, or empty, and there is more below `next`;
// with a prefix of the number as people see it they are looked for also when no state is given. Answers a page.
struct list_sagas {
  std::optional<saga_state> state;
  std::optional<order::flow> flow;
  std::optional<reason> why;
  std::optional<user_id> user;
  moment placed_before;  // 0: whenever
  std::string prefix;
  number before;  // 0: from the newest
  std::uint32_t limit = 100;
  std::string has;                  // in the reason why one is parked or turned back, or in what it is about
  std::vector<moment> late_before;  // by flow: only those that were placed before it
  std::optional<product_id> product;
  SOUK_FIELDS(list_sagas, state, flow, why, user, placed_before, prefix, before, limit, has, late_before, product);
};

// No new orders of a design from now on, or again: the fact and its line in the audit log are one transaction, in each
// store of orders. Twice is once. What runs goes on, and a request that was placed before is answered as ever. Answers
// the line; replayed: it was so already, and the line is the one that made it so, if there is one.
struct pause {
  order::flow flow{};
  bool resume = false;
  std::string reason;
  std::string request;
  std::string by;
  bool dry = false;
  moment at;
  SOUK_FIELDS(pause, flow, resume, reason, request, by, dry, at);
};
// Somebody is about to give a dead letter its tries again: the line in the audit log, before the deed. The same request
// is answered as a repetition. Answers the line.
struct replay {
  dead_letter letter;
  std::string reason;
  std::string request;
  std::string by;
  bool dry = false;
  moment at;
  SOUK_FIELDS(replay, letter, reason, request, by, dry, at);
};

struct pausing {
  order::flow flow{};
  std::string by;
  std::string reason;
  moment since;
  SOUK_FIELDS(pausing, flow, by, reason, since);
};

// How this store's sagas are: counted while its desk sits, at no cost to speak of. Answers an overview.
struct survey {
  std::vector<moment> late_before;  // by flow: what was placed before it is late
  SOUK_FIELDS(survey, late_before);
};
struct overview {
  struct open_now {
    order::flow flow{};
    saga_state saga{};
    std::int64_t cases = 0;
    moment oldest;
    std::int64_t late = 0;  // of them
    SOUK_FIELDS(open_now, flow, saga, cases, oldest, late);
  };
  // How sales, returns and refunds ended since the desk was seated.
  struct ended_so {
    order::flow flow{};
    order::state state{};
    reason why{};
    std::int64_t cases = 0;
    SOUK_FIELDS(ended_so, flow, state, why, cases);
  };
  std::vector<open_now> open;
  std::vector<ended_so> ended;
  std::int64_t placed = 0;  // since the desk was seated
  std::vector<pausing> paused;
  std::int64_t untold = 0;  // events of the outbox that the platform has not taken, nor refused
  SOUK_FIELDS(overview, open, ended, placed, paused, untold);
};

// The audit log of a store, newest first, of one case if given. Answers audit_page.
struct read_audit {
  number about;
  std::int64_t before = 0;  // 0: from the newest
  std::uint32_t limit = 100;
  SOUK_FIELDS(read_audit, about, before, limit);
};
struct audit_page {
  std::vector<audit_line> lines;
  bool more = false;
  SOUK_FIELDS(audit_page, lines, more);
};

// Follows the chain of hashes from the first line to the last. Answers audit_state.
struct verify_audit {
  SOUK_FIELDS(verify_audit);
};
struct audit_state {
  std::int64_t lines = 0;
  std::string head;                   // hash of the newest
  std::vector<std::string> troubles;  // the first of them, explained; none: it is whole
  SOUK_FIELDS(audit_state, lines, head, troubles);
};

// A coordinator that starts asks for the open cases of its share: those whose slice % of == share. They come as
// begin messages, not in the answer. So does one that adopts the share of another, whom it cannot see.
//
// Each store of orders decides by itself who runs its cases: whoever asked last. It counts the turns, durably, and from
// then on every word of an earlier turn is refused as outdated: whoever ran them before may have fallen, or stand still
// and not know. A turn is no less than the seconds of the clock, so that a store which is restored repeats none.
// Answers resumed.
struct resume {
  std::uint32_t share = 0;
  std::uint32_t of = 1;
  std::uint32_t runs = 0;  // the asker's own share
  std::uint64_t who = 0;   // the asker in this life: asking again makes no new turn
  moment at;
  SOUK_FIELDS(resume, share, of, runs, who, at);
};
struct resumed {
  number newest;  // case of this store: whatever is newer has never run
  std::uint32_t turn = 0;
  SOUK_FIELDS(resumed, newest, turn);
};
// Who runs the cases of a share: of one store, and durable there.
struct runner {
  std::uint32_t share = 0, of = 0, runs = 0;
  std::uint64_t who = 0;
  std::uint32_t turn = 0;
  SOUK_FIELDS(runner, share, of, runs, who, turn);
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
  rare<trace_parent> trace;  // of the request that placed the order
  SOUK_IN_ONE_BYTE(event, entry, trace)
  SOUK_FIELDS(event, seq, subject, what, at, user, lines, discount, coupon, placed, seat, flow, entry_and_trace);

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
