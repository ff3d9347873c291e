// Product: the catalogue, and the stock that orders take and give back.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "actors/domains/brain.hpp"
#include "persistence/product.hpp"

namespace souk::domains {

class product final : public brain {
public:
  explicit product(const persistence::open_options& options) : store_(options) {}

  answer decide(const command& what) override { return dispatch(*this, what); }
  void before_commit() override;
  persistence::store_file& file() override { return store_.file; }
  persistence::exchange* exchange() override { return &store_.exchange; }

  answer on(const souk::product::put& put);
  answer on(const souk::product::change& change);
  answer on(const souk::product::restock& restock);
  answer on(const souk::product::take& take);
  answer on(const souk::product::undo_take& undo);
  answer on(const souk::product::take_in& in);
  answer on(const souk::product::quote& quote);
  answer on(const souk::product::verify& verify);
  answer on(const souk::product::find& find);
  answer on(const souk::product::list& list);
  answer on(const souk::recall& recall);

private:
  using store = persistence::product_store;
  struct shelf : store::shelf {
    bool changed = false;  // since the last commit: its stock's row is behind
  };
  struct effect {
    shelf* on = nullptr;
    std::int64_t units = 0;  // signed
    std::uint32_t position = 0;
    money amount;
  };
  static constexpr std::size_t shelves_max = 1 << 18;

  shelf* shelf_of(const product_id& product);  // null: not listed
  shelf* shelf_at(std::int64_t id);
  // Writes the movement and moves the stock; false when the key is there already, and nothing moved.
  bool move(store::movement movement, const std::vector<effect>& effects);
  void set_stock(shelf& of, std::int64_t stock, moment at);
  answer known(std::int64_t key, std::uint64_t print);

  store store_;
  std::unordered_map<product_id, shelf> shelves_;
  std::unordered_map<std::int64_t, shelf*> by_id_;
  std::vector<shelf*> changed_;
  std::vector<effect> effects_;  // kept to save an allocation per order
};

}  // namespace souk::domains
