// Carts: what a user means to buy, and the order that comes of it.
#include <algorithm>

#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"
#include "actors/sagas/plans.hpp"
#include "actors/sagas/steps.hpp"

namespace souk::edge::carts {

namespace {

json json_of(const cart::view& cart) {
  auto items = json::array();
  for (const auto& one : cart.items) items.push_back({{"product", one.product.text}, {"quantity", one.quantity}});
  return {{"user", cart.user.text}, {"items", std::move(items)}};
}

// Else the goods would stay in it, and the next checkout would sell them again.
bool empties_cart(order::flow flow) {
  const auto& stages = sagas::plan_of(flow).stages();
  return std::any_of(stages.begin(), stages.end(), [](const auto& one) { return one.step == &sagas::empty_cart; });
}

void read_checkout(const call& c, fields& body, order::flow& into) {
  orders::read_flow(c, body, into);
  if (order::sells_goods(into) && !empties_cart(into))
    body.blame("flow", "must be one that takes the goods out of the cart, as by_events does");
}

// Only a registered user has a cart.
void answer_cart(const call& c, const user_id& user, command what) {
  c.want<void>(user::verify{user}, [c, what = std::move(what)](bool) mutable {
    c.want<cart::view>(std::move(what), [c](cart::view&& now, bool) { c.answer(200, dumped(json_of(now))); });
  });
}

}  // namespace

void get(const asked& a, const call& c) { answer_cart(c, {a.id[0]}, cart::find{{a.id[0]}}); }

void put_item(const asked& a, const call& c) {
  cart::put what{{a.id[0]}, {a.id[1]}, 0};
  if (!a.read(c, [&](fields& body) { what.quantity = body.whole("quantity", {1, product::units_max}); })) return;
  c.want<product::view>(product::find{what.product},
                        [c, what](product::view&&, bool) { answer_cart(c, what.user, what); });
}

void remove_item(const asked& a, const call& c) { answer_cart(c, {a.id[0]}, cart::put{{a.id[0]}, {a.id[1]}, 0}); }

// The key fixes what was in the cart when it came first: the same order, however often it comes.
void checkout(const asked& a, const call& c) {
  if (!c.admit()) return;
  order::place what;
  what.request = "checkout of " + a.id[0] + ": " + a.key;
  what.user = {a.id[0]};
  what.flow = order::flow::by_events;
  what.at = a.at;
  what.trace = c.continued();
  what.from_cart = true;
  if (!a.read(
          c, [&](fields& body) { read_checkout(c, body, what.flow); }, true))
    return;
  if (order::begins_by_event(what.flow) && c.hall().shards(domain::product) > 1)  // and nobody named it
    return c.answer(problem{problems::invalid_member}.errors(
        {{"flow", "needs all products in one shard, because nobody there puts parts together"}}));
  const auto wait_ms = a.wait_ms(c.hall().options());
  c.want<void>(user::verify{what.user}, [c, what, wait_ms, key = a.key](bool) {
    c.want<cart::view>(cart::checkout{key, what.user, what.at}, [c, what, wait_ms](cart::view&& cart, bool) mutable {
      for (auto& one : cart.items) what.lines.push_back({std::move(one.product), one.quantity, {}});
      orders::place_this(c, std::move(what), wait_ms);
    });
  });
}

}  // namespace souk::edge::carts
