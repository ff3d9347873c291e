// Ranking: best sellers by units and what sold out fastest, counted exactly once from the events of orders.
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

// A schedule whose every seat is sold and paid for. A cancelled seat takes it off the list until it is sold again.
struct full_house {
  schedule_id schedule;
  std::int64_t seats = 0;
  moment opened;    // sales_open, or the first hold where none was given
  moment sold_out;  // when its last payment was completed
  SOUK_FIELDS(full_house, schedule, seats, opened, sold_out);
};
struct full_houses {
  std::vector<full_house> list;
  SOUK_FIELDS(full_houses, list);
};

// What sold out fastest, ties by schedule. Answers full_houses.
struct sold_out {
  std::uint32_t limit = 10;
  SOUK_FIELDS(sold_out, limit);
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
