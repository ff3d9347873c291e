// Takes a cut, copies it, and looks at the copy.
#include "persistence/backup.hpp"

#include <sqlite3.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <system_error>
#include <vector>

#include "persistence/deeds.hpp"
#include "persistence/durable.hpp"
#include "persistence/shards.hpp"
#include "persistence/sqlite/checked_pages.hpp"
#include "persistence/sqlite/cut.hpp"
#include "persistence/sqlite/rotten_wal.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view incarnation_name = "incarnation";

std::vector<fs::path> stores_in(const fs::path& directory) {
  std::vector<fs::path> found;
  if (fs::is_directory(directory))
    for (const auto& one : fs::directory_iterator{directory})
      if (one.path().extension() == ".db") found.push_back(one.path());
  if (found.empty()) throw backup_refused(directory.string() + " has no store of souk");
  return found;
}

std::int64_t copy_store(const fs::path& from, const fs::path& to) {
  std::ofstream out{to, std::ios::binary};
  std::int64_t done = 0;
  const bool read = read_store(from.string(), [&](std::string_view bytes) {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    done += static_cast<std::int64_t>(bytes.size());
  });
  if (!out.flush()) throw std::system_error(errno, std::generic_category(), to.string());
  if (!read) throw store_damaged(from.string() + ": it cannot be read to its end", SQLITE_IOERR_READ);
  out.close();
  make_durable(to);
  return done;
}

// What rotted in a copied WAL would take all that comes after it out of the copy, in silence. All of it counts up to
// its last commit, of one that was open.
void must_be_whole(const fs::path& wal, const std::string& name, bool was_open) {
  std::ifstream in{wal, std::ios::binary};
  std::vector<char> read{std::istreambuf_iterator<char>{in}, {}};
  const std::span bytes{reinterpret_cast<unsigned char*>(read.data()), read.size()};
  const auto [committed, rot] = look_at_wal(bytes);
  if (was_open && committed < bytes.size()) throw store_damaged(name + "-wal: a commit in it rotted", SQLITE_CORRUPT);
  if (rot) throw damage_of(*rot, name + "-wal");
}

// Of a rotten page SQLite says only that reading failed.
std::string reason_of(sqlite3* db, const std::string& found = {}) {
  if (const auto rotten = take_rotten_page())
    return "page " + std::to_string(rotten->page) + " does not have its checksum";
  return found.empty() ? sqlite3_errmsg(db) : found;
}

// A store that nobody has open, for this process alone as long as it lives.
class shut_store {
public:
  explicit shut_store(const fs::path& path) {
    sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, checked_vfs({}).c_str());
    const char* lock = "PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; ROLLBACK";
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    take_rotten_page();  // of anything before
    if (sqlite3_exec(db_, lock, nullptr, nullptr, nullptr) == SQLITE_OK) return;
    const auto why = reason_of(db_);
    const bool in_use = sqlite3_errcode(db_) == SQLITE_BUSY;
    sqlite3_close_v2(db_);
    if (in_use) throw backup_refused(path.string() + " is in use by another process: ask the node for the backup");
    throw store_damaged(path.string() + ": " + why, SQLITE_CORRUPT);
  }
  ~shut_store() { sqlite3_close_v2(db_); }
  shut_store(const shut_store&) = delete;
  shut_store& operator=(const shut_store&) = delete;

private:
  sqlite3* db_ = nullptr;
};

// Whoever has heard up to some number hears what comes after this one: a restore is two rows in each outbox
// (outbox.cpp). Where the clock stood later at the last restore than it does now, a day's worth beyond what is known.
void go_on_from(std::int64_t seq, const fs::path& copy) {
  sqlite3* db = nullptr;
  const int opened =
      sqlite3_open_v2(copy.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, checked_vfs({}).c_str());
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closed{db, sqlite3_close_v2};
  const auto must = [&](int code) {
    if (code != SQLITE_OK) throw store_error(copy.string() + ": " + sqlite3_errmsg(db), code);
  };
  must(opened);
  statement{db, "PRAGMA locking_mode=EXCLUSIVE"}.run();
  std::vector<std::string> tables;
  statement{db,
            "SELECT name FROM sqlite_schema WHERE type='table' AND name IN"
            "('outbox_acknowledged','told_acknowledged','log_acknowledged')"}
      .each([&](auto row) { tables.push_back(row.string(0)); });
  for (const auto& one : tables) {
    const auto known =
        "max(coalesce(max(seq),0),(SELECT coalesce(max(seq),0) FROM " + one.substr(0, one.rfind('_')) + "))";
    constexpr std::int64_t a_day_us = 86'400'000'000;
    const auto next = "max(" + std::to_string(seq) + "," + known + "+" + std::to_string(a_day_us) + ")";
    for (const auto& what : {known, next})
      statement{db, "INSERT INTO " + one + " SELECT min(coalesce(min(subscriber),0),0)-1," + what + " FROM " + one}
          .run();
  }
  must(sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr));
}

