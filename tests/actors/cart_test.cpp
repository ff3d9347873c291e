// Carts: what was meant to be bought, taken out once by an order, and put back exactly once when it fails.
#include "actors/domains/cart.hpp"
#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

struct carts : seat<domains::cart> {
  carts() {
    say(cart::put{{"ann"}, {"tea"}, 5});
    say(cart::put{{"ann"}, {"pot"}, 1});
  }
  // "pot 1, tea 5"
  std::string shown() {
    std::string text;
    for (const auto& one : body<cart::view>(say(cart::find{{"ann"}})).items)
      text += (text.empty() ? "" : ", ") + one.product.text + ' ' + std::to_string(one.quantity);
    return text;
  }
  cart::take_out take(std::int64_t n, std::vector<cart::item> items) {
    return {{saga(n), 2}, {"ann"}, std::move(items), noon};
  }
  // The desk hears of an order before it is asked to act on it.
  void hear_of(std::int64_t n, bool from_cart) {
    order::brief about;
    about.id = saga(n);
    about.from_cart = from_cart;
    brain().hear({1, domain::product, 1, outcome::done, {}, {}, noon, about});
  }
  cart::undo_take_out undo(std::int64_t n) { return {{saga(n), 2}, {"ann"}, noon}; }
};

}  // namespace

TEST_CASE("a cart holds what was put into it last, and nothing of what was removed", "[S3.1]") {
  carts desk;
  CHECK(desk.shown() == "pot 1, tea 5");
  desk.say(cart::put{{"ann"}, {"tea"}, 2});
  desk.say(cart::put{{"ann"}, {"pot"}, 0});
  desk.again();
  CHECK(desk.shown() == "tea 2");
}

TEST_CASE("an order takes out what it ordered, once, and no more than there is", "[S3.1]") {
  carts desk;
  CHECK(desk.say(desk.take(1, {{{"tea"}, 3}, {{"pot"}, 4}, {{"cup"}, 1}})).done());
  CHECK(desk.shown() == "tea 2");
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  CHECK(desk.say(desk.take(1, {{{"tea"}, 3}, {{"pot"}, 4}, {{"cup"}, 1}})).replayed);
  CHECK(desk.shown() == "tea 2");
}

TEST_CASE("a failed order puts back exactly what it took out, whatever came in between", "[S3.2]") {
  carts desk;
  desk.say(desk.take(1, {{{"tea"}, 3}, {{"pot"}, 4}}));
  desk.say(cart::put{{"ann"}, {"tea"}, 10});
  for (int i = 0; i < 2; ++i) {
    CHECK(desk.say(desk.undo(1)).done());
    desk.again();
  }
  CHECK(desk.shown() == "pot 1, tea 13");
  CHECK(desk.say(desk.take(1, {{{"tea"}, 3}})).why == reason::undone);
}

TEST_CASE("an order that came from the cart takes all that it ordered, or is refused for good", "[S3.1][S3.2]") {
  carts desk;
  const std::vector<cart::item> all{{{"pot"}, 1}, {{"tea"}, 5}};
  desk.hear_of(1, true);
  CHECK(desk.say(desk.take(1, all)).done());
  CHECK(desk.shown().empty());
  desk.say(cart::put{{"ann"}, {"pot"}, 1});
  desk.say(cart::put{{"ann"}, {"tea"}, 4});
  for (const bool again : {false, true}) {
    desk.hear_of(2, true);
    const auto said = desk.say(desk.take(2, all));
    CHECK(said.why == reason::not_found);
    CHECK(said.detail == "the cart no longer holds what was ordered of tea");
    CHECK(said.replayed == again);
    CHECK(desk.shown() == "pot 1, tea 4");
    desk.again();
    desk.say(cart::put{{"ann"}, {"tea"}, 4});
  }
  // What it was refused it cannot give back.
  CHECK(desk.say(desk.undo(2)).done());
  CHECK(desk.shown() == "pot 1, tea 4");
  CHECK(desk.say(desk.undo(1)).done());
  CHECK(desk.shown() == "pot 2, tea 9");
}

TEST_CASE("an order that did not come from the cart does not mind what is in it", "[S3.1]") {
  carts desk;
  desk.hear_of(1, true);
  desk.hear_of(2, false);
  CHECK(desk.say(desk.take(2, {{{"tea"}, 7}, {{"cup"}, 1}})).done());
  CHECK(desk.shown() == "pot 1");
  desk.hear_of(3, false);
  CHECK(desk.say(desk.take(3, {{{"tea"}, 7}})).done());
}

TEST_CASE("a cart that an order never touched gets nothing back, and then it never will be touched", "[S3.2][S1.6]") {
  carts desk;
  CHECK(desk.say(desk.undo(1)).done());
  CHECK(desk.say(desk.take(1, {{{"tea"}, 3}})).why == reason::undone);
  CHECK(desk.shown() == "pot 1, tea 5");
}

TEST_CASE("a checkout's key gets the same items for ever", "[S3.1]") {
  carts desk;
  const cart::checkout checkout{"key", {"ann"}, noon};
  const auto first = body<cart::view>(desk.say(checkout));
  CHECK(first.items.size() == 2);
  desk.say(desk.take(1, first.items));
  desk.again();
  const auto again = desk.say(checkout);
  CHECK(again.replayed);
  CHECK(body<cart::view>(again) == first);
  CHECK(desk.say(cart::checkout{"other", {"ann"}, noon}).why == reason::not_found);
  CHECK(desk.say(cart::checkout{"key", {"bob"}, noon}).why == reason::key_reused);
}

TEST_CASE("a cart that is full takes no further product, but more of one that it has") {
  carts desk;
  for (std::size_t i = 2; i < cart::items_max; ++i) desk.say(cart::put{{"ann"}, {"p" + std::to_string(i)}, 1});
  CHECK(desk.say(cart::put{{"ann"}, {"one-more"}, 1}).why == reason::limit_reached);
  CHECK(desk.say(cart::put{{"ann"}, {"tea"}, 6}).done());
}
