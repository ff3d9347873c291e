// Reservation: the seats of each date, who holds one until when, and who has it.
//
//   AVAILABLE -> HELD -> RESERVED        a hold whose moment has passed is AVAILABLE: by the moment in the command,
//        ^--------+---------+            no timer; whoever holds it next makes the old number worthless for ever
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"
#include "messages/grammar/rare.hpp"

namespace souk::reservation {

enum class state : std::uint8_t { available, held, reserved };

inline constexpr std::size_t seats_max = 100'000;  // of one date

// A seat as it is put on sale.
struct offer {
  seat_id seat;
  std::string section, row, number, category;  // as printed on the ticket
  money price;
  SOUK_FIELDS(offer, seat, section, row, number, category, price);
};

// A seat as it is at the moment of the question.
struct seen {
  offer what;
  state now{};
  moment until;  // of a hold
  SOUK_FIELDS(seen, what, now, until);
};
struct page {
  std::vector<seen> seats;
  bool more = false;
  SOUK_FIELDS(page, seats, more);
};

// One hold of one seat. now: available when it has expired, was released, or was followed by another.
struct view {
  reservation_id reservation;
  schedule_id schedule;
  seat_id seat;
  user_id user;
  token_id token;
  money price;  // as it was when it was held
  state now{};
  moment until;
  SOUK_FIELDS(view, reservation, schedule, seat, user, token, price, now, until);
};

// What a confirmation tells of the schedule.
struct confirmed {
  std::int64_t seats = 0;
  moment opened;
  SOUK_FIELDS(confirmed, seats, opened);
};

// Puts seats on sale, or more of them, or at other prices; those that are not named stay as they are, and a hold keeps
// the price it was made at. Refused: key_reused when the date is another concert's, limit_reached.
struct open {
  schedule_id schedule;
  concert_id concert;
  moment sales_open;         // 0: they open with the first hold
  std::int64_t hold_ms = 0;  // how long a hold lasts
  std::vector<offer> seats;
  SOUK_FIELDS(open, schedule, concert, sales_open, hold_ms, seats);
};

struct spot {
  schedule_id schedule;
  seat_id seat;
  SOUK_FIELDS(spot, schedule, seat);
};

// Holds a seat, once per request key; a token has one hold at a time. Refused: not_found, seat_taken, not_admitted (the
// token has another seat). Answers a view.
struct hold {
  std::string request;  // the caller's Idempotency-Key
  user_id user;
  rare<spot> where;
  token_id token;
  moment at;
  bool admitted = true;  // false: the door is closed to this token, so that only a first answer is given again
  SOUK_FIELDS(hold, request, user, where, token, at, admitted);
};

// Gives a held seat back; done as well when it is held no more. Refused: not_found, not_cancellable (it is paid for, or
// being paid). Answers a view.
struct release {
  reservation_id reservation;
  moment at;
  SOUK_FIELDS(release, reservation, at);
};

// The hold that somebody is about to pay for, once per request key, so that a key that comes again with another payment
// is found out. Refused: not_found, also when the hold is another user's. Answers a view.
struct check_out {
  std::string request;  // the caller's Idempotency-Key
  user_id user;
  std::string payment;
  reservation_id reservation;
  moment at;
  SOUK_FIELDS(check_out, request, user, payment, reservation, at);
};

// HELD -> RESERVED, for exactly this hold while it is in force; what is confirmed stays, however long the payment
// takes. Refused: hold_expired, seat_taken (another payment has confirmed this hold). Answers confirmed.
struct confirm {
  souk::once once;
  user_id user;
  reservation_id reservation;
  token_id token;
  moment at;
  SOUK_FIELDS(confirm, once, user, reservation, token, at);
};

// RESERVED -> AVAILABLE if that confirmation took the seat; and if it did not, it never will.
struct undo_confirm {
  souk::once once;  // of the confirmation
  reservation_id reservation;
  moment at;
  SOUK_FIELDS(undo_confirm, once, reservation, at);
};

// After a refund: the seat that this sale has is available again.
struct give_back {
  souk::once once;
  reservation_id reservation;
  souk::number sale;
  moment at;
  SOUK_FIELDS(give_back, once, reservation, sale, at);
};

// Answers a view.
struct find {
  reservation_id reservation;
  moment at;
  SOUK_FIELDS(find, reservation, at);
};

// The seats of a date in the order in which they were put on sale. Refused: not_found. Answers a page.
struct read {
  schedule_id schedule;
  seat_id after;  // empty: from the start
  std::uint32_t limit = 100;
  moment at;
  SOUK_FIELDS(read, schedule, after, limit, at);
};

}  // namespace souk::reservation
