// Computes and verifies the checksums of pages between SQLite and the file layer.
#include "persistence/sqlite/checked_pages.hpp"

#include "messages/grammar/crash_point.hpp"
#include "persistence/sqlite/cut.hpp"
#include "persistence/sqlite/page_sum.hpp"
#include "persistence/sqlite/rotten_wal.hpp"
#include "persistence/sqlite/wal_seal.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace souk::persistence {

namespace {

using page_bytes = std::array<unsigned char, checked_page_bytes>;

constexpr int reserved_at = 20;  // in the file's header: how many bytes SQLite leaves alone at a page's end

bool intact(const unsigned char* page, std::int64_t number) {
  if (sum_of_page(page, static_cast<std::uint64_t>(number)) == word_at(page + checked_page_bytes - checksum_bytes))
    return true;
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

// Who has what open, for cuts. What moves pages to stores' files shares `moving`, a cut has it for itself.
struct checked_file;
struct open_files {
  std::shared_mutex moving;
  std::map<std::string, int> held;  // to which stores nothing is moved, by how many cuts
  std::mutex mutex;
  std::set<checked_file*> wals;
  std::map<std::string, std::uint64_t> begun;
  std::atomic<bool> being_cut{false};
  std::atomic<double> held_back_ms_max{0};
};
open_files& all_open() {
  static open_files all;
  return all;
}

// Takes one of the two. How long that takes while a cut has it is what the cut costs a commit.
template <class Lock>
Lock taken(typename Lock::mutex_type& one) {
  Lock lock{one, std::try_to_lock};
  if (lock) return lock;
  const bool by_cut = all_open().being_cut;
  const auto before = std::chrono::steady_clock::now();
  lock.lock();
  const auto ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - before).count();
  auto& longest = all_open().held_back_ms_max;
  for (auto was = longest.load(); by_cut && was < ms && !longest.compare_exchange_weak(was, ms);) {
  }
  return lock;
}

struct checked_file {
  sqlite3_file base;
  std::unique_ptr<unsigned char[]> storage;  // of the file below
  std::string path;
  bool pages = false;    // a store's own file, not its WAL
  bool checked = false;  // it has checksums
  bool wal = false;
  std::int64_t length = 0, synced = 0;  // of a WAL: up to the end of its last commit, and of the last that was synced
  std::array<unsigned char, wal_frame_header_bytes> header{};  // of a WAL's frame, until its page is there
  std::int64_t header_at = -1;                                 // -1: none waits
  sum_of_frames frames{};                                      // of the commit that is being written
  std::int64_t frames_upto = -1;  // -1: it was not written frame by frame, and gets no seal
  sqlite3_file* below() const { return reinterpret_cast<sqlite3_file*>(storage.get()); }
};

checked_file& of(sqlite3_file* file) { return *reinterpret_cast<checked_file*>(file); }
const sqlite3_io_methods& under(sqlite3_file* file) { return *of(file).below()->pMethods; }

// Frames are added by the thread that has the file; whoever takes a cut sees what was synced.
void note_synced(checked_file& mine, std::int64_t upto) {
  const auto hold = taken<std::unique_lock<std::mutex>>(all_open().mutex);
  mine.synced = upto;
}
// All of the WAL so far has been moved to the store. Noted before it is overwritten, of which any part may be done:
// whoever copies it must not hear of it too late.
void note_begun_anew(checked_file& mine) {
  const auto hold = taken<std::unique_lock<std::mutex>>(all_open().mutex);
  ++all_open().begun[mine.path];
  mine.length = mine.synced = 0;
}
bool is_of_commit(const unsigned char* header) {
  constexpr int size_at = 4;  // of the store
  return std::any_of(header + size_at, header + size_at + 4, [](auto byte) { return byte != 0; });
}

// SQLite writes each frame's header by itself, in front of its page; at a commit's last it says how large the store is.
void note_frame(checked_file& mine, const unsigned char* header, int n, std::int64_t at) {
  if ((at - wal_header_bytes) % wal_frame_bytes != 0 || n < wal_frame_header_bytes) return;
  // Where it goes over what counted, that was a commit that failed.
  mine.length = is_of_commit(header) ? at + wal_frame_bytes : std::min(mine.length, at);
  if (mine.synced > mine.length) note_synced(mine, mine.length);
}

// What a start finds is written once more as it is: that begins nothing anew, and takes back no commit.
struct compared {
  int code;
  bool same;
};
compared with_what_is_there(const checked_file& mine, const void* from, int n, std::int64_t at) {
  std::vector<unsigned char> there(static_cast<std::size_t>(n));
  const int code = mine.below()->pMethods->xRead(mine.below(), there.data(), n, at);
  if (code == SQLITE_IOERR_SHORT_READ) return {SQLITE_OK, false};
  return {code, std::memcmp(there.data(), from, there.size()) == 0};
}

// SQLite writes a frame's header before its page. Where the program dies between the two, an older frame's page is
// behind it, often an older version of the same page, and the checksum does not always tell the two apart: it is a sum
// whose weights repeat, so that two numbers in a page that changed by as much in opposite ways may cancel out. Half a
// commit was seen so. So a header waits until its page is there, and goes out before anything else is done.
int let_header_out(checked_file& mine) {
  if (mine.header_at < 0) return SQLITE_OK;
  const auto at = std::exchange(mine.header_at, -1);
  const int code = mine.below()->pMethods->xWrite(mine.below(), mine.header.data(), wal_frame_header_bytes, at);
  if (code == SQLITE_OK) note_frame(mine, mine.header.data(), wal_frame_header_bytes, at);
  may_crash(crash_point::wal_written);
  return code;
}
bool is_frame_header(int n, std::int64_t at) {
  return n == wal_frame_header_bytes && (at - wal_header_bytes) % wal_frame_bytes == 0;
}

// Of the commit whose last page this is.
wal_seal seal_for(const checked_file& mine, std::int64_t at, std::int64_t from) {
  const auto number_of = [](std::int64_t place) {
    return static_cast<std::uint32_t>((place - wal_header_bytes) / wal_frame_bytes);
  };
  constexpr int salts_at = 8;
  return seal_of({mine.frames.value(), number_of(from)}, number_of(at + checked_page_bytes),
                 mine.header.data() + salts_at);
}

// With the last page of a commit goes its seal; or nothing, in the place where an older one may lie.
int write_with_seal(checked_file& mine, const unsigned char* page, std::int64_t at, const wal_seal& seal) {
  std::array<unsigned char, checked_page_bytes + wal_seal_bytes> both;
  std::copy(seal.begin(), seal.end(), std::copy(page, page + checked_page_bytes, both.begin()));
  return mine.below()->pMethods->xWrite(mine.below(), both.data(), static_cast<int>(both.size()), at);
}

int write_page_of_frame(checked_file& mine, const unsigned char* page, std::int64_t at) {
  const auto first = std::max<std::int64_t>(mine.length, wal_header_bytes);
  if (mine.header_at == first) mine.frames = {}, mine.frames_upto = first;
  const bool in_a_row = mine.header_at == mine.frames_upto;
  mine.frames_upto = in_a_row ? mine.header_at + wal_frame_bytes : -1;
  if (in_a_row) mine.frames.add(mine.header.data(), page);
  const int code = is_of_commit(mine.header.data())
                       ? write_with_seal(mine, page, at, in_a_row ? seal_for(mine, at, first) : wal_seal{})
                       : mine.below()->pMethods->xWrite(mine.below(), page, checked_page_bytes, at);
  if (code != SQLITE_OK) mine.header_at = -1;
  may_crash(crash_point::wal_written);
  return code == SQLITE_OK ? let_header_out(mine) : code;
}

int write_wal(checked_file& mine, const void* from, int n, std::int64_t at) {
  if (mine.header_at >= 0 && n == checked_page_bytes && at == mine.header_at + wal_frame_header_bytes)
    return write_page_of_frame(mine, static_cast<const unsigned char*>(from), at);
  mine.frames_upto = is_frame_header(n, at) && mine.header_at < 0 ? mine.frames_upto : -1;
  if (const int code = let_header_out(mine); code != SQLITE_OK) return code;
  if (is_frame_header(n, at)) {
    std::memcpy(mine.header.data(), from, mine.header.size());
    mine.header_at = at;
    return SQLITE_OK;
  }
  const bool over = at == 0 || at < mine.length;
  const auto [read, same] = over ? with_what_is_there(mine, from, n, at) : compared{SQLITE_OK, false};
  if (read != SQLITE_OK) return read;
  if (at == 0 && !same) note_begun_anew(mine);
  const int code = mine.below()->pMethods->xWrite(mine.below(), from, n, at);
  if (code == SQLITE_OK && !same) note_frame(mine, static_cast<const unsigned char*>(from), n, at);
  may_crash(crash_point::wal_written);
  return code;
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
  if (const int waited = let_header_out(mine); waited != SQLITE_OK) return waited;
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
  if (mine.wal) return write_wal(mine, from, n, at);
  std::shared_lock<std::shared_mutex> moves;
  if (mine.pages) {
    moves = taken<std::shared_lock<std::shared_mutex>>(all_open().moving);
    if (all_open().held.contains(mine.path)) return SQLITE_BUSY;  // later
  }
  const auto* page = static_cast<const unsigned char*>(from);
  if (mine.pages && at == 0 && n == checked_page_bytes) mine.checked = page[reserved_at] == checksum_bytes;
  if (!mine.checked || !is_page(n, at)) return under(file).xWrite(mine.below(), from, n, at);
  page_bytes summed;
  std::memcpy(summed.data(), page, summed.size());
  put_word(sum_of_page(page, static_cast<std::uint64_t>(at / checked_page_bytes + 1)),
           summed.data() + checked_page_bytes - checksum_bytes);
  const int code = under(file).xWrite(mine.below(), summed.data(), n, at);
  may_crash(crash_point::page_moved);
  return code;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int waited = let_header_out(of(file)); waited != SQLITE_OK) return waited;
  if (of(file).wal) note_begun_anew(of(file));
  const int code = under(file).xTruncate(of(file).below(), size);
  if (of(file).wal) may_crash(crash_point::wal_cut);
  return code;
}
int sync(sqlite3_file* file, int flags) {
  auto& mine = of(file);
  std::shared_lock<std::shared_mutex> moves;
  if (mine.pages) {
    moves = taken<std::shared_lock<std::shared_mutex>>(all_open().moving);
    if (all_open().held.contains(mine.path)) return SQLITE_BUSY;
  }
  if (const int waited = let_header_out(mine); waited != SQLITE_OK) return waited;
  const int code = under(file).xSync(mine.below(), flags);
  if (code == SQLITE_OK && mine.wal) note_synced(mine, mine.length);
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

// A WAL of an earlier run is synced as far as anybody knows; it is settled before it is used. One that rotted counts as
// a whole: whoever copies it is to come upon that.
int note_found(checked_file& mine) {
  try {
    std::vector<unsigned char> bytes;
    const int code = read_all(mine.below(), bytes);
    const auto found = look_at_wal(bytes);
    const auto counts = found.rot ? bytes.size() : found.committed;
    mine.length = mine.synced = static_cast<std::int64_t>(counts);
    return code;
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;  // nothing may be thrown through SQLite
  }
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
  if (const int code = note_found(*mine); code != SQLITE_OK) return code;  // SQLite closes it
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

int read_all(sqlite3_file* file, std::vector<unsigned char>& to) {
  constexpr std::int64_t piece_max = 1 << 30;  // SQLite counts what is read at once in an int
  sqlite3_int64 size = 0;
  int code = file->pMethods->xFileSize(file, &size);
  if (code == SQLITE_OK) to.resize(static_cast<std::size_t>(size));
  for (std::int64_t at = 0; code == SQLITE_OK && at < size; at += piece_max)
    code =
        file->pMethods->xRead(file, to.data() + at, static_cast<int>(std::min<std::int64_t>(piece_max, size - at)), at);
  return code;
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

// As long as it lives nobody moves pages or syncs a WAL.
class standing_still {
public:
  standing_still() {
    all_open().being_cut = true;
    moving_.lock();
    mutex_.lock();
  }
  ~standing_still() { all_open().being_cut = false; }
  standing_still(const standing_still&) = delete;
  standing_still& operator=(const standing_still&) = delete;

private:
  std::unique_lock<std::shared_mutex> moving_{all_open().moving, std::defer_lock};
  std::unique_lock<std::mutex> mutex_{all_open().mutex, std::defer_lock};
};

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
  all_open().held_back_ms_max = 0;
  const standing_still all;
  const std::string_view behind = "-wal";
  for (const auto* one : all_open().wals) {
    const auto store = one->path.substr(0, one->path.size() - behind.size());
    std::error_code ignored;
    if (std::filesystem::equivalent(std::filesystem::path{store}.parent_path(), directory, ignored))
      stores_[store] = {one->synced, all_open().begun[one->path]};
  }
  for (const auto& [store, wal] : stores_) ++all_open().held[store];
}

std::set<std::filesystem::path> cut::open_directories() {
  const std::lock_guard hold{all_open().mutex};
  std::set<std::filesystem::path> found;
  for (const auto* one : all_open().wals) found.insert(std::filesystem::path{one->path}.parent_path());
  return found;
}

double cut::held_back_ms_max() { return all_open().held_back_ms_max; }

cut::~cut() {
  const standing_still all;
  for (const auto& [store, wal] : stores_)
    if (--all_open().held[store] == 0) all_open().held.erase(store);
}

bool cut::begun_anew(const std::string& store) const {
  const std::lock_guard hold{all_open().mutex};
  return all_open().begun[store + "-wal"] != stores_.at(store).begun;
}

}  // namespace souk::persistence
