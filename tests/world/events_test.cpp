// Orders that run by events: nobody coordinates, desks fall, events cannot be taken, and every order ends once.
#include <atomic>

#include "tests/catch.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;
using order::flow;
using order::state;

namespace {

event_log::status log_of(shop& shop) { return std::get<event_log::status>(shop.ask(event_log::find_status{}).body); }
bool ended(shop& shop, number id) {
  return eventually([&] { return shop.find(id).ended.ms != 0; });
}

}  // namespace

TEST_CASE("a sale by events moves stock, cart, wallet and payment, and its record tells the way", "[S3.1][S3.3]") {
  shop shop;
  shop.user("ann", 1'000);
  shop.product("tea", 300, 10);
  shop.ask(cart::put{{"ann"}, {"tea"}, 5});
  const auto ticket = shop.buy({"ann", {{{"tea"}, 2, {}}}, {}, {}, false, flow::by_events});
  CHECK(ticket.state == state::completed);
  CHECK(ticket.total.minor == 600);
  CHECK(shop.stock("tea") == 8);
  CHECK(shop.balance("ann") == 400);
  CHECK(std::get<cart::view>(shop.ask(cart::find{{"ann"}}).body).items == std::vector<cart::item>{{{"tea"}, 3}});
  CHECK(std::get<payment::view>(shop.ask(payment::find{ticket.id}).body).now == payment::state::approved);
  CHECK(shop.timeline(ticket.id) ==
        "began, done verify_user, done take_stock, done empty_cart, done debit_wallet, done approve_payment, "
        "done complete_order, ended");
  CHECK(shop.node().figures().coordinators.front()->begun == 0);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a sale by events that fails restores stock and cart, and nobody coordinated that", "[S3.2][S3.4][S3.7]") {
  shop shop;
  shop.user("ann", 100);
  shop.product("tea", 300, 10);
  shop.ask(cart::put{{"ann"}, {"tea"}, 5});
  const auto poor = shop.buy({"ann", {{{"tea"}, 2, {}}}, {}, {}, false, flow::by_events});
  CHECK(poor.state == state::failed);
  CHECK(poor.why == reason::insufficient_funds);
  CHECK(shop.stock("tea") == 10);
  CHECK(std::get<cart::view>(shop.ask(cart::find{{"ann"}}).body).items == std::vector<cart::item>{{{"tea"}, 5}});
  const auto greedy = shop.buy({"ann", {{{"tea"}, 11, {}}}, {}, {}, false, flow::by_events});
  CHECK(greedy.why == reason::sold_out);
  CHECK(greedy.detail == "tea");
  CHECK(shop.buy({"nobody", {{{"tea"}, 1, {}}}, {}, {}, false, flow::by_events}).why == reason::unknown_user);
  CHECK(shop.node().figures().coordinators.front()->begun == 0);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("of orders that came from one cart the first gets its goods, and another only once they are back",
          "[S3.1][S3.2][S3.7]") {
  shop shop;
  shop.user("ann", 500);
  shop.product("tea", 300, 10);
  const auto items = [&] { return std::get<cart::view>(shop.ask(cart::find{{"ann"}}).body).items; };
  const auto buy = [&](std::int64_t quantity, bool from_cart) {
    auto place = shop.placing({"ann", {{{"tea"}, quantity, {}}}, {}, {}, false, flow::by_events});
    place.from_cart = from_cart;
    return std::get<order::ticket>(shop.ask(place).body);
  };
  shop.ask(cart::put{{"ann"}, {"tea"}, 2});
  const std::vector<cart::item> two{{{"tea"}, 2}}, one{{{"tea"}, 1}};
  CHECK(buy(2, true).why == reason::insufficient_funds);
  CHECK(items() == two);
  CHECK(buy(11, true).why == reason::sold_out);
  CHECK(items() == two);
  CHECK(buy(1, true).state == state::completed);
  CHECK(items() == one);
  shop.ask(wallet::charge{"more", {"ann"}, {2'000}, shop.now()});
  shop.node().fell({domain::cart, 0});
  const auto late = buy(2, true);
  CHECK(late.state == state::failed);
  CHECK(late.why == reason::not_found);
  CHECK(items() == one);
  CHECK(shop.stock("tea") == 9);
  CHECK(shop.timeline(late.id) ==
        "began, done verify_user, done take_stock, refused empty_cart (not_found), undone take_stock (not_found), "
        "done fail_order, ended");
  CHECK(buy(1, true).state == state::completed);
  CHECK(items().empty());
  CHECK(buy(2, false).state == state::completed);
  CHECK(shop.balance("ann") == 1'300);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("goods that are short are told while the caller waits, and nobody else is asked", "[S1.2][S1.3]") {
  shop shop;
  shop.user("ann", 1'000);
  shop.product("tea", 300, 1);
  auto place = shop.placing({"ann", {{{"tea"}, 2, {}}}, {}, {}, false, flow::stock_first});
  place.wait = false;  // not even then
  const auto said = shop.ask(place);
  const auto ticket = std::get<order::ticket>(said.body);
  CHECK(ticket.state == state::failed);
  CHECK(ticket.why == reason::sold_out);
  const auto timeline = shop.timeline(ticket.id);
  for (const auto* other : {"use_coupon", "debit_wallet", "approve_payment"})
    CHECK(timeline.find(other) == std::string::npos);
  CHECK(log_of(shop).newest == 0);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("an order with goods is accepted at once, and goes to its end by events", "[S1.2][S1.4]") {
  shop shop;
  shop.user("ann", 1'000);
  shop.product("tea", 300, 10);
  auto place = shop.placing({"ann", {{{"tea"}, 2, {}}}, {}, {}, false, flow::stock_first});
  place.wait = false;
  const auto ticket = std::get<order::ticket>(shop.ask(place).body);
  CHECK((ticket.state == state::pending || ticket.state == state::completed));
  CHECK(shop.stock("tea") == 8);
  REQUIRE(ended(shop, ticket.id));
  CHECK(shop.find(ticket.id).state == state::completed);
  CHECK(shop.balance("ann") == 400);
  const auto again = shop.ask(place);
  CHECK(again.replayed);
  CHECK(std::get<order::ticket>(again.body).state == state::completed);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("too few points or an invalid coupon: everybody who acted undoes its part on the event that cancels",
          "[S1.5][S1.6]") {
  shop shop;
  shop.user("ann", 100);
  shop.user("bob", 1'000);
  shop.product("tea", 300, 10);
  const auto coupon = shop.coupon("TEN", "ann", {{}, 10});
  const auto poor = shop.buy({"ann", {{{"tea"}, 2, {}}}, coupon, {}, false, flow::stock_first});
  CHECK(poor.why == reason::insufficient_funds);
  const auto thief = shop.buy({"bob", {{{"tea"}, 2, {}}}, coupon, {}, false, flow::stock_first});
  CHECK(thief.why == reason::coupon_invalid);
  for (const auto& one : {poor, thief}) {
    REQUIRE(ended(shop, one.id));
    CHECK(shop.find(one.id).saga == order::saga_state::compensated);
    CHECK(shop.timeline(one.id).find("done cancel_order") != std::string::npos);
  }
  CHECK(shop.stock("tea") == 10);
  CHECK(shop.coupon_state(coupon) == coupon::state::issued);
  // A debit and a payment that never happened are not given back.
  CHECK(shop.balance("ann") == 100);
  CHECK(shop.balance("bob") == 1'000);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("an event that fells its desk is set aside while other orders flow, and taken when it is revived",
          "[S0.6][S3.6]") {
  // A wallet that cannot bear ann.
  const auto well = std::make_shared<std::atomic<bool>>(false);
  auto options = shop::impatient();
  const auto touchy = [=](const command& what) -> std::optional<answer> {
    if (const auto* debit = std::get_if<wallet::debit>(&what); debit && debit->user.text == "ann" && !*well)
      throw std::runtime_error("broken on purpose");
    return std::nullopt;
  };
  options.make_brain = guarding({domain::wallet}, touchy);
  shop shop{options};
  shop.user("ann", 1'000);
  shop.user("bob", 100'000);
  shop.product("tea", 10, 1'000);
  auto place = shop.placing({"ann", {{{"tea"}, 1, {}}}, {}, {}, false, flow::by_events});
  place.wait = false;
  const auto held = std::get<order::ticket>(shop.ask(place).body).id;
  std::vector<want> others(20, want{"bob", {{{"tea"}, 1, {}}}, {}, {}, false, flow::by_events});
  for (const auto& one : shop.buy_all(others)) CHECK(one.state == state::completed);
  CHECK(eventually([&] { return !log_of(shop).troubles.empty(); }));
  CHECK(shop.find(held).state == state::pending);
  *well = true;
  REQUIRE(ended(shop, held));
  CHECK(shop.find(held).state == state::completed);
  CHECK(eventually([&] { return log_of(shop).troubles.empty(); }));
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("orders by events that a node leaves half way go on where they were when it starts again", "[S3.6][S0.1]") {
  shop shop;
  shop.user("ann", 1'000'000);
  shop.product("tea", 10, 100);
  std::vector<order::place> placed;
  for (int i = 0; i < 200; ++i) {
    auto place = shop.placing({"ann", {{{"tea"}, 1, {}}}, {}, {}, false, i % 2 ? flow::by_events : flow::stock_first});
    place.wait = false;
    placed.push_back(place);
    shop.node().front().ask(place, [](answer&&) {});
  }
  shop.close();
  shop.open();
  int completed = 0, sold_out = 0;
  for (auto& place : placed) {
    place.wait = true;
    const auto ticket = std::get<order::ticket>(shop.ask(place).body);
    completed += ticket.state == state::completed;
    sold_out += ticket.why == reason::sold_out;
    REQUIRE(ended(shop, ticket.id));
  }
  CHECK(completed == 100);
  CHECK(sold_out == 100);
  CHECK(shop.stock("tea") == 0);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("an order by events that is cancelled before its pivot walks back by events", "[S3.7][S1.5]") {
  const auto which = GENERATE(flow::by_events, flow::stock_first);
  shop shop;
  shop.user("ann", 100'000);
  shop.product("tea", 10, 100);
  std::vector<number> all;
  for (int i = 0; i < 50; ++i) {
    auto place = shop.placing({"ann", {{{"tea"}, 1, {}}}, {}, {}, false, which});
    place.wait = false;
    const auto id = std::get<order::ticket>(shop.ask(place).body).id;
    all.push_back(id);
    shop.node().front().ask(order::cancel{id, false, shop.now()}, [](answer&&) {});
  }
  for (const auto id : all) CHECK(eventually([&] { return shop.find(id).state == state::cancelled; }));
  for (const auto id : all) CHECK(ended(shop, id));
  CHECK(eventually([&] { return shop.stock("tea") == 100 && shop.balance("ann") == 100'000; }));
  CHECK(shop.broken_invariants() == "");
}
