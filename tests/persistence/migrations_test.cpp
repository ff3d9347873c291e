// Stores of older versions: brought to the newest one, wherever the power fails on the way; newer ones are refused.
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "persistence/sqlite/contents.hpp"
#include "tests/catch.hpp"
#include "tools/sim/disk.hpp"
#include "tools/sim/disk/memory.hpp"
#include "tools/sim/disk/scripts.hpp"

using namespace souk;
using sim::crash_mode;
namespace fs = std::filesystem;

namespace {

const fs::path fixtures = fs::path{SOUK_SOURCE_DIR} / "tests/persistence/fixtures";

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream{file}.rdbuf();
  return text.str();
}

// As the souk of that time has left it: without checksums.
void run(const sim::disk& disk, const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, disk.name().c_str()) ==
          SQLITE_OK);
  const auto all = "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;" + sql;
  REQUIRE(sqlite3_exec(db, all.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

struct old_store {
  explicit old_store(const fs::path& fixture) {
    const auto name = fixture.stem().string();  // wallet-1
    for (auto& one : sim::scripts())
      if (name.starts_with(std::string{to_text(one.domain)} + '-')) script = std::move(one);
    options.path = "/store.db";
    options.vfs = disk.name();
    run(disk, options.path, text_of(fixture));
  }
  std::string opened() {
    const auto brain = script.seat(options);
    return persistence::contents(brain->file());
  }
  sim::script script;
  sim::disk disk{"old"};
  persistence::open_options options;
};

std::vector<fs::path> all_fixtures() {
  std::vector<fs::path> all;
  for (const auto& one : fs::directory_iterator{fixtures}) all.push_back(one.path());
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() >= 8);
  return all;
}

}  // namespace

TEST_CASE("a store of an older version is brought to the newest, wherever the power fails on the way", "[C.3][S0.8]") {
  sim::memory::watch();
  for (const auto& fixture : all_fixtures()) {
    INFO(fixture.filename());
    old_store store{fixture};
    const auto before = store.disk.take();
    const auto from = store.disk.operations();
    const auto wanted = store.opened();
    const auto upto = store.disk.operations();
    const auto rows = std::count(wanted.begin(), wanted.end(), '\n');
    CHECK(rows > 5);
    for (const auto mode : {crash_mode::lose, crash_mode::keep, crash_mode::reorder, crash_mode::tear})
      for (std::uint64_t at = 1; at <= upto - from; ++at) {
        store.disk.restore(*before);
        store.disk.crash_at(store.disk.operations() + at);
        try {
          store.opened();
        } catch (const persistence::store_error&) {
        }
        REQUIRE_FALSE(store.disk.powered());
        store.disk.crash(mode, at);
        INFO("mode " << static_cast<int>(mode) << ", operation " << at);
        REQUIRE(store.opened() == wanted);
      }
  }
}

TEST_CASE("a domain whose store came from an older version does its day as any other", "[C.3]") {
  sim::memory::watch();
  for (const auto& fixture : all_fixtures()) {
    INFO(fixture.filename());
    old_store store{fixture};
    const auto brain = store.script.seat(store.options);
    for (const auto& one : store.script.commands) CHECK(sim::say(*brain, one).what != verdict::lost);
  }
}

TEST_CASE("a store of a newer version is refused, and stays as it is", "[C.3]") {
  sim::memory::watch();
  for (const auto& fixture : all_fixtures()) {
    old_store store{fixture};
    store.opened();
    run(store.disk, store.options.path, "PRAGMA user_version=99;");
    const auto before = store.disk.content(store.options.path);
    std::string said;
    try {
      store.opened();
    } catch (const persistence::store_error& refused) {
      said = refused.what();
    }
    CHECK(said.find("/store.db: the store has version 99, this souk knows up to") == 0);
    CHECK(said.find("use a newer souk") != said.npos);
    CHECK(store.disk.content(store.options.path) == before);
  }
}
