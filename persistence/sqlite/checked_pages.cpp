// Computes and verifies the checksums of pages between SQLite and the file layer.
#include "persistence/sqlite/checked_pages.hpp"

#include "messages/grammar/crash_point.hpp"
#include "persistence/sqlite/cut.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <utility>

namespace souk::persistence {

namespace {

using page_bytes = std::array<unsigned char, checked_page_bytes>;

constexpr int reserved_at = 20;  // in the file's header: how many bytes SQLite leaves alone at a page's end

std::uint64_t word(const unsigned char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  return value;
}

// Four lanes, so that the multiplications overlap: a page takes about 0.4 us. Each step is one to one in what it takes
// in, so that whatever changes within one word always changes the sum.
std::uint64_t checksum(const unsigned char* page, std::int64_t number) {
  constexpr std::uint64_t prime = 0x9fb21c651e98df25ULL;
  std::array<std::uint64_t, 4> lane{1, 2, 3, static_cast<std::uint64_t>(number)};
  constexpr int end = checked_page_bytes - checksum_bytes;
  int at = 0;
  for (; at + 32 <= end; at += 32)
    for (std::size_t i = 0; i < 4; ++i) lane[i] = std::rotl((lane[i] ^ word(page + at + 8 * i)) * prime, 29);
  for (std::size_t i = 0; at < end; at += 8, ++i) lane[i] = std::rotl((lane[i] ^ word(page + at)) * prime, 29);
  auto sum = lane[0];
  for (std::size_t i = 1; i < 4; ++i) sum = std::rotl((sum ^ lane[i]) * prime, 31);
  return sum ^ (sum >> 32);
}

bool intact(const unsigned char* page, std::int64_t number) {
  if (checksum(page, number) == word(page + checked_page_bytes - checksum_bytes)) return true;
  // A page that was given back before it was ever written is a hole: all zeros, and nobody's.
  return number > 1 && std::all_of(page, page + checked_page_bytes, [](auto byte) { return byte == 0; });
}

// Does the store have checksums? The byte that says so may be what rotted: then the sum is right with the byte mended.
bool has_checksums(const unsigned char* first_page) {
  if (first_page[reserved_at] == checksum_bytes) return true;
  page_bytes mended;
  std::memcpy(mended.data(), first_page, mended.size());
  mended[reserved_at] = checksum_bytes;
  return intact(mended.data(), 1);
}

thread_local std::optional<rotten_page> last_rotten;

struct layer {
  std::string name, below;
  sqlite3_vfs vfs{};
};

// Who has what open, for cuts. What moves pages to stores' files shares the mutex, a cut has it for itself.
struct checked_file;
struct open_files {
  std::shared_mutex moving;
  int cuts = 0;
  std::mutex mutex;
  std::set<checked_file*> wals;
  std::map<std::string, std::uint64_t> begun;
};
open_files& all_open() {
  static open_files all;
  return all;
}

struct checked_file {
  sqlite3_file base;
  std::unique_ptr<unsigned char[]> storage;  // of the file below
  std::string path;
  bool pages = false;    // a store's own file, not its WAL
  bool checked = false;  // it has checksums
  bool wal = false;
  std::int64_t length = 0, synced = 0;  // of a WAL: what was written since it was begun
  sqlite3_file* below() const { return reinterpret_cast<sqlite3_file*>(storage.get()); }
};

checked_file& of(sqlite3_file* file) { return *reinterpret_cast<checked_file*>(file); }
const sqlite3_io_methods& under(sqlite3_file* file) { return *of(file).below()->pMethods; }

// The header of a WAL is written when it is begun anew; cut to nothing it is about to be.
void note_write(checked_file& mine, std::int64_t at, std::int64_t upto) {
  const std::lock_guard hold{all_open().mutex};
  if (at == 0) {
    ++all_open().begun[mine.path];
    mine.synced = 0;  // what was synced of the one before is not of this one
  }
  mine.length = at == 0 ? upto : std::max(mine.length, upto);
}
void note_sync(checked_file& mine) {
  const std::lock_guard hold{all_open().mutex};
  mine.synced = mine.length;
}

int close(sqlite3_file* file) {
  if (of(file).wal) {
    const std::lock_guard hold{all_open().mutex};
    all_open().wals.erase(&of(file));
  }
  const int code = under(file).xClose(of(file).below());
  of(file).~checked_file();
  return code;
}

bool is_page(int n, sqlite3_int64 at) { return n == checked_page_bytes && at % checked_page_bytes == 0; }

int read(sqlite3_file* file, void* to, int n, sqlite3_int64 at) {
  auto& mine = of(file);
  const int code = under(file).xRead(mine.below(), to, n, at);
  if (code != SQLITE_OK || !mine.pages) return code;
  const auto* page = static_cast<const unsigned char*>(to);
  // The header is read alone when a store is opened; its first page may then come from the WAL.
  if (at == 0 && n > reserved_at) mine.checked = page[reserved_at] == checksum_bytes;
  if (!is_page(n, at)) return SQLITE_OK;
  const auto number = at / checked_page_bytes + 1;
  if (number == 1) mine.checked = has_checksums(page);
  if (!mine.checked || intact(page, number)) return SQLITE_OK;
  last_rotten = {mine.path, number};
  return SQLITE_IOERR_DATA;
}

int write(sqlite3_file* file, const void* from, int n, sqlite3_int64 at) {
  auto& mine = of(file);
  if (mine.wal) {
    const int code = under(file).xWrite(mine.below(), from, n, at);
    if (code == SQLITE_OK) note_write(mine, at, at + n);
    may_crash(crash_point::wal_written);
    return code;
  }
  std::shared_lock<std::shared_mutex> moves;
  if (mine.pages) {
    moves = std::shared_lock{all_open().moving};
    if (all_open().cuts) return SQLITE_BUSY;  // later
  }
  const auto* page = static_cast<const unsigned char*>(from);
  if (mine.pages && at == 0 && n == checked_page_bytes) mine.checked = page[reserved_at] == checksum_bytes;
  if (!mine.checked || !is_page(n, at)) return under(file).xWrite(mine.below(), from, n, at);
  page_bytes summed;
  std::memcpy(summed.data(), page, summed.size());
  auto sum = checksum(page, at / checked_page_bytes + 1);
  if constexpr (std::endian::native == std::endian::big) sum = __builtin_bswap64(sum);
  std::memcpy(summed.data() + checked_page_bytes - checksum_bytes, &sum, sizeof sum);
  const int code = under(file).xWrite(mine.below(), summed.data(), n, at);
  may_crash(crash_point::page_moved);
  return code;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (of(file).wal) note_write(of(file), 0, 0);
  return under(file).xTruncate(of(file).below(), size);
}
int sync(sqlite3_file* file, int flags) {
  auto& mine = of(file);
  std::shared_lock<std::shared_mutex> moves;
  if (mine.pages) {
    moves = std::shared_lock{all_open().moving};
    if (all_open().cuts) return SQLITE_BUSY;
  }
  const int code = under(file).xSync(mine.below(), flags);
  if (code == SQLITE_OK && mine.wal) note_sync(mine);
  may_crash(mine.wal ? crash_point::wal_synced : crash_point::store_synced);
  return code;
}
int size(sqlite3_file* file, sqlite3_int64* bytes) { return under(file).xFileSize(of(file).below(), bytes); }
int lock(sqlite3_file* file, int level) { return under(file).xLock(of(file).below(), level); }
int unlock(sqlite3_file* file, int level) { return under(file).xUnlock(of(file).below(), level); }
int is_reserved(sqlite3_file* file, int* yes) { return under(file).xCheckReservedLock(of(file).below(), yes); }
int control(sqlite3_file* file, int what, void* argument) {
  return under(file).xFileControl(of(file).below(), what, argument);
}
int sector_size(sqlite3_file* file) { return under(file).xSectorSize(of(file).below()); }
int traits(sqlite3_file* file) { return under(file).xDeviceCharacteristics(of(file).below()); }

// Without shared memory and mapped pages: a store has one connection, and every page is to be seen here.
const sqlite3_io_methods methods{1,       close,   read,        write,   truncate,    sync,   size,
                                 lock,    unlock,  is_reserved, control, sector_size, traits, nullptr,
                                 nullptr, nullptr, nullptr,     nullptr, nullptr};

// Looked up each time: a test's file layer may have gone and come back.
sqlite3_vfs* below(sqlite3_vfs* vfs) {
  const auto& name = static_cast<layer*>(vfs->pAppData)->below;
  return sqlite3_vfs_find(name.empty() ? nullptr : name.c_str());
}

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  file->pMethods = nullptr;
  auto* real = below(vfs);
  if (!real) return SQLITE_CANTOPEN;
  const auto bytes = static_cast<std::size_t>(real->szOsFile);
  auto storage = std::make_unique<unsigned char[]>(bytes);
  auto* inner = reinterpret_cast<sqlite3_file*>(storage.get());
  if (const int code = real->xOpen(real, path, inner, flags, flags_out); code != SQLITE_OK) {
    if (inner->pMethods) inner->pMethods->xClose(inner);
    return code;
  }
  auto* mine = new (file) checked_file{{&methods}, std::move(storage), path ? path : ""};
  mine->pages = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  mine->wal = (flags & SQLITE_OPEN_WAL) != 0;
  if (!mine->wal) return SQLITE_OK;
  sqlite3_int64 there = 0;  // of an earlier run, synced as far as anybody knows; it is settled before it is used
  mine->below()->pMethods->xFileSize(mine->below(), &there);
  mine->length = mine->synced = there;
  const std::lock_guard hold{all_open().mutex};
  all_open().wals.insert(mine);
  return SQLITE_OK;
}
int remove(sqlite3_vfs* vfs, const char* path, int sync_names) {
  return below(vfs)->xDelete(below(vfs), path, sync_names);
}
int access(sqlite3_vfs* vfs, const char* path, int what, int* yes) {
  return below(vfs)->xAccess(below(vfs), path, what, yes);
}
int full_name(sqlite3_vfs* vfs, const char* path, int n, char* out) {
  return below(vfs)->xFullPathname(below(vfs), path, n, out);
}
int random_bytes(sqlite3_vfs* vfs, int n, char* out) { return below(vfs)->xRandomness(below(vfs), n, out); }
int sleep_us(sqlite3_vfs* vfs, int us) { return below(vfs)->xSleep(below(vfs), us); }
int now(sqlite3_vfs* vfs, double* days) { return below(vfs)->xCurrentTime(below(vfs), days); }
int last_error(sqlite3_vfs* vfs, int n, char* out) { return below(vfs)->xGetLastError(below(vfs), n, out); }

}  // namespace

