// The simulated disk: what it loses, what it must keep, and how it fails, seen through SQLite and file by file.
#include "tools/sim/disk.hpp"

#include <sqlite3.h>

#include <set>

#include "persistence/sqlite/store_file.hpp"
#include "tests/catch.hpp"
#include "tools/sim/disk/memory.hpp"

using namespace souk;
using sim::crash_mode;
using sim::operation;

namespace {

constexpr auto journal = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;
constexpr auto plain = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB;

// A file of the disk, used as SQLite uses it.
class paper {
public:
  paper(const sim::disk& disk, const std::string& name, int flags)
      : vfs_(sqlite3_vfs_find(disk.name().c_str())), storage_(static_cast<std::size_t>(vfs_->szOsFile)), name_(name) {
    opened_ = vfs_->xOpen(vfs_, name_.c_str(), file(), flags, nullptr) == SQLITE_OK;
  }
  ~paper() {
    if (opened_) file()->pMethods->xClose(file());
  }
  paper(const paper&) = delete;
  paper& operator=(const paper&) = delete;
  bool opened() const { return opened_; }
  int write(std::size_t at, const std::string& what) {
    return file()->pMethods->xWrite(file(), what.data(), static_cast<int>(what.size()), static_cast<sqlite3_int64>(at));
  }
  int cut(std::size_t size) { return file()->pMethods->xTruncate(file(), static_cast<sqlite3_int64>(size)); }
  int sync() { return file()->pMethods->xSync(file(), SQLITE_SYNC_NORMAL); }
  int read(std::string& to, std::size_t at) {
    return file()->pMethods->xRead(file(), to.data(), static_cast<int>(to.size()), static_cast<sqlite3_int64>(at));
  }
  int lock(int level) { return file()->pMethods->xLock(file(), level); }
  int unlock(int level) { return file()->pMethods->xUnlock(file(), level); }

private:
  sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(storage_.data()); }
  sqlite3_vfs* vfs_;
  std::vector<unsigned char> storage_;
  std::string name_;
  bool opened_ = false;
};

int remove(const sim::disk& disk, const std::string& name, bool sync_names) {
  auto* vfs = sqlite3_vfs_find(disk.name().c_str());
  return vfs->xDelete(vfs, name.c_str(), sync_names);
}

// A durable file of so many sectors of 'a'.
void lay_down(sim::disk& disk, const std::string& name, std::size_t sectors) {
  disk.put(name, std::string(512 * sectors, 'a'));
}

}  // namespace

TEST_CASE("the disk keeps what was synced and loses what was not", "[S0.8]") {
  sim::disk disk{"disk-1"};
  lay_down(disk, "f", 2);
  {
    paper f{disk, "f", plain};
    f.write(0, std::string(512, 'b'));
    f.sync();
    f.write(512, std::string(1024, 'c'));
    CHECK(disk.content("f") == std::string(512, 'b') + std::string(1024, 'c'));
    disk.crash(crash_mode::lose, 1);
    CHECK(disk.content("f") == std::string(512, 'b') + std::string(512, 'a'));
    // who had it open must open it again
    std::string any(8, ' ');
    CHECK(f.read(any, 0) == SQLITE_IOERR_READ);
    CHECK(f.write(0, "x") == SQLITE_IOERR_WRITE);
    CHECK(f.sync() == SQLITE_IOERR_FSYNC);
  }
  paper f{disk, "f", plain};
  f.write(0, "kept");
  f.cut(4);
  disk.crash(crash_mode::keep, 1);
  CHECK(disk.content("f") == "kept");
}

TEST_CASE("any subset of unsynced sectors survives a power loss, each as one of its versions", "[S0.8]") {
  sim::disk disk{"disk-1"};
  std::set<std::string> seen;
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    disk.clear();
    lay_down(disk, "f", 2);
    paper f{disk, "f", plain};
    f.write(0, std::string(1024, 'b'));
    f.write(512, std::string(1024, 'c'));
    disk.crash(crash_mode::reorder, seed);
    const auto left = disk.content("f");
    sizes.insert(left.size());
    REQUIRE(left.size() >= 1024);
    for (std::size_t sector = 0; sector < 2; ++sector)
      REQUIRE(left.substr(512 * sector, 512) == std::string(512, left[512 * sector]));
    if (left.size() > 1024) REQUIRE(left.substr(1024) == std::string(512, left[1024]));
    seen.insert({left[0], left[512]});
  }
  CHECK(seen == std::set<std::string>{"aa", "ab", "ac", "ba", "bb", "bc"});
  CHECK(sizes == std::set<std::size_t>{1024, 1536});
}

TEST_CASE("a torn write is done in part, after all before it and before all after it", "[S0.8]") {
  sim::disk disk{"disk-1"};
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    disk.clear();
    disk.put("f", "aaaa");
    paper f{disk, "f", plain};
    f.write(0, "bb");
    f.write(2, "cc");
    disk.crash(crash_mode::tear, seed);
    seen.insert(disk.content("f"));
  }
  CHECK(seen == std::set<std::string>{"aaaa", "baaa", "abaa", "bbaa", "bbca", "bbac", "bbcc"});
}

