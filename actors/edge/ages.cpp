// Reads ages.
#include "actors/edge/ages.hpp"

#include <charconv>

namespace souk::edge {

std::optional<std::int64_t> parse_age_ms(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  const auto ms = unit == "s" || unit.empty() ? 1'000 : unit == "m" ? 60'000 : unit == "h" ? 3'600'000 : 0;
  if (bad != std::errc{} || n < 0 || n > 1'000'000 || !ms) return std::nullopt;
  return n * ms;
}

}  // namespace souk::edge
