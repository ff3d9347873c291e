// Product: the catalogue and the stock, in one domain because a price and a shelf go together.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"

namespace souk::product {

inline constexpr std::int64_t units_max = 1'000'000;          // of one line
inline constexpr std::int64_t stock_max = 1'000'000'000'000;  // of one shelf

struct view {
  product_id product;
  std::string name;
  money price;
  std::int64_t stock = 0;
  SOUK_FIELDS(view, product, name, price, stock);
};

struct page {
  std::vector<view> products;
  bool more = false;
  SOUK_FIELDS(page, products, more);
};

// One line of an order. amount is for the whole line: agreed beforehand, or priced when stock is taken.
struct line {
  product_id product;
  std::int64_t quantity = 0;
  money amount;
  SOUK_FIELDS(line, product, quantity, amount);
};

// What one line costs; position counts the order's lines from 0.
struct priced {
  std::uint32_t position = 0;
  money amount;
  SOUK_FIELDS(priced, position, amount);
};
struct taken {
  std::vector<priced> lines;
  SOUK_FIELDS(taken, lines);
};

// Lists a product, or changes a listed one. With a stock the shelf is set to it. Answers a view.
struct put {
  product_id product;
  std::string name;
  money price;
  std::optional<std::int64_t> stock;
  moment at;
  SOUK_FIELDS(put, product, name, price, stock, at);
};

// Changes what is given. Answers a view, or unknown_product.
struct change {
  product_id product;
  std::optional<std::string> name;
  std::optional<money> price;
  moment at;
  SOUK_FIELDS(change, product, name, price, at);
};

// Puts goods on the shelf, once per request key. Answers a view.
struct restock {
  std::string request;  // the caller's Idempotency-Key
  product_id product;
  std::int64_t quantity = 0;
  moment at;
  SOUK_FIELDS(restock, request, product, quantity, at);
};

// A line with its place in the order: a pool of shelves gets each shard's lines in a command of its own.
struct wanted {
  std::uint32_t position = 0;
  product_id product;
  std::int64_t quantity = 0;
  SOUK_FIELDS(wanted, position, product, quantity);
};

// Takes all lines from their shelves or none: unknown_product or sold_out name the product. Answers taken:
// each line at the catalogue's price of this moment, or at nothing when the price was agreed beforehand.
struct take {
  souk::once once;
  std::vector<wanted> lines;
  moment at;
  bool agreed = false;
  SOUK_FIELDS(take, once, lines, at, agreed);
};

// Puts back exactly what that take took; nothing when it took nothing, and then it never will.
struct undo_take {
  souk::once once;            // of the take
  std::vector<wanted> lines;  // to find the shelves; what is put back is what was taken
  moment at;
  SOUK_FIELDS(undo_take, once, lines, at);
};

// What all lines cost at this moment, once per key: a price that a saga has seen does not change under it. Refused:
// unknown_product. Answers taken.
struct quote {
  souk::once once;
  std::vector<wanted> lines;
  moment at;
  SOUK_FIELDS(quote, once, lines, at);
};

// Done when every product is listed, else unknown_product. Reads only.
struct verify {
  std::vector<wanted> lines;
  SOUK_FIELDS(verify, lines);
};

// Takes goods in again: a refund or a return.
struct take_in {
  souk::once once;
  std::vector<wanted> lines;
  moment at;
  SOUK_FIELDS(take_in, once, lines, at);
};

struct find {
  product_id product;
  SOUK_FIELDS(find, product);
};

// The catalogue in order of ids. Answers a page.
struct list {
  product_id after;  // empty: from the start
  std::uint32_t limit = 100;
  SOUK_FIELDS(list, after, limit);
};

}  // namespace souk::product
