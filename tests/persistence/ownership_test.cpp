// A store belongs to the newest incarnation of its node: whoever took it earlier notices, and stops.
#include "persistence/ownership.hpp"

#include <fstream>
#include <iterator>

#include "persistence/user.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::persistence;

namespace {

open_options taken_under(std::int64_t owner, const std::string& path, const std::string& vfs = {}) {
  open_options how;
  how.path = path;
  how.owner = owner;
  how.vfs = vfs;
  return how;
}
// As over a network where nobody knows of the others' locks.
const std::string lockless = "unix-none";

void write(user_store& store, const char* who) {
  store.file.begin();
  store.save({{who}, "somebody", {1}});
  store.file.commit();
}

}  // namespace

TEST_CASE("who took a store earlier cannot write any more when somebody else has taken it", "[C.6]") {
  tests::temporary_folder folder;
  const auto path = folder.file("user-0.db");
  user_store paused{taken_under(100, path, lockless)};
  write(paused, "ann");
  {
    user_store newer{taken_under(101, path, lockless)};
    CHECK_THROWS_AS(paused.file.begin(), store_taken);
    newer.file.begin();
    newer.file.rollback();
  }
  CHECK_THROWS_AS(paused.file.begin(), store_taken);
  CHECK_THROWS_AS(user_store(taken_under(100, path, lockless)), store_taken);
  CHECK_NOTHROW(user_store(taken_under(101, path, lockless)));
}

TEST_CASE("who comes too late has changed nothing in a store before he notices", "[C.6]") {
  tests::temporary_folder folder;
  const auto path = folder.file("user-0.db");
  user_store newer{taken_under(101, path, lockless)};
  write(newer, "ann");
  const auto bytes = [](const std::string& file) {
    std::ifstream in{file, std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  };
  const auto store = bytes(path), wal = bytes(path + "-wal");
  REQUIRE(wal.size() > 32);  // what would be moved
  CHECK_THROWS_AS(user_store(taken_under(100, path, lockless)), store_taken);
  CHECK((bytes(path) == store));
  CHECK((bytes(path + "-wal") == wal));
  write(newer, "bob");
  CHECK(newer.find({"ann"}));
}

TEST_CASE("who stood still between a batch and its commit cannot commit it", "[C.6]") {
  tests::temporary_folder folder;
  const auto path = folder.file("user-0.db");
  user_store paused{taken_under(100, path, lockless)};
  paused.file.begin();
  paused.save({{"ann"}, "somebody", {1}});
  user_store newer{taken_under(101, path, lockless)};
  CHECK_THROWS_AS(paused.file.commit(), store_taken);
  paused.file.rollback();
}

TEST_CASE("who stood still while another directory was put in the place of its own notices", "[C.6]") {
  tests::temporary_folder folder;
  const auto data = folder.path() / "data";
  std::filesystem::create_directory(data);
  user_store paused{taken_under(100, (data / "user-0.db").string())};
  write(paused, "ann");
  std::filesystem::rename(data, folder.path() / "old");
  CHECK_THROWS_AS(paused.file.begin(), store_taken);
  std::filesystem::create_directory(data);
  user_store restored{taken_under(1, (data / "user-0.db").string())};
  write(restored, "bob");
  CHECK_THROWS_AS(paused.file.begin(), store_taken);
}

TEST_CASE("each start takes the stores under a larger number, and a store without others is not touched", "[C.6]") {
  tests::temporary_folder folder;
  const auto path = folder.file("user-0.db");
  const auto first = next_owner(folder.path());
  CHECK(first > 0);
  {
    user_store store{taken_under(first + 50, path)};
    write(store, "ann");
  }
  const auto second = next_owner(folder.path());
  CHECK(second == first + 51);
  {
    open_options alone;
    alone.path = path;
    user_store store{alone};
    write(store, "bob");
  }
  CHECK(next_owner(folder.path()) == second);
  CHECK(next_owner(folder.path() / "not there") <= second);
}
