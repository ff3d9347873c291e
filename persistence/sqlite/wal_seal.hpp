// The seal of a commit: a sum of its frames that does not cancel out, behind the last of them in the WAL.
//
// The WAL's own checksums are sums whose weights repeat: a page of which a part was not written can have the sum of one
// that differs by a bit somewhere else, and what changed twice in opposite ways may not show in it. So they cannot say
// whether one bit of the last commit rotted, or a part of it never came. The seal can: whatever is mended must have it.
//
// It lies where the header of the next frame will be, which goes over it, and is written with the commit's last page.
// For SQLite it is a frame of another log, behind which nothing is read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace souk::persistence {

inline constexpr int wal_seal_bytes = 24;
using wal_seal = std::array<unsigned char, wal_seal_bytes>;

// Of the frames of one commit, in their order.
class sum_of_frames {
public:
  void add(const unsigned char* header, const unsigned char* page);
  std::uint64_t value() const { return sum_; }

private:
  std::uint64_t sum_ = 0;
};

struct sealed {
  std::uint64_t sum = 0;
  std::uint32_t from = 0;  // the commit's first frame, counted from 0
};
// Salts are the eight bytes that a log's frames have in common; upto is the frame behind the commit's last.
wal_seal seal_of(const sealed& what, std::uint32_t upto, const unsigned char* salts);
std::optional<sealed> read_seal(const unsigned char* bytes, std::uint32_t upto, const unsigned char* salts);

}  // namespace souk::persistence