std::string checked_vfs(const std::string& of_below) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<layer>> layers;
  const std::lock_guard hold{mutex};
  auto& mine = layers[of_below];
  if (mine) return mine->name;
  prepare_sqlite();
  mine = std::make_unique<layer>();
  mine->name = of_below.empty() ? "checked" : "checked-" + of_below;
  mine->below = of_below;
  auto& vfs = mine->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(checked_file);
  vfs.mxPathname = 1024;
  vfs.zName = mine->name.c_str();
  vfs.pAppData = mine.get();
  vfs.xOpen = open;
  vfs.xDelete = remove;
  vfs.xAccess = access;
  vfs.xFullPathname = full_name;
  vfs.xRandomness = random_bytes;
  vfs.xSleep = sleep_us;
  vfs.xCurrentTime = now;
  vfs.xGetLastError = last_error;
  sqlite3_vfs_register(&vfs, 0);
  return mine->name;
}

std::optional<rotten_page> take_rotten_page() { return std::exchange(last_rotten, std::nullopt); }

namespace {

// A file of the layer below, opened to be looked at.
class looked_at {
public:
  looked_at(sqlite3_vfs* vfs, const std::string& path, int what) : storage_(static_cast<std::size_t>(vfs->szOsFile)) {
    int flags = 0;
    name_ = sqlite3_create_filename(path.c_str(), "", "", 0, nullptr);
    opened_ = name_ && vfs->xOpen(vfs, name_, file(), what | SQLITE_OPEN_READONLY, &flags) == SQLITE_OK;
  }
  ~looked_at() {
    if (opened_) file()->pMethods->xClose(file());
    sqlite3_free_filename(name_);
  }
  looked_at(const looked_at&) = delete;
  looked_at& operator=(const looked_at&) = delete;
  std::int64_t size() {
    sqlite3_int64 bytes = 0;
    return opened_ && file()->pMethods->xFileSize(file(), &bytes) == SQLITE_OK ? bytes : 0;
  }
  bool read(page_bytes& to, std::int64_t at) {
    return file()->pMethods->xRead(file(), to.data(), checked_page_bytes, at) == SQLITE_OK;
  }

private:
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(storage_.data()); }
  std::vector<unsigned char> storage_;
  const char* name_ = nullptr;  // as SQLite's file layer wants it
  bool opened_ = false;
};

