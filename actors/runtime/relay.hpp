// Between the desks and the event log: relays carry what a desk tells into the log, subscribers carry to a desk what it
// hears.
//
// Neither keeps anything: positions lie with those who have the events, so after any crash they start from there.
#pragma once

#include <caf/event_based_actor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

#include "actors/runtime/asker.hpp"

namespace souk::runtime {

// What a domain subscribes to: the topics (bit n for domain n) on whose events some plan has it act, and the flows (bit
// n for flow n) of those plans. The domain that keeps the cases' records hears everything. Nothing: it takes no part in
// choreographies.
struct interest {
  std::uint32_t topics = 0, flows = 0;
  bool committed = false;  // only what is on the log's disk
};
interest interest_of(domain which);
// What the platform is told of the log.
interest interest_in_histories();

struct relay_papers {
  event_log::party desk;
  std::uint32_t partition = 0;    // of a subscriber
  std::uint32_t subscribers = 0;  // that there are
  std::shared_ptr<const directory> where;
  std::shared_ptr<const surroundings> around;
};

class relay : public caf::event_based_actor {
public:
  relay(caf::actor_config& config, relay_papers papers);
  caf::behavior make_behavior() override;
  const char* name() const override { return "relay"; }

private:
  void start();
  void collect();
  void append(const event_log::events& told);
  void look_back();
  hear in_this_run(hear then) const;

  relay_papers papers_;
  asker asker_;
  std::int64_t position_ = 0;
  std::vector<std::int64_t> has_;  // by partition: the last event that it has said it has
  std::size_t missing_ = 0;        // answers of partitions
  bool full_ = false;              // one of them has no room
  std::uint64_t run_ = 0;          // since it began to collect anew
  std::int64_t resume_at_ms_ = 0;  // 0: not pausing
  std::int64_t look_back_at_ms_ = 0;
};

class subscriber : public caf::event_based_actor {
public:
  subscriber(caf::actor_config& config, relay_papers papers);
  caf::behavior make_behavior() override;
  const char* name() const override { return "subscriber"; }

private:
  void start();
  void begin_fetching();
  void fetch();
  void next();
  void hand_over(const event_log::events& told);
  void react(const event_log::events& told);
  void on_silence(const event_log::events& told, reason why);
  void set_aside(std::vector<event_log::event> events, const std::string& error, event_log::events rest);
  void skip(const event_log::event& bad, const std::string& error);
  void pause();
  void begin_run();
  hear in_this_run(hear then) const;
  void settle_position();
  void try_troubles();
  void try_next(std::shared_ptr<std::vector<event_log::trouble>> due, std::size_t at);

  relay_papers papers_;
  asker asker_;
  interest interest_;
  std::uint32_t run_ = 0;       // what was asked in an earlier run is not heard any more
  std::int64_t position_ = 0;   // in effect at the desk
  std::int64_t kept_ = 0;       // not wanted again
  std::int64_t told_kept_ = 0;  // of which the log knows
  std::int64_t settled_ = 0;    // where the desk was last told to write its position
  std::int64_t handed_ = 0;     // to the desk, the last time
  std::int64_t fetched_ = 0;    // the next are fetched while the desk is at these
  std::optional<event_log::events> ready_;
  bool reacting_ = false;
  std::unordered_set<number> held_;  // cases with an event in trouble: their later events wait
  std::multiset<number> aside_;      // those whose events are being set aside: the log may not know of them yet
  std::uint64_t asides_ = 0;         // that were begun or are through: what was asked before is outdated
  std::int64_t look_again_at_ms_ = 0;
  std::int64_t careful_until_ = 0;  // one event at a time up to here: one of them fells the desk
  std::int64_t suspect_ = 0;        // the event that the desk last fell silent on
  int silences_ = 0;                // and how often; what came before it may be heard again in between
  std::int64_t resume_at_ms_ = 0;   // 0: not pausing
  std::int64_t troubles_at_ms_ = 0;
  bool trying_troubles_ = false;
};

}  // namespace souk::runtime
