// Reads from the stores who told how much, and who has heard how much of it.
#include "tools/sim/backlog.hpp"

#include <map>
#include <memory>

#include "actors/runtime/relay.hpp"
#include "actors/runtime/roster.hpp"
#include "persistence/cart.hpp"
#include "persistence/coupon.hpp"
#include "persistence/event_log.hpp"
#include "persistence/order.hpp"
#include "persistence/payment.hpp"
#include "persistence/platform.hpp"
#include "persistence/product.hpp"
#include "persistence/ranking.hpp"
#include "persistence/user.hpp"
#include "persistence/wallet.hpp"

namespace souk::sim {

namespace {

using event_log::party;
using persistence::event_log_store;
using persistence::exchange;
using persistence::store_files;

template <class Store>
using shards = std::map<std::uint32_t, std::unique_ptr<Store>>;

template <class Store>
shards<Store> open(domain which, const store_files& files) {
  shards<Store> all;
  for (const auto& path : files.paths)
    for (std::uint32_t shard = 0; shard < 8; ++shard) {
      if (path.filename() != runtime::store_name(which, shard)) continue;
      persistence::open_options options;
      options.path = path.string();
      options.vfs = files.vfs;
      options.read_only = true;
      options.cache_kib = 1'024;
      all[shard] = std::make_unique<Store>(options);
    }
  return all;
}

std::string case_of(const order::event& one) { return to_text(one.subject); }
std::string case_of(const event_log::event& one) { return to_text(one.about->id); }
std::string name_of(const party& who) { return std::string{to_text(who.domain)} + '/' + std::to_string(who.shard); }

class look {
public:
  explicit look(const store_files& files)
      : files_(files),
        logs_(open<event_log_store>(domain::event_log, files)),
        platforms_(open<persistence::platform_store>(domain::platform, files)) {}

  std::vector<std::string> at_all() {
    at_outboxes();
    at_desks<persistence::user_store>(domain::user);
    at_desks<persistence::wallet_store>(domain::wallet);
    at_desks<persistence::product_store>(domain::product);
    at_desks<persistence::coupon_store>(domain::coupon);
    at_desks<persistence::order_store>(domain::order);
    at_desks<persistence::payment_store>(domain::payment);
    at_desks<persistence::cart_store>(domain::cart);
    for (auto& [partition, store] : logs_) {
      for (auto& [shard, platform] : platforms_)
        must_have_heard("the platform", partition,
                        platform->positions.of(platform::source_of({domain::event_log, partition})),
                        runtime::interest_in_histories());
      for (const auto& one : store->troubles.list(UINT32_MAX)) in_trouble(name_of(party::of(one.source)), one);
    }
    for (auto& [shard, platform] : platforms_)
      for (const auto& one : platform->troubles.list(UINT32_MAX)) in_trouble("the platform", one);
    return std::move(found_);
  }

private:
  void must_stand_at(const std::string& who, std::int64_t position, const std::string& of, std::int64_t newest) {
    if (position < newest)
      found_.push_back(who + " stands at " + std::to_string(position) + " of " + std::to_string(newest) +
                       " events of " + of);
  }

  template <class Store>
  void must_have_counted(const std::string& who, const shards<Store>& by, std::uint32_t shard, std::int64_t newest) {
    for (auto& [number, store] : by)
      must_stand_at(who, store->positions.of(shard), name_of({domain::order, shard}), newest);
  }
  void at_outboxes() {
    const auto rankings = open<persistence::ranking_store>(domain::ranking, files_);
    const auto payments = open<persistence::payment_store>(domain::payment, files_);
    for (auto& [shard, store] : open<persistence::order_store>(domain::order, files_)) {
      const auto newest = store->outbox.newest();
      must_have_counted("the ranking", rankings, shard, newest);
      must_have_counted("the books of payments", payments, shard, newest);
      must_have_counted("the platform", platforms_, shard, newest);
    }
  }

  // Each desk of the domain: what it told is in the log.
  template <class Store>
  void at_desks(domain which) {
    for (auto& [shard, store] : open<Store>(which, files_)) {
      const party who{which, shard};
      std::map<std::uint32_t, std::int64_t> newest;  // by partition
      store->exchange.told.each_after(0, [&](const event_log::event& one) {
        newest[slice_of(one.about->id) % static_cast<std::uint32_t>(logs_.size())] = one.seq;
        return true;
      });
      for (auto& [partition, log] : logs_) {
        must_stand_at("partition " + std::to_string(partition) + " of the event log", log->positions.of(who.id()),
                      name_of(who), newest[partition]);
        if (const auto in = runtime::interest_of(which); in.topics)
          must_have_heard(name_of(who), partition, store->exchange.heard.of(partition), in);
      }
    }
  }

  // What nobody asked for does not count.
  void must_have_heard(const std::string& who, std::uint32_t partition, std::int64_t position,
                       const runtime::interest& in) {
    event_log::fetch wish;
    wish.topics = in.topics;
    wish.flows = in.flows;
    auto newest = position;
    logs_.at(partition)->log.each_after(position, [&](const event_log::event& one) {
      if (wish.wants(one)) newest = one.seq;
      return true;
    });
    must_stand_at(who, position, "partition " + std::to_string(partition) + " of the event log", newest);
  }

  template <class Trouble>
  void in_trouble(const std::string& who, const Trouble& one) {
    if (one.dead && !one.error.empty()) return;
    found_.push_back("event " + std::to_string(one.event.seq) + " of case " + case_of(one.event) +
                     " is in trouble on its way to " + who + ", " +
                     (one.dead ? "given up without a reason" : "after " + std::to_string(one.tries) + " tries"));
  }

  const store_files& files_;
  shards<event_log_store> logs_;
  shards<persistence::platform_store> platforms_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> backlog(const store_files& files) { return look{files}.at_all(); }

}  // namespace souk::sim
