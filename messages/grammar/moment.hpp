// A moment: milliseconds since 1970 in UTC, always handed in, never looked up by those who decide.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "messages/grammar/fields.hpp"

namespace souk {

struct moment {
  std::int64_t ms = 0;
  SOUK_FIELDS(moment, ms);
  friend auto operator<=>(const moment&, const moment&) = default;
};

constexpr moment operator+(moment when, std::int64_t ms) { return {when.ms + ms}; }

// RFC 3339 in UTC with milliseconds: 2010-12-01T08:26:00.000Z
std::string to_text(moment when);

// Reads RFC 3339 with Z or an offset; nothing when it is not a real moment.
std::optional<moment> parse_moment(std::string_view text);

}  // namespace souk
