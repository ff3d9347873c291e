// Promises: what clients were told, and what must therefore be true when everything is over.
//
// It is a shop's book kept outside of the shop: it believes no store, only what was asked and what was answered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/letter.hpp"
#include "tools/sim/history.hpp"
#include "tools/sim/outside.hpp"
#include "tools/sim/situations.hpp"

namespace souk::sim {

inline constexpr std::int64_t hold_ms = 1'500;  // how long a seat is held in a play

class promises {
public:
  explicit promises(situations& seen) : seen_(seen) {}

  // A case that somebody asked for, by its request key.
  struct wish {
    order::place what;
    std::vector<order::ticket> told;
    bool cancel_asked = false;
    bool cancel_told = false;     // the cancellation was accepted
    bool cancel_refused = false;  // it had failed, and that is final
    std::optional<order::view> end;
  };

  wish& asked(const order::place& what);
  // Answers to a place, to its repetitions and to its cancellation. Looks at once whether they agree.
  void told(const std::string& request, const answer& said);
  void cancel_asked(const std::string& request) { wishes_.at(request).cancel_asked = true; }
  void cancel_told(const std::string& request, const answer& said);

  void charged(const user_id& user, const answer& said, money amount);
  void restocked(const product_id& product, const answer& said, std::int64_t units);

  const std::map<std::string, wish>& wishes() const { return wishes_; }
  // How each case stands when all is over; an answer that it is not there counts as well.
  void found(const std::string& request, const answer& said);

  // What lies in the wallet, on the shelf when all is over.
  void balance(const user_id& user, std::int64_t minor);
  void stock(const product_id& product, std::int64_t units);
  void outside(const data_platform& platform, const till& provider);
  // Every event that the platform has yet to be told of, in words; empty: none.
  std::string untold(const data_platform& platform) const;
  std::string owed(const till& provider) const;

  // A seat that somebody holds is nobody else's until his time is over, unless he lets go of it before.
  void held(const reservation::view& mine) { holds_[mine.reservation.value] = mine; }
  void let_go(reservation_id which) { let_go_.insert(which.value); }
  void compare_holds();

  // What somebody saw of a wallet, and what its ledger says in the end.
  void saw(const answer& said, std::int64_t asked_us, std::int64_t told_us);
  void read_ledger(const user_id& user, const answer& said);
  void compare_sights();

  void broken(std::string what) { broken_.push_back(std::move(what)); }
  const std::vector<std::string>& all_broken() const { return broken_; }

private:
  void count(const order::view& end);

  situations& seen_;
  std::map<std::string, wish> wishes_;
  std::map<std::string, std::int64_t> money_in_, goods_in_;    // by user, by product: all but what orders moved
  std::map<std::string, std::int64_t> money_out_, goods_out_;  // by orders that stand, less what was taken back
  std::map<std::int64_t, std::string> request_of_;             // by order: no two requests open the same
  std::map<std::int64_t, reservation::view> holds_;
  std::set<std::int64_t> let_go_;
  std::vector<sight> sights_;
  ledgers ledgers_;
  std::vector<std::string> broken_;
};

}  // namespace souk::sim
