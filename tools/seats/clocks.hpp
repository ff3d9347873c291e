// The clocks of places: what moment it is when the clock on the wall shows a time.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "messages/grammar/moment.hpp"

namespace souk::seats {

struct wall_clock {
  const char* name;             // as the tz database calls it
  std::chrono::minutes winter;  // its standard time, from UTC
  bool changes;                 // has daylight saving time by the rule of the United States
};

// The rule that holds since 2007: from the second Sunday of March to the first of November, at two o'clock. What came
// before is not known here.
inline constexpr std::chrono::year rule_begins{2007};

extern const wall_clock new_york;
// By the last words of a location: "Manhattan, NY", "Seoul, KOREA". Nothing: not known.
const wall_clock* clock_at(std::string_view location);

struct reading_of_clock {
  std::optional<moment> when;
  std::string trouble;  // why there is none: the clock is put forward over this time, or shows it twice
};
reading_of_clock moment_of(const wall_clock& clock, std::chrono::year_month_day day,
                           std::chrono::minutes since_midnight);

}  // namespace souk::seats
