// Ages as operators write them: 90s, 5m, 2h.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace souk::edge {

// In milliseconds; at most a million of the unit, which is a second if none is said.
std::optional<std::int64_t> parse_age_ms(std::string_view text);

}  // namespace souk::edge
