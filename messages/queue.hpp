// Queue: the waiting room of each date. Tokens are issued in order, let in in that order, a bounded number at a time.
//
//   WAITING -> ADMITTED -> USED          USED -> WAITING when the payment is undone: first in line again
//                  +-----> EXPIRED       whoever was let in and vanished frees the slot for good
//
// As with holds there is no timer: every command brings its moment, and what is due by then happens first.
#pragma once

#include <cstdint>
#include <string>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"

namespace souk::queue {

enum class state : std::uint8_t { waiting, admitted, used, expired };

struct view {
  token_id token;
  schedule_id schedule;
  user_id user;
  std::int64_t place = 0;  // 1, 2, 3 within a date
  std::int64_t ahead = 0;  // how many wait before it
  state now{};
  moment until;  // of an admitted one: when its slot is freed
  SOUK_FIELDS(view, token, schedule, user, place, ahead, now, until);
};

// Opens a waiting room, or changes its rules. Before sales_open nobody is let in.
struct open {
  schedule_id schedule;
  moment sales_open;
  std::int64_t admits = 0;   // how many are in at a time
  std::int64_t hold_ms = 0;  // how long one may hold seats, and then stay to pay for the last
  SOUK_FIELDS(open, schedule, sales_open, admits, hold_ms);
};

// Takes a number, once per request key. Who waits or is in already gets the token that he has. Refused: not_found.
// Answers a view.
struct join {
  std::string request;  // the caller's Idempotency-Key
  schedule_id schedule;
  user_id user;
  moment at;
  SOUK_FIELDS(join, request, schedule, user, at);
};

// Answers a view.
struct find {
  token_id token;
  moment at;
  SOUK_FIELDS(find, token, at);
};

// At the door: done when this token is in, for this user and this date, and not longer than one may hold seats; it then
// stays as long as a hold made now.
// Refused: not_admitted. Answers a view.
struct enter {
  token_id token;
  schedule_id schedule;
  user_id user;
  moment at;
  SOUK_FIELDS(enter, token, schedule, user, at);
};

// A payment uses the token up. Refused: not_admitted when it is not in, expired, or used by another payment.
struct use {
  souk::once once;
  token_id token;
  schedule_id schedule;
  user_id user;
  moment at;
  SOUK_FIELDS(use, once, token, schedule, user, at);
};

// Gives the token back if that use took it; and if it did not, it never will.
struct undo_use {
  souk::once once;  // of the use
  token_id token;
  moment at;
  SOUK_FIELDS(undo_use, once, token, at);
};

}  // namespace souk::queue
