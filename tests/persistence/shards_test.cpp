// The number of a domain's shards stays what it was when its directory was made.
#include "persistence/shards.hpp"

#include <fstream>

#include "persistence/backup.hpp"
#include "persistence/user.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::persistence;
using Catch::Contains;

namespace {

shard_counts with_wallets(std::uint32_t n) {
  auto counts = one_each();
  counts[static_cast<std::size_t>(domain::wallet)] = n;
  return counts;
}

}  // namespace

TEST_CASE("a directory keeps the number of shards that it was made with, also in its backup", "[C.6]") {
  const tests::temporary_folder folder;
  const std::filesystem::path data = folder.file("data"), copy = folder.file("copy"), back = folder.file("back");
  std::filesystem::create_directory(data);
  keep_shards(data, with_wallets(2));
  CHECK_NOTHROW(keep_shards(data, with_wallets(2)));
  for (const std::uint32_t other : {1U, 3U})
    CHECK_THROWS_WITH(keep_shards(data, with_wallets(other)), Contains("was made with 2 shards of wallet"));
  open_options store;
  store.path = (data / "user-0.db").string();
  { const user_store made{store}; }
  back_up(data, copy);
  restore(copy, back);
  for (const auto& where : {copy, back})
    CHECK_THROWS_WITH(keep_shards(where, with_wallets(3)), Contains("was made with 2 shards of wallet"));
}

TEST_CASE("a directory that is older than the file has at most as many shards as there are to be", "[C.6]") {
  const tests::temporary_folder folder;
  std::ofstream{folder.file("wallet-1.db")} << "a store";
  CHECK_THROWS_WITH(keep_shards(folder.path(), with_wallets(1)), Contains("has a store of wallet/1"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / shards_name));
  CHECK_NOTHROW(keep_shards(folder.path(), with_wallets(2)));
}

TEST_CASE("a file of shards that somebody has edited is not guessed at", "[C.6]") {
  const tests::temporary_folder folder;
  for (const std::string text : {"wallet two\n", "wallet 0\n", "wallet -1\n", "wallet"}) {
    std::ofstream{folder.file("shards")} << text;
    CHECK_THROWS_AS(keep_shards(folder.path(), one_each()), std::invalid_argument);
  }
}
