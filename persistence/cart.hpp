// The store of carts, and of what orders took out of them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "messages/cart.hpp"
#include "persistence/logs/exchange.hpp"
#include "persistence/logs/requests.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class cart_store {
public:
  enum class what : std::uint8_t { taken_out, put_back, refused = 10, tombstone = 11 };

  // What an order did to a cart; its primary key is its command's key: the inbox.
  struct operation {
    std::int64_t key = 0;
    user_id user;
    cart_store::what what{};
    std::vector<cart::item> items;  // exactly those that moved; refused: what was missing, none of it
    moment at;
  };

  explicit cart_store(const open_options& options);

  std::vector<cart::item> load(const user_id& user);
  void save(const user_id& user, const cart::item& item);  // quantity 0: it goes

  [[nodiscard]] bool append(const operation& operation);  // false: the key is there already
  std::optional<operation> operation_at(std::int64_t key);

  store_file file;
  persistence::requests requests;
  persistence::exchange exchange;

private:
  statement load_, save_, remove_, append_, operation_;
};

}  // namespace souk::persistence
