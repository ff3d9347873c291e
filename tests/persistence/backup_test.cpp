// Backups: whole, consistent among all stores, taken while they are written, and never of what rotted.
#include "persistence/backup.hpp"

#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <map>
#include <optional>
#include <thread>

#include "persistence/logs/outbox.hpp"
#include "persistence/sqlite/checked_pages.hpp"
#include "persistence/sqlite/cut.hpp"
#include "persistence/sqlite/store_file.hpp"
#include "tests/catch.hpp"
#include "tests/persistence/watched_files.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using persistence::store_file;
namespace fs = std::filesystem;

namespace {

constexpr std::string_view schema[]{"CREATE TABLE t(n INTEGER PRIMARY KEY, text TEXT)"};

persistence::open_options in(const fs::path& folder, const std::string& name) {
  persistence::open_options options;
  options.path = (folder / name).string();
  options.checkpoint_pages = 50;
  return options;
}

void write(store_file& file, std::int64_t n) {
  file.begin();
  file.prepare("INSERT INTO t VALUES(?1,?2)").run(n, std::string(700, 'x'));
  file.commit();
}
std::int64_t newest(const fs::path& folder, const std::string& name) {
  store_file file{in(folder, name), schema};
  const auto newest = file.prepare("SELECT coalesce(max(n),0) FROM t").first([](auto row) { return row.integer(0); });
  CHECK(file.prepare("SELECT count(*) FROM t").first([](auto row) { return row.integer(0); }) == newest);
  return *newest;
}

// A store of wallets whose files call the test while they are used.
struct watched_wallet {
  explicit watched_wallet(int checkpoint_pages) {
    fs::create_directories(data);
    options.checkpoint_pages = checkpoint_pages;
  }
  tests::temporary_folder folder;
  const fs::path data = folder.path() / "data";
  tests::watched_files files;
  persistence::open_options options = in(data, "wallet-0.db");
};

}  // namespace

TEST_CASE("a backup of stores that are being written has no effect without its cause", "[S2.7][S0.8]") {
  tests::temporary_folder folder;
  const auto data = folder.path() / "data";
  fs::create_directories(data);
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> acknowledged{0};
  std::thread writer{[&] {
    store_file cause{in(data, "cause-0.db"), schema}, effect{in(data, "effect-0.db"), schema};
    for (std::int64_t n = 1; !stop; ++n) {
      write(cause, n);
      write(effect, n);
      acknowledged = n;
    }
  }};
  while (acknowledged < 20) std::this_thread::yield();
  std::int64_t last = 0;
  for (int i = 0; i < 12; ++i) {
    const auto to = folder.path() / ("backup" + std::to_string(i));
    const auto before = acknowledged.load();
    CHECK(persistence::back_up(data, to).stores == 2);
    const auto cause = newest(to, "cause-0.db"), effect = newest(to, "effect-0.db");
    INFO("backup " << i << ": cause " << cause << ", effect " << effect << ", acknowledged " << before);
    CHECK(effect <= cause);
    CHECK(cause <= effect + 1);
    CHECK(effect >= before);
    CHECK(effect >= last);
    last = effect;
  }
  stop = true;
  writer.join();
  CHECK(newest(data, "effect-0.db") == acknowledged);
}

TEST_CASE("a backup has what was acknowledged before it, also of a store that falls and is opened anew all the time",
          "[S2.7][S0.8]") {
  tests::temporary_folder folder;
  const auto data = folder.path() / "data";
  fs::create_directories(data);
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> acknowledged{0};
  std::thread writer{[&] {
    store_file stands{in(data, "stands-0.db"), schema};
    for (std::int64_t n = 1; !stop;) {
      store_file falls{in(data, "falls-0.db"), schema};
      for (int i = 0; i < 40 && !stop; ++i, ++n) {
        write(falls, n);
        acknowledged = n;
      }
    }
  }};
  while (acknowledged < 20) std::this_thread::yield();
  int taken = 0;
  for (int asked = 0; taken < 40 && asked < 4'000; ++asked) {
    const auto to = folder.path() / ("backup" + std::to_string(taken));
    const auto before = acknowledged.load();
    try {
      persistence::back_up(data, to);
    } catch (const persistence::backup_refused&) {
      continue;  // it is being opened
    }
    INFO("backup " << taken);
    CHECK(newest(to, "falls-0.db") >= before);
    ++taken;
  }
  stop = true;
  writer.join();
  CHECK(taken == 40);
  CHECK(newest(data, "falls-0.db") == acknowledged);
}

