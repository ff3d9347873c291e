// A deed counts for others when no power loss can take it back, and while a store is opened nobody takes it away.
#include "actors/runtime/deed_book.hpp"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "persistence/user.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::runtime;

namespace {
std::atomic<int> directory_syncs_that_fail{0};
}

// The C library's, for all of this executable: a disk that does not take the names in a directory.
extern "C" int fsync(int file) {
  struct stat what {};
  if (directory_syncs_that_fail > 0 && ::fstat(file, &what) == 0 && S_ISDIR(what.st_mode)) {
    --directory_syncs_that_fail;
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace {

constexpr directory::place a_wallet{domain::wallet, 0};

placement two_nodes() {
  placement placed;
  placed.nodes = {"north", "south"};
  for (auto& one : placed.desks) one = {0, 0};
  placed.coordinators = {0};
  return placed;
}

struct north {
  tests::temporary_folder folder;
  std::shared_ptr<directory> where = std::make_shared<directory>(two_nodes(), 0U);
  deed_book book{folder.path(), "north", two_nodes(), where};
};

persistence::deed to_south() {
  persistence::deed made;
  made.domain = static_cast<std::uint32_t>(a_wallet.domain);
  made.turn = 1;
  made.keeper = "south";
  made.from = "north";
  return made;
}

}  // namespace

TEST_CASE("a deed whose file may not outlive a power loss is told to nobody until it does", "[moves][C.6]") {
  spdlog::set_level(spdlog::level::off);
  north it;
  directory_syncs_that_fail = 1;
  REQUIRE(it.book.give(to_south()));
  // Whoever would still write into the store might find it given away after the next start.
  CHECK(it.book.keeper(a_wallet) == "south");
  CHECK_FALSE(it.where->is_here(a_wallet));
  CHECK(it.book.all().empty());
  auto next = to_south();
  next.shard = 1;
  CHECK_THROWS_AS(it.book.give(next), std::system_error);  // one at a time
  directory_syncs_that_fail = 1;
  CHECK_FALSE(it.book.is_saved());
  CHECK(it.book.all().empty());
  CHECK(it.book.is_saved());
  CHECK(it.book.all() == std::vector{to_south()});
}

TEST_CASE("what a start finds is durable before anybody acts upon it", "[moves][C.6]") {
  north it;
  REQUIRE(it.book.give(to_south()));
  directory_syncs_that_fail = 1;
  const auto again = [&] {
    return deed_book{it.folder.path(), "north", two_nodes(), std::make_shared<directory>(two_nodes(), 0U)}.all();
  };
  CHECK_THROWS_AS(again(), std::system_error);
  CHECK(again() == std::vector{to_south()});
}

TEST_CASE("a node whose deeds are gone does not begin anew what it has given away", "[moves][C.6]") {
  const tests::temporary_folder folder;
  const auto book = [&] {
    return deed_book{folder.path(), "north", two_nodes(), std::make_shared<directory>(two_nodes(), 0U)}.all();
  };
  CHECK(book().empty());
  std::filesystem::remove(folder.file("deeds"));
  CHECK(book().empty());  // nobody has ever taken a store here
  persistence::open_options store;
  store.path = folder.file("user-0.db");
  store.owner = 100;
  { const persistence::user_store taken{store}; }
  CHECK(book().empty());
  std::filesystem::remove(folder.file("deeds"));
  CHECK_THROWS_AS(book(), std::invalid_argument);
  CHECK_FALSE(std::filesystem::exists(folder.file("deeds")));
}

TEST_CASE("while a store is being opened nobody else writes deeds", "[moves][C.6]") {
  north it;
  {
    const deed_book::standstill still{it.book};
    CHECK(it.book.keeper(a_wallet) == "north");
    CHECK_THROWS_AS(persistence::deeds_lock(it.folder.path()), std::system_error);
  }
  {
    const persistence::deeds_lock taking{it.folder.path()};
    persistence::write_deeds(it.folder.path(), {"north", {to_south()}});
  }
  const deed_book::standstill still{it.book};
  CHECK(it.book.keeper(a_wallet) == "south");
}
