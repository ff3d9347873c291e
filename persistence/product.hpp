// The store of products: the catalogue, the shelves, and every movement of stock.
//
// A movement's primary key is its command's key, so that the movements are the inbox as well. All lines of an order
// that lie in this store are one row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/product.hpp"
#include "persistence/logs/exchange.hpp"
#include "persistence/logs/own_numbers.hpp"
#include "persistence/logs/requests.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class product_store {
public:
  enum class what : std::uint8_t {
    set,       // the shelf was set or restocked by staff
    taken,     // for an order
    put_back,  // the compensation of taken
    taken_in,  // a refund or a return
    quoted,    // moved nothing: what its lines cost
    refused = 10,
    tombstone = 11,
  };

  struct shelf {
    std::int64_t id = 0;
    std::string name;
    money price;
    std::int64_t stock = 0;
  };
  // One line of a movement: signed units, and the stock after it.
  struct moved {
    std::int64_t shelf = 0;
    std::int64_t units = 0;
    std::int64_t stock = 0;
    std::uint32_t position = 0;
    money amount;
    SOUK_FIELDS(moved, shelf, units, stock, position, amount);
  };
  struct movement {
    std::int64_t key = 0;
    product_store::what what{};
    std::uint64_t print = 0;  // of the command's content: the same key with other content is refused
    reason why{};             // of a refusal
    std::string detail;
    std::vector<moved> lines;
    moment at;
  };

  explicit product_store(const open_options& options);

  std::optional<shelf> load(const product_id& product);
  std::int64_t open(const product_id& product, const shelf& shelf);  // answers the new shelf's id
  void save(const shelf& shelf);                                     // name and price
  void save_stock(std::int64_t shelf, std::int64_t stock);
  std::optional<product_id> name_of(std::int64_t shelf);
  std::vector<product::view> list(const product_id& after, std::uint32_t limit);

  [[nodiscard]] bool append(const movement& movement);  // false: the key is there already
  std::optional<movement> find(std::int64_t key);

  store_file file;
  persistence::exchange exchange;
  persistence::requests requests;
  own_numbers numbers;  // of movements by staff

private:
  statement load_, open_, save_, save_stock_, name_, list_, append_, find_;
};

}  // namespace souk::persistence
