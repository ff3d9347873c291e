// Follows the checksums of a WAL beyond the place where SQLite stops.
#include "persistence/sqlite/rotten_wal.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "persistence/sqlite/checked_pages.hpp"

namespace souk::persistence {

namespace {

// As SQLite's file format says; numbers are big-endian.
constexpr std::size_t header_bytes = wal_header_bytes, frame_header_bytes = wal_frame_header_bytes,
                      frame_bytes = wal_frame_bytes;
constexpr std::size_t header_summed = 24, frame_summed = 8;  // of the headers, before their sums
constexpr std::uint32_t magic = 0x377f0682;                  // and one more where sums are over big-endian words

using sums = std::pair<std::uint32_t, std::uint32_t>;

std::uint32_t big_endian(const unsigned char* at) {
  return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 | at[3];
}
std::uint32_t little_endian(const unsigned char* at) {
  return std::uint32_t{at[3]} << 24 | std::uint32_t{at[2]} << 16 | std::uint32_t{at[1]} << 8 | at[0];
}

class log {
public:
  explicit log(std::span<unsigned char> bytes)
      : bytes_(bytes), frames_((bytes.size() - header_bytes) / frame_bytes), is_big_(words_are_big()) {}

  std::optional<wal_rot> rot() {
    if (!header_holds()) return header_rotted() ? std::optional<wal_rot>{{"its header rotted"}} : std::nullopt;
    std::size_t at = 0;
    while (at < frames_ && is_ours(at) && follows(at)) ++at;
    if (at == frames_) return std::nullopt;
    const auto name = "frame " + std::to_string(at + 1);
    if (follows(at)) return wal_rot{name + " has another log's salt"};
    if (later_commit(at)) return wal_rot{name + " does not have its checksum, and a later commit is there"};
    return is_ours(at) ? one_bit_of(at) : std::nullopt;
  }

private:
  unsigned char* frame(std::size_t at) { return &bytes_[header_bytes + at * frame_bytes]; }
  sums sums_of(std::size_t at) { return {big_endian(frame(at) + 16), big_endian(frame(at) + 20)}; }
  sums header_sums() const { return {big_endian(&bytes_[24]), big_endian(&bytes_[28])}; }
  bool words_are_big() const { return (big_endian(&bytes_[0]) & 1) != 0; }
  bool is_commit(std::size_t at) { return big_endian(frame(at) + 4) != 0; }
  bool is_ours(std::size_t at) { return std::equal(frame(at) + 8, frame(at) + 16, &bytes_[16]); }

  sums add(sums to, const unsigned char* from, std::size_t n) const {
    for (const auto* end = from + n; from < end; from += 8) {
      to.first += (is_big_ ? big_endian(from) : little_endian(from)) + to.second;
      to.second += (is_big_ ? big_endian(from + 4) : little_endian(from + 4)) + to.first;
    }
    return to;
  }
  bool header_holds() const {
    return (big_endian(&bytes_[0]) & ~1U) == magic && add({}, bytes_.data(), header_summed) == header_sums();
  }
  // What its sums must be, with what was written before it.
  sums expected(std::size_t at) {
    const auto before = at ? sums_of(at - 1) : header_sums();
    return add(add(before, frame(at), frame_summed), frame(at) + frame_header_bytes, checked_page_bytes);
  }
  bool follows(std::size_t at) { return expected(at) == sums_of(at); }

  // Beyond a frame that is not right: frames that follow each other, across the end of a commit.
  bool later_commit(std::size_t broken) {
    bool committed = is_ours(broken) && is_commit(broken);
    auto at = broken + 1;
    for (; at < frames_ && !(is_ours(at) && is_ours(at - 1) && follows(at)); ++at)
      committed = committed || (is_ours(at) && is_commit(at));
    for (; at < frames_ && is_ours(at) && follows(at); ++at) {
      if (committed) return true;
      committed = is_commit(at);
    }
    return false;
  }

  // Sums are linear in the words: what one bit changes in them is known from how many words come after it.
  std::optional<wal_rot> one_bit_of(std::size_t at) {
    const auto told = sums_of(at), is = expected(at);
    const sums off{told.first - is.first, told.second - is.second};
    sums first{1, 1}, second{0, 1};  // what one more in the words of a pair becomes at the end
    for (auto pair = (frame_summed + checked_page_bytes) / 8; pair-- > 0;) {
      const auto from = pair == 0 ? 0 : frame_header_bytes + (pair - 1) * 8;
      for (const auto& [weight, word] : {std::pair{first, from}, std::pair{second, from + 4}})
        if (auto found = one_bit_of_word(frame(at) + word, weight, off)) return found;
      for (auto* one : {&first, &second}) *one = {one->first + one->second, one->first + 2 * one->second};
    }
    // Or one of the sums' own.
    const auto turned = std::uint64_t{told.first ^ is.first} << 32 | (told.second ^ is.second);
    if (std::popcount(turned) != 1) return std::nullopt;
    return turned_back(frame(at) + 23 - std::countr_zero(turned) / 8, std::countr_zero(turned) % 8);
  }
  std::optional<wal_rot> one_bit_of_word(const unsigned char* word, const sums& weight, const sums& off) {
    const auto now = is_big_ ? big_endian(word) : little_endian(word);
    for (int bit = 0; bit < 32; ++bit) {
      const auto more = (now >> bit & 1) != 0 ? 0U - (1U << bit) : 1U << bit;
      if (sums{weight.first * more, weight.second * more} == off)
        return turned_back(word + (is_big_ ? 3 - bit / 8 : bit / 8), bit % 8);
    }
    return std::nullopt;
  }
  std::optional<wal_rot> turned_back(const unsigned char* byte, int bit) {
    return wal_rot{"one bit of its last commit turned", static_cast<std::size_t>(byte - bytes_.data()),
                   static_cast<unsigned char>(*byte ^ 1U << bit)};
  }

  // One bit of it makes it a header whose log goes on.
  bool header_rotted() {
    const auto right = [this](unsigned turn_byte, unsigned mask) {
      bytes_[turn_byte] = static_cast<unsigned char>(bytes_[turn_byte] ^ mask);
      is_big_ = words_are_big();
      const bool holds = header_holds() && is_ours(0) && follows(0);
      bytes_[turn_byte] = static_cast<unsigned char>(bytes_[turn_byte] ^ mask);
      return holds;
    };
    // A header that was being written over counts the next log, which is an odd number after an even one; that alone
    // may be there of it. All of the log before it was in the store by then.
    if (bytes_[15] % 2 == 1 && right(15, 1)) return false;
    // Nor is it rot where a header was being wiped from its end on, or its last byte is the only one that came of the
    // next log's: likewise.
    auto upto = static_cast<unsigned>(header_bytes) - 1;
    while (upto > 0 && bytes_[upto - 1] == 0) --upto;
    for (unsigned bit = 0; bit < upto * 8; ++bit)
      if (right(bit / 8, 1U << bit % 8)) return true;
    return false;
  }

  std::span<unsigned char> bytes_;
  std::size_t frames_;
  bool is_big_;
};

}  // namespace

std::optional<wal_rot> rot_in_wal(std::span<unsigned char> wal) {
  if (wal.size() < header_bytes + frame_bytes) return std::nullopt;
  return log{wal}.rot();
}

}  // namespace souk::persistence