TEST_CASE("a backup has what was acknowledged before it, at whatever operation on a WAL it begins", "[S2.7][S0.8]") {
  watched_wallet place{8};
  std::int64_t acknowledged = 0;
  int taken = 0;
  std::optional<store_file> file{std::in_place, place.options, schema};
  place.files.before_wal_changes = [&] {
    const auto to = place.folder.path() / "backup";
    persistence::back_up(place.data, to);
    const auto found = newest(to, "wallet-0.db");
    INFO("backup " << ++taken << ": " << found << ", acknowledged " << acknowledged);
    CHECK(found >= acknowledged);
    CHECK(found <= acknowledged + 1);
    fs::remove_all(to);
  };
  const auto commit = [&](int times) {
    while (times-- > 0) {
      write(*file, acknowledged + 1);
      ++acknowledged;
    }
  };
  const auto fall = [&] {
    file.reset();
    file.emplace(place.options, schema);
  };
  commit(3);
  fall();  // with nothing left in the WAL
  commit(3);
  {
    const persistence::cut other{place.data};  // so that it stays there
    fall();
    commit(1);
    fall();
  }
  fall();
  commit(12);  // it is moved, and begun anew
  file.reset();
  CHECK(taken > 100);
  CHECK(newest(place.data, "wallet-0.db") == acknowledged);
}

TEST_CASE("what happens while a backup is copied is not in it, and takes nothing out of it", "[S2.7][S0.8]") {
  struct moment {
    const char* what;
    bool falls;
    int commits;
  };
  const auto then = GENERATE(moment{"nothing", false, 0}, moment{"commits", false, 1}, moment{"falls", true, 0},
                             moment{"falls and commits", true, 1}, moment{"commits a lot", false, 80});
  // In a WAL there may be more than commits: room that was written beforehand, and what was rolled back.
  enum class tail { none, room, rolled_back };
  const auto behind = GENERATE(tail::none, tail::room, tail::rolled_back);
  // Of 1 page: all was moved to the store, and the next commit begins the WAL anew.
  const auto checkpoint_pages = GENERATE(1, 4, 200);
  INFO("it " << then.what << ", its WAL is moved at " << checkpoint_pages << " pages, behind it is "
             << static_cast<int>(behind));
  tests::temporary_folder folder;
  const auto data = folder.path() / "data";
  fs::create_directories(data);
  tests::watched_files files;
  const std::vector<std::string> names{"cause-0.db", "effect-0.db"};
  std::map<std::string, std::optional<store_file>> stores;
  const auto open = [&] {
    for (const auto& name : names) {
      auto options = in(data, name);
      options.checkpoint_pages = checkpoint_pages;
      options.cache_kib = 64;  // a transaction that needs more is written to the WAL before its commit
      stores[name].reset();
      stores[name].emplace(options, schema);
    }
  };
  std::int64_t acknowledged = 0;
  const auto commit = [&](int times) {
    while (times-- > 0) {
      for (const auto& name : names) write(*stores[name], acknowledged + 1);
      ++acknowledged;
    }
  };
  const auto roll_back = [&] {
    for (const auto& name : names) {
      auto& file = *stores[name];
      file.begin();
      for (int n = 1; n <= 200; ++n)
        file.prepare("INSERT INTO t VALUES(?1,?2)").run(acknowledged + n, std::string(700, 'y'));
      file.rollback();
    }
  };
  open();
  commit(behind == tail::room ? 70 : 10);
  for (int i = 0; i < 2; ++i) {
    if (behind == tail::room) {
      const persistence::cut other{data};  // so that the WAL stays as it is
      commit(1);
      open();
    }
    if (behind == tail::rolled_back) {
      roll_back();
      commit(1);
    }
    const auto before = acknowledged;
    files.before_copying = [&] {
      files.before_copying = nullptr;
      if (then.falls) open();
      commit(then.commits);
    };
    const auto to = folder.path() / ("backup" + std::to_string(i));
    persistence::back_up(data, to);
    CHECK_FALSE(files.before_copying);
    for (const auto& name : names) CHECK(newest(to, name) == before);
  }
  stores.clear();
  for (const auto& name : names) CHECK(newest(data, name) == acknowledged);
}

