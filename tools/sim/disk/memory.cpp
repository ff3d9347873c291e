// Counts SQLite's allocations, and refuses some.
#include "tools/sim/disk/memory.hpp"

#include <sqlite3.h>

#include <stdexcept>

#include "persistence/sqlite/checked_pages.hpp"

namespace souk::sim::memory {

namespace {

sqlite3_mem_methods real;

struct plan {
  std::uint64_t allocations = 0;
  std::uint64_t from = 0;  // 0: never
  bool sticky = false;
  bool failed = false;
};
thread_local plan mine;

bool fails() {
  ++mine.allocations;
  if (mine.from == 0 || mine.allocations < mine.from) return false;
  mine.failed = true;
  if (!mine.sticky) mine.from = 0;
  return true;
}

void* allocate(int n) { return fails() ? nullptr : real.xMalloc(n); }
void* grow(void* what, int n) { return fails() ? nullptr : real.xRealloc(what, n); }

}  // namespace

void watch() {
  static const bool once = [] {
    persistence::prepare_sqlite();
    sqlite3_shutdown();
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
    auto watched = real;
    watched.xMalloc = allocate;
    watched.xRealloc = grow;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &watched) != SQLITE_OK || sqlite3_initialize() != SQLITE_OK)
      throw std::logic_error("SQLite's memory cannot be taken over while it is in use");
    return true;
  }();
  (void)once;
}

std::uint64_t allocations() { return mine.allocations; }
void fail_at(std::uint64_t n, bool sticky) { mine = {0, n, sticky, false}; }
void lift() { mine.from = 0; }
bool failed() { return mine.failed; }

}  // namespace souk::sim::memory
