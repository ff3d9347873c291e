// A shard moves from node to node by command: whoever is killed or stands still meanwhile, it is at one of them, and
// nothing is lost.
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include "persistence/ownership.hpp"
#include "persistence/user.hpp"
#include "tests/process/cluster.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// Both wallets, whichever of them keeps what: two users whose wallets are two shards'.
std::int64_t funds(const shop_of_three& shop, const std::string& at) {
  const auto said = ask(shop.http(at), "GET", "/v1/wallets/ann");
  return said.status == 200 ? json::parse(said.body).at("balance").get<std::int64_t>() : -1;
}
// The shard that keeps ann's wallet: the one whose desk has written something.
std::string wallet_of_ann(const shop_of_three& shop) {
  for (const std::string node : {"north", "south"}) {
    const auto all = json::parse(ask(shop.http(node), "GET", "/v1/admin/actors").body).at("data");
    for (const auto& one : all)
      if (one.at("name").get<std::string>().starts_with("wallet/") && one.value("commits", 0) > 0)
        return one.at("name");
  }
  return {};
}
std::string keeper_by_configuration(const std::string& wallet) { return wallet == "wallet/0" ? "north" : "south"; }

// One request, whatever is answered: the command would ask again until it is done.
void wish_once(const shop_of_three& shop, const std::string& shard, const std::string& to, const std::string& at) {
  ask(shop.http(at), "POST", "/v1/admin/moves", json{{"shard", shard}, {"to", to}, {"reason", "a test"}}.dump());
}

}  // namespace

