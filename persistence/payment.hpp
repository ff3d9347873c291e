// The store of payments; a payment's primary key is its order's number, so that the rows are the inbox as well.
#pragma once

#include <optional>
#include <vector>

#include "messages/grammar/pack.hpp"
#include "messages/payment.hpp"
#include "persistence/logs/exchange.hpp"
#include "persistence/logs/positions.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class payment_store {
public:
  explicit payment_store(const open_options& options);

  [[nodiscard]] bool append(const payment::view& payment);  // false: the order has one already
  std::optional<payment::view> find(number order);
  void save(const payment::view& payment);  // state and history
  std::vector<payment::view> open();        // what the provider is to say something about

  store_file file;
  persistence::exchange exchange;
  persistence::positions positions;

private:
  statement append_, find_, save_, open_;
};

}  // namespace souk::persistence
