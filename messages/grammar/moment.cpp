// Reads and writes moments as RFC 3339.
#include "messages/grammar/moment.hpp"

#include <chrono>

namespace souk {

std::string to_text(moment when) {
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds{when.ms}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  // Digit by digit: every event and every view carries moments, and snprintf was seen in profiles.
  std::string out = "0000-00-00T00:00:00.000Z";
  const auto put = [&](std::size_t at, std::size_t digits, std::int64_t value) {
    for (; digits > 0; --digits, value /= 10) out[at + digits - 1] = static_cast<char>('0' + value % 10);
  };
  put(0, 4, int{date.year()});
  put(5, 2, unsigned{date.month()});
  put(8, 2, unsigned{date.day()});
  put(11, 2, clock.hours().count());
  put(14, 2, clock.minutes().count());
  put(17, 2, clock.seconds().count());
  put(20, 3, clock.subseconds().count());
  return out;
}

std::optional<moment> parse_moment(std::string_view text) {
  using namespace std::chrono;
  std::size_t at = 0;
  const auto digits = [&](std::size_t n) -> std::optional<int> {
    if (at + n > text.size()) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < n; ++i, ++at) {
      if (text[at] < '0' || text[at] > '9') return std::nullopt;
      value = value * 10 + (text[at] - '0');
    }
    return value;
  };
  const auto sign = [&](std::string_view any) {
    return at < text.size() && any.find(text[at]) != any.npos && (++at, true);
  };
  const auto y = digits(4);
  if (!y || !sign("-")) return std::nullopt;
  const auto m = digits(2);
  if (!m || !sign("-")) return std::nullopt;
  const auto d = digits(2);
  if (!d || !sign("Tt ")) return std::nullopt;
  const auto hour = digits(2);
  if (!hour || !sign(":")) return std::nullopt;
  const auto minute = digits(2);
  if (!minute || !sign(":")) return std::nullopt;
  const auto second = digits(2);
  if (!second) return std::nullopt;
  int ms = 0;
  if (sign(".")) {
    int scale = 100;
    const auto from = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) ms += (text[at] - '0') * scale;
    if (at == from) return std::nullopt;
  }
  int offset = 0;
  if (!sign("Zz")) {
    if (at >= text.size() || (text[at] != '+' && text[at] != '-')) return std::nullopt;
    const int way = text[at++] == '-' ? 1 : -1;
    const auto hours_off = digits(2);
    if (!hours_off || !sign(":")) return std::nullopt;
    const auto minutes_off = digits(2);
    if (!minutes_off || *hours_off > 23 || *minutes_off > 59) return std::nullopt;
    offset = way * (*hours_off * 60 + *minutes_off);
  }
  const year_month_day date{year{*y}, month{unsigned(*m)}, day{unsigned(*d)}};
  if (at != text.size() || !date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const auto whole = sys_days{date}.time_since_epoch() + hours{*hour} + minutes{*minute + offset} + seconds{*second} +
                     milliseconds{ms};
  return moment{duration_cast<milliseconds>(whole).count()};
}

}  // namespace souk
