// Page checksums: whatever bit of a store rots is found when it is read, and the audit names store and page.
#include "persistence/sqlite/checked_pages.hpp"

#include <sqlite3.h>

#include <random>

#include "persistence/audit.hpp"
#include "persistence/sqlite/contents.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"
#include "tools/sim/disk.hpp"
#include "tools/sim/disk/memory.hpp"
#include "tools/sim/disk/scripts.hpp"

using namespace souk;
using persistence::checked_page_bytes;

namespace {

persistence::open_options on(const sim::disk& disk, const std::string& path) {
  persistence::open_options options;
  options.path = path;
  options.vfs = disk.name();
  return options;
}

// A day's stores, each played and closed.
void play_all(sim::disk& disk) {
  for (const auto& one : sim::scripts()) {
    const auto brain = one.seat(on(disk, "/" + std::string{to_text(one.domain)} + "-0.db"));
    for (const auto& what : one.commands) sim::say(*brain, what);
  }
}

std::string flipped(std::string bytes, std::size_t bit) {
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  return bytes;
}

std::string audited(const sim::disk& disk, const std::string& path) {
  try {
    persistence::audit(persistence::store_files{{path}, disk.name()});
    return {};
  } catch (const persistence::store_damaged& damage) {
    return damage.what();
  }
}

}  // namespace

TEST_CASE("of 1,000 bits that rot in the stores of a day, each is found with its store and page", "[C.3]") {
  sim::memory::watch();
  sim::disk disk{"rotting"};
  play_all(disk);
  std::vector<std::string> stores;
  for (const auto& name : disk.names())
    if (disk.content(name).empty())
      CHECK(name.ends_with("-wal"));  // a store that is closed leaves nothing beside itself
    else
      stores.push_back(name);
  REQUIRE(stores.size() == domain_count);
  std::mt19937_64 dice{7};
  for (int i = 0; i < 1'000; ++i) {
    const auto& store = stores[dice() % stores.size()];
    const auto sound = disk.content(store);
    const auto bit = dice() % (sound.size() * 8);
    const auto page = bit / 8 / checked_page_bytes + 1;
    disk.put(store, flipped(sound, bit));
    const auto said = audited(disk, store);
    INFO(store << ", bit " << bit << ": " << said);
    REQUIRE(said.find(store) != said.npos);
    // what rotted in the first page may keep SQLite from opening the store at all
    if (page > 1) REQUIRE(said.find("page " + std::to_string(page)) != said.npos);
    disk.put(store, sound);
  }
  for (const auto& store : stores) CHECK(audited(disk, store) == "");
}

TEST_CASE("a bit that rots under a node is found when its page is read, and nobody is answered from it", "[C.3]") {
  sim::memory::watch();
  sim::disk disk{"rotting"};
  static constexpr std::string_view schema[]{"CREATE TABLE t(n INTEGER PRIMARY KEY, text TEXT)"};
  {
    persistence::store_file file{on(disk, "/store.db"), schema};
    auto insert = file.prepare("INSERT INTO t VALUES(?1,?2)");
    file.begin();
    for (int n = 1; n <= 100; ++n) insert.run(n, std::string(1'000, 'x'));
    file.commit();
  }
  const auto sound = disk.content("/store.db");
  const auto page = sound.size() / checked_page_bytes;
  disk.put("/store.db", flipped(sound, (page - 1) * checked_page_bytes * 8 + 9'999));
  persistence::store_file file{on(disk, "/store.db"), schema};
  std::string said;
  try {
    file.prepare("SELECT text FROM t").each([](auto) {});
  } catch (const persistence::store_damaged& damage) {
    said = damage.what();
  }
  CHECK(said == "/store.db: page " + std::to_string(page) + " does not have its checksum");
}

TEST_CASE("a page that was written to the wrong place is found", "[C.3]") {
  sim::memory::watch();
  sim::disk disk{"rotting"};
  play_all(disk);
  auto bytes = disk.content("/wallet-0.db");
  for (std::size_t i = 0; i < checked_page_bytes; ++i)
    bytes[2 * checked_page_bytes + i] = bytes[checked_page_bytes + i];
  disk.put("/wallet-0.db", bytes);
  CHECK(audited(disk, "/wallet-0.db").find("page 3") != std::string::npos);
}

TEST_CASE("a store that was made before pages had checksums is opened, written, and said to be unchecked", "[C.3]") {
  sim::memory::watch();
  tests::temporary_folder folder;
  const auto path = folder.file("store.db");
  static constexpr std::string_view schema[]{"CREATE TABLE t(n INTEGER PRIMARY KEY)"};
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  REQUIRE(sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE t(n INTEGER PRIMARY KEY); PRAGMA user_version=1",
                       nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
  persistence::open_options options;
  options.path = path;
  for (int n = 0; n < 3; ++n) {
    persistence::store_file file{options, schema};
    file.begin();
    file.prepare("INSERT INTO t VALUES(?1)").run(n);
    file.commit();
    CHECK(persistence::contents(file).ends_with("  " + std::to_string(n) + "\n"));
  }
  CHECK_FALSE(persistence::look_at_pages(path, {}).checked);
}

TEST_CASE("what SQLite's own shell reads of a store is what it holds", "[C.3]") {
  sim::memory::watch();
  tests::temporary_folder folder;
  persistence::open_options options;
  options.path = folder.file("store.db");
  static constexpr std::string_view schema[]{"CREATE TABLE t(n INTEGER PRIMARY KEY)"};
  { persistence::store_file{options, schema}.execute("INSERT INTO t VALUES(7)"); }
  CHECK(persistence::look_at_pages(options.path, {}).checked);
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(options.path.c_str(), &db) == SQLITE_OK);
  sqlite3_stmt* row = nullptr;
  REQUIRE(sqlite3_prepare_v2(db, "SELECT n FROM t", -1, &row, nullptr) == SQLITE_OK);
  CHECK(sqlite3_step(row) == SQLITE_ROW);
  CHECK(sqlite3_column_int(row, 0) == 7);
  sqlite3_finalize(row);
  sqlite3_close(db);
}
