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
  // An order is asked for here only by an event, and the event tells whether it came from the cart.
  void hear(const souk::event_log::event& event) override {
    from_cart_ = event.about->from_cart ? event.about->id : number{};
  }

  answer on(const souk::cart::put& put);
  answer on(const souk::cart::find& find);
  answer on(const souk::cart::checkout& checkout);
  answer on(const souk::cart::take_out& take);
  answer on(const souk::cart::undo_take_out& undo);

private:
  using store = persistence::cart_store;

  answer known(const store::operation& first);

  store store_;
  number from_cart_;  // the order that was heard of last, if it came from the cart
};

}  // namespace souk::domains
