// The invariants by name, and the stores that they are about.
#pragma once

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "persistence/audit.hpp"
#include "persistence/cart.hpp"
#include "persistence/concert.hpp"
#include "persistence/coupon.hpp"
#include "persistence/event_log.hpp"
#include "persistence/order.hpp"
#include "persistence/payment.hpp"
#include "persistence/platform.hpp"
#include "persistence/product.hpp"
#include "persistence/queue.hpp"
#include "persistence/ranking.hpp"
#include "persistence/reservation.hpp"
#include "persistence/user.hpp"
#include "persistence/wallet.hpp"

namespace souk::persistence::auditing {

// A pool's stores with the numbers of their shards.
template <class Store>
struct shard_of {
  std::uint32_t number = 0;
  std::unique_ptr<Store> store;
};
template <class Store>
using pool = std::vector<shard_of<Store>>;

// What an operator answered for, by the audit log: the books need not have it.
struct settlement {
  unsigned domains = 0;      // a bit for each domain with a step that was skipped
  bool written_off = false;  // whatever was in effect when the case was ended as failed

  bool covers(domain which) const { return written_off || (domains >> static_cast<unsigned>(which) & 1) != 0; }
};

struct stores {
  pool<user_store> users;
  pool<wallet_store> wallets;
  pool<product_store> products;
  pool<coupon_store> coupons;
  pool<order_store> orders;
  pool<payment_store> payments;
  pool<ranking_store> rankings;
  pool<platform_store> platforms;
  pool<concert_store> concerts;
  pool<reservation_store> reservations;
  pool<queue_store> queues;
  pool<cart_store> carts;
  pool<event_log_store> logs;
  std::unordered_map<std::int64_t, settlement> settled;  // by case

  settlement settled_of(std::int64_t id) const {
    const auto found = settled.find(id);
    return found == settled.end() ? settlement{} : found->second;
  }
};

struct findings {
  invariant intact{"every store file is intact"};
  invariant ledger{"every ledger chains from nothing to its wallet's balance"};
  invariant conserved{"money is conserved: balances are charges, credits and undone debits less debits"};
  invariant shelves{"every shelf holds the sum of its movements"};
  invariant not_negative{"no balance and no stock is ever negative"};
  invariant undos{"every compensation equals what it undoes"};
  invariant no_effect{"what was refused or tombstoned has no effect"};
  invariant campaigns{"no campaign gave more coupons than its limit"};
  invariant coupons{"every coupon is used at most once at a time"};
  invariant requests{"every request opened one case"};
  invariant completed{"every completed sale took its goods, its coupon and its money exactly once"};
  invariant failed{"every sale that ended before its pivot left nothing behind"};
  invariant cancelled{"every cancelled sale is refunded in full"};
  invariant returned{"every return took the goods in and paid for them"};
  invariant orphans{"no effect is without its case"};
  invariant outbox{"every outbox is gapless and tells of cases that exist"};
  invariant told{"every end of a sale or return was told exactly once"};
  invariant positions{"no subscriber is ahead of an outbox, or behind what it acknowledged"};
  invariant ranking{"the ranking counts what was sold, cancelled and returned"};
  invariant seats{"every seat is owned once, by the payment that confirmed its hold"};
  invariant seat_payments{"every completed seat payment has its seat, every other one has none"};
  invariant tokens{"every waiting room let in by the order of places, and each token for one payment"};
  invariant sold_out{"the ranking knows how many seats of each date are paid for"};
  invariant log{"every event that was told is in the event log, in order and without a gap"};
  invariant log_positions{"no relay and no subscriber is ahead of the events that there are"};
  invariant put_off{"no reaction is put off for a case that has ended"};
  invariant repairs{"the audit log is whole: no line was edited, taken out or cut off"};
  invariant carts{"every cart gave what was ordered by events, and got back what failed orders took"};

  std::vector<invariant> all() && {
    std::vector<invariant> list;
    for (auto* one : {&intact,    &ledger,   &conserved, &shelves,       &not_negative, &undos,     &no_effect,
                      &campaigns, &coupons,  &requests,  &completed,     &failed,       &cancelled, &returned,
                      &orphans,   &outbox,   &told,      &positions,     &ranking,      &seats,     &seat_payments,
                      &tokens,    &sold_out, &log,       &log_positions, &put_off,      &carts,     &repairs})
      list.push_back(std::move(*one));
    return list;
  }
};

// What operators did. Comes first: what they settled is no violation elsewhere.
void audit_repairs(stores& all, findings& found);

// What each store must keep by itself.
void audit_wallets(stores& all, findings& found);
void audit_shelves(stores& all, findings& found);
void audit_coupons(stores& all, findings& found);

// What the stores must keep together: each case with its effects everywhere, and the events that tell of it.
void audit_cases(stores& all, findings& found, audit_figures& figures);

// Tickets: seats and tokens with the payments that have them.
void audit_seats(stores& all, findings& found);

// What runs by events: the event log with those who tell and hear, and carts.
void audit_events(stores& all, findings& found);

// Rows in the order of their keys, a page at a time, so that several tables can be read side by side.
template <class Row>
class in_order {
public:
  static constexpr int page_rows = 512;

  // select: has the key first, and "WHERE key>?1 ... ORDER BY key LIMIT ?2".
  in_order(store_file& file, const std::string& select, Row (*read)(statement::row))
      : select_(file.prepare(select)), read_(read) {
    turn();
  }
  in_order(in_order&&) = default;

  const Row* now() const { return at_ < page_.size() ? &page_[at_] : nullptr; }
  void pass() {
    if (++at_ == page_.size()) turn();
  }

private:
  void turn() {
    page_.clear();
    at_ = 0;
    select_.each(
        [&](auto row) {
          last_ = row.integer(0);
          page_.push_back(read_(row));
        },
        last_, page_rows);
  }

  statement select_;
  Row (*read_)(statement::row);
  std::vector<Row> page_;
  std::size_t at_ = 0;
  std::int64_t last_ = INT64_MIN;
};

}  // namespace souk::persistence::auditing
