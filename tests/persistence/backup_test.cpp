// Backups: whole, consistent among all stores, taken while they are written, and never of what rotted.
#include "persistence/backup.hpp"

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "persistence/sqlite/checked_pages.hpp"
#include "persistence/sqlite/store_file.hpp"
#include "tests/catch.hpp"
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

}  // namespace

TEST_CASE("a backup of stores that are being written has no effect without its cause, and nobody waits for it",
          "[S2.7][S0.8]") {
  tests::temporary_folder folder;
  const auto data = folder.path() / "data";
  fs::create_directories(data);
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> acknowledged{0}, slowest_us{0};
  std::thread writer{[&] {
    store_file cause{in(data, "cause-0.db"), schema}, effect{in(data, "effect-0.db"), schema};
    for (std::int64_t n = 1; !stop; ++n) {
      const auto before = std::chrono::steady_clock::now();
      write(cause, n);
      write(effect, n);
      acknowledged = n;
      const auto us = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - before);
      slowest_us = std::max<std::int64_t>(slowest_us, us.count());
    }
  }};
  while (acknowledged < 20) std::this_thread::yield();
  std::int64_t last = 0;
  for (int i = 0; i < 12; ++i) {
    const auto to = folder.path() / ("backup" + std::to_string(i));
    const auto before = acknowledged.load();
    const auto figures = persistence::back_up(data, to);
    CHECK(figures.stores == 2);
    CHECK(figures.cut_ms < 1'000);
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
  WARN("the slowest pair of commits took " << slowest_us / 1'000 << " ms, while 12 backups were taken");
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
