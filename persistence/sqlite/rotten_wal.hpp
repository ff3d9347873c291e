// Rot in a WAL: a frame at which SQLite would take the log to end, and it does not.
//
// SQLite believes a WAL up to its first frame that does not have its checksum. After a power loss that is a frame which
// was being written, and nobody had been told of its commit. But where a bit of it rotted, all that comes after it
// would silently be gone, however long ago it was acknowledged. Two things tell them apart:
//
//   - a later commit: it is written when the one before it has been synced. Its seal says where it begins; where there
//     is none, frames that follow each other across the end of a commit are one;
//   - the seal of the last commit: one turned bit with which it has what was sealed can be turned back, and if it was
//     torn after all, its commit may as well be there.
//
// What is left is rot of several bits in the last commit.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

struct wal_rot {
  std::string what;
  // The byte with which the log is what was written, where there is one: 0 is none's.
  std::size_t byte = 0;
  unsigned char is_to_be = 0;
};

struct wal_report {
  std::size_t committed = 0;   // up to where SQLite believes it: to the end of its last commit; 0: there is none in it
  std::optional<wal_rot> rot;  // none: all that SQLite will not believe may have been torn
};
// The bytes are as they were when it returns.
wal_report look_at_wal(std::span<unsigned char> wal);

// What is said of it, where it is not mended here.
store_damaged damage_of(const wal_rot& rot, const std::string& wal);

}  // namespace souk::persistence
