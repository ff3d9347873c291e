// Promises: what clients were told, and what must therefore be true when everything is over.
//
// It is a shop's book kept outside of the shop: it believes no store, only what was asked and what was answered.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "messages/letter.hpp"
#include "tools/sim/histories.hpp"
#include "tools/sim/history.hpp"
#include "tools/sim/outside.hpp"
#include "tools/sim/situations.hpp"

namespace souk::sim {

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
    std::int64_t asked_us = 0;
    std::int64_t told_us = deed::never;  // that it was decided
    std::int64_t back_us = deed::never;  // that it was asked back
    std::int64_t found_us = deed::never;
    std::int64_t ended_us = deed::never;  // as the shop has it, whoever was told
  };

  wish& asked(const order::place& what, std::int64_t now_us);
  // Answers to a place, to its repetitions and to its cancellation. Looks at once whether they agree.
  void told(const std::string& request, const answer& said, const asking& when);
  void cancel_asked(const std::string& request, std::int64_t now_us);
  void cancel_told(const std::string& request, const answer& said);

  // A design that takes nothing new, from its pause to its resumption; each was asked for, and counts when it was told.
  struct pause {
    order::flow flow{};
    std::int64_t asked_us = 0;
    std::int64_t told_us = deed::never;
    std::int64_t resume_asked_us = deed::never;
    std::int64_t resumed_us = deed::never;
  };
  pause* paused(order::flow flow, std::int64_t now_us);  // null: it is already
  bool is_paused(std::int64_t now_us) const;
  // Refused because its design is paused.
  void paused(const order::place& what, const asking& when);

  void charged(const user_id& user, const answer& said, money amount, const asking& when);
  void restocked(const product_id& product, const answer& said, std::int64_t units);

  const std::map<std::string, wish>& wishes() const { return wishes_; }
  // How each case stands when all is over; an answer that it is not there counts as well.
  void found(const std::string& request, const answer& said, const runtime::stage& on);

  // What a case has left in effect for which an operator has answered. Of a refund: on top of its sale.
  struct by_hand {
    number id, refund_of;
    std::int64_t money = 0;                     // into its user's wallet
    std::map<std::string, std::int64_t> goods;  // onto the shelves
  };
  void settled(const by_hand& what);

  // Everything has been found: now it is known what wallets and shelves should have.
  void add_up();
  // What lies in the wallet, on the shelf when all is over.
  void balance(const user_id& user, std::int64_t minor);
  void stock(const product_id& product, std::int64_t units);
  void outside(const data_platform& platform, const till& provider);
  // Every event that the platform has yet to be told of, in words; empty: none.
  std::string untold(const data_platform& platform) const;
  std::string owed(const till& provider) const;

  // What somebody saw of a wallet, and what its ledger says in the end. Whoever was told that a charge or an order is
  // through was told of its entry.
  void saw(const answer& said, std::int64_t asked_us, std::int64_t told_us);
  void read_ledger(const user_id& user, const answer& said);
  void compare_sights();
  // What was done to shelves, coupons and seats, and seen of them.
  histories& history() { return histories_; }
  const histories& history() const { return histories_; }

  void broken(std::string what) { broken_.push_back(std::move(what)); }
  const std::vector<std::string>& all_broken() const { return broken_; }

private:
  void count(const order::view& end);
  void count(const user_id& user, const by_hand& what);
  const by_hand* settled_of(const order::view& end) const;  // null: nobody had to
  void look_at_histories(const data_platform& platform);

  situations& seen_;
  std::map<std::string, wish> wishes_;
  std::deque<pause> pauses_;
  std::map<std::string, std::int64_t> money_in_, goods_in_;    // by user, by product: all but what orders moved
  std::map<std::string, std::int64_t> money_out_, goods_out_;  // by orders that stand, less what was taken back
  std::map<std::int64_t, by_hand> settled_;                    // by case; of a refund, by its sale
  std::map<std::int64_t, std::int64_t> entered_;               // by case: into a wallet, as its ledger has it
  std::map<std::pair<std::int64_t, wallet::kind>, wallet::entry> written_;  // by case: what its ledger has of it
  std::map<std::int64_t, std::string> request_of_;                          // by order: no two requests open the same
  std::vector<sight> sights_;
  ledgers ledgers_;
  histories histories_;
  std::vector<std::string> broken_;
};

}  // namespace souk::sim
