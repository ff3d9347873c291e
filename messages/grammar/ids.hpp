// Identities: names that people choose (users, products, campaigns) and numbers that souk gives.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "messages/grammar/fields.hpp"

namespace souk {

// A name of 1 to 64 letters, digits and -_.: compared byte by byte. Short ones (15 bytes) need no
// allocation.
template <class Tag>
struct name_of {
  std::string text;
  SOUK_FIELDS(name_of, text);
  friend auto operator<=>(const name_of&, const name_of&) = default;
};

using user_id = name_of<struct user_tag>;
using product_id = name_of<struct product_tag>;
using campaign_code = name_of<struct campaign_tag>;
using concert_id = name_of<struct concert_tag>;
using schedule_id = name_of<struct schedule_tag>;
using seat_id = name_of<struct seat_tag>;

inline constexpr std::size_t name_bytes_max = 64;
bool is_name(std::string_view text);

// The slice of a pool that a key belongs to, 0 to 255, the same on every machine and for ever: it is
// written into numbers. Shard s of n keeps the slices with slice % n == s.
using slice = std::uint8_t;
slice slice_of(std::string_view key);

// A number given by souk: 50 bits that grow with time (1,024 a millisecond since 2025), then 8 bits
// of slice. Stores stay append-friendly, and the shard can be read off the number.
struct number {
  std::int64_t value = 0;
  SOUK_FIELDS(number, value);
  friend auto operator<=>(const number&, const number&) = default;
  explicit operator bool() const { return value != 0; }
};

constexpr slice slice_of(number n) { return static_cast<slice>(n.value & 0xff); }

using order_id = number;  // an order, a return or a refund: whatever a saga is about
using coupon_id = number;
using token_id = number;        // a place in a waiting room
using reservation_id = number;  // one hold of one seat; larger than its token

// Gives numbers that grow even when the wall clock steps back. last: the largest given so far.
number next_number(number last, std::int64_t now_ms, slice where);

// Numbers as people see them: 13 characters of Crockford's base 32, scrambled one to one so that
// neighbours differ in their first letters (a prefix finds one) and none can be guessed by counting.
std::string to_text(number n);
std::optional<number> parse_number(std::string_view text);

// The key of a command: which saga, which step of it. Participants keep it with the outcome: the same
// key again has no second effect. With its undo it fits an integer primary key that grows with time.
struct once {
  number saga;
  std::uint8_t step = 0;  // 0 to 14; 15 is free for what a store numbers by itself
  SOUK_FIELDS(once, saga, step);
  constexpr std::int64_t key() const { return (saga.value << 5) | (step << 1); }
  constexpr std::int64_t undo_key() const { return key() | 1; }
};
constexpr number saga_of_key(std::int64_t key) { return {key >> 5}; }
inline constexpr std::uint8_t step_of_own_number = 15;

// A stable 64-bit fingerprint of bytes (FNV-1a, finished by a mixer): for telling content apart and
// for placing keys, not for secrets.
std::uint64_t fingerprint(std::string_view content);

}  // namespace souk

template <class Tag>
struct std::hash<souk::name_of<Tag>> {
  std::size_t operator()(const souk::name_of<Tag>& name) const noexcept { return std::hash<std::string>{}(name.text); }
};

template <>
struct std::hash<souk::number> {
  std::size_t operator()(souk::number n) const noexcept {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(n.value) * 0x9e3779b97f4a7c15ULL);
  }
};
