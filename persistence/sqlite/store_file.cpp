// Opens SQLite files and turns SQLite's codes into the three kinds of error.
#include "persistence/sqlite/store_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>
#include <vector>

#include "messages/grammar/crash_point.hpp"
#include "messages/grammar/planted.hpp"
#include "persistence/ownership.hpp"
#include "persistence/sqlite/checked_pages.hpp"
#include "persistence/sqlite/page_cache.hpp"
#include "persistence/sqlite/rotten_wal.hpp"

namespace souk::persistence {

namespace {

// SQLite puts a heading over what it has found, of a name that nobody knows.
std::string without_heading(std::string text) {
  static constexpr std::string_view heading = "*** in database main ***\n";
  if (const auto at = text.find(heading); at != text.npos) text.erase(at, heading.size());
  return text;
}

[[noreturn]] void raise(sqlite3* db, int code, const std::string& doing) {
  const char* path = db ? sqlite3_db_filename(db, "main") : nullptr;
  const std::string text = (path ? std::string{path} + ": " : std::string{}) + doing + ": " +
                           (db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_FULL: throw store_full(text, code);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: throw store_damaged(text, code);
    default:
      if (const auto rotten = take_rotten_page(); rotten && code == SQLITE_IOERR_DATA)
        throw store_damaged(rotten->file + ": page " + std::to_string(rotten->page) + " does not have its checksum",
                            code);
      // out of room may also show when SQLite extends a file
      if (code == SQLITE_IOERR_WRITE && db && sqlite3_system_errno(db) == ENOSPC) throw store_full(text, code);
      throw store_error(text, code);
  }
}

// SQLite has the directory synced when it first syncs a WAL that it has made. Where that failed, or the program died
// before, the WAL is found here and its name is never synced again: a power loss would take it away with all of its
// commits. The one way to have a directory synced that every file layer knows is to remove a file.
void sync_names(sqlite3* db, const std::string& path) {
  sqlite3_vfs* vfs = nullptr;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
  const std::unique_ptr<const char, void (*)(const char*)> name{
      sqlite3_create_filename((path + "-names").c_str(), "", "", 0, nullptr), sqlite3_free_filename};
  std::vector<unsigned char> storage(static_cast<std::size_t>(vfs->szOsFile));
  auto* file = reinterpret_cast<sqlite3_file*>(storage.data());
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_JOURNAL;
  int code = name ? vfs->xOpen(vfs, name.get(), file, flags, nullptr) : SQLITE_NOMEM;
  const bool no_room = code != SQLITE_OK && vfs->xGetLastError(vfs, 0, nullptr) == ENOSPC;
  if (no_room) return;  // reads go on
  if (code == SQLITE_OK) {
    file->pMethods->xClose(file);
    code = vfs->xDelete(vfs, name.get(), 1);
  }
  if (code != SQLITE_OK) raise(nullptr, code, path + ": syncing its directory");
}

// None: there is none, or it was not opened.
sqlite3_file* wal_of(sqlite3* db) {
  sqlite3_file* wal = nullptr;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  return wal && wal->pMethods ? wal : nullptr;
}

// Moves all of the WAL to the store's file and empties it. SQLite cuts it off at once, but a power loss may undo a part
// of that: were its first frames there again, SQLite would put the pages as they were some commits ago over what has
// become of them since. So before it is cut, it is made durable that no frame in it counts.
int empty_wal(sqlite3* db) {
  auto* wal = wal_of(db);
  if (!wal) return SQLITE_OK;
  int code = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_FULL, nullptr, nullptr);
  sqlite3_int64 size = 0;
  if (code == SQLITE_OK) code = wal->pMethods->xFileSize(wal, &size);
  static constexpr std::array<char, wal_header_bytes> nothing{};
  if (code == SQLITE_OK && size >= wal_header_bytes)
    code = wal->pMethods->xWrite(wal, nothing.data(), nothing.size(), 0);
  // Also of one that is empty as far as anybody sees: a commit whose sync failed, and which was cut off, would rise
  // again.
  if (code == SQLITE_OK) code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  may_crash(crash_point::wal_wiped);
  if (code == SQLITE_OK) code = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  return code;
}

// On a full disk, and while a backup is taken, the WAL has to stay where it is, durable, so that reads go on.
bool has_to_wait(int code) { return (code & 0xff) == SQLITE_FULL || code == SQLITE_BUSY; }

// A WAL as it was left here, mended.
struct found_wal {
  std::vector<unsigned char> bytes;
  std::size_t committed = 0;  // up to the end of its last commit
  bool was_mended = false;    // after SQLite had read it
};

// What rotted in the WAL is damage; but the last commit is mended where its seal says how, if anything may be written.
found_wal mend_wal(sqlite3* db, const std::string& path, bool read_only) {
  found_wal found;
  auto* wal = wal_of(db);
  if (!wal) return found;
  const auto must = [&](int code) {
    if (code != SQLITE_OK) raise(db, code, path + "-wal: looking at it");
  };
  must(read_all(wal, found.bytes));
  for (;;) {
    const auto report = look_at_wal(found.bytes);
    found.committed = report.committed;
    if (!report.rot) return found;
    const auto& rot = *report.rot;
    if (!rot.byte || read_only) throw damage_of(rot, path + "-wal");
    found.bytes[rot.byte] = rot.is_to_be;
    must(wal->pMethods->xWrite(wal, &rot.is_to_be, 1, static_cast<sqlite3_int64>(rot.byte)));
    must(wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL));
    found.was_mended = true;
  }
}