TEST_CASE("a commit that comes while a backup is copied does not wait for it", "[S2.7][C.6]") {
  watched_wallet place{1};
  store_file file{place.options, schema};
  write(file, 1);
  std::future<void> commits;
  // Nothing is copied until it is through: it would never be if it had to wait for that.
  place.files.before_copying = [&] {
    place.files.before_copying = nullptr;
    commits = std::async(std::launch::async, [&] {
      for (int n = 2; n < 10; ++n) write(file, n);
    });
    CHECK(commits.wait_for(std::chrono::minutes{1}) == std::future_status::ready);
  };
  const auto figures = persistence::back_up(place.data, place.folder.path() / "backup");
  REQUIRE(commits.valid());
  commits.get();
  CHECK(figures.cut_ms == 0);
  CHECK(newest(place.folder.path() / "backup", "wallet-0.db") == 1);
}

TEST_CASE("a stopped node is backed up and restored as a new incarnation of itself", "[S2.7]") {
  tests::temporary_folder folder;
  const auto data = folder.path() / "data", backup = folder.path() / "backup", back = folder.path() / "back";
  fs::create_directories(data);
  {
    store_file file{in(data, "wallet-0.db"), schema};
    for (int n = 1; n <= 30; ++n) write(file, n);
  }
  CHECK(persistence::back_up(data, backup).stores == 1);
  CHECK(persistence::restore(backup, back).stores == 1);
  CHECK(newest(back, "wallet-0.db") == 30);
  CHECK(persistence::incarnation_of(data) == "");
  const auto first = persistence::incarnation_of(back);
  CHECK(first != "");
  CHECK_THROWS_AS(persistence::back_up(data, backup), persistence::backup_refused);
  CHECK_THROWS_AS(persistence::restore(backup, back), persistence::backup_refused);
  CHECK_THROWS_AS(persistence::back_up(folder.path() / "nothing", folder.path() / "b"), persistence::backup_refused);
}

TEST_CASE("what rotted is not backed up, and nothing is left that looks like a backup", "[C.3]") {
  tests::temporary_folder folder;
  const auto data = folder.path() / "data", backup = folder.path() / "backup";
  fs::create_directories(data);
  {
    store_file file{in(data, "wallet-0.db"), schema};
    for (int n = 1; n <= 30; ++n) write(file, n);
  }
  {
    std::fstream store{data / "wallet-0.db", std::ios::binary | std::ios::in | std::ios::out};
    store.seekp(2 * persistence::checked_page_bytes + 100);
    store.put('\x55');
  }
  CHECK_THROWS_AS(persistence::back_up(data, backup), persistence::store_damaged);
  CHECK_FALSE(fs::exists(backup));
}

