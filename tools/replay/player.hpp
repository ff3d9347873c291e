// Plays an order history through a shop and reconciles what the shop then says with what the file says.
//
// Everything it asks carries a key that follows from the history alone, so playing again over the same shop, also after
// an interruption at any moment, changes nothing that was done and does what was not.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "messages/order.hpp"
#include "messages/ranking.hpp"
#include "tools/progress.hpp"
#include "tools/replay/history.hpp"
#include "tools/replay/shop.hpp"

namespace souk::replay {

struct play_options {
  unsigned in_flight = 64;            // documents underway at once
  std::optional<std::int64_t> stock;  // pieces of each product; none: as many as are sold
  std::optional<std::int64_t> funds;  // pence in each wallet; none: as much as is spent
  order::flow flow = order::flow::order_payment;
  std::int64_t ranking_wait_ms = 20'000;  // the ranking follows the orders through their outbox and may be behind
  tools::screen screen;
};

// One comparison of the shop with the file.
struct comparison {
  std::string what;  // as a promise: "every wallet holds what was charged, less what was bought, plus what came back"
  std::string differs;  // the first difference; empty: it holds
  bool holds() const { return differs.empty(); }
};

struct result {
  std::int64_t completed = 0;                  // orders
  std::map<std::string, std::int64_t> failed;  // orders, by reason
  std::int64_t returns_completed = 0;
  std::int64_t known = 0;                       // documents that the shop had already been told
  std::vector<ranking::seller> best, best_net;  // the first ten, as the shop says
  std::vector<comparison> comparisons;
  double documents_per_s = 0;
  double p50_ms = 0;
  double p99_ms = 0;

  bool reconciled() const;
};

// The shop was furnished for another replay: the same keys came with other content.
struct furnished_otherwise : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// The shop did not answer, however often it was asked.
struct no_answer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Users, products, goods and money first, then the documents in order, then the books. Nobody else may trade with these
// users and products, or the books will differ.
result play(const history& past, shop& where, const play_options& options);

}  // namespace souk::replay
