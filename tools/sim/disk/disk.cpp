// Speaks SQLite's file interface in front of a platter, and decides when an operation fails.
#include "tools/sim/disk.hpp"

#include <sqlite3.h>

#include <cstring>
#include <fstream>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "persistence/sqlite/checked_pages.hpp"
#include "tools/sim/disk/platter.hpp"

namespace souk::sim {

struct disk::image {
  sim::platter platter;
};

namespace {

struct handle;

struct planned {
  std::uint64_t from = 0;
  trouble what{};
  bool sticky = false;
  std::uint64_t seed = 0;
};

}  // namespace

struct disk::inside {
  std::string name;
  sqlite3_vfs vfs{};
  sqlite3_vfs* real = nullptr;  // for the time and the dice
  mutable std::mutex mutex;
  sim::platter platter;
  std::vector<operation> history;
  std::uint64_t crash_at = 0;
  bool powered = true;
  std::uint64_t life = 0;  // handles of an earlier life are dead
  std::optional<planned> plan;
  std::vector<disk::failure> failed;
  std::set<handle*> open;

  // Counts an operation: does the power fail in it?
  bool dies(operation what) {
    history.push_back(what);
    if (history.size() == crash_at) powered = false;
    return !powered;
  }
  bool fails(trouble what) {
    if (!plan || plan->what != what || history.size() < plan->from) return false;
    failed.push_back({history.back(), what});
    if (!plan->sticky) plan.reset();
    return true;
  }
};

namespace {

struct handle {
  sqlite3_file base;
  disk::inside* on;
  std::shared_ptr<sim::file> file;
  std::string name;
  std::uint64_t life;
  int lock = SQLITE_LOCK_NONE;
  int keeps_wal = 0;
  bool goes_on_close = false;
  bool syncs_names = false;
};

handle& of(sqlite3_file* file) { return *reinterpret_cast<handle*>(file); }
bool dead(const handle& mine) { return mine.life != mine.on->life; }

int close(sqlite3_file* file) {
  auto& mine = of(file);
  {
    const std::lock_guard hold{mine.on->mutex};
    mine.on->open.erase(&mine);
    if (mine.goes_on_close && !dead(mine) && mine.on->platter.find(mine.name)) mine.on->platter.remove(mine.name);
  }
  mine.~handle();
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* to, int n, sqlite3_int64 at) {
  auto& mine = of(file);
  const std::lock_guard hold{mine.on->mutex};
  if (dead(mine) || mine.on->dies(operation::read) || mine.on->fails(trouble::io_error)) return SQLITE_IOERR_READ;
  const auto& bytes = mine.file->seen;
  const auto from = std::min(static_cast<std::size_t>(at), bytes.size());
  const auto there = std::min(static_cast<std::size_t>(n), bytes.size() - from);
  std::memcpy(to, bytes.data() + from, there);
  if (there == static_cast<std::size_t>(n)) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + there, 0, static_cast<std::size_t>(n) - there);
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* from, int n, sqlite3_int64 at) {
  auto& mine = of(file);
  const std::lock_guard hold{mine.on->mutex};
  auto& disk = *mine.on;
  if (dead(mine) || !disk.powered) return SQLITE_IOERR_WRITE;
  const auto write_bytes = [&](int bytes) {
    disk.platter.write(*mine.file, static_cast<std::size_t>(at),
                       {static_cast<const char*>(from), static_cast<std::size_t>(bytes)});
  };
  if (disk.dies(operation::write)) {
    write_bytes(n);  // it was on its way
    return SQLITE_IOERR_WRITE;
  }
  const bool grows = static_cast<std::size_t>(at) + static_cast<std::size_t>(n) > mine.file->seen.size();
  if (grows && disk.fails(trouble::full)) return SQLITE_FULL;
  if (disk.fails(trouble::io_error)) {
    write_bytes(n / 2);
    return SQLITE_IOERR_WRITE;
  }
  write_bytes(n);
  return SQLITE_OK;
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  auto& mine = of(file);
  const std::lock_guard hold{mine.on->mutex};
  if (dead(mine) || !mine.on->powered) return SQLITE_IOERR_TRUNCATE;
  const bool dies = mine.on->dies(operation::truncate);
  if (!dies && mine.on->fails(trouble::io_error)) return SQLITE_IOERR_TRUNCATE;
  mine.on->platter.cut(*mine.file, static_cast<std::size_t>(size));
  return dies ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

int sync(sqlite3_file* file, int) {
  auto& mine = of(file);
  const std::lock_guard hold{mine.on->mutex};
  auto& disk = *mine.on;
  if (dead(mine) || disk.dies(operation::sync)) return SQLITE_IOERR_FSYNC;
  const auto seed = disk.plan ? disk.plan->seed : 0;
  if (disk.fails(trouble::failed_sync)) {
    disk.platter.fail_sync(*mine.file, (seed & 1) == 0);
    return SQLITE_IOERR_FSYNC;
  }
  if (disk.fails(trouble::io_error)) return SQLITE_IOERR_FSYNC;
  disk.platter.sync(*mine.file);
  if (std::exchange(mine.syncs_names, false)) disk.platter.sync_names();
  return SQLITE_OK;
}

int size(sqlite3_file* file, sqlite3_int64* bytes) {
  auto& mine = of(file);
  const std::lock_guard hold{mine.on->mutex};
  if (dead(mine) || !mine.on->powered) return SQLITE_IOERR_FSTAT;
  *bytes = static_cast<sqlite3_int64>(mine.file->seen.size());
  return SQLITE_OK;
}

// The strongest lock that others have on the file.
int of_others(const handle& mine) {
  int strongest = SQLITE_LOCK_NONE;
  for (const auto* one : mine.on->open)
    if (one != &mine && one->file == mine.file && !dead(*one)) strongest = std::max(strongest, one->lock);
  return strongest;
}

int lock(sqlite3_file* file, int wanted) {
  auto& mine = of(file);
  const std::lock_guard hold{mine.on->mutex};
  if (dead(mine) || !mine.on->powered) return SQLITE_IOERR_LOCK;
  if (wanted <= mine.lock) return SQLITE_OK;
  const auto others = of_others(mine);
  if (wanted == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
  if (wanted > SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_RESERVED) return SQLITE_BUSY;
  if (wanted == SQLITE_LOCK_EXCLUSIVE && others != SQLITE_LOCK_NONE) {
    mine.lock = SQLITE_LOCK_PENDING;
    return SQLITE_BUSY;
  }
  mine.lock = wanted;
  return SQLITE_OK;
}

int unlock(sqlite3_file* file, int down_to) {
  auto& mine = of(file);
  const std::lock_guard hold{mine.on->mutex};
  mine.lock = std::min(mine.lock, down_to);
  return SQLITE_OK;
}

int is_reserved(sqlite3_file* file, int* yes) {
  auto& mine = of(file);
  const std::lock_guard hold{mine.on->mutex};
  *yes = std::max(mine.lock, of_others(mine)) >= SQLITE_LOCK_RESERVED;
  return SQLITE_OK;
}

int control(sqlite3_file* file, int what, void* argument) {
  if (what != SQLITE_FCNTL_PERSIST_WAL) return SQLITE_NOTFOUND;
  auto& asked = *static_cast<int*>(argument);
  if (asked < 0)
    asked = of(file).keeps_wal;
  else
    of(file).keeps_wal = asked;
  return SQLITE_OK;
}

int sector_size(sqlite3_file*) { return 4096; }  // as the Unix file layer says
int traits(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

// Without shared memory: souk's stores have one connection each.
const sqlite3_io_methods methods{1,       close,   read,        write,   truncate,    sync,   size,
                                 lock,    unlock,  is_reserved, control, sector_size, traits, nullptr,
                                 nullptr, nullptr, nullptr,     nullptr, nullptr};

disk::inside& of(sqlite3_vfs* vfs) { return *static_cast<disk::inside*>(vfs->pAppData); }

int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  auto& disk = of(vfs);
  file->pMethods = nullptr;
  const std::lock_guard hold{disk.mutex};
  if (disk.dies(operation::open) || disk.fails(trouble::io_error)) return SQLITE_CANTOPEN;
  const std::string name = path ? path : "unnamed-" + std::to_string(disk.history.size());
  auto found = disk.platter.find(name);
  const bool made = !found;
  if (made && !(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
  if (made) found = disk.platter.create(name);
  auto* mine = new (file) handle{{&methods}, &disk, std::move(found), name, disk.life};
  mine->goes_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  mine->syncs_names = made && (flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)) != 0;
  disk.open.insert(mine);
  if (flags_out) *flags_out = flags;
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* path, int sync_names) {
  auto& disk = of(vfs);
  const std::lock_guard hold{disk.mutex};
  if (!disk.powered) return SQLITE_IOERR_DELETE;
  const bool dies = disk.dies(operation::remove);
  if (!dies && disk.fails(trouble::io_error)) return SQLITE_IOERR_DELETE;
  if (!disk.platter.find(path)) return SQLITE_IOERR_DELETE_NOENT;
  disk.platter.remove(path);
  if (dies) return SQLITE_IOERR_DELETE;
  if (sync_names) disk.platter.sync_names();
  return SQLITE_OK;
}

int access(sqlite3_vfs* vfs, const char* path, int, int* yes) {
  auto& disk = of(vfs);
  const std::lock_guard hold{disk.mutex};
  if (!disk.powered) return SQLITE_IOERR_ACCESS;
  *yes = disk.platter.find(path) != nullptr;
  return SQLITE_OK;
}

int full_name(sqlite3_vfs*, const char* path, int n, char* out) {
  if (std::strlen(path) + 1 > static_cast<std::size_t>(n)) return SQLITE_CANTOPEN;
  std::strcpy(out, path);
  return SQLITE_OK;
}

int random_bytes(sqlite3_vfs* vfs, int n, char* out) { return of(vfs).real->xRandomness(of(vfs).real, n, out); }
int sleep_us(sqlite3_vfs*, int us) { return us; }
int now(sqlite3_vfs* vfs, double* days) { return of(vfs).real->xCurrentTime(of(vfs).real, days); }
int last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

disk::disk(std::string name) : in_(std::make_unique<inside>()) {
  persistence::prepare_sqlite();
  in_->name = std::move(name);
  in_->real = sqlite3_vfs_find(nullptr);
  if (sqlite3_vfs_find(in_->name.c_str())) throw std::invalid_argument(in_->name + " is a VFS already");
  auto& vfs = in_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(handle);
  vfs.mxPathname = 1024;
  vfs.zName = in_->name.c_str();
  vfs.pAppData = in_.get();
  vfs.xOpen = open;
  vfs.xDelete = remove;
  vfs.xAccess = access;
  vfs.xFullPathname = full_name;
  vfs.xRandomness = random_bytes;
  vfs.xSleep = sleep_us;
  vfs.xCurrentTime = now;
  vfs.xGetLastError = last_error;
  sqlite3_vfs_register(&vfs, 0);
}

disk::~disk() { sqlite3_vfs_unregister(&in_->vfs); }

const std::string& disk::name() const { return in_->name; }

std::uint64_t disk::operations() const {
  const std::lock_guard hold{in_->mutex};
  return in_->history.size();
}
std::vector<operation> disk::history() const {
  const std::lock_guard hold{in_->mutex};
  return in_->history;
}

void disk::crash_at(std::uint64_t n) {
  const std::lock_guard hold{in_->mutex};
  in_->crash_at = n;
}
bool disk::powered() const {
  const std::lock_guard hold{in_->mutex};
  return in_->powered;
}
void disk::crash(crash_mode mode, std::uint64_t seed) {
  const std::lock_guard hold{in_->mutex};
  in_->platter.crash(mode, seed);
  in_->crash_at = 0;
  in_->powered = true;
  ++in_->life;
}
void disk::abandon() {
  const std::lock_guard hold{in_->mutex};
  in_->crash_at = 0;
  in_->powered = true;
  ++in_->life;
}

void disk::fail_at(std::uint64_t n, trouble what, bool sticky, std::uint64_t seed) {
  const std::lock_guard hold{in_->mutex};
  in_->plan = planned{n, what, sticky, seed};
}
void disk::lift() {
  const std::lock_guard hold{in_->mutex};
  in_->plan.reset();
}
std::uint64_t disk::failures() const {
  const std::lock_guard hold{in_->mutex};
  return in_->failed.size();
}
std::vector<disk::failure> disk::failed() const {
  const std::lock_guard hold{in_->mutex};
  return in_->failed;
}

std::vector<std::string> disk::names() const {
  const std::lock_guard hold{in_->mutex};
  std::vector<std::string> all;
  for (const auto& [name, one] : in_->platter.names()) all.push_back(name);
  return all;
}
std::string disk::content(const std::string& name) const {
  const std::lock_guard hold{in_->mutex};
  const auto found = in_->platter.find(name);
  return found ? found->seen : std::string{};
}
void disk::put(const std::string& name, std::string content) {
  const std::lock_guard hold{in_->mutex};
  in_->platter.put(name, std::move(content));
}
persistence::store_files disk::files() const {
  const auto all = names();
  return {{all.begin(), all.end()}, name()};
}
void disk::show_on(disk& other) const {
  other.clear();
  for (const auto& one : names()) other.put(one, content(one));
}
void disk::save_to(const std::filesystem::path& folder) const {
  const std::lock_guard hold{in_->mutex};
  for (const auto& [name, one] : in_->platter.names()) {
    std::ofstream out{folder / std::filesystem::path{name}.filename(), std::ios::binary};
    out.write(one->seen.data(), static_cast<std::streamsize>(one->seen.size()));
  }
}
void disk::clear() {
  const std::lock_guard hold{in_->mutex};
  in_->platter = {};
  in_->history.clear();
  in_->plan.reset();
  in_->failed.clear();
  in_->crash_at = 0;
  in_->powered = true;
  ++in_->life;
}

std::shared_ptr<const disk::image> disk::take() const {
  const std::lock_guard hold{in_->mutex};
  return std::make_shared<image>(image{in_->platter.copy()});
}
void disk::restore(const image& from) {
  const std::lock_guard hold{in_->mutex};
  in_->platter = from.platter.copy();
  in_->crash_at = 0;
  in_->powered = true;
  ++in_->life;
}

}  // namespace souk::sim
