// Cart: keeps what users mean to buy; orders take out what they ordered, and put it back when they fail.
#pragma once

#include "actors/domains/brain.hpp"
#include "persistence/cart.hpp"

namespace souk::domains {

class cart final : public brain {
public:
  explicit cart(const persistence::open_options& options) : store_(options) {}

  answer decide(const command& what) override { return dispatch(*this, what); }
  persistence::store_file& file() override { return store_.file; }
  persistence::exchange* exchange() override { return &store_.exchange; }

  answer on(const souk::cart::put& put);
  answer on(const souk::cart::find& find);
  answer on(const souk::cart::checkout& checkout);
  answer on(const souk::cart::take_out& take);
  answer on(const souk::cart::undo_take_out& undo);

private:
  persistence::cart_store store_;
};

}  // namespace souk::domains