// Writes to a place beside it, which takes its name when everything is there.
template <class Fill>
void whole_or_not(const fs::path& to, Fill&& fill) {
  const fs::path partial = to.string() + ".partial";
  fs::remove_all(partial);
  fs::create_directories(partial);
  fill(partial);
  make_durable(partial);
  fs::rename(partial, to);
  make_durable(to.has_parent_path() ? to.parent_path() : fs::path{"."});
}

}  // namespace

void finish_copy(const fs::path& copy, const fs::path& of, bool was_open) {
  const auto name = (of.empty() ? copy : of).string();
  must_be_whole(copy.string() + "-wal", name, was_open);
  sqlite3* db = nullptr;
  sqlite3_open_v2(copy.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, checked_vfs({}).c_str());
  std::string why;
  const auto hear = [](void* to, int, char** row, char**) {
    *static_cast<std::string*>(to) += row[0];
    return 0;
  };
  take_rotten_page();  // of anything before
  int code =
      sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) code = sqlite3_exec(db, "PRAGMA integrity_check(1)", hear, &why, nullptr);
  if (code != SQLITE_OK || why != "ok") why = reason_of(db, why);
  const int moved = sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_close_v2(db);
  if (why != "ok") throw store_damaged(name + ": " + why, SQLITE_CORRUPT);
  if (moved != SQLITE_OK) throw store_error(copy.string() + ": moving its WAL to it: " + sqlite3_errstr(moved), moved);
  for (const auto page : look_at_pages(copy.string(), {}).rotten)
    throw store_damaged(name + ": page " + std::to_string(page) + " does not have its checksum", SQLITE_IOERR_DATA);
  fs::remove(copy.string() + "-wal");
  fs::remove(copy.string() + "-shm");
}

backup_figures back_up(const fs::path& data, const fs::path& to) {
  if (fs::exists(to)) throw backup_refused(to.string() + " is there already");
  const auto deeds_before = read_deeds(data);
  const auto stores = stores_in(data);
  backup_figures figures;
  bool are_open = false;
  whole_or_not(to, [&](const fs::path& into) {
    {
      const cut now{data};
      std::map<fs::path, std::string> open;  // as the cut calls them
      for (const auto& [store, wal] : now.stores()) open[fs::canonical(store)] = store;
      // A node in this process has all of them open, or none.
      are_open = !open.empty();
      std::vector<std::unique_ptr<shut_store>> shut;
      if (!are_open)
        for (const auto& store : stores) shut.push_back(std::make_unique<shut_store>(store));
      for (const auto& store : stores) {
        const auto found = open.find(fs::canonical(store));
        if (are_open && found == open.end()) throw backup_refused(store.string() + " is being opened anew: ask again");
        const fs::path copied = into / store.filename(), wal = store.string() + "-wal";
        figures.bytes += copy_store(store, copied);
        figures.stores += 1;
        if (!fs::exists(wal)) continue;
        const auto upto = are_open ? now.stores().at(found->second).synced : INT64_MAX;
        copy_durably(wal, copied.string() + "-wal", upto);
        if (are_open && now.begun_anew(found->second)) fs::remove(copied.string() + "-wal");
      }
    }
    figures.cut_ms = cut::held_back_ms_max();
    for (const auto& store : stores) finish_copy(into / store.filename(), store, are_open);
    for (const auto name : {incarnation_name, deeds_name, shards_name})
      if (fs::exists(data / name)) copy_durably(data / name, into / name);
    // A shard that came meanwhile would be in none of the copied stores.
    if (read_deeds(into) != deeds_before) throw backup_refused("a shard was moved meanwhile: ask again");
  });
  return figures;
}

backup_figures back_up_open(const fs::path& to) {
  const auto data = cut::open_directories();
  if (data.size() != 1)
    throw backup_refused("this process has stores open in " + std::to_string(data.size()) + " directories, not in one");
  return back_up(*data.begin(), to);
}

backup_figures restore(const fs::path& from, const fs::path& data) {
  if (fs::exists(data) && !(fs::is_directory(data) && fs::is_empty(data)))
    throw backup_refused(data.string() + " is not empty: move away what is there first");
  backup_figures figures;
  const auto stores = stores_in(from);
  using namespace std::chrono;
  const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  whole_or_not(data, [&](const fs::path& into) {
    for (const auto& store : stores) {
      figures.bytes += copy_store(store, into / store.filename());
      figures.stores += 1;
      finish_copy(into / store.filename(), store);
      go_on_from(now * 1'000, into / store.filename());
    }
    for (const auto name : {deeds_name, shards_name})
      if (fs::exists(from / name)) copy_durably(from / name, into / name);
    write_durably(into / incarnation_name, std::to_string(now) + '\n');
  });
  return figures;
}

std::string incarnation_of(const fs::path& data) {
  std::ifstream in{data / incarnation_name};
  std::string text;
  in >> text;
  return text;
}

}  // namespace souk::persistence
