// Follows the checksums of a WAL beyond the place where SQLite stops.
#include "persistence/sqlite/rotten_wal.hpp"

#include <algorithm>
#include <utility>

#include "persistence/sqlite/checked_pages.hpp"
#include "persistence/sqlite/wal_seal.hpp"

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

  wal_report report() {
    if (!header_holds()) return {0, header_rotted() ? std::optional<wal_rot>{{"its header rotted"}} : std::nullopt};
    std::size_t at = 0, next = 0, last = 0;  // the first frame of the next commit, and of the last
    for (; at < frames_ && is_ours(at) && follows(at); ++at)
      if (is_commit(at)) last = std::exchange(next, at + 1);
    return {next ? header_bytes + next * frame_bytes : 0, rot(at, next, last)};
  }

private:
  // The first frame that is not right; of the next commit; of the last.
  std::optional<wal_rot> rot(std::size_t at, std::size_t next, std::size_t last) {
    if (const auto seal = at == next ? seal_at(at) : std::nullopt)
      return seal->from == last && seal->sum != sum_of(last, at) ? std::optional{taken_back(last)} : std::nullopt;
    const auto damage =
        wal_rot{"frame " + std::to_string(at + 1) + " does not have its checksum, and a later commit is there"};
    for (auto upto = at + 1; upto <= frames_; ++upto)
      if (const auto seal = seal_at(upto)) return seal->from > at ? damage : one_bit_of(at, upto, *seal);
    return later_commit(at) ? std::optional{damage} : std::nullopt;
  }

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

  std::optional<sealed> seal_at(std::size_t upto) {
    const auto place = header_bytes + upto * frame_bytes;
    if (upto == 0 || place + wal_seal_bytes > bytes_.size()) return std::nullopt;
    return read_seal(&bytes_[place], static_cast<std::uint32_t>(upto), &bytes_[16]);
  }
  std::uint64_t sum_of(std::size_t from, std::size_t upto) {
    sum_of_frames sum;
    for (auto at = from; at < upto; ++at) sum.add(frame(at), frame(at) + frame_header_bytes);
    return sum.value();
  }

  // Where no seal tells, because it was torn as well or nobody wrote any: beyond a frame that is not right, frames that
  // follow each other across the end of a commit.
  bool later_commit(std::size_t broken) {
    auto at = broken + 1;
    while (at < frames_ && !(is_ours(at) && is_ours(at - 1) && follows(at))) ++at;
    for (bool committed = false; at < frames_ && is_ours(at) && follows(at); ++at) {
      if (committed) return true;
      committed = is_commit(at);
    }
    return false;
  }

  // The last commit, although SQLite would believe it: what is there is not what was to be.
  wal_rot taken_back(std::size_t last) {
    const auto* salt = frame(last) + 8;
    return {"its last commit was torn", static_cast<std::size_t>(salt - bytes_.data()),
            static_cast<unsigned char>(~*salt)};
  }

  // Which bit of a frame makes the commit what was sealed.
  std::optional<wal_rot> one_bit_of(std::size_t at, std::size_t upto, const sealed& seal) {
    std::optional<wal_rot> found;
    const auto tries = [&](const unsigned char* byte, int bit) {
      const auto place = static_cast<std::size_t>(byte - bytes_.data());
      const auto was = bytes_[place];
      bytes_[place] = static_cast<unsigned char>(was ^ 1U << bit);
      if (is_sealed(upto, seal)) found = {"one bit of its last commit turned", place, bytes_[place]};
      bytes_[place] = was;
      return found.has_value();
    };
    if (follows(at)) {
      each_bit(frame(at) + 8, 8, tries);
      return found;
    }
    // Sums are linear in the words: what one bit changes in them is known from how many words come after it.
    const auto told = sums_of(at), is = expected(at);
    const sums off{told.first - is.first, told.second - is.second};
    sums first{1, 1}, second{0, 1};  // what one more in the words of a pair becomes at the end
    for (auto pair = (frame_summed + checked_page_bytes) / 8; pair-- > 0;) {
      const auto from = pair == 0 ? 0 : frame_header_bytes + (pair - 1) * 8;
      for (const auto& [weight, word] : {std::pair{first, from}, std::pair{second, from + 4}})
        if (each_bit_of_word(frame(at) + word, weight, off, tries)) return found;
      for (auto* one : {&first, &second}) *one = {one->first + one->second, one->first + 2 * one->second};
    }
    each_bit(frame(at) + 16, 8, tries);  // or one of the sums' own
    return found;
  }
  bool is_sealed(std::size_t upto, const sealed& seal) {
    for (std::size_t at = seal.from; at < upto; ++at)
      if (!is_ours(at) || !follows(at) || is_commit(at) != (at + 1 == upto)) return false;
    return sum_of(seal.from, upto) == seal.sum;
  }
  template <class Tries>
  static bool each_bit(const unsigned char* from, std::size_t bytes, const Tries& tries) {
    for (std::size_t bit = 0; bit < bytes * 8; ++bit)
      if (tries(from + bit / 8, static_cast<int>(bit % 8))) return true;
    return false;
  }
  template <class Tries>
  bool each_bit_of_word(const unsigned char* word, const sums& weight, const sums& off, const Tries& tries) const {
    const auto now = is_big_ ? big_endian(word) : little_endian(word);
    for (int bit = 0; bit < 32; ++bit) {
      const auto more = (now >> bit & 1) != 0 ? 0U - (1U << bit) : 1U << bit;
      if (sums{weight.first * more, weight.second * more} == off &&
          tries(word + (is_big_ ? 3 - bit / 8 : bit / 8), bit % 8))
        return true;
    }
    return false;
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

bool has_frames(std::span<unsigned char> wal) { return wal.size() >= header_bytes + frame_bytes; }

}  // namespace

store_damaged damage_of(const wal_rot& rot, const std::string& wal) {
  const bool mends = rot.byte != 0;
  return {wal + ": " + rot.what + (mends ? ": the next start of a node mends it" : ""), SQLITE_CORRUPT, mends};
}

wal_report look_at_wal(std::span<unsigned char> wal) { return has_frames(wal) ? log{wal}.report() : wal_report{}; }

}  // namespace souk::persistence
