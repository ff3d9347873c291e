// Whatever bit of a WAL rots that a kill has left: what was acknowledged is there, or the store says that it is
// damaged.
#include "persistence/sqlite/rotten_wal.hpp"

#include <bit>
#include <random>

#include "persistence/sqlite/store_file.hpp"
#include "persistence/sqlite/wal_seal.hpp"
#include "tests/catch.hpp"
#include "tools/sim/disk.hpp"
#include "tools/sim/disk/memory.hpp"

using namespace souk;

namespace {

constexpr std::string_view schema[]{"CREATE TABLE t(n INTEGER PRIMARY KEY, text TEXT)"};
constexpr int commits = 60;
std::string text_of(int n) {
  return std::string(static_cast<std::size_t>(200 + n * 211 % 9'000), static_cast<char>('a' + n % 26));
}

persistence::open_options on(const sim::disk& disk) {
  persistence::open_options options;
  options.path = "/store.db";
  options.vfs = disk.name();
  return options;
}

// A store and its WAL, as kill -9 leaves them.
struct left {
  std::string store, wal;
  std::string before;    // the WAL before the last commit
  std::size_t last = 0;  // where that begins
};
// With so few pages moved at once that the last commits go over an older log.
left leave(int pages = 1'000, int last = commits) {
  sim::disk disk{"killed"};
  left all;
  auto options = on(disk);
  options.checkpoint_pages = pages;
  persistence::store_file file{options, schema};
  auto insert = file.prepare("INSERT INTO t VALUES(?1,?2)");
  for (int n = 1; n <= last; ++n) {
    all.before = disk.content("/store.db-wal");
    // The seal of the one before it lies there.
    all.last = all.before.size() - std::min<std::size_t>(all.before.size(), persistence::wal_seal_bytes);
    file.begin();
    insert.run(n, text_of(n));
    file.commit();
  }
  all.store = disk.content("/store.db");
  all.wal = disk.content("/store.db-wal");
  return all;
}

constexpr int damaged = -1;
// How many commits are there, each as it was told.
int found(const left& all, bool read_only) {
  sim::disk disk{"found"};
  disk.put("/store.db", all.store);
  disk.put("/store.db-wal", all.wal);
  auto options = on(disk);
  options.read_only = read_only;
  try {
    persistence::store_file file{options, schema};
    int n = 0;
    file.prepare("SELECT n, text FROM t ORDER BY n").each([&](auto row) {
      ++n;
      CHECK(row.integer(0) == n);
      CHECK(row.string(1) == text_of(n));
    });
    return n;
  } catch (const persistence::store_damaged&) {
    return damaged;
  }
}

}  // namespace

TEST_CASE("of 1,000 bits that rot in a WAL after a kill, none takes away what was acknowledged in silence", "[C.3]") {
  sim::memory::watch();
  const auto sound = leave();
  REQUIRE(found(sound, false) == commits);
  std::mt19937_64 dice{11};
  int named = 0, harmless = 0;
  for (int i = 0; i < 1'000; ++i) {
    auto rotten = sound;
    // The last commit has nothing behind it that would tell: it gets its share.
    const auto from = i % 4 ? 0 : sound.last;
    const auto bit = from * 8 + dice() % ((sound.wal.size() - from) * 8);
    rotten.wal[bit / 8] = static_cast<char>(rotten.wal[bit / 8] ^ (1 << bit % 8));
    INFO("bit " << bit << " of " << sound.wal.size() << " bytes");
    const auto n = found(rotten, i % 2 == 0);
    REQUIRE((n == damaged || n == commits));
    (n == damaged ? named : harmless) += 1;
  }
  CHECK(named > 900);
  CHECK(harmless > 0);  // of the last commit: turned back
}

TEST_CASE("a sector of a WAL that is gone is named, unless it may have been torn with the last commit", "[C.3]") {
  sim::memory::watch();
  const auto sound = leave();
  std::mt19937_64 dice{12};
  for (int i = 0; i < 300; ++i) {
    auto rotten = sound;
    const auto sector = 1 + dice() % (sound.last / 512 - 1);
    for (std::size_t at = sector * 512; at < (sector + 1) * 512; ++at) rotten.wal[at] = static_cast<char>(dice());
    INFO("sector " << sector);
    REQUIRE(found(rotten, i % 2 == 0) == damaged);
  }
}

TEST_CASE("a last commit that was torn is no rot: the store opens without it", "[S0.8][C.3]") {
  sim::memory::watch();
  const auto sound = leave();
  std::mt19937_64 dice{13};
  for (int i = 0; i < 300; ++i) {
    auto torn = sound;
    // Some of its sectors never came, or its end.
    const auto upto = sound.last + dice() % (sound.wal.size() - sound.last);
    if (i % 3 == 0) torn.wal.resize(upto);
    for (auto at = sound.last; at < torn.wal.size(); at = at / 512 * 512 + 512)
      if (i % 3 && dice() % 2)
        for (auto byte = at; byte < std::min(at / 512 * 512 + 512, torn.wal.size()); ++byte) torn.wal[byte] = 0;
    const auto frames = sound.wal.size() - persistence::wal_seal_bytes;
    const bool whole = torn.wal.compare(0, frames, sound.wal, 0, frames) == 0;
    INFO("try " << i);
    REQUIRE(found(torn, i % 2 == 0) == (whole ? commits : commits - 1));
  }
}

TEST_CASE("the seal of a commit that was torn does not take back the one that goes over it", "[S0.8][C.3]") {
  sim::memory::watch();
  auto torn = leave();
  // Its header came, and its seal, and a part of its pages did not.
  for (auto at = torn.last + 512; at < torn.last + 2'048; ++at) torn.wal[at] = static_cast<char>(~torn.wal[at]);
  REQUIRE(found(torn, true) == commits - 1);
  sim::disk disk{"full"};
  disk.put("/store.db", torn.store);
  disk.put("/store.db-wal", torn.wal);
  disk.fail_at(disk.operations() + 1, sim::trouble::full, true);  // so that nothing is moved
  const auto text = std::string(text_of(commits).size(), '#');    // as many frames
  {
    persistence::store_file file{on(disk), schema};
    file.begin();
    file.prepare("INSERT INTO t VALUES(?1,?2)").run(commits, text);
    file.commit();
    torn.store = disk.content("/store.db");
    torn.wal = disk.content("/store.db-wal");
  }
  sim::disk after{"after"};
  after.put("/store.db", torn.store);
  after.put("/store.db-wal", torn.wal);
  persistence::store_file file{on(after), schema};
  const auto newest =
      file.prepare("SELECT text FROM t WHERE n=?1").first([](auto row) { return row.string(0); }, commits);
  REQUIRE(newest.has_value());
  CHECK(*newest == text);
}

TEST_CASE("a bit of the last commit that rotted is turned back, whichever it was", "[C.3]") {
  sim::memory::watch();
  const auto sound = leave();
  // The sums do not tell the uppermost bits of their words apart.
  for (auto at = sound.last; at < sound.wal.size(); at += 7) {
    auto rotten = sound;
    rotten.wal[at] = static_cast<char>(rotten.wal[at] ^ 0x80);
    INFO("byte " << at);
    REQUIRE(found(rotten, false) == commits);
  }
}

TEST_CASE("a frame over an older log that was torn anywhere in its header is no rot", "[S0.8][C.3]") {
  sim::memory::watch();
  constexpr std::size_t header = 24, frame = header + 4096;
  int logs = 0;
  for (int last = 30; last < commits; ++last) {
    const auto whole = leave(40, last);
    if (whole.wal.size() != whole.before.size() || whole.wal == whole.before) continue;
    ++logs;
    for (std::size_t at = 32; at + frame <= whole.wal.size(); at += frame) {
      if (std::equal(&whole.wal[at], &whole.wal[at] + header, &whole.before[at])) continue;
      for (std::size_t split = 0; split <= header; ++split)
        for (const bool its_end : {true, false}) {
          // What came before it is there, and its page with what follows that.
          auto torn = whole;
          std::copy(&whole.before[at], &whole.before[at] + header, &torn.wal[at]);
          std::copy(&whole.before[at] + frame + header, whole.before.data() + whole.before.size(),
                    &torn.wal[at] + frame + header);
          const auto from = its_end ? split : 0, upto = its_end ? header : split;
          std::copy(&whole.wal[at] + from, &whole.wal[at] + upto, &torn.wal[at] + from);
          INFO("frame " << (at - 32) / frame << " of " << last << " commits, bytes " << from << " to " << upto);
          const auto n = found(torn, false);
          REQUIRE((n == last || n == last - 1));
        }
    }
  }
  CHECK(logs > 5);
}

TEST_CASE("a header that was being wiped is no rot, wherever the wiping stopped", "[S0.8][C.3]") {
  sim::memory::watch();
  // One whose last byte is as far from nothing as one bit that turned. Its salt is of SQLite's dice.
  auto sound = leave();
  for (int i = 0; i < 2'000 && std::popcount(static_cast<unsigned char>(sound.wal[31])) != 1; ++i) sound = leave();
  // It is wiped when all of the log is in the store.
  sim::disk disk{"closed"};
  disk.put("/store.db", sound.store);
  disk.put("/store.db-wal", sound.wal);
  { const persistence::store_file file{on(disk), schema}; }
  for (const bool from_its_end : {true, false})
    for (std::size_t bytes = 0; bytes <= 32; ++bytes) {
      auto wiped = sound;
      wiped.store = disk.content("/store.db");
      for (std::size_t i = 0; i < bytes; ++i) wiped.wal[from_its_end ? 31 - i : i] = 0;
      INFO(bytes << " bytes, from its end: " << from_its_end);
      CHECK(found(wiped, bytes % 2 == 0) == commits);
    }
}
