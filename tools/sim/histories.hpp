// Histories: what clients did to each shelf, coupon and seat, and what they saw of it; in the end each must be
// linearizable.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "messages/letter.hpp"
#include "tools/sim/linear.hpp"

namespace souk::sim {

// When a client asked and heard. Who asks again stamps his question anew: earliest and latest of the stamps.
struct asking {
  std::int64_t asked_us = 0, told_us = deed::never;
  moment earliest, latest;
};

// An order as the shop's book has it in the end.
struct order_told {
  const order::place& what;
  const order::view& end;
  std::int64_t asked_us = 0;
  std::int64_t told_us = deed::never;   // that it was decided
  std::int64_t back_us = deed::never;   // that it was taken back was asked
  std::int64_t found_us = deed::never;  // its end, when all was over
  std::int64_t ended_us = deed::never;  // that was then: all that it did was done, and had come back if it was to
  bool by_hand = false;                 // an operator answered for what it left: whether that comes back is open
};

// It came to pass: also when it was taken back later.
bool was_completed(const order::view& end);

class histories {
public:
  // Answers to what was asked of shelves, coupons and seats: what shows nothing is left aside.
  void shelved(const product::put& what, const answer& said, const asking& when);
  void restocked(const product::restock& what, const answer& said, const asking& when);
  void opened(const reservation::open& what) { hold_ms_ = what.hold_ms; }
  void issued(const answer& said);
  void held(const reservation::hold& what, const answer& said, const asking& when);
  void released(const reservation::release& what, const answer& said, const asking& when);
  void checked_out(const answer& said, const asking& when);
  // A look at a shelf, a coupon, or all seats.
  void looked(const answer& said, const asking& when);

  void ordered(const order_told& one);

  // Each in words; empty: all are linearizable.
  std::vector<std::string> contradictions(std::size_t widest = 20'000);
  std::int64_t searched() const { return searched_; }
  std::int64_t too_wide() const { return too_wide_; }  // of those, so many could not be decided

private:
  using effect = std::function<bool(thing&)>;
  using sight = std::function<bool(const thing&)>;
  struct move {
    std::string of, words;
    effect there, back;
    std::int64_t units = 0;  // of goods: those that take or bring as many are alike
  };

  void did(const std::string& of, std::string words, const asking& when, effect happen);
  void saw(const std::string& of, std::string words, const asking& when, sight holds);
  void of_an_order(const order_told& one, const move& what);
  void of_goods(const order_told& one);
  void of_its_coupon(const order_told& one);
  void of_its_seat(const order_told& one);

  std::map<std::string, std::vector<deed>> deeds_;  // by what they were done to
  std::map<std::int64_t, user_id> owners_;          // of coupons
  std::map<std::int64_t, std::string> seats_;       // by hold
  std::int64_t hold_ms_ = 0;
  std::int64_t searched_ = 0, too_wide_ = 0;
};

}  // namespace souk::sim
