// Rot in a WAL: a frame at which SQLite would take the log to end, and it does not.
//
// SQLite believes a WAL up to its first frame that does not have its checksum. After a power loss that is a frame which
// was being written, and nobody had been told of its commit. But where a bit of it rotted, all that comes after it
// would silently be gone, however long ago it was acknowledged. Two things tell the two apart:
//
//   - the frames of a later commit: it is written when the one before it has been synced;
//   - a frame that continues the log, but has another log's salt.
//
// One turned bit that explains a frame of the last commit can be turned back: its checksum proves what was written, and
// if it was torn after all its commit may as well be there. What is left is rot of several bits in the last commit.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace souk::persistence {

struct wal_rot {
  std::string what;
  // The byte that makes the log go on, where one bit explains it: 0, which is none's, where it does not.
  std::size_t byte = 0;
  unsigned char is_to_be = 0;
};

// None: all that SQLite will not believe may have been torn. The bytes are as they were when it returns.
std::optional<wal_rot> rot_in_wal(std::span<unsigned char> wal);

}  // namespace souk::persistence
