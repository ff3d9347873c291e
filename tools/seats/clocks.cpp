// Knows when clocks change. The tz database would know more, but not every machine has it, and C++20's door to it is
// missing in GCC 12.
#include "tools/seats/clocks.hpp"

#include <array>
#include <utility>

namespace souk::seats {

using namespace std::chrono;

const wall_clock new_york{"America/New_York", hours{-5}, true};

const wall_clock* clock_at(std::string_view location) {
  static constexpr wall_clock denver{"America/Denver", hours{-7}, true};
  static constexpr wall_clock seoul{"Asia/Seoul", hours{9}, false};
  static constexpr wall_clock shanghai{"Asia/Shanghai", hours{8}, false};
  static constexpr std::array<std::pair<std::string_view, const wall_clock*>, 5> known{{
      {", NY", &new_york},
      {", CO", &denver},
      {", KOREA", &seoul},
      {", South Korea", &seoul},
      {", CHINA", &shanghai},
  }};
  for (const auto& [ending, clock] : known)
    if (location.ends_with(ending)) return clock;
  return nullptr;
}

reading_of_clock moment_of(const wall_clock& clock, year_month_day day, minutes since_midnight) {
  const auto shown = sys_days{day} + since_midnight;  // as if the clock were in UTC
  const auto moment_at = [&](minutes offset) {
    return moment{duration_cast<milliseconds>((shown - offset).time_since_epoch()).count()};
  };
  if (!clock.changes) return {moment_at(clock.winter), {}};
  if (day.year() < rule_begins) return {{}, "the clock's rule before 2007 is not known"};
  const auto forward = sys_days{day.year() / March / Sunday[2]} + hours{2};
  const auto back = sys_days{day.year() / November / Sunday[1]} + hours{2};
  if (shown >= forward && shown < forward + hours{1}) return {{}, "the clock is put forward over this time"};
  if (shown >= back - hours{1} && shown < back) return {{}, "the clock shows this time twice"};
  const bool summer = shown >= forward && shown < back;
  return {moment_at(clock.winter + (summer ? hours{1} : hours{0})), {}};
}

}  // namespace souk::seats
