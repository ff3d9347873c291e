// Makes and reads seals: the sum, a mark with the first frame, and a sum of these with their place.
#include "persistence/sqlite/wal_seal.hpp"

#include <algorithm>
#include <bit>

#include "persistence/sqlite/page_sum.hpp"

namespace souk::persistence {

namespace {

constexpr std::uint64_t mark = 0x6c616573;  // "seal"

std::uint64_t mixed(std::uint64_t sum, std::uint64_t with) {
  return std::rotl((sum ^ with) * 0x9fb21c651e98df25ULL, 31);
}
std::uint64_t with_its_place(std::uint64_t sum, std::uint64_t marked, std::uint32_t upto, const unsigned char* salts) {
  std::uint64_t all = upto;
  for (const auto one : {word_at(salts), sum, marked}) all = mixed(all, one);
  return all ^ (all >> 32);
}

}  // namespace

// Of the header: which page, and how large the store is; its salts and checksums are SQLite's to verify.
void sum_of_frames::add(const unsigned char* header, const unsigned char* page) {
  sum_ = mixed(sum_, sum_of_page(page, word_at(header)));
}

wal_seal seal_of(const sealed& what, std::uint32_t upto, const unsigned char* salts) {
  wal_seal made{};
  const auto marked = mark | std::uint64_t{what.from} << 32;
  put_word(what.sum, made.data());
  put_word(marked, made.data() + 8);
  put_word(with_its_place(what.sum, marked, upto, salts), made.data() + 16);
  return made;
}

std::optional<sealed> read_seal(const unsigned char* bytes, std::uint32_t upto, const unsigned char* salts) {
  const sealed found{word_at(bytes), static_cast<std::uint32_t>(word_at(bytes + 8) >> 32)};
  const auto made = seal_of(found, upto, salts);
  return std::equal(made.begin(), made.end(), bytes) ? std::optional{found} : std::nullopt;
}

}  // namespace souk::persistence