TEST_CASE("shards of every kind move by command while orders are underway, and nothing is lost", "[moves][C.6]") {
  const std::string flow = GENERATE("order_payment", "by_events");
  INFO(flow);
  shop_of_three shop;
  shop.start_all();
  program playing{shop.replay(shop.url("north") + ',' + shop.url("south"), flow)};
  REQUIRE(within(std::chrono::seconds{120}, [&] { return shop.orders() >= 5; }));
  // Asked at any node, whoever has to do it.
  for (const auto& [shard, to, at] : std::vector<std::array<std::string, 3>>{{"wallet/1", "west", "north"},
                                                                             {"order/0", "west", "north"},
                                                                             {"product/0", "north", "west"},
                                                                             {"event_log/0", "south", "south"},
                                                                             {"payment/0", "north", "north"},
                                                                             {"ranking/0", "south", "west"},
                                                                             {"wallet/1", "north", "south"},
                                                                             {"order/1", "north", "north"}}) {
    const auto said = shop.move(shard, to, at);
    INFO(shard << " to " << to << ": " << said.text);
    CHECK(said.code == 0);
    CHECK(shop.keeper(shard, at) == to);
  }
  CHECK(shop.move("wallet/1", "north", "west").code == 0);  // it is there
  CHECK(shop.move("wallet/1", "east", "west").code == 3);
  CHECK(shop.move("coordinator/0", "west", "west").code != 0);
  REQUIRE(playing.wait() == 0);
  const auto played = json::parse(playing.last_line());
  has_the_whole_day(played);
  // What the deeds say outlives everybody.
  shop.end_all();
  shop.start_all();
  CHECK(shop.keeper("wallet/1", "west") == "north");
  plays_again(shop, flow, played);
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("whoever dies at any step of a move, the shard is at one of the two nodes and has lost nothing",
          "[moves][C.6][S0.1]") {
  struct step {
    const char* point;
    bool at_the_keeper;  // he dies there; else it is the one who is to have it
    bool moves;          // it was decided before
  };
  enum class death { one, both, both_and_the_other_comes_back_first };
  const auto now =
      GENERATE(step{"move_closed", true, false}, step{"move_fetched", false, false}, step{"move_copied", true, false},
               step{"move_decided", true, true}, step{"move_set_aside", true, true}, step{"move_learned", false, true},
               step{"move_in_place", false, true}, step{"move_done", true, true});
  const auto dies = GENERATE(death::one, death::both, death::both_and_the_other_comes_back_first);
  INFO(now.point << ", death " << static_cast<int>(dies));
  shop_of_three shop;
  shop.start_all();
  furnish(shop, 10'000, 700);
  REQUIRE(insist({shop.http("west")}, "before", 0).status == 201);
  const auto shard = wallet_of_ann(shop);
  const auto keeper = keeper_by_configuration(shard), other = std::string{"west"};
  const auto victim = now.at_the_keeper ? keeper : other, witness = now.at_the_keeper ? other : keeper;
  shop.end(victim, SIGTERM);
  shop.start_to_die(victim, now.point + std::string{":1"});
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready(); }));
  std::atomic<bool> enough{false};
  int paid = 1;
  std::thread buyer{[&] {
    for (int i = 0; i < 5 || !enough; ++i) {
      if (i == 10) break;
      paid += insist({shop.http("north"), shop.http("south")}, "during-" + std::to_string(i), 0).status == 201;
    }
  }};
  // Whether it is told that it moved, or that it did not, or nothing: that is not what is looked at.
  std::thread operator_of_it{[&] { wish_once(shop, shard, other, witness); }};
  CHECK(shop.wait_for_end(victim) == -SIGKILL);
  if (dies != death::one) shop.end(witness, SIGKILL);
  if (dies == death::both_and_the_other_comes_back_first) shop.start(witness);
  shop.start(victim);
  if (dies == death::both) shop.start(witness);
  operator_of_it.join();
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready(); }));
  enough = true;
  buyer.join();
  for (const std::string node : {"north", "south", "west"}) {
    INFO(node);
    CHECK(within(std::chrono::seconds{20}, [&] {
      return shop.keeper(shard, node) == (now.moves ? other : std::string{}) &&
             funds(shop, node) == 10'000 - 700 * paid;
    }));
  }
  // The same command once more brings it to its end, whatever became of the first.
  const auto said = shop.move(shard, other, keeper);
  INFO(said.text);
  CHECK(said.code == 0);
  CHECK(shop.keeper(shard, "south") == other);
  REQUIRE(insist({shop.http("north")}, "after", 0).status == 201);
  CHECK(funds(shop, "west") == 10'000 - 700 * (paid + 1));
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("the shards of a node that stands still are taken from its directory, and its late writes are refused",
          "[moves][C.6][S0.4]") {
  shop_of_three shop;
  shop.start_all();
  program playing{shop.replay(shop.url("north") + ',' + shop.url("west"))};
  // In the middle of whatever it does.
  REQUIRE(within(std::chrono::seconds{120}, [&] { return shop.orders() >= 20; }));
  std::this_thread::sleep_for(milliseconds{std::random_device{}() % 200});
  shop.stop("south");
  REQUIRE(within(std::chrono::seconds{5}, [&] { return !shop.sees("west", "south"); }));
  CHECK(shop.move("product/0", "west", "north").code == 1);  // it gives nothing while it stands still
  for (const std::string shard : {"product/0", "payment/0", "wallet/1", "order/1"}) {
    const auto said = shop.move(shard, "west", "north", {"--from-data", shop.data("south")});
    INFO(said.text);
    CHECK(said.code == 0);
    CHECK(shop.keeper(shard, "north") == "west");
  }
  // Its coordinator stands still with it, and half of the orders; the other half has all that it needs again.
  furnish(shop, 100'000, 700);
  CHECK(within(std::chrono::seconds{60}, [&, i = 0]() mutable {
    return ask(shop.http("west"), "POST", "/v1/orders", one_cup, "meanwhile-" + std::to_string(++i)).status == 201;
  }));
  shop.go_on("south");
  REQUIRE(playing.wait() == 0);
  has_the_whole_day(json::parse(playing.last_line()));
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready(); }));
  // It has nothing of them any more, and asks for them like anybody.
  CHECK(ask(shop.http("south"), "GET", "/v1/products?limit=1").status == 200);
  CHECK_FALSE(std::filesystem::exists(shop.data("south") + "/product-0.db"));
  CHECK_FALSE(std::filesystem::exists(shop.data("south") + "/wallet-1.db"));
  CHECK(shop.move("product/0", "west", "north", {"--from-data", shop.data("south")}).code == 0);  // it is there
  CHECK(shop.move("wallet/0", "west", "north", {"--from-data", shop.data("north")}).code == 4);   // it is not away
  // And back, by the node itself.
  CHECK(shop.move("product/0", "south", "south").code == 0);
  program again{shop.replay(shop.url("south"))};
  REQUIRE(again.wait() == 0);
  CHECK(json::parse(again.last_line()).at("replayed") == 142);
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("a store that somebody has taken under a larger number is not taken back by who sat there", "[moves][C.6]") {
  shop_of_three shop;
  shop.start_all();
  furnish(shop, 10'000, 700);
  REQUIRE(insist({shop.http("west")}, "before", 0).status == 201);
  const auto path = shop.data("north") + "/user-0.db";
  {
    // As over a network where locks have expired.
    persistence::open_options how;
    how.path = path;
    how.vfs = "unix-none";
    how.owner = persistence::owner_of(path) + 1'000;
    const persistence::user_store taken{how};
  }
  const auto change = [&](const std::string& at) {
    return ask(shop.http(at), "PUT", "/v1/users/bob", R"({"name": "Bob"})").status;
  };
  for (int i = 0; i < 3; ++i) {
    CHECK(change("north") == 503);
    CHECK(change("west") == 503);
  }
  CHECK(ask(shop.http("north"), "GET", "/readyz").status == 503);
  // Started anew it takes the store under a number of its own.
  shop.end("north", SIGKILL);
  shop.start("north");
  CHECK(within(std::chrono::seconds{60}, [&] { return change("west") / 100 == 2; }));
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready(); }));
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("a node is not started with another number of shards than its directory has", "[moves][C.6]") {
  shop_of_three shop;
  shop.start_all();
  shop.end_all();
  const auto said = shop.start_with_wallets(3, "west");
  CHECK(said.code == 2);
  CHECK(said.text.find("was made with 2 shards of wallet") != said.text.npos);
  shop.start_all();
  shop.end_all();
}

TEST_CASE("the stores of a shard that is on its way are no whole shop, and the check says so", "[moves][C.6]") {
  shop_of_three shop;
  shop.start_all();
  furnish(shop, 10'000, 700);
  const auto shard = wallet_of_ann(shop);
  const auto keeper = keeper_by_configuration(shard);
  shop.end(keeper, SIGTERM);
  shop.start_to_die(keeper, "move_set_aside:1");
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready(); }));
  std::thread operator_of_it{[&] { wish_once(shop, shard, "west", "west"); }};
  CHECK(shop.wait_for_end(keeper) == -SIGKILL);
  shop.end("west", SIGTERM);
  operator_of_it.join();
  shop.end(keeper == "north" ? "south" : "north", SIGTERM);
  program checking{{SOUK_BINARY, "check", shop.data("north"), shop.data("south"), shop.data("west")}};
  CHECK(checking.wait() == 1);
  CHECK_FALSE(checking.last_line().find("holds") == 0);
  shop.start_all();
  CHECK(within(std::chrono::seconds{20}, [&] { return funds(shop, "north") == 10'000; }));
  shop.end_all();
  holds_together(shop.check());
}
