// Deeds say whose a store is, and a store that was given away is out of reach for whoever still has it open.
#include "persistence/deeds.hpp"

#include <fstream>

#include "persistence/audit.hpp"
#include "persistence/user.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::persistence;

namespace {

deed of_wallet(std::uint32_t shard, std::int64_t turn, const std::string& keeper) {
  deed made;
  made.domain = static_cast<std::uint32_t>(domain::wallet);
  made.shard = shard;
  made.turn = turn;
  made.keeper = keeper;
  return made;
}
open_options taken_under(std::int64_t owner, const std::string& path) {
  open_options how;
  how.path = path;
  how.owner = owner;
  return how;
}
void write(user_store& store, const char* who) {
  store.file.begin();
  store.save({{who}, "somebody", {1}});
  store.file.commit();
}

}  // namespace

TEST_CASE("deeds are read as they were written, and what was changed is no deed", "[moves][C.6]") {
  tests::temporary_folder folder;
  CHECK_FALSE(read_deeds(folder.path()));
  deeds all{"north", {of_wallet(0, 1, "south")}};
  all.put(of_wallet(1, 1, "west"));
  all.put(of_wallet(0, 2, "west"));
  write_deeds(folder.path(), all);
  CHECK(read_deeds(folder.path()) == all);
  REQUIRE(all.find(static_cast<std::uint32_t>(domain::wallet), 0));
  CHECK(all.find(static_cast<std::uint32_t>(domain::wallet), 0)->turn == 2);
  CHECK(shard_of(all.list.front()) == "wallet/1");
  std::fstream file{folder.file("deeds"), std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(-3, std::ios::end);
  file << '!';
  file.close();
  CHECK_THROWS_AS(read_deeds(folder.path()), store_damaged);
}

TEST_CASE("who stands still while his store is taken writes into it no more, and its copy has all that he was told",
          "[moves][C.6]") {
  tests::temporary_folder folder;
  const auto path = folder.file("user-0.db");
  {
    user_store paused{taken_under(100, path)};
    write(paused, "ann");
    write(paused, "bob");
    CHECK_FALSE(stands_alone(path));  // they are in the WAL
    paused.file.begin();
    paused.save({{"eve"}, "somebody", {1}});
    set_aside(path, 1);
    set_aside(path, 1);
    CHECK_THROWS_AS(paused.file.commit(), store_taken);
    paused.file.rollback();
    CHECK_THROWS_AS(paused.file.begin(), store_taken);
    // While he still has it open, and its locks.
    copy_whole(given(path, 1), coming(folder.file("copy.db"), 1));
  }
  CHECK(given_turns(path) == std::vector<std::int64_t>{1});
  const auto sum = checksum_of(coming(folder.file("copy.db"), 1));
  put_in_place(folder.file("copy.db"), 1);
  CHECK(checksum_of(folder.file("copy.db")).sum() == sum.sum());
  CHECK(stands_alone(folder.file("copy.db")));
  {
    user_store moved{taken_under(100, folder.file("copy.db"))};
    CHECK(moved.find({"ann"}));
    CHECK(moved.find({"bob"}));
    CHECK_FALSE(moved.find({"eve"}));
  }
  CHECK_THROWS_AS(audit(folder.path()), store_underway);  // its new keeper is not there
  forget_given(path);
  CHECK_THROWS_AS(audit(folder.path()), no_stores);  // copy.db is none's
  CHECK(given_turns(path).empty());
}

TEST_CASE("a WAL that was left behind when its store was taken goes after it", "[moves][C.6]") {
  tests::temporary_folder folder;
  const auto path = folder.file("user-0.db");
  {
    user_store paused{taken_under(100, path)};
    write(paused, "ann");
    // Whoever took it died between the two.
    std::filesystem::rename(path, given(path, 1));
  }
  CHECK(std::filesystem::exists(path + "-wal"));
  set_aside(path, 1);
  CHECK_FALSE(std::filesystem::exists(path + "-wal"));
  copy_whole(given(path, 1), folder.file("user-1.db"));
  user_store moved{taken_under(100, folder.file("user-1.db"))};
  CHECK(moved.find({"ann"}));
}

TEST_CASE("a store that was given away and has come nowhere is noticed by the audit", "[moves][C.6]") {
  tests::temporary_folder folder;
  const auto path = folder.file("user-0.db");
  { user_store store{taken_under(100, path)}; }
  set_aside(path, 1);
  CHECK_THROWS_AS(audit(folder.path()), store_underway);
}

TEST_CASE("deeds that cannot be read are not taken for none", "[moves][C.6]") {
  const tests::temporary_folder folder;
  const std::filesystem::path data = folder.file("data");
  std::filesystem::create_directories(data);
  CHECK_FALSE(persistence::read_deeds(data));
  std::filesystem::create_symlink("deeds", data / "deeds");  // to itself: nobody can open it, not even root
  CHECK_THROWS_AS(persistence::read_deeds(data), std::system_error);
}

TEST_CASE("what was given away is not written over by a store that is in its place again", "[moves][C.6]") {
  const tests::temporary_folder folder;
  const std::filesystem::path data = folder.file("data"), store = data / "wallet-0.db";
  std::filesystem::create_directories(data);
  std::ofstream{persistence::given(store, 1)} << "all";
  std::ofstream{store} << "nothing";
  CHECK_THROWS(persistence::set_aside(store, 1));
  CHECK(std::filesystem::file_size(persistence::given(store, 1)) == 3);
  CHECK(std::filesystem::file_size(store) == 7);
}
