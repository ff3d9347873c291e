// The same orders through every flow: how an order gets to its end is no business of the shelves and the wallets.
#include <map>
#include <random>

#include "tests/catch.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;
using order::flow;

namespace {

constexpr int users = 12, products = 8, orders = 150;
constexpr std::int64_t funds = 10'000'000, stock = 100'000;

// What is left of everything: "p3 99871", "u5 9998100".
using leftovers = std::map<std::string, std::int64_t>;

std::string user(std::size_t i) { return "u" + std::to_string(i); }
std::string product(std::size_t i) { return "p" + std::to_string(i); }
std::int64_t price_of(std::size_t i) { return i == 0 ? 0 : 100 + 37 * static_cast<std::int64_t>(i); }

leftovers play(flow which, bool with_coupons) {
  shop shop;
  for (std::size_t i = 0; i < users; ++i) shop.user(user(i), funds);
  for (std::size_t i = 0; i < products; ++i) shop.product(product(i), price_of(i), stock);
  leftovers expected;
  for (std::size_t i = 0; i < users; ++i) expected[user(i)] = funds;
  for (std::size_t i = 0; i < products; ++i) expected[product(i)] = stock;
  std::mt19937 dice{20'101'201};
  const auto roll = [&](std::size_t n) { return static_cast<std::size_t>(dice() % n); };
  std::vector<want> all;
  for (int i = 0; i < orders; ++i) {
    want one{user(roll(users)), {}, {}, {}, false, which};
    std::int64_t total = 0;
    for (std::size_t n = 1 + roll(3); n > 0; --n) {
      const auto what = roll(products);
      const auto quantity = static_cast<std::int64_t>(1 + roll(4));
      one.lines.push_back({{product(what)}, quantity, {}});
      total += quantity * price_of(what);
      expected[product(what)] -= quantity;
    }
    if (const bool dealt = roll(4) == 0; dealt && with_coupons) {
      one.coupon = shop.coupon("C" + std::to_string(i), one.user, {{50}, 0});
      total -= std::min<std::int64_t>(total, 50);
    }
    expected[one.user] -= total;
    all.push_back(std::move(one));
  }
  for (const auto& one : shop.buy_all(all)) CHECK(one.state == order::state::completed);
  leftovers left;
  for (std::size_t i = 0; i < users; ++i) left[user(i)] = shop.balance(user(i));
  for (std::size_t i = 0; i < products; ++i) left[product(i)] = shop.stock(product(i));
  CHECK(left == expected);
  CHECK(shop.broken_invariants() == "");
  return left;
}

}  // namespace

TEST_CASE("the same orders leave the same stock and the same balances, whichever flow they go through",
          "[S0.2][S1.4][S3.1][S3.3][S4.1]") {
  const auto left = play(flow::order_payment, false);
  for (const auto other : {flow::balance_first, flow::stock_first, flow::by_events}) {
    INFO(static_cast<int>(other));
    CHECK(play(other, false) == left);
  }
  // Coupons where a flow knows of them.
  const auto cheaper = play(flow::order_payment, true);
  CHECK(cheaper != left);
  CHECK(play(flow::stock_first, true) == cheaper);
}
