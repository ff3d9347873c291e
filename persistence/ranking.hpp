// The store of best sellers, with the position in each outbox up to which they are counted.
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

  store_file file;
  persistence::positions positions;

private:
  statement add_, best_, best_net_;
};

}  // namespace souk::persistence
