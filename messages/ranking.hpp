// Ranking: best sellers by units, counted exactly once from the events of orders.
#pragma once

#include <cstdint>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/order.hpp"

namespace souk::ranking {

// Units over lines that cost something: free goods do not sell themselves. units = sold - cancelled;
// net = units - returned.
struct seller {
  product_id product;
  std::int64_t units = 0;
  std::int64_t net = 0;
  SOUK_FIELDS(seller, product, units, net);
};
struct board {
  std::vector<seller> sellers;
  SOUK_FIELDS(board, sellers);
};

// The best, most units first, ties by product. Answers a board.
struct best {
  std::uint32_t limit = 10;
  bool net = false;
  SOUK_FIELDS(best, limit, net);
};

// Events from one outbox: those up to the remembered position are skipped, the others counted.
struct count {
  order::events events;
  SOUK_FIELDS(count, events);
};

// The position up to which the events of one outbox are counted. Answers order::position.
struct find_position {
  std::uint32_t source = 0;
  SOUK_FIELDS(find_position, source);
};

}  // namespace souk::ranking