TEST_CASE("after each restore an outbox goes on beyond all that it ever told", "[C.3]") {
  tests::temporary_folder folder;
  const auto data = folder.path() / "data";
  fs::create_directories(data);
  static const auto outbox_schema = persistence::outbox<event_log::event>::schema("told");
  const std::string_view migrations[]{outbox_schema};
  std::int64_t newest = 0;
  // Tells so many in a store, and what it looks like.
  const auto tell = [&](const fs::path& where, int times, std::int64_t has) {
    store_file file{in(where, "user-0.db"), migrations};
    persistence::outbox<event_log::event> told{file, "told", 1};
    for (int i = 0; i < times; ++i) {
      file.begin();
      told.write({});
      told.write_the_row();
      file.commit();
    }
    CHECK(told.newest() > newest);
    newest = told.newest();
    if (has) told.acknowledge(0, has);
    std::vector<std::int64_t> seqs;
    for (const auto& one : told.after(0, 100)) seqs.push_back(one.seq);
    for (std::size_t i = 1; i < seqs.size(); ++i) CHECK(told.before(seqs[i]) == seqs[i - 1]);
    return std::pair{seqs.size(), told.behind(0)};
  };
  CHECK(tell(data, 5, 0) == std::pair{std::size_t{5}, std::int64_t{5}});
  persistence::back_up(data, folder.path() / "backup");
  tell(data, 10, 0);  // which are lost
  persistence::restore(folder.path() / "backup", folder.path() / "once");
  CHECK(tell(folder.path() / "once", 3, 3) == std::pair{std::size_t{8}, std::int64_t{5}});
  // Of the same backup once more, and of one of what was restored.
  persistence::restore(folder.path() / "backup", folder.path() / "again");
  CHECK(tell(folder.path() / "again", 2, 12) ==
        std::pair{std::size_t{7}, std::int64_t{2}});  // 6 to 12 are nobody's now
  persistence::back_up(folder.path() / "again", folder.path() / "backup of it");
  persistence::restore(folder.path() / "backup of it", folder.path() / "twice");
  persistence::back_up(folder.path() / "twice", folder.path() / "backup of that");
  persistence::restore(folder.path() / "backup of that", folder.path() / "thrice");
  CHECK(tell(folder.path() / "thrice", 1, 0) == std::pair{std::size_t{8}, std::int64_t{8}});
  // And by a clock that has been set back by hours since the last restore.
  const auto ahead = folder.path() / "ahead";
  persistence::restore(folder.path() / "backup of that", ahead);
  {
    store_file file{in(ahead, "user-0.db"), migrations};
    file.begin();
    file.prepare(
            "UPDATE told_acknowledged SET seq=seq+?1 WHERE subscriber=(SELECT min(subscriber) FROM"
            " told_acknowledged)")
        .run(std::int64_t{36'000'000'000});
    file.commit();
  }
  CHECK(tell(ahead, 1, 0) == std::pair{std::size_t{8}, std::int64_t{8}});
  persistence::back_up(ahead, folder.path() / "backup ahead");
  persistence::restore(folder.path() / "backup ahead", folder.path() / "behind");
  CHECK(tell(folder.path() / "behind", 1, 0) == std::pair{std::size_t{9}, std::int64_t{9}});
}

TEST_CASE("the leaps of a log are counted, and those among what is forgotten become one", "[S3.6]") {
  tests::temporary_folder folder;
  static const auto log_schema = persistence::outbox<event_log::event>::schema("log");
  const std::string_view migrations[]{log_schema};
  constexpr std::int64_t by = 1'000, at_once = 300;
  std::int64_t forgotten = 0;
  const auto live = [&](std::int64_t events, bool all_forgotten) {
    auto options = in(folder.path(), "log.db");
    store_file file{options, migrations};
    persistence::outbox<event_log::event> log{file, "log", 1};
    const auto leaps = [&] {
      return file.prepare("SELECT count(*)/2 FROM log_acknowledged WHERE subscriber<0")
          .first([](auto row) { return row.integer(0); })
          .value_or(0);
    };
    file.begin();
    if (log.newest() > 0) log.leap(by);
    for (std::int64_t n = 0; n < events; ++n) log.write({});
    if (all_forgotten) log.acknowledge(0, forgotten = log.newest());
    log.write_the_row();
    file.commit();
    auto before = forgotten;
    for (const auto& one : log.after(0, 10'000)) {
      CHECK(log.before(one.seq) == before);
      before = one.seq;
    }
    return std::pair{log.told_after(0), leaps()};
  };
  using counts = std::pair<std::int64_t, std::int64_t>;
  CHECK(live(3, false) == counts{3, 0});
  CHECK(live(2, false) == counts{5, 1});
  CHECK(live(1, false) == counts{6, 2});
  CHECK(live(at_once, true) == counts{6 + at_once, 3});
  CHECK(live(4, false) == counts{10 + at_once, 2});  // those three became one
  CHECK(live(4, false) == counts{14 + at_once, 3});
}
