// The store of best sellers and of what sold out, with the position in each outbox up to which they are counted.
#pragma once

#include <cstdint>
#include <vector>

#include "messages/ranking.hpp"
#include "persistence/logs/positions.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class ranking_store {
public:
  explicit ranking_store(const open_options& options);

  // Adds to what was sold and what came back as returns.
  void add(const product_id& product, std::int64_t sold, std::int64_t returned);
  std::vector<ranking::seller> best(std::uint32_t limit, bool net);
  // Seats of one schedule were paid for (or, negative, given back): in whatever order the events of several outboxes
  // come, the row is the same.
  void add(const order::seat_sale& seat, std::int64_t sold, moment at);
  std::vector<ranking::full_house> sold_out(std::uint32_t limit);

  store_file file;
  persistence::positions positions;

private:
  statement add_, best_, best_net_, add_seat_, sold_out_;
};

}  // namespace souk::persistence
