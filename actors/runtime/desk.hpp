// The desk: the actor that seats a domain in front of its store.
//
// It takes what waits in its mailbox, decides it in one transaction, commits once, and only then answers all (group
// commit). Whatever throws ends the desk: the transaction is rolled back, the callers ask again, the supervisor seats a
// new one in front of the same store.
#pragma once

#include <atomic>
#include <caf/event_based_actor.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/domains/brain.hpp"
#include "actors/runtime/directory.hpp"
#include "actors/runtime/latencies.hpp"
#include "actors/runtime/passages.hpp"
#include "actors/runtime/reactor.hpp"
#include "actors/runtime/surroundings.hpp"
#include "actors/runtime/wire.hpp"

namespace souk::runtime {

using brain_maker = std::function<std::unique_ptr<domains::brain>()>;

// What a desk counts, for metrics and benchmarks; survives its restarts.
struct desk_counts {
  std::atomic<std::int64_t> letters{0};
  std::atomic<std::int64_t> batches{0};
  std::atomic<std::int64_t> commits{0};
  std::atomic<std::int64_t> waiting{0};
  std::atomic<std::int64_t> restarts{0};
  std::atomic<std::int64_t> by_events{0};  // open cases that no coordinator runs, of the desk that keeps their record
  std::atomic<bool> full{false};           // the store could not grow when it was last tried
  latencies took;                          // letters, from their coming to their answer, or to being put off
  passages passed;                         // of cases that run by events
};
measured figures_of(const desk_counts& counts);

struct desk_papers {
  directory::place at;
  brain_maker make_brain;
  std::shared_ptr<const directory> where;
  std::shared_ptr<const surroundings> around;
  std::shared_ptr<desk_counts> counts;
};

class desk : public caf::event_based_actor {
public:
  desk(caf::actor_config& config, desk_papers papers);
  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return name_.c_str(); }

private:
  using instant = std::chrono::steady_clock::time_point;  // to measure by, and nothing else
  struct parcel {
    caf::strong_actor_ptr from;
    std::vector<letter> letters;
    instant came = std::chrono::steady_clock::now();
  };
  struct put_off {
    caf::strong_actor_ptr from;
    letter what;
  };
  struct bundle {
    caf::strong_actor_ptr to;
    responses answers;
  };

  void work();
  void let_in(parcel one);
  bool has_mail() const { return !questions_.empty() || !parcels_.empty(); }
  std::vector<parcel> next_batch();
  void batch(std::vector<parcel>& parcels);
  void one_by_one(std::vector<parcel>& parcels);
  void decide(const parcel& of, letter& what);
  void answer_or_wait(const parcel& of, std::uint64_t ticket, answer said, std::optional<domains::later> later);
  void wait_for(std::int64_t subject, put_off&& one);
  std::vector<parcel> no_longer_waiting(const std::vector<std::int64_t>& rung);
  void answer_early();
  void commit();
  void after_commit();
  void go_on();
  void answer_all();
  void count(const std::vector<parcel>& answered);
  void say(const parcel& of, std::uint64_t ticket, answer what);
  void seat();

  desk_papers papers_;
  std::string name_;
  std::unique_ptr<domains::brain> brain_;
  std::unique_ptr<reactor> reactor_;  // of a domain that takes part in choreographies
  std::vector<parcel> questions_;
  std::deque<parcel> parcels_;  // all else
  std::vector<bundle> bundles_;
  std::unordered_multimap<std::int64_t, put_off> later_;  // by subject
  // In this transaction: were it rolled back, their subjects would be others'.
  std::vector<std::pair<std::int64_t, put_off>> now_put_off_;
  bool flush_is_due_ = false;
  bool sweep_is_due_ = false;
};

}  // namespace souk::runtime
