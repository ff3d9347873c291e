// Money: a signed 64-bit count of minor units (pence), with arithmetic that cannot overflow silently.
#pragma once

#include <cstdint>
#include <optional>

#include "messages/grammar/fields.hpp"

namespace souk {

struct money {
  std::int64_t minor = 0;
  SOUK_FIELDS(money, minor);
  friend auto operator<=>(const money&, const money&) = default;
};

// The largest amount that is accepted from outside; sums of a million of them still fit 63 bits.
inline constexpr money money_max{1'000'000'000'000};

// The checked sum, or nothing when it would leave 64 bits.
constexpr std::optional<money> add(money a, money b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.minor, b.minor, &sum)) return std::nullopt;
  return money{sum};
}

// The checked product with a number of units.
constexpr std::optional<money> times(money price, std::int64_t units) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(price.minor, units, &product)) return std::nullopt;
  return money{product};
}

}  // namespace souk
