// One SQLite file, opened the one way that souk opens files: by one connection that nobody shares.
//
// WAL with synchronous=FULL: what is committed survives power loss. locking_mode=EXCLUSIVE keeps every other
// process out and needs no shared-memory file. Errors come as exceptions of the three kinds below; a broken
// UNIQUE or PRIMARY KEY is a value instead (insert() answers false), because for idempotency keys it is an answer.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace souk::persistence {

// Something went wrong and the outcome of what was tried is unknown: stop, reopen, let the keys give the answer.
struct store_error : std::runtime_error {
  store_error(std::string what, int sqlite_code) : std::runtime_error(std::move(what)), code(sqlite_code) {}
  int code;
};
// There is no room: the transaction was rolled back and nothing of it is in the file.
struct store_full : store_error {
  using store_error::store_error;
};
// Another node has taken the store: whatever would be written now would be lost, or do harm.
struct store_taken : store_error {
  using store_error::store_error;
};
// The file is not what it should be: exit code 65. What SQLite's own look at it says may stand in it as it is.
struct store_damaged : store_error {
  store_damaged(const std::string& what, int sqlite_code, bool mends_at_start = false);
  bool mends;  // the next start of a node does it
};

// Packed bytes, to be bound as a blob rather than as text.
struct blob {
  std::string_view bytes;
};

// A prepared statement for the life of its store, as of its first use: stores have several times as many as a start
// needs, and a start took most of its time for preparing them.
class statement {
public:
  statement(sqlite3* db, std::string_view sql) : db_(db), sql_(sql) {}
  statement(statement&& other) noexcept
      : db_(other.db_), sql_(std::move(other.sql_)), handle_(std::exchange(other.handle_, nullptr)) {}
  statement& operator=(statement&&) = delete;
  ~statement() { sqlite3_finalize(handle_); }

  // For what must not fail for lack of memory, once it is needed.
  void prepare_now() { prepared(); }

  // A row under the cursor; text views live until the statement moves on.
  class row {
  public:
    explicit row(sqlite3_stmt* handle) : handle_(handle) {}
    std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
    std::string_view text(int column) const {
      const void* data = sqlite3_column_blob(handle_, column);
      return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
    }
    std::string string(int column) const { return std::string{text(column)}; }
    bool null(int column) const { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }

  private:
    sqlite3_stmt* handle_;
  };

  // Runs to the end. Bound texts are borrowed for the call.
  template <class... Args>
  void run(const Args&... args) {
    const finish at_end{prepared()};
    bind_all(args...);
    if (const int code = sqlite3_step(handle_); code != SQLITE_DONE && code != SQLITE_ROW) fail(code);
  }
  // The same, but false when a key is already there.
  template <class... Args>
  [[nodiscard]] bool insert(const Args&... args) {
    const finish at_end{prepared()};
    bind_all(args...);
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_DONE) return true;
    if ((code & 0xff) != SQLITE_CONSTRAINT) fail(code);
    return false;
  }
  // Calls visit(row) for every row; a visit that answers bool stops at false.
  template <class Visit, class... Args>
  void each(Visit&& visit, const Args&... args) {
    const finish at_end{prepared()};
    bind_all(args...);
    int code = 0;
    while ((code = sqlite3_step(handle_)) == SQLITE_ROW) {
      if constexpr (std::is_same_v<decltype(visit(row{handle_})), bool>) {
        if (!visit(row{handle_})) return;
      } else {
        visit(row{handle_});
      }
    }
    if (code != SQLITE_DONE) fail(code);
  }
  // What read(row) makes of the first row, or nothing.
  template <class Read, class... Args>
  auto first(Read&& read, const Args&... args) -> std::optional<decltype(read(std::declval<row>()))> {
    const finish at_end{prepared()};
    bind_all(args...);
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_DONE) return std::nullopt;
    if (code != SQLITE_ROW) fail(code);
    return read(row{handle_});
  }

private:
  sqlite3_stmt* prepared() {
    if (!handle_) prepare();
    return handle_;
  }
  void prepare();

  // Whatever happens, the statement is ready for its next use.
  struct finish {
    sqlite3_stmt* handle;
    ~finish() { sqlite3_reset(handle); }
  };

  template <class... Args>
  void bind_all(const Args&... args) {
    int at = 0;
    (bind(++at, args), ...);
  }
  template <class T>
  void bind(int at, const T& value) {
    int code = SQLITE_OK;
    if constexpr (std::is_enum_v<T>)
      code = sqlite3_bind_int64(handle_, at, static_cast<std::int64_t>(value));
    else if constexpr (std::is_integral_v<T>)
      code = sqlite3_bind_int64(handle_, at, static_cast<std::int64_t>(value));
    else if constexpr (std::is_same_v<T, std::nullptr_t>)
      code = sqlite3_bind_null(handle_, at);
    else if constexpr (std::is_same_v<T, blob>)
      code = sqlite3_bind_blob(handle_, at, value.bytes.empty() ? "" : value.bytes.data(),
                               static_cast<int>(value.bytes.size()), SQLITE_STATIC);
    else
      code = bind_text(at, std::string_view{value});
    if (code != SQLITE_OK) fail(code);
  }
  int bind_text(int at, std::string_view text) {
    return sqlite3_bind_text(handle_, at, text.empty() ? "" : text.data(), static_cast<int>(text.size()),
                             SQLITE_STATIC);
  }
  [[noreturn]] void fail(int code) const;

  sqlite3* db_;
  std::string sql_;
  sqlite3_stmt* handle_ = nullptr;
};

struct open_options {
  std::string path;
  std::string vfs;         // empty: the platform's own
  bool read_only = false;  // for the audit of a stopped node
  std::int64_t cache_kib = 65'536;
  int checkpoint_pages = 1'000;
  // An outbox deletes so many events at once: row by row, as they are acknowledged, would dirty the same pages again
  // and again.
  std::int64_t events_at_once = 256;
  // The number under which a node of a cluster takes the store; 0: nobody else might want it. See ownership.hpp.
  std::int64_t owner = 0;
};

class store_file {
public:
  // Opens or creates; runs the migrations that the file has not seen: migration n brings version n to n+1, each in a
  // transaction of its own; a new file gets all of them in one. A file of a newer version than known is refused.
  store_file(const open_options& options, std::span<const std::string_view> migrations);
  ~store_file();
  store_file(const store_file&) = delete;
  store_file& operator=(const store_file&) = delete;

  statement prepare(std::string_view sql) { return {db_, sql}; }
  void execute(const std::string& sql);

  void begin() {
    if (owner_) must_be_ours();
    begin_->run();
  }
  bool writes() const { return sqlite3_txn_state(db_, "main") == SQLITE_TXN_WRITE; }  // this transaction, so far
  void commit();
  void rollback() noexcept;

  const std::string& path() const { return path_; }
  std::int64_t commits() const { return commits_; }
  std::int64_t events_at_once() const { return events_at_once_; }
  std::int64_t last_row() const { return sqlite3_last_insert_rowid(db_); }

private:
  void open(const open_options& options);
  void take_up_wal(const open_options& options);
  void migrate(std::span<const std::string_view> migrations);
  void write_wal_beforehand();
  void take_ownership();
  void must_be_ours() const;
  bool is_taken() const noexcept;

  std::string path_;
  sqlite3* db_ = nullptr;
  int checkpoint_pages_;
  std::int64_t events_at_once_;
  std::int64_t owner_;
  std::int64_t commits_ = 0;
  bool read_only_;
  std::optional<statement> begin_;
  std::optional<statement> commit_;
  std::optional<statement> rollback_;
};

}  // namespace souk::persistence
