// Cart: what a user means to buy, until it is ordered.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/product.hpp"

namespace souk::cart {

inline constexpr std::size_t items_max = 1000;

struct item {
  product_id product;
  std::int64_t quantity = 0;
  SOUK_FIELDS(item, product, quantity);
};

// Items in the order of their product ids.
struct view {
  user_id user;
  std::vector<item> items;
  SOUK_FIELDS(view, user, items);
};

// So many of this product from now on; 0: none. Answers the view. Refused: limit_reached when it is full.
struct put {
  user_id user;
  product_id product;
  std::int64_t quantity = 0;
  SOUK_FIELDS(put, user, product, quantity);
};

struct find {
  user_id user;
  SOUK_FIELDS(find, user);
};

// What is to be ordered, once per request key: the same key gets the same items, whatever became of the cart. Answers
// the view; it is not emptied yet. Refused: not_found when it is empty.
struct checkout {
  std::string request;  // the caller's Idempotency-Key
  user_id user;
  moment at;
  SOUK_FIELDS(checkout, request, user, at);
};

// Takes the ordered goods out: of an order that came from the cart all of them, or it is refused with not_found,
// because another order has them; of any other as far as they are in it.
struct take_out {
  souk::once once;
  user_id user;
  std::vector<item> items;
  moment at;
  SOUK_FIELDS(take_out, once, user, items, at);
};

// Puts back exactly what was taken out; nothing when nothing was, and then it never will be.
struct undo_take_out {
  souk::once once;  // of the take_out
  user_id user;
  moment at;
  SOUK_FIELDS(undo_take_out, once, user, at);
};

}  // namespace souk::cart
