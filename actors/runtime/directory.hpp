// Where everything is: the only one who knows which desk keeps a key, and which coordinator runs a saga.
#pragma once

#include <array>
#include <atomic>
#include <caf/actor.hpp>
#include <cstdint>
#include <mutex>
#include <vector>

#include "messages/grammar/placement.hpp"
#include "messages/letter.hpp"

namespace souk::runtime {

// Desks come and go (a desk that throws is restarted); callers ask at every letter and never keep a handle. An empty
// slot means that nobody sits there now: the letter is lost, and its sender asks again. Of several nodes each has a
// directory of all desks, those at other nodes included; whoever sits there is told by the porter. A shard may move to
// another keeper: only who keeps it seats anybody there.
class directory {
public:
  struct place {
    souk::domain domain{};
    std::uint32_t shard = 0;
    friend bool operator==(const place&, const place&) = default;
  };

  directory(const shard_counts& shards, std::uint32_t coordinators) {
    for (std::size_t d = 0; d < domain_count; ++d) desks_[d] = std::vector<slot>(shards[d]);
    coordinators_ = std::vector<slot>(coordinators);
  }
  // Of the node with that number.
  directory(const placement& placed, std::uint32_t me) : me_(me) {
    const auto fill = [](const std::vector<std::uint32_t>& keepers) {
      std::vector<slot> pool(keepers.size());
      for (std::size_t i = 0; i < pool.size(); ++i) pool[i].entrust(keepers[i]);
      return pool;
    };
    for (std::size_t d = 0; d < domain_count; ++d) desks_[d] = fill(placed.desks[d]);
    coordinators_ = fill(placed.coordinators);
  }

  std::uint32_t shards(souk::domain of) const { return static_cast<std::uint32_t>(pool(of).size()); }
  std::uint32_t coordinators() const { return static_cast<std::uint32_t>(coordinators_.size()); }

  place place_of(address where) const { return {where.domain, where.slice % shards(where.domain)}; }
  std::uint32_t coordinator_of(number saga) const { return slice_of(saga) % coordinators(); }

  // The number of the node that keeps it, whether anybody sits there now or not.
  std::uint32_t keeper(place at) const { return pool(at.domain)[at.shard].keeper(); }
  std::uint32_t me() const { return me_; }
  bool is_here(place at) const { return keeper(at) == me_; }
  bool is_coordinator_here(std::uint32_t share) const { return coordinators_[share].keeper() == me_; }
  // Whoever sat there does no more.
  void entrust(place at, std::uint32_t keeper) {
    desks_[static_cast<std::size_t>(at.domain)][at.shard].entrust(keeper);
  }

  caf::actor desk(place at) const { return pool(at.domain)[at.shard].get(); }
  caf::actor coordinator(std::uint32_t share) const { return coordinators_[share].get(); }
  // What another says than the keeper, who is this node if nobody is named, changes nothing.
  void seat_desk(place at, caf::actor who) { seat_desk(at, std::move(who), me_); }
  void seat_desk(place at, caf::actor who, std::uint32_t keeper) {
    desks_[static_cast<std::size_t>(at.domain)][at.shard].set(std::move(who), keeper);
  }
  void seat_coordinator(std::uint32_t share, caf::actor who) { seat_coordinator(share, std::move(who), me_); }
  void seat_coordinator(std::uint32_t share, caf::actor who, std::uint32_t keeper) {
    coordinators_[share].set(std::move(who), keeper);
  }
  // Nobody sits anywhere any more.
  void clear() {
    for (auto& pool : desks_)
      for (auto& one : pool) one.set({}, one.keeper());
    for (auto& one : coordinators_) one.set({}, one.keeper());
  }

private:
  class slot {
  public:
    caf::actor get() const {
      const std::lock_guard hold{mutex_};
      return who_;
    }
    std::uint32_t keeper() const { return keeper_; }
    void set(caf::actor who, std::uint32_t keeper) {
      const std::lock_guard hold{mutex_};
      if (keeper == keeper_) who_ = std::move(who);
    }
    void entrust(std::uint32_t keeper) {
      const std::lock_guard hold{mutex_};
      if (keeper_.exchange(keeper) != keeper) who_ = {};
    }

  private:
    mutable std::mutex mutex_;
    std::atomic<std::uint32_t> keeper_{0};
    caf::actor who_;
  };
  const std::vector<slot>& pool(souk::domain of) const { return desks_[static_cast<std::size_t>(of)]; }

  const std::uint32_t me_ = 0;  // among the nodes
  std::array<std::vector<slot>, domain_count> desks_;
  std::vector<slot> coordinators_;
};

}  // namespace souk::runtime