// A WAL that is found here was left by a crash, or by an fsync that failed. SQLite believes every frame that it can
// read, but those of the last commit may be nowhere but in the system's cache, and after a failed fsync the system
// calls them clean although they never reached the disk: the next fsync would not write them either, and a power loss
// would take back what has been answered from them, or leave a hole before later commits. So they are written once
// more, synced, and moved to the store's file before anybody is answered.
void settle_wal(sqlite3* db, const std::string& path, const found_wal& found) {
  auto* wal = wal_of(db);
  if (!wal) return;
  const auto must = [&](int code) {
    if (code != SQLITE_OK) raise(nullptr, code, path + "-wal: writing it once more");
  };
  // What is torn behind the last commit is to be overwritten, not to last.
  if (const auto upto = static_cast<sqlite3_int64>(found.committed); upto > 0) {
    must(wal->pMethods->xWrite(wal, found.bytes.data(), wal_header_bytes, 0));
    for (sqlite3_int64 at = wal_header_bytes; at < upto; at += wal_frame_bytes)
      must(wal->pMethods->xWrite(wal, found.bytes.data() + at, wal_frame_bytes, at));
    must(wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL));
  }
  if (const int code = empty_wal(db); code != SQLITE_OK && !has_to_wait(code))
    raise(db, code, "moving the WAL to its store");
}

// As the WAL has it.
std::int64_t owner_known_to(sqlite3* db) {
  return statement{db, "PRAGMA application_id"}.first([](auto row) { return row.integer(0); }).value_or(0);
}

void must_not_exceed(std::int64_t owner, std::int64_t there, const std::string& path) {
  if (there > owner)
    throw store_taken(path + ": it has been taken under number " + std::to_string(there) + ", this node has number " +
                          std::to_string(owner),
                      SQLITE_READONLY);
}

}  // namespace

store_damaged::store_damaged(const std::string& what, int sqlite_code, bool mends_at_start)
    : store_error(without_heading(what), sqlite_code), mends(mends_at_start) {}

// SQLite's memory statistics take one global mutex at every allocation, which all desks' threads would fight for; each
// connection is used by one thread at a time.
void prepare_sqlite() {
  static const bool once = [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    use_quick_page_cache();
    return true;
  }();
  (void)once;
}

void statement::prepare() {
  const int code =
      sqlite3_prepare_v3(db_, sql_.data(), static_cast<int>(sql_.size()), SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) raise(db_, code, "preparing '" + sql_ + "'");
}

