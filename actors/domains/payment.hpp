// Payment: requests, approves and cancels the payment of an order.
#pragma once

#include "actors/domains/brain.hpp"
#include "persistence/payment.hpp"

namespace souk::domains {

class payment final : public brain {
public:
  explicit payment(const persistence::open_options& options) : store_(options) {}

  answer decide(const command& what) override { return dispatch(*this, what); }
  persistence::store_file& file() override { return store_.file; }
  persistence::exchange* exchange() override { return &store_.exchange; }

  answer on(const souk::payment::pay& pay);
  answer on(const souk::payment::undo_pay& undo);
  answer on(const souk::payment::book& book);
  answer on(const souk::payment::find_position& find);
  answer on(const souk::payment::find& find);

private:
  void cancel_it(souk::payment::view& payment, moment at);

  persistence::payment_store store_;
};

}  // namespace souk::domains