bool has_wal(sqlite3_vfs* vfs, const std::string& path) {
  const auto wal = path + "-wal";
  int there = 0;
  return vfs->xAccess(vfs, wal.c_str(), SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK && there &&
         looked_at{vfs, wal, SQLITE_OPEN_WAL}.size() > 0;
}

}  // namespace

page_report look_at_pages(const std::string& path, const std::string& vfs) {
  page_report report;
  auto* real = sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
  if (!real) return report;
  looked_at file{real, path, SQLITE_OPEN_MAIN_DB};
  page_bytes page{};
  const auto size = file.size();
  report.checked = size >= checked_page_bytes && file.read(page, 0) && has_checksums(page.data());
  if (!report.checked || has_wal(real, path)) return report;
  for (std::int64_t at = 0; at + checked_page_bytes <= size; at += checked_page_bytes) {
    const auto number = at / checked_page_bytes + 1;
    if (!file.read(page, at) || !intact(page.data(), number)) report.rotten.push_back(number);
  }
  return report;
}

bool read_store(const std::string& path, const std::function<void(std::string_view bytes)>& take) {
  looked_at file{sqlite3_vfs_find(nullptr), path, SQLITE_OPEN_MAIN_DB};
  page_bytes page{};
  const auto size = file.size();
  for (std::int64_t at = 0; at + checked_page_bytes <= size; at += checked_page_bytes) {
    if (!file.read(page, at)) return false;
    take({reinterpret_cast<const char*>(page.data()), page.size()});
  }
  return size % checked_page_bytes == 0;
}

cut::cut(const std::filesystem::path& directory) {
  const std::unique_lock stand_still{all_open().moving};
  ++all_open().cuts;
  const std::lock_guard hold{all_open().mutex};
  const std::string_view behind = "-wal";
  for (const auto* one : all_open().wals) {
    const auto store = one->path.substr(0, one->path.size() - behind.size());
    std::error_code ignored;
    if (std::filesystem::equivalent(std::filesystem::path{store}.parent_path(), directory, ignored))
      stores_[store] = {one->synced, all_open().begun[one->path]};
  }
}

std::set<std::filesystem::path> cut::open_directories() {
  const std::lock_guard hold{all_open().mutex};
  std::set<std::filesystem::path> found;
  for (const auto* one : all_open().wals) found.insert(std::filesystem::path{one->path}.parent_path());
  return found;
}

cut::~cut() {
  const std::unique_lock stand_still{all_open().moving};
  --all_open().cuts;
}

bool cut::begun_anew(const std::string& store) const {
  const std::lock_guard hold{all_open().mutex};
  return all_open().begun[store + "-wal"] != stores_.at(store).begun;
}

}  // namespace souk::persistence