void statement::fail(int code) const {
  raise(db_, sqlite3_extended_errcode(db_) ? sqlite3_extended_errcode(db_) : code, sqlite3_sql(handle_));
}

store_file::store_file(const open_options& options, std::span<const std::string_view> migrations)
    : path_(options.path),
      checkpoint_pages_(options.checkpoint_pages),
      events_at_once_(options.events_at_once),
      owner_(options.owner),
      read_only_(options.read_only) {
  prepare_sqlite();
  try {
    open(options);
    // Before anything is written: where locks have expired, somebody else may be at work in it.
    if (owner_) {
      must_be_ours();
      must_not_exceed(owner_, owner_known_to(db_), path_);
    }
    take_up_wal(options);
    migrate(migrations);
    if (owner_) take_ownership();
    begin_.emplace(prepare("BEGIN"));
    commit_.emplace(prepare("COMMIT"));
    rollback_.emplace(prepare("ROLLBACK"));
    for (auto* one : {&begin_, &commit_, &rollback_}) (*one)->prepare_now();
  } catch (...) {
    begin_.reset();
    commit_.reset();
    rollback_.reset();
    sqlite3_close_v2(db_);
    throw;
  }
}

void store_file::take_up_wal(const open_options& options) {
  const auto found = mend_wal(db_, path_, read_only_);
  if (found.was_mended) {
    sqlite3_close_v2(std::exchange(db_, nullptr));
    open(options);
  }
  if (read_only_) return;
  sync_names(db_, path_);
  settle_wal(db_, path_, found);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

// Locks it, and lets SQLite read its WAL; nothing is changed before that was looked at.
void store_file::open(const open_options& options) {
  const int flags =
      SQLITE_OPEN_NOMUTEX | (read_only_ ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(path_.c_str(), &db_, flags, checked_vfs(options.vfs).c_str());
  if (code != SQLITE_OK) raise(db_, code, "opening");
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  execute("PRAGMA locking_mode=EXCLUSIVE");
  execute("PRAGMA cache_size=-" + std::to_string(options.cache_kib));
  execute("PRAGMA temp_store=MEMORY");
  if (read_only_) {
    // A stopped node's WAL may hold the newest commits, and only a connection that may write can replay it.
    execute("PRAGMA query_only=ON");
  } else {
    int reserved = checksum_bytes;  // of a store that is made now
    sqlite3_file_control(db_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserved);
    execute("PRAGMA journal_mode=WAL");
    execute(planted(bug::commits_unsynced) ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL");
    sqlite3_wal_autocheckpoint(db_, options.checkpoint_pages);
    int keep = 1;
    sqlite3_file_control(db_, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
  }
  execute("SELECT count(*) FROM sqlite_schema");  // opens the WAL
}

store_file::~store_file() {
  begin_.reset();
  commit_.reset();
  rollback_.reset();
  // Nothing of ours may go over what its new owner has written.
  const bool taken = !read_only_ && owner_ && is_taken();
  if (taken) sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // What is left in a WAL is believed or not as a whole, up to its first frame that rotted; in the store's file every
  // page speaks for itself. If it cannot be moved there now, the next start does it.
  if (!read_only_ && !taken) empty_wal(db_);
  sqlite3_close_v2(db_);
}

void store_file::execute(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) raise(db_, code, sql);
}

void store_file::migrate(std::span<const std::string_view> migrations) {
  const auto version = prepare("PRAGMA user_version").first([](auto row) { return row.integer(0); }).value_or(0);
  const auto known = static_cast<std::int64_t>(migrations.size());
  if (version > known)
    throw store_error(path_ + ": the store has version " + std::to_string(version) + ", this souk knows up to " +
                          std::to_string(known) + ": use a newer souk",
                      SQLITE_ERROR);
  if (read_only_ && version == 0) throw store_error(path_ + ": nothing was ever in it", SQLITE_EMPTY);
  if (read_only_ && version < known)
    throw store_error(path_ + ": the store has version " + std::to_string(version) +
                          ": start a node once to bring it to " + std::to_string(known),
                      SQLITE_ERROR);
  for (auto at = version; at < known;) {
    execute("BEGIN");
    do {
      may_crash(crash_point::before_migration);
      execute(std::string{migrations[static_cast<std::size_t>(at++)]});
    } while (version == 0 && at < known);
    execute("PRAGMA user_version=" + std::to_string(at));
    may_crash(crash_point::migrated);
    execute("COMMIT");
    may_crash(crash_point::migration_committed);
  }
}

// The number stands in the header's application_id. It is moved to the store's file at once, where others read it who
// know nothing of our WAL, and where we read it, past the cache, to see whether somebody else has taken the store.
void store_file::take_ownership() {
  if (owner_known_to(db_) == owner_) return;
  execute("PRAGMA application_id=" + std::to_string(owner_));
  const int code = sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_FULL, nullptr, nullptr);
  // As long as it stays in the WAL the file shows an older number, which is ours.
  if (code != SQLITE_OK && !has_to_wait(code)) raise(db_, code, "moving the owner's number to the store");
}

// Locks keep two processes of one machine apart. They do not when the file is reached over a network whose locks have
// expired while this process stood still, and not when the directory was moved away and another one put in its place.
void store_file::must_be_ours() const {
  int moved = 0;
  sqlite3_file_control(db_, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  sqlite3_file* file = nullptr;
  sqlite3_file_control(db_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  owner_bytes id{};
  const bool read = file && file->pMethods &&
                    file->pMethods->xRead(file, id.data(), static_cast<int>(id.size()), owner_at) == SQLITE_OK;
  if (moved) throw store_taken(path_ + ": another file is in its place", SQLITE_READONLY_DBMOVED);
  if (read) must_not_exceed(owner_, owner_in(id), path_);
}

bool store_file::is_taken() const noexcept {
  try {
    must_be_ours();
    return false;
  } catch (const std::exception&) {
    return true;
  }
}

void store_file::commit() {
  if (!writes()) return commit_->run();  // a batch of reads costs no sync and is not counted
  if (owner_) must_be_ours();
  may_crash(crash_point::before_commit);
  commit_->run();
  // Taken while it was being written, or while this process stood still: it may be in nobody's copy, and nobody is to
  // hear that it has happened.
  if (owner_) must_be_ours();
  may_crash(crash_point::after_commit);
  // A store that sees traffic gets its WAL written at full size once: overwriting syncs 1.6 times faster than
  // appending, because the file's size does not change. Idle stores stay small.
  if (++commits_ == 64) write_wal_beforehand();
}

void store_file::rollback() noexcept {
  if (sqlite3_get_autocommit(db_)) return;  // SQLite rolled back by itself, as it does when the disk is full
  try {
    rollback_->run();
  } catch (const store_error&) {
    // The connection is of no use any more; its owner reopens the file.
  }
}

void store_file::write_wal_beforehand() {
  const std::string wal = path_ + "-wal";
  const int file = ::open(wal.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  struct stat now {};
  // A commit may carry many pages past the checkpoint's mark: half as much again is room enough.
  const auto full = static_cast<off_t>(checkpoint_pages_) * 3 / 2 * wal_frame_bytes;
  struct statvfs disk {};
  // On a small or nearly full disk the room is worth more than the speed.
  const bool roomy = ::fstatvfs(file, &disk) == 0 &&
                     static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize > 100 * static_cast<std::uint64_t>(full);
  if (roomy && ::fstat(file, &now) == 0 && now.st_size < full) {
    static const std::array<char, 65536> zeros{};
    for (off_t at = now.st_size; at < full;) {
      // Falling short only costs speed.
      const auto n = ::pwrite(file, zeros.data(), zeros.size(), at);
      if (n <= 0) break;
      at += n;
    }
    ::fdatasync(file);
  }
  ::close(file);
}

}  // namespace souk::persistence
