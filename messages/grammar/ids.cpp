// Checks, gives and prints identities.
#include "messages/grammar/ids.hpp"

#include <algorithm>

namespace souk {

namespace {

constexpr std::string_view crockford = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::int64_t epoch_2025_ms = 1'735'689'600'000;

// An odd multiplier and its inverse modulo 2^64 make the scrambling one to one.
constexpr std::uint64_t scramble = 0x9e3779b97f4a7c15ULL;
constexpr std::uint64_t inverse(std::uint64_t odd) {
  std::uint64_t x = odd;
  for (int i = 0; i < 6; ++i) x *= 2 - odd * x;
  return x;
}
constexpr std::uint64_t unscramble = inverse(scramble);
static_assert(scramble * unscramble == 1);

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_bytes_max && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == ':';
  });
}

std::uint64_t fingerprint(std::string_view content) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : content) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93ULL;
  return h ^ (h >> 32);
}

slice slice_of(std::string_view key) { return static_cast<slice>(fingerprint(key) & 0xff); }

number next_number(number last, std::int64_t now_ms, slice where) {
  const std::int64_t by_clock = std::max<std::int64_t>(now_ms - epoch_2025_ms, 1) << 10;
  const std::int64_t count = std::max(by_clock, (last.value >> 8) + 1);
  return number{(count << 8) | where};
}

std::string to_text(number n) {
  auto bits = static_cast<std::uint64_t>(n.value) * scramble;
  bits ^= bits >> 32;  // the high half is mixed best by a product: let it lead and fold it down
  std::string text(13, '0');
  for (std::size_t i = 13; i-- > 0; bits >>= 5) text[i] = crockford[bits & 31];
  return text;
}

std::optional<number> parse_number(std::string_view text) {
  if (text.size() != 13) return std::nullopt;
  std::uint64_t bits = 0;
  for (const char c : text) {
    const auto digit = crockford.find(c);
    if (digit == crockford.npos || bits >> 59) return std::nullopt;
    bits = (bits << 5) | digit;
  }
  bits ^= bits >> 32;
  const number n{static_cast<std::int64_t>(bits * unscramble)};
  if (n.value <= 0 || n.value >> 58) return std::nullopt;
  return n;
}

}  // namespace souk
