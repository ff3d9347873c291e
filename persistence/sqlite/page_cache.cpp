// Hands everything to SQLite's own page cache, but cutting off pages where there are none.
#include "persistence/sqlite/page_cache.hpp"

#include <sqlite3.h>

#include <memory>
#include <new>

namespace souk::persistence {

namespace {

sqlite3_pcache_methods2 theirs{};

struct cache {
  sqlite3_pcache* pages = nullptr;
  page_numbers numbers;
};

cache& of(sqlite3_pcache* it) { return *reinterpret_cast<cache*>(it); }

sqlite3_pcache* create(int page_size, int extra_size, int purgeable) {
  std::unique_ptr<cache> made{new (std::nothrow) cache};
  if (!made) return nullptr;
  made->pages = theirs.xCreate(page_size, extra_size, purgeable);
  return made->pages ? reinterpret_cast<sqlite3_pcache*>(made.release()) : nullptr;
}

void destroy(sqlite3_pcache* it) {
  const std::unique_ptr<cache> mine{&of(it)};
  theirs.xDestroy(mine->pages);
}

sqlite3_pcache_page* fetch(sqlite3_pcache* it, unsigned number, int make) {
  auto& mine = of(it);
  auto* page = theirs.xFetch(mine.pages, number, make);
  if (page) mine.numbers.fetched(number);
  return page;
}

void rekey(sqlite3_pcache* it, sqlite3_pcache_page* page, unsigned from, unsigned to) {
  auto& mine = of(it);
  theirs.xRekey(mine.pages, page, from, to);
  mine.numbers.moved(from, to);
}

void truncate(sqlite3_pcache* it, unsigned limit) {
  auto& mine = of(it);
  if (!mine.numbers.may_reach(limit)) return;
  theirs.xTruncate(mine.pages, limit);
  mine.numbers.cut_off(limit);
}

}  // namespace

void use_quick_page_cache() {
  if (theirs.xCreate || sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &theirs) != SQLITE_OK) return;
  auto ours = theirs;
  ours.xCreate = create;
  ours.xDestroy = destroy;
  ours.xFetch = fetch;
  ours.xRekey = rekey;
  ours.xTruncate = truncate;
  ours.xCachesize = [](sqlite3_pcache* it, int pages) { theirs.xCachesize(of(it).pages, pages); };
  ours.xPagecount = [](sqlite3_pcache* it) { return theirs.xPagecount(of(it).pages); };
  ours.xUnpin = [](sqlite3_pcache* it, sqlite3_pcache_page* page, int discard) {
    theirs.xUnpin(of(it).pages, page, discard);
  };
  ours.xShrink = [](sqlite3_pcache* it) { theirs.xShrink(of(it).pages); };
  sqlite3_config(SQLITE_CONFIG_PCACHE2, &ours);
}

}  // namespace souk::persistence
