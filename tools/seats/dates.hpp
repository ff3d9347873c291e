// Reads the dates of real concerts, in the form of the New York Philharmonic's performance history.
//
// Its Date is a day (midnight in New York, written in UTC) and its Time a text such as "8:00PM" on the clock of the
// place that is played at. Both together are a moment only when that clock is known and showed this time exactly once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/grammar/moment.hpp"
#include "tools/seats/hall.hpp"

namespace souk::seats {

struct concert {
  std::string id;  // programme-date-time, a souk name: 14934-20240912-1930, or 14934-20251028 without a time
  std::string event, venue, location;
  std::string date;              // 2024-09-12
  std::string time;              // as written: 7:30PM, None
  std::optional<moment> starts;  // nothing: the file does not say, see the notes
};

struct programme {
  std::string id;    // its programID
  std::string guid;  // its id
  std::string orchestra, season;
  std::int64_t works = 0;          // all elements, intermissions included
  std::int64_t intermissions = 0;  // of these
  std::vector<concert> concerts;
};

struct calendar {
  std::vector<programme> programmes;
  std::vector<refusal> refused;
  std::vector<std::string> notes;
};

// Throws unreadable naming the place: not JSON, no programmes, a member of the wrong kind.
calendar read_dates(std::string_view json);

// {"counts": {"programs", "concerts", "distinct_dates", ...}, "notes": [], "refused": [], "programmes": [{"id", "guid",
//  "orchestra", "season", "works", "intermissions", "concerts": [{"id", "event", "venue", "location", "date", "time",
//  "starts": RFC 3339 in UTC or null}]}]}
json to_json(const calendar& of);

}  // namespace souk::seats
