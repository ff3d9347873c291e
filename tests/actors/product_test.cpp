// Goods leave the shelf all or none, once per key, and go back exactly as they left.
#include "actors/domains/product.hpp"
#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

struct shelves : seat<domains::product> {
  shelves() {
    say(product::put{{"cup"}, "cup", {300}, 10, noon});
    say(product::put{{"plate"}, "plate", {700}, 5, noon});
  }
  std::int64_t stock(const std::string& of) { return body<product::view>(say(product::find{{of}})).stock; }
};
const std::vector<product::wanted> set_of_three{{0, {"cup"}, 2}, {1, {"plate"}, 1}, {2, {"cup"}, 1}};
product::take take(std::int64_t n) { return {{saga(n), 1}, set_of_three, noon}; }
product::undo_take undo(std::int64_t n) { return {{saga(n), 1}, set_of_three, noon}; }

}  // namespace

TEST_CASE("a quote is given once per key: the price that a saga has seen stays", "[S0.2][S2.6]") {
  seat<domains::product> desk;
  desk.say(product::put{{"cup"}, "Cup", {300}, 10, noon});
  const product::quote quote{{saga(1), 1}, {{0, {"cup"}, 2}}, noon};
  CHECK(body<product::taken>(desk.say(quote)).lines[0].amount.minor == 600);
  desk.say(product::change{{"cup"}, {}, money{500}, noon});
  desk.again();
  const auto again = desk.say(quote);
  CHECK(again.replayed);
  CHECK(body<product::taken>(again).lines[0].amount.minor == 600);
  CHECK(body<product::taken>(desk.say(product::quote{{saga(2), 1}, {{0, {"cup"}, 2}}, noon})).lines[0].amount.minor ==
        1'000);
  CHECK(desk.say(product::quote{{saga(1), 1}, {{0, {"cup"}, 3}}, noon}).why == reason::key_reused);
  CHECK(desk.say(product::quote{{saga(3), 1}, {{0, {"mug"}, 1}}, noon}).why == reason::unknown_product);
  CHECK(body<product::view>(desk.say(product::find{{"cup"}})).stock == 10);
  // Also when two of them would cost now what no line may.
  desk.say(product::change{{"cup"}, {}, money_max, noon});
  CHECK(body<product::taken>(desk.say(quote)).lines[0].amount.minor == 600);
  CHECK(desk.say(product::quote{{saga(4), 1}, {{0, {"cup"}, 2}}, noon}).why == reason::limit_reached);
}

TEST_CASE("goods whose return was forbidden are not taken in when it comes", "[S1.6][C.4]") {
  seat<domains::product> desk;
  desk.say(product::put{{"cup"}, "Cup", {300}, 10, noon});
  const product::take_in in{{saga(1), 2}, {{0, {"cup"}, 2}}, noon};
  CHECK(body<recorded>(desk.say(recall{{domain::product, 0}, in.once, true, noon})).what ==
        recorded::effect::forbidden);
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  CHECK(desk.say(in).why == reason::undone);
  CHECK(body<product::view>(desk.say(product::find{{"cup"}})).stock == 10);
}

TEST_CASE("goods that are asked for twice are taken once, at the first price", "[S4.5][S0.6]") {
  shelves desk;
  const auto first = desk.say(take(1));
  REQUIRE(first.done());
  CHECK(body<product::taken>(first) == product::taken{{{0, {600}}, {1, {700}}, {2, {300}}}});
  desk.say(product::change{{"cup"}, {}, money{999}, noon});
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  const auto again = desk.say(take(1));
  CHECK(again.replayed);
  CHECK(body<product::taken>(again) == body<product::taken>(first));
  CHECK(desk.stock("cup") == 7);
  CHECK(desk.stock("plate") == 4);
}

TEST_CASE("a take that was undone before it came is refused when it comes", "[S1.6]") {
  shelves desk;
  CHECK(desk.say(undo(1)).done());
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  CHECK(desk.say(take(1)).why == reason::undone);
  CHECK(desk.say(undo(1)).done());
  CHECK(desk.stock("cup") == 10);
}

TEST_CASE("take and undo, both twice and with restarts in between, leave the shelves as they were", "[S1.6][S4.3]") {
  shelves desk;
  for (int i = 0; i < 2; ++i) {
    desk.say(take(1));
    desk.again();
  }
  CHECK(desk.stock("cup") == 7);
  for (int i = 0; i < 2; ++i) {
    CHECK(desk.say(undo(1)).done());
    desk.again();
    CHECK(desk.stock("cup") == 10);
    CHECK(desk.stock("plate") == 5);
  }
  CHECK(desk.say(take(1)).why == reason::undone);
}

TEST_CASE("all lines are taken or none, and the refusal names the product", "[S1.2][S0.4]") {
  shelves desk;
  // Two lines want one product: together they want too much.
  const auto said = desk.say(product::take{{saga(1), 1}, {{0, {"plate"}, 1}, {1, {"cup"}, 6}, {2, {"cup"}, 5}}, noon});
  CHECK(said.why == reason::sold_out);
  CHECK(said.detail == "cup");
  CHECK(desk.stock("plate") == 5);
  CHECK(desk.stock("cup") == 10);
  CHECK(desk.say(product::take{{saga(2), 1}, {{0, {"cup"}, 1}, {1, {"nothing"}, 1}}, noon}).why ==
        reason::unknown_product);
  CHECK(desk.stock("cup") == 10);
}

TEST_CASE("a refused take stays refused, and undoing it changes nothing", "[S1.6]") {
  shelves desk;
  const product::take too_much{{saga(1), 1}, {{0, {"cup"}, 11}}, noon};
  CHECK(desk.say(too_much).why == reason::sold_out);
  desk.say(product::restock{"more", {"cup"}, 100, noon});
  desk.again();
  const auto again = desk.say(too_much);
  CHECK(again.why == reason::sold_out);
  CHECK(again.detail == "cup");
  CHECK(again.replayed);
  CHECK(desk.say(product::undo_take{{saga(1), 1}, too_much.lines, noon}).done());
  CHECK(desk.stock("cup") == 110);
}

TEST_CASE("the same key with other lines is a conflict", "[S2.6]") {
  shelves desk;
  desk.say(take(1));
  CHECK(desk.say(product::take{{saga(1), 1}, {{0, {"cup"}, 3}}, noon}).why == reason::key_reused);
  CHECK(desk.stock("cup") == 7);
  const product::take_in in{{saga(2), 0}, {{0, {"cup"}, 1}}, noon};
  CHECK(desk.say(in).done());
  CHECK(desk.say(product::take_in{{saga(2), 0}, {{0, {"cup"}, 2}}, noon}).why == reason::key_reused);
  CHECK(desk.say(in).replayed);
  CHECK(desk.stock("cup") == 8);
}

TEST_CASE("staff set and refill shelves, once per request", "[S1.1]") {
  shelves desk;
  CHECK(desk.say(product::restock{"r1", {"cup"}, 5, noon}).done());
  CHECK(desk.say(product::restock{"r1", {"cup"}, 5, noon + 1}).replayed);
  CHECK(desk.say(product::restock{"r1", {"cup"}, 6, noon}).why == reason::key_reused);
  CHECK(desk.stock("cup") == 15);
  desk.say(product::put{{"cup"}, "a cup", {310}, 3, noon});
  desk.again();
  const auto view = body<product::view>(desk.say(product::find{{"cup"}}));
  CHECK(view == product::view{{"cup"}, "a cup", {310}, 3});
  CHECK(desk.say(product::restock{"r2", {"cup"}, product::stock_max, noon}).why == reason::limit_reached);
}

TEST_CASE("the catalogue is read page by page, with the stock of this moment") {
  shelves desk;
  desk.say(take(1));
  const auto page = body<product::page>(desk.say(product::list{{}, 1}));
  REQUIRE(page.products.size() == 1);
  CHECK(page.more);
  CHECK(page.products[0].stock == 7);
  CHECK(body<product::page>(desk.say(product::list{{"cup"}, 1})).products[0].product.text == "plate");
}

TEST_CASE("a line whose amount would leave its range is refused before anything moves", "[S4.5]") {
  shelves desk;
  desk.say(product::put{{"gold"}, "gold", money_max, 1'000, noon});
  CHECK(desk.say(product::take{{saga(1), 1}, {{0, {"gold"}, 2}}, noon}).why == reason::limit_reached);
  CHECK(desk.stock("gold") == 1'000);
}
