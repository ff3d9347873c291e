// Orders through a whole node: the way there, every way back, cancelling, and one effect a key.
#include <atomic>

#include "tests/catch.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;
using order::saga_state;
using order::state;

TEST_CASE("an order is taken through stock, coupon, wallet and payment, and the steps are told", "[S4.1][S0.2][C.6]") {
  shop shop;
  shop.user("ann", 10'000);
  shop.product("cup", 300, 10);
  shop.product("plate", 700, 10);
  const auto coupon = shop.coupon("TEN", "ann", {{}, 10});
  const auto bought = shop.buy({"ann", {{{"cup"}, 2, {}}, {{"plate"}, 1, {}}}, coupon});
  CHECK(bought.state == state::completed);
  CHECK(bought.total.minor == 1'300);
  CHECK(bought.discount.minor == 130);
  CHECK(shop.balance("ann") == 10'000 - 1'170);
  CHECK(shop.stock("cup") == 8);
  CHECK(shop.stock("plate") == 9);
  CHECK(shop.coupon_state(coupon) == coupon::state::used);
  const auto view = shop.find(bought.id);
  CHECK(view.saga == saga_state::completed);
  CHECK(view.lines[0].amount.minor == 600);
  CHECK(shop.timeline(bought.id) ==
        "began, asked verify_user, done verify_user, asked take_stock, done take_stock, asked use_coupon, done "
        "use_coupon,"
        " asked debit_wallet, done debit_wallet, asked complete_order");
  // Asynchronously, and exactly once: the books of payments hear of it.
  CHECK(eventually([&] { return shop.ask(payment::find{bought.id}).done(); }));
  const auto payment = std::get<payment::view>(shop.ask(payment::find{bought.id}).body);
  CHECK(payment.now == payment::state::approved);
  CHECK(payment.amount.minor == 1'170);
  // Asynchronously, and exactly once: the ranking hears of it.
  CHECK(eventually([&] {
    const auto board = std::get<ranking::board>(shop.ask(ranking::best{10, false}).body);
    return board.sellers.size() == 2 && board.sellers[0].product.text == "cup" && board.sellers[0].units == 2;
  }));
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a coupon that is refused puts the stock back, and the order says so", "[S4.3][S1.5]") {
  shop shop;
  shop.user("ann", 10'000);
  shop.user("bob", 10'000);
  shop.product("cup", 300, 10);
  const auto of_bob = shop.coupon("TEN", "bob", {{}, 10});
  const auto refused = shop.buy({"ann", {{{"cup"}, 4, {}}}, of_bob});
  CHECK(refused.state == state::failed);
  CHECK(refused.why == reason::coupon_invalid);
  CHECK(shop.stock("cup") == 10);
  CHECK(shop.balance("ann") == 10'000);
  CHECK(shop.coupon_state(of_bob) == coupon::state::issued);
  CHECK(shop.find(refused.id).saga == saga_state::compensated);
  CHECK(shop.timeline(refused.id) ==
        "began, asked verify_user, done verify_user, asked take_stock, done take_stock, asked use_coupon,"
        " refused use_coupon (coupon_invalid), undoing take_stock, undone take_stock, asked fail_order");
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a wallet that is short puts the stock back and gives the coupon back", "[S4.3][S0.3][S1.5]") {
  shop shop;
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  const auto coupon = shop.coupon("TEN", "ann", {{}, 10});
  const auto refused = shop.buy({"ann", {{{"cup"}, 5, {}}}, coupon});
  CHECK(refused.state == state::failed);
  CHECK(refused.why == reason::insufficient_funds);
  CHECK(shop.stock("cup") == 10);
  CHECK(shop.balance("ann") == 1'000);
  CHECK(shop.coupon_state(coupon) == coupon::state::issued);
  const auto payment = shop.ask(payment::find{refused.id});
  CHECK(payment.why == reason::not_found);  // it was never asked
  // The coupon that came back pays for a smaller order.
  CHECK(shop.buy({"ann", {{{"cup"}, 3, {}}}, coupon}).discount.minor == 90);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("an unknown user, an unknown product and an empty shelf refuse an order by name", "[S0.1][S4.1]") {
  shop shop;
  shop.user("ann", 1'000);
  shop.product("cup", 300, 1);
  const auto by_nobody = shop.buy({"nobody", {{{"cup"}, 1, {}}}, {}});
  CHECK(by_nobody.state == state::failed);
  CHECK(by_nobody.why == reason::unknown_user);
  const auto of_nothing = shop.buy({"ann", {{{"cup"}, 1, {}}, {{"nothing"}, 1, {}}}, {}});
  CHECK(of_nothing.why == reason::unknown_product);
  CHECK(of_nothing.detail == "nothing");
  const auto too_much = shop.buy({"ann", {{{"cup"}, 2, {}}}, {}});
  CHECK(too_much.why == reason::sold_out);
  CHECK(too_much.detail == "cup");
  CHECK(shop.stock("cup") == 1);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("the same request is one order, and with other content a conflict", "[S0.6][S2.6]") {
  shop shop;
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  const want cup{"ann", {{{"cup"}, 1, {}}}, {}, "key-1"};
  const auto first = shop.buy(cup);
  const auto again = shop.ask(shop.placing(cup));
  CHECK(again.replayed);
  CHECK(std::get<order::ticket>(again.body) == first);
  CHECK(shop.ask(shop.placing({"ann", {{{"cup"}, 2, {}}}, {}, "key-1"})).why == reason::key_reused);
  shop.close();
  shop.open();
  const auto after_restart = shop.ask(shop.placing(cup));
  CHECK(after_restart.replayed);
  CHECK(std::get<order::ticket>(after_restart.body).id == first.id);
  CHECK(shop.stock("cup") == 9);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a completed order that is cancelled is refunded once, however often it is asked", "[S4.3][S0.5]") {
  shop shop;
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  const auto coupon = shop.coupon("TEN", "ann", {{}, 10});
  const auto bought = shop.buy({"ann", {{{"cup"}, 2, {}}}, coupon});
  REQUIRE(bought.state == state::completed);
  for (int i = 0; i < 3; ++i) {
    const auto said = std::get<order::ticket>(shop.ask(order::cancel{bought.id, true, shop.now()}).body);
    CHECK(said.state == state::cancelled);
  }
  CHECK(shop.balance("ann") == 1'000);
  CHECK(shop.stock("cup") == 10);
  CHECK(shop.coupon_state(coupon) == coupon::state::issued);
  CHECK(eventually([&] {
    const auto payment = shop.ask(payment::find{bought.id});
    return payment.done() && std::get<payment::view>(payment.body).now == payment::state::cancelled;
  }));
  CHECK(eventually([&] {
    const auto board = std::get<ranking::board>(shop.ask(ranking::best{10, false}).body);
    return board.sellers.size() == 1 && board.sellers[0].units == 0;
  }));
  // What came back may be used again, also for the next cancelled order.
  const auto second = shop.buy({"ann", {{{"cup"}, 1, {}}}, coupon});
  CHECK(second.discount.minor == 30);
  shop.ask(order::cancel{second.id, true, shop.now()});
  CHECK(shop.coupon_state(coupon) == coupon::state::issued);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a failed order cannot be cancelled, an unknown one is not found", "[S1.6]") {
  shop shop;
  shop.user("ann", 0);
  shop.product("cup", 300, 10);
  const auto failed = shop.buy({"ann", {{{"cup"}, 2, {}}}, {}});
  CHECK(shop.ask(order::cancel{failed.id, true, shop.now()}).why == reason::not_cancellable);
  CHECK(shop.ask(order::cancel{{12'345}, true, shop.now()}).why == reason::not_found);
  CHECK(shop.balance("ann") == 0);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("goods that are free need no money, and agreed amounts stand beside the catalogue", "[S4.1]") {
  shop shop;
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  want agreed{"ann", {{{"cup"}, 3, {123}}, {{"cup"}, 1, {0}}}, {}};
  agreed.agreed = true;
  const auto bought = shop.buy(agreed);
  CHECK(bought.total.minor == 123);
  CHECK(shop.balance("ann") == 877);
  agreed.lines = {{{"cup"}, 1, {0}}};
  CHECK(shop.buy(agreed).state == state::completed);
  CHECK(shop.balance("ann") == 877);
  CHECK(shop.stock("cup") == 5);
  want back{"ann", {{{"cup"}, 2, {82}}}, {}};
  back.agreed = true;
  back.flow = order::flow::take_back;
  CHECK(shop.buy(back).state == state::completed);
  CHECK(shop.balance("ann") == 959);
  CHECK(shop.stock("cup") == 7);
  back.lines = {{{"nothing"}, 2, {82}}};
  CHECK(shop.buy(back).why == reason::unknown_product);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("whoever stops following a saga is forgotten before it ends", "[C.4][C.6]") {
  // A wallet that has no time for anybody.
  const auto done = std::make_shared<std::atomic<bool>>(false);
  auto options = shop::impatient();
  options.around.patience.tries_before_lost = 1'000'000;
  const auto busy = [=](const command& what) -> std::optional<answer> {
    if (!std::holds_alternative<wallet::debit>(what) || *done) return std::nullopt;
    return lose(reason::unreachable);
  };
  options.make_brain = guarding({domain::wallet}, busy);
  shop shop{options};
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  auto place = shop.placing({"ann", {{{"cup"}, 1, {}}}, {}});
  place.wait = false;
  const auto id = std::get<order::ticket>(shop.ask(place).body).id;

  const auto heard = [] { return std::make_shared<std::atomic<int>>(0); };
  auto leaver = heard(), stayer = heard();
  const std::weak_ptr<std::atomic<int>> left = leaver;
  const auto ticket = shop.node().front().follow(id, [leaver](const progress&) { ++*leaver; });
  shop.node().front().follow(id, [stayer](const progress& news) { *stayer = news.ended ? -1 : *stayer + 1; });
  REQUIRE(eventually([&] { return *leaver > 2 && *stayer > 2; }));
  leaver.reset();
  CHECK_FALSE(left.expired());
  shop.node().front().unfollow(id, ticket);
  CHECK(eventually([&] { return left.expired(); }));
  CHECK(shop.find(id).state == order::state::pending);
  *done = true;
  CHECK(eventually([&] { return *stayer == -1; }));
  shop.node().front().unfollow(id, ticket);  // nobody minds
  REQUIRE(eventually([&] { return shop.find(id).state == order::state::completed; }));
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("every domain keeps a store of its own, and nobody else opens it", "[C.3]") {
  shop shop;
  for (const auto name : domain_names)
    CHECK(std::filesystem::exists(std::filesystem::path{shop.data()} / (std::string{name} + "-0.db")));
  // A second owner finds the door locked.
  CHECK_THROWS(runtime::node{[&] {
    auto second = shop::impatient();
    second.data = shop.data();
    return second;
  }()});
}

TEST_CASE("balance first: the wallet pays the quoted price, then stock is taken, then the payment is approved",
          "[S0.1][S0.2][S0.8]") {
  shop shop;
  shop.user("ann", 10'000);
  shop.product("cup", 300, 10);
  const auto bought = shop.buy({"ann", {{{"cup"}, 2, {}}}, {}, {}, false, order::flow::balance_first});
  CHECK(bought.state == state::completed);
  CHECK(bought.total.minor == 600);
  CHECK(shop.balance("ann") == 9'400);
  CHECK(shop.stock("cup") == 8);
  CHECK(shop.timeline(bought.id) ==
        "began, asked verify_user, done verify_user, asked quote_prices, done quote_prices, asked debit_wallet, done "
        "debit_wallet, asked take_stock, done take_stock, asked approve_payment, done approve_payment, asked "
        "complete_order");
  CHECK(std::get<payment::view>(shop.ask(payment::find{bought.id}).body).now == payment::state::approved);
  const auto cancelled = shop.ask(order::cancel{bought.id, true, shop.now()});
  CHECK(std::get<order::ticket>(cancelled.body).state == state::cancelled);
  CHECK(shop.balance("ann") == 10'000);
  CHECK(shop.stock("cup") == 10);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("balance first: who is short of money, or finds the shelf empty, has lost nothing", "[S0.3][S0.4][S1.6]") {
  shop shop;
  shop.user("ann", 500);
  shop.product("cup", 300, 1);
  const auto poor = shop.buy({"ann", {{{"cup"}, 2, {}}}, {}, {}, false, order::flow::balance_first});
  CHECK(poor.why == reason::insufficient_funds);
  CHECK(shop.timeline(poor.id).find("take_stock") == std::string::npos);
  shop.user("bob", 5'000);
  const auto late = shop.buy({"bob", {{{"cup"}, 2, {}}}, {}, {}, false, order::flow::balance_first});
  CHECK(late.why == reason::sold_out);
  CHECK(late.detail == "cup");
  CHECK(shop.timeline(late.id).find("undone debit_wallet") != std::string::npos);
  CHECK(shop.timeline(late.id).find("approve_payment") == std::string::npos);
  CHECK(shop.balance("ann") == 500);
  CHECK(shop.balance("bob") == 5'000);
  CHECK(shop.stock("cup") == 1);
  const auto unknown = shop.buy({"bob", {{{"mug"}, 1, {}}}, {}, {}, false, order::flow::balance_first});
  CHECK(unknown.why == reason::unknown_product);
  CHECK(unknown.detail == "mug");
  CHECK(shop.broken_invariants() == "");
}
