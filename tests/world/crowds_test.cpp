// Many at once, on one wallet, one coupon, one shelf, one desk or several: nothing is lost and nothing is sold twice.
#include <algorithm>
#include <set>

#include "tests/catch.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;
using order::state;

namespace {
auto count(const std::vector<order::ticket>& tickets, state wanted) {
  return std::count_if(tickets.begin(), tickets.end(), [&](const auto& one) { return one.id && one.state == wanted; });
}
auto count(const std::vector<order::ticket>& tickets, reason why) {
  return std::count_if(tickets.begin(), tickets.end(),
                       [&](const auto& one) { return one.state == state::failed && one.why == why; });
}

// Nothing is lost here, however slow the machine: nothing need be asked again.
runtime::node_options unhurried() {
  auto options = shop::impatient();
  options.around.answer_ms = patience_ms;
  return options;
}
}  // namespace

TEST_CASE("of 100 who spend one whole balance at once exactly one wins", "[S0.7][S4.5]") {
  shop shop{unhurried()};
  shop.user("ann", 1'000);
  shop.product("cup", 1'000, 500);
  const auto tickets = shop.buy_all(std::vector<want>(100, {"ann", {{{"cup"}, 1, {}}}, {}}));
  CHECK(count(tickets, state::completed) == 1);
  CHECK(count(tickets, reason::insufficient_funds) == 99);
  CHECK(shop.balance("ann") == 0);
  CHECK(shop.stock("cup") == 499);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("of 200 who use one coupon at once exactly one may", "[S0.7][S4.3]") {
  shop shop{unhurried()};
  shop.user("ann", 1'000'000);
  shop.product("cup", 100, 500);
  const auto coupon = shop.coupon("HALF", "ann", {{}, 50});
  const auto tickets = shop.buy_all(std::vector<want>(200, {"ann", {{{"cup"}, 1, {}}}, coupon}));
  CHECK(count(tickets, state::completed) == 1);
  CHECK(count(tickets, reason::coupon_invalid) == 199);
  CHECK(shop.balance("ann") == 1'000'000 - 50);
  CHECK(shop.stock("cup") == 499);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("5,000 orders for 1,000 pieces sell exactly 1,000", "[S0.7][S0.4][S1.2]") {
  shop shop{unhurried()};
  for (int i = 0; i < 50; ++i) shop.user("u" + std::to_string(i), 1'000'000);
  shop.product("cup", 100, 1'000);
  std::vector<want> all;
  for (int i = 0; i < 5'000; ++i) all.push_back({"u" + std::to_string(i % 50), {{{"cup"}, 1, {}}}, {}});
  const auto tickets = shop.buy_all(all);
  CHECK(count(tickets, state::completed) == 1'000);
  CHECK(count(tickets, reason::sold_out) == 4'000);
  CHECK(shop.stock("cup") == 0);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a campaign gives its coupons first come first served, and not one more", "[S0.7]") {
  shop shop{unhurried()};
  shop.ask(coupon::put{{"FEW"}, {{100}, 0}, 10, {}, {}});
  int given = 0, refused = 0;
  for (int i = 0; i < 30; ++i) {
    const auto said = shop.ask(coupon::issue{"r" + std::to_string(i), {"FEW"}, {"u" + std::to_string(i)}, shop.now()});
    given += said.done();
    refused += said.why == reason::limit_reached;
  }
  CHECK(given == 10);
  CHECK(refused == 20);
  CHECK(shop.ask(coupon::issue{"r3", {"FEW"}, {"u3"}, shop.now()}).replayed);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("an order over several shards with one shelf empty is undone in all of them", "[C.3][C.5][S4.3][S1.6]") {
  auto options = unhurried();
  options.shards = {1, 2, 3, 2, 2, 1, 1, 1, 1, 1, 1};
  options.coordinators = 3;
  shop shop{options};
  std::vector<product::line> lines;
  std::set<unsigned> shards;
  for (int i = 0; i < 9; ++i) {
    const auto name = "p" + std::to_string(i);
    shop.product(name, 100, i == 8 ? 30 : 1'000);
    lines.push_back({{name}, 1, {}});
    shards.insert(slice_of(name) % 3);
  }
  REQUIRE(shards.size() == 3);
  std::vector<want> all;
  for (int i = 0; i < 100; ++i) {
    const auto user = "u" + std::to_string(i % 10);
    if (i < 10) shop.user(user, 1'000'000);
    all.push_back({user, lines, i < 10 ? shop.coupon("C" + std::to_string(i), user, {{5}, 0}) : coupon_id{}});
  }
  const auto tickets = shop.buy_all(all);
  CHECK(count(tickets, state::completed) == 30);
  CHECK(count(tickets, reason::sold_out) == 70);
  for (int i = 0; i < 8; ++i) CHECK(shop.stock("p" + std::to_string(i)) == 970);
  CHECK(shop.stock("p8") == 0);
  // A shard that has only an unknown product refuses, the others are undone.
  lines.push_back({{"nothing"}, 1, {}});
  shop.product("p8", 100, 100);
  CHECK(shop.buy({"u1", lines, {}}).why == reason::unknown_product);
  CHECK(shop.stock("p0") == 970);
  CHECK(shop.broken_invariants() == "");
}
