// Shoppers: what clients do in a play, from a seed. They buy by every design, take back, return, charge, restock, wait
// for their turn, hold seats and pay for them, ask twice, and give up.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tools/sim/counter.hpp"
#include "tools/sim/promises.hpp"

namespace souk::sim {

class shoppers {
public:
  shoppers(runtime::stage& on, counter& at, promises& book, situations& seen, std::uint64_t seed);

  bool onlookers = false;  // whoever charges a wallet looks at it in the same moment

  // Asks for users, goods, coupons and a date with seats.
  void furnish();
  // So many visits, spread over so much time.
  void come(unsigned visits, std::int64_t over_ms);
  // So many more who only look: at shelves, coupons and seats. They have dice of their own: without them all others do
  // what they always did.
  void look_closely(unsigned lookers, std::int64_t over_ms);
  bool all_done() const { return underway_ == 0; }
  // Asks how everything ended; the answers go into the book.
  void look_around();

private:
  struct seat_visit;
  using hear = counter::hear;

  std::uint64_t dice(std::uint64_t of) { return dice_() % of; }
  bool percent(unsigned of) { return dice(100) < of; }
  void later(std::int64_t us, std::function<void()> what);
  std::string key(const char* what);
  user_id some_user();
  product_id some_product();

  void visit();
  void buy();
  void place(const order::place& what);
  void come_again(const order::place& what);
  void ask_until_taken(const order::place& what);
  void take_back();
  void cancel_soon(const std::string& request);
  void charge();
  void restock();
  void issue_coupon();
  void fill_cart();
  void look();
  void look_closely();
  void look_at(command what);
  void reuse_a_key();

  void queue_up();
  void wait_for_turn(const std::shared_ptr<seat_visit>& mine);
  void hold_a_seat(const std::shared_ptr<seat_visit>& mine);
  void pay_for_it(const std::shared_ptr<seat_visit>& mine);
  void use_the_token_again(const std::shared_ptr<seat_visit>& mine);

  runtime::stage& stage_;
  counter& counter_;
  promises& book_;
  situations& seen_;
  std::mt19937_64 dice_, eyes_;
  int keys_ = 0;
  int underway_ = 0;
  std::vector<std::pair<user_id, coupon_id>> coupons_;
};

}  // namespace souk::sim