TEST_CASE("names are durable when a new journal is synced, or when a removal asks for it", "[S0.8]") {
  sim::disk disk{"disk-1"};
  {
    paper f{disk, "f", plain}, unsynced{disk, "g", plain};
    f.write(0, "f");
    f.sync();
    disk.crash(crash_mode::lose, 1);
    CHECK(disk.names().empty());  // its content was synced, its name was not
  }
  {
    paper f{disk, "f", plain};
    f.write(0, "f");
    f.sync();
    paper wal{disk, "f-wal", journal};
    wal.sync();
    paper late{disk, "late", plain};
    disk.crash(crash_mode::lose, 1);
    CHECK(disk.names() == std::vector<std::string>{"f", "f-wal"});
    CHECK(disk.content("f") == "f");
  }
  CHECK(remove(disk, "f-wal", false) == SQLITE_OK);
  CHECK(remove(disk, "f-wal", false) == SQLITE_IOERR_DELETE_NOENT);
  disk.crash(crash_mode::lose, 1);
  CHECK(disk.names() == std::vector<std::string>{"f", "f-wal"});
  CHECK(remove(disk, "f-wal", true) == SQLITE_OK);
  disk.crash(crash_mode::lose, 1);
  CHECK(disk.names() == std::vector<std::string>{"f"});
}

TEST_CASE("a program that dies loses nothing, and syncs nothing", "[S0.8]") {
  sim::disk disk{"disk-1"};
  disk.put("f", "old");
  paper f{disk, "f", plain};
  f.write(0, "new");
  disk.abandon();
  CHECK(f.write(0, "x") == SQLITE_IOERR_WRITE);
  CHECK(disk.content("f") == "new");
  disk.crash(crash_mode::lose, 1);
  CHECK(disk.content("f") == "old");
}

TEST_CASE("the power fails at the operation it was told", "[S0.8]") {
  sim::disk disk{"disk-1"};
  disk.put("f", "aaaa");
  paper f{disk, "f", plain};
  f.write(0, "b");
  f.sync();
  CHECK(disk.history() == std::vector<operation>{operation::open, operation::write, operation::sync});
  disk.crash_at(5);
  CHECK(f.write(1, "b") == SQLITE_OK);
  CHECK(f.sync() == SQLITE_IOERR_FSYNC);
  CHECK_FALSE(disk.powered());
  CHECK(f.write(2, "b") == SQLITE_IOERR_WRITE);
  CHECK_FALSE(paper{disk, "f", plain}.opened());
  disk.crash(crash_mode::keep, 1);
  CHECK(disk.powered());
  CHECK(disk.content("f") == "bbaa");  // the write was done, and the third never was
}

TEST_CASE("faults come once or stay, and each hits what it is about", "[S0.8]") {
  sim::disk disk{"disk-1"};
  disk.put("f", "aaaa");
  paper f{disk, "f", plain};
  disk.fail_at(1, sim::trouble::io_error);
  CHECK(f.write(0, "bbbb") == SQLITE_IOERR_WRITE);
  CHECK(disk.content("f") == "bbaa");
  CHECK(f.write(0, "bbbb") == SQLITE_OK);
  disk.fail_at(1, sim::trouble::full, true);
  CHECK(f.write(2, "cc") == SQLITE_OK);
  CHECK(f.write(2, "ccc") == SQLITE_FULL);
  CHECK(f.write(2, "ccc") == SQLITE_FULL);
  disk.lift();
  CHECK(f.write(2, "ccc") == SQLITE_OK);
  CHECK(disk.failures() == 3);
}

TEST_CASE("after a failed sync the next one succeeds and what was written is lost all the same", "[S0.8]") {
  const bool still_seen = GENERATE(true, false);
  sim::disk disk{"disk-1"};
  disk.put("f", "aaaa");
  paper f{disk, "f", plain};
  f.write(0, "b");
  disk.fail_at(1, sim::trouble::failed_sync, false, still_seen ? 0 : 1);
  CHECK(f.sync() == SQLITE_IOERR_FSYNC);
  CHECK(disk.content("f") == (still_seen ? "baaa" : "aaaa"));
  f.write(1, "c");
  CHECK(f.sync() == SQLITE_OK);
  disk.crash(crash_mode::keep, 1);
  CHECK(disk.content("f") == "acaa");
}

TEST_CASE("two connections to one file of the disk keep each other out", "[C.3]") {
  sim::disk disk{"disk-1"};
  disk.put("f", "aaaa");
  paper one{disk, "f", plain}, other{disk, "f", plain};
  CHECK(one.lock(SQLITE_LOCK_SHARED) == SQLITE_OK);
  CHECK(other.lock(SQLITE_LOCK_SHARED) == SQLITE_OK);
  CHECK(one.lock(SQLITE_LOCK_RESERVED) == SQLITE_OK);
  CHECK(other.lock(SQLITE_LOCK_RESERVED) == SQLITE_BUSY);
  CHECK(one.lock(SQLITE_LOCK_EXCLUSIVE) == SQLITE_BUSY);
  other.unlock(SQLITE_LOCK_NONE);
  CHECK(other.lock(SQLITE_LOCK_SHARED) == SQLITE_BUSY);  // who waits for the file goes first
  CHECK(one.lock(SQLITE_LOCK_EXCLUSIVE) == SQLITE_OK);
}

