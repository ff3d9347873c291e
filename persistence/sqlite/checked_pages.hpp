// Page checksums: a layer between SQLite and the file layer below it, so that a page that rotted on the disk is found
// when it is read instead of being believed.
//
// Every page of a store ends with eight bytes that SQLite leaves alone (reserved bytes); they are computed when the
// page is written to the store's file and verified when it is read from there. They cover the page's number too: a page
// that was written to the wrong place is found. Pages in the WAL are covered by the WAL's own checksums, which SQLite
// verifies when it reads the WAL after a start. A store that was made before it had reserved bytes stays as it is, and
// is not verified.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace souk::persistence {

// Configures SQLite, once per process and before it is used for anything else: each store does it, and whoever
// registers something with SQLite should do it first.
void prepare_sqlite();

inline constexpr int checked_page_bytes = 4096;
inline constexpr int checksum_bytes = 8;
// Of SQLite's file format: a WAL is a header, and frames of a header and a page.
inline constexpr int wal_header_bytes = 32, wal_frame_header_bytes = 24,
                     wal_frame_bytes = wal_frame_header_bytes + checked_page_bytes;

// All bytes of a file that a layer has open. Answers SQLite's code; std::bad_alloc is thrown.
int read_all(sqlite3_file* file, std::vector<unsigned char>& to);

// The name of the layer over this file layer (empty: the platform's own); registered when it is first asked for.
std::string checked_vfs(const std::string& below);

// What rotted: SQLite says only that reading failed.
struct rotten_page {
  std::string file;
  std::int64_t page = 0;
};
// The last that this thread came upon, once.
std::optional<rotten_page> take_rotten_page();

// What is wrong with a store's file: its pages that do not have their checksum, also those that nothing refers to. The
// pages of a WAL that is not empty take the place of the file's: then nothing can be said of them here.
struct page_report {
  bool checked = false;  // it has checksums
  std::vector<std::int64_t> rotten;
};
page_report look_at_pages(const std::string& path, const std::string& vfs);

// Calls take(bytes) for the file from its start to its end; false when it cannot be read. Whoever opens and closes a
// store's file in another way takes away the locks that keep other processes out of it.
bool read_store(const std::string& path, const std::function<void(std::string_view bytes)>& take);

}  // namespace souk::persistence
