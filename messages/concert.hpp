// Concert: what is played, and on which dates; read often, changed seldom. The seats of a date are the reservation
// domain's, its waiting room the queue domain's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"

namespace souk::concert {

// A date of a concert.
struct date {
  schedule_id schedule;
  moment starts;
  std::string venue;       // empty: not said
  moment sales_open;       // 0: open
  std::int64_t seats = 0;  // that were on sale when it was listed
  SOUK_FIELDS(date, schedule, starts, venue, sales_open, seats);
};

struct view {
  concert_id concert;
  std::string name;
  std::vector<date> schedules;
  SOUK_FIELDS(view, concert, name, schedules);
};
struct page {
  std::vector<view> concerts;
  bool more = false;
  SOUK_FIELDS(page, concerts, more);
};

// Gives a concert its name and adds or changes these dates; dates that are not named stay as they are. Done twice:
// first not listed, which only claims the dates' ids for this concert and shows nothing, then, when seats and waiting
// rooms are there, listed. Refused: key_reused naming the date that is another concert's. Answers a view.
struct put {
  concert_id concert;
  std::string name;
  std::vector<date> schedules;
  bool listed = false;
  SOUK_FIELDS(put, concert, name, schedules, listed);
};

struct find {
  concert_id concert;
  SOUK_FIELDS(find, concert);
};

// Concerts in order of their ids. Answers a page.
struct list {
  concert_id after;  // empty: from the start
  std::uint32_t limit = 100;
  SOUK_FIELDS(list, after, limit);
};

}  // namespace souk::concert