TEST_CASE("an image of the disk is played again from where it was taken", "[S0.8]") {
  sim::disk disk{"disk-1"};
  disk.put("f", "aaaa");
  std::shared_ptr<const sim::disk::image> image;
  {
    paper f{disk, "f", plain};
    f.write(0, "b");
    image = disk.take();
    f.write(0, "bbbb");
    f.sync();
  }
  disk.restore(*image);
  CHECK(disk.content("f") == "baaa");
  disk.crash(crash_mode::lose, 1);
  CHECK(disk.content("f") == "aaaa");
  disk.restore(*image);
  disk.crash(crash_mode::keep, 1);
  CHECK(disk.content("f") == "baaa");
}

TEST_CASE("a store's commits survive on the disk, each whole or not at all", "[S0.8]") {
  sim::memory::watch();
  static constexpr std::string_view schema[]{"CREATE TABLE t(n INTEGER PRIMARY KEY, other INTEGER)"};
  sim::disk disk{"disk-1"};
  persistence::open_options options;
  options.path = "/store.db";
  options.vfs = disk.name();
  const auto mode = GENERATE(crash_mode::lose, crash_mode::keep, crash_mode::reorder, crash_mode::tear);
  for (std::uint64_t at = 1; at < 200; ++at) {
    disk.clear();
    disk.crash_at(at);
    std::int64_t committed = 0;
    try {
      persistence::store_file file{options, schema};
      auto insert = file.prepare("INSERT INTO t VALUES(?1,?1)");
      auto count = file.prepare("UPDATE t SET other=?1 WHERE n=1");
      for (std::int64_t n = 1; n <= 20; ++n) {
        file.begin();
        insert.run(n);
        count.run(n);
        file.commit();
        committed = n;
      }
    } catch (const persistence::store_error&) {
    }
    const bool died = !disk.powered();
    disk.crash(mode, at);
    persistence::store_file file{options, schema};
    const auto rows = *file.prepare("SELECT count(*) FROM t").first([](auto row) { return row.integer(0); });
    const auto other =
        file.prepare("SELECT other FROM t WHERE n=1").first([](auto row) { return row.integer(0); }).value_or(0);
    INFO("mode " << static_cast<int>(mode) << ", operation " << at);
    REQUIRE(rows == other);
    REQUIRE(rows >= committed);
    REQUIRE(rows <= committed + 1);
    if (!died) break;
  }
}

TEST_CASE("a store that was closed, or opened, is as it was, whatever of its WAL a power loss brings back", "[S0.8]") {
  sim::memory::watch();
  static constexpr std::string_view schema[]{"CREATE TABLE t(n INTEGER PRIMARY KEY, other INTEGER)"};
  sim::disk disk{"disk-1"};
  persistence::open_options options;
  options.path = "/store.db";
  options.vfs = disk.name();
  // Without its last commits a part of the pages would be older than the others.
  const auto day = [&](persistence::store_file& file) {
    auto insert = file.prepare("INSERT INTO t VALUES(?1,?1)");
    auto count = file.prepare("UPDATE t SET other=?1 WHERE n=1");
    for (std::int64_t n = 1; n <= 20; ++n) {
      file.begin();
      insert.run(n);
      count.run(n);
      file.commit();
    }
  };
  const auto rows = [&] {
    persistence::store_file file{options, schema};
    const auto all = *file.prepare("SELECT count(*) FROM t").first([](auto row) { return row.integer(0); });
    const auto last = *file.prepare("SELECT other FROM t WHERE n=1").first([](auto row) { return row.integer(0); });
    return std::pair{all, last};
  };
  // The day's disk as a death leaves it, so that its WAL is settled at the next start, or as a stop begins with it.
  const bool stops = GENERATE(true, false);
  const auto over = [&] {
    disk.clear();
    auto file = std::make_unique<persistence::store_file>(options, schema);
    day(*file);
    if (!stops) disk.abandon();
    return file;
  };
  const auto what_follows = [&](std::unique_ptr<persistence::store_file> file) {
    file.reset();
    if (stops) return;
    try {
      const persistence::store_file again{options, schema};
    } catch (const persistence::store_error&) {
    }
  };
  auto first = over();
  const auto from = disk.operations() + 1;
  what_follows(std::move(first));
  const auto upto = disk.operations() + 1;  // the power fails when all is done
  REQUIRE(upto > from + 3);
  for (auto at = from; at <= upto; ++at)
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      auto file = over();
      disk.crash_at(at);
      what_follows(std::move(file));
      disk.crash(crash_mode::reorder, seed);
      INFO("stops " << stops << ", operation " << at << " of " << from << " to " << upto << ", seed " << seed);
      REQUIRE(rows() == std::pair<std::int64_t, std::int64_t>{20, 20});
    }
}
