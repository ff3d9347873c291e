// Calls a test while files are used: the platform's own file layer of SQLite, with ears.
//
// What happens in the middle of an operation of another thread can so be made to happen, always at the same place and
// in one thread. It is the default file layer as long as it lives; files are to be opened, and closed, meanwhile.
#pragma once

#include <sqlite3.h>

#include <functional>

#include "persistence/sqlite/checked_pages.hpp"

namespace souk::tests {

class watched_files {
public:
  watched_files() {
    persistence::prepare_sqlite();
    real_ = sqlite3_vfs_find(nullptr);
    vfs_ = *real_;
    now_ = this;
    vfs_.zName = "watched";
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~watched_files() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
    now_ = nullptr;
  }
  watched_files(const watched_files&) = delete;
  watched_files& operator=(const watched_files&) = delete;

  // Before a WAL is written, synced or cut off. Not while this is called: what it does itself goes unheard.
  std::function<void()> before_wal_changes;
  // Before somebody opens a store's file only to read it, as whoever copies it does. Likewise.
  std::function<void()> before_copying;

private:
  static void tell(std::function<void()> whom) {  // it may forget itself
    if (!whom || now_->telling_) return;
    now_->telling_ = true;
    whom();
    now_->telling_ = false;
  }

  static int open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* flags_out) {
    if (flags & SQLITE_OPEN_READONLY && flags & SQLITE_OPEN_MAIN_DB) tell(now_->before_copying);
    const int code = now_->real_->xOpen(now_->real_, path, file, flags, flags_out);
    if (code != SQLITE_OK || !(flags & SQLITE_OPEN_WAL)) return code;
    below_ = file->pMethods;
    methods_ = *below_;
    methods_.xWrite = write;
    methods_.xSync = sync;
    methods_.xTruncate = truncate;
    file->pMethods = &methods_;
    return SQLITE_OK;
  }
  static int write(sqlite3_file* file, const void* from, int n, sqlite3_int64 at) {
    tell(now_->before_wal_changes);
    return below_->xWrite(file, from, n, at);
  }
  static int sync(sqlite3_file* file, int flags) {
    tell(now_->before_wal_changes);
    return below_->xSync(file, flags);
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    tell(now_->before_wal_changes);
    return below_->xTruncate(file, size);
  }

  inline static watched_files* now_ = nullptr;
  inline static const sqlite3_io_methods* below_ = nullptr;
  inline static sqlite3_io_methods methods_{};

  sqlite3_vfs* real_ = nullptr;
  sqlite3_vfs vfs_{};
  bool telling_ = false;
};

}  // namespace souk::tests
