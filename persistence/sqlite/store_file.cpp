// Opens SQLite files and turns SQLite's codes into the three kinds of error.
#include "persistence/sqlite/store_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>

namespace souk::persistence {

namespace {

[[noreturn]] void raise(sqlite3* db, int code, const std::string& doing) {
  const char* path = db ? sqlite3_db_filename(db, "main") : nullptr;
  const std::string text = (path ? std::string{path} + ": " : std::string{}) + doing + ": " +
                           (db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_FULL: throw store_full(text, code);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: throw store_damaged(text, code);
    default:
      // out of room may also show when SQLite extends a file
      if (code == SQLITE_IOERR_WRITE && db && sqlite3_system_errno(db) == ENOSPC) throw store_full(text, code);
      throw store_error(text, code);
  }
}

// Once per process, before the first file: SQLite's memory statistics take one global mutex at every allocation, which
// all desks' threads would fight for; each connection is used by one thread at a time.
void configure_sqlite() {
  static const bool once = [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    return true;
  }();
  (void)once;
}

}  // namespace

statement::statement(sqlite3* db, std::string_view sql) : db_(db) {
  const int code =
      sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &handle_, nullptr);
  if (code != SQLITE_OK) raise(db, code, "preparing '" + std::string{sql} + "'");
}

void statement::fail(int code) const {
  raise(db_, sqlite3_extended_errcode(db_) ? sqlite3_extended_errcode(db_) : code, sqlite3_sql(handle_));
}

store_file::store_file(const open_options& options, std::span<const std::string_view> migrations)
    : path_(options.path), checkpoint_pages_(options.checkpoint_pages), read_only_(options.read_only) {
  configure_sqlite();
  const int flags =
      SQLITE_OPEN_NOMUTEX | (read_only_ ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = sqlite3_open_v2(path_.c_str(), &db_, flags, options.vfs.empty() ? nullptr : options.vfs.c_str());
  try {
    if (code != SQLITE_OK) raise(db_, code, "opening");
    sqlite3_extended_result_codes(db_, 1);
    execute("PRAGMA locking_mode=EXCLUSIVE");
    execute("PRAGMA cache_size=-" + std::to_string(options.cache_kib));
    execute("PRAGMA temp_store=MEMORY");
    if (read_only_) {
      // A stopped node's WAL may hold the newest commits, and only a connection that may write can replay it; from
      // here on nothing is changed and closing must not checkpoint.
      sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
      execute("PRAGMA query_only=ON");
    } else {
      execute("PRAGMA journal_mode=WAL");
      execute("PRAGMA synchronous=FULL");
      execute("PRAGMA wal_autocheckpoint=" + std::to_string(options.checkpoint_pages));
      int keep = 1;
      sqlite3_file_control(db_, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    }
    migrate(migrations);
    begin_.emplace(prepare("BEGIN"));
    commit_.emplace(prepare("COMMIT"));
    rollback_.emplace(prepare("ROLLBACK"));
  } catch (...) {
    begin_.reset();
    commit_.reset();
    rollback_.reset();
    sqlite3_close_v2(db_);
    throw;
  }
}

store_file::~store_file() {
  begin_.reset();
  commit_.reset();
  rollback_.reset();
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
    do execute(std::string{migrations[static_cast<std::size_t>(at++)]});
    while (version == 0 && at < known);
    execute("PRAGMA user_version=" + std::to_string(at));
    execute("COMMIT");
  }
}

void store_file::commit() {
  const bool wrote = writes();
  commit_->run();
  if (!wrote) return;  // a batch of reads costs no sync and is not counted
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
  const auto full = static_cast<off_t>(checkpoint_pages_) * 3 / 2 * (4096 + 24);
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
