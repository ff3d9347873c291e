// Payment: requests, approves and cancels the payment of an order, by itself or through an external provider.
#pragma once

#include <map>
#include <unordered_map>

#include "actors/domains/brain.hpp"
#include "persistence/payment.hpp"

namespace souk::domains {

// Who approves: souk itself, because the wallet's own money is the provider; or somebody outside, who is asked by key.
enum class approval : std::uint8_t { internal, external };

class payment final : public brain {
public:
  explicit payment(const persistence::open_options& options, approval by = approval::internal);

  answer decide(const command& what) override { return dispatch(*this, what); }
  persistence::store_file& file() override { return store_.file; }
  persistence::exchange* exchange() override { return &store_.exchange; }

  answer on(const souk::payment::pay& pay);
  answer on(const souk::payment::undo_pay& undo);
  answer on(const souk::payment::book& book);
  answer on(const souk::payment::find_position& find);
  answer on(const souk::payment::find& find);
  answer on(const souk::payment::open_work& ask);
  answer on(const souk::payment::settle& settle);
  answer on(const souk::payment::hasten& hasten);
  answer on(const souk::recall& recall);

private:
  void become(souk::payment::view& payment, souk::payment::state to, moment at);
  void call_off(souk::payment::view& payment, moment at);
  void open(const souk::payment::view& payment, moment at);
  void close(number order);

  persistence::payment_store store_;
  const approval by_;
  // What the provider is to say something about, by turn; and the turn of each order's.
  std::map<std::int64_t, souk::payment::work> open_;
  std::unordered_map<std::int64_t, std::int64_t> turns_;
  std::int64_t last_turn_ = 0;
};

}  // namespace souk::domains
