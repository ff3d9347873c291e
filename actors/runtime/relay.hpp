// Between the desks and the event log: relays carry what a desk tells into the log, subscribers carry to a desk what it
// hears.
//
// Neither keeps anything: positions lie with those who have the events, so after any crash they start from there.
#pragma once

#include <caf/event_based_actor.hpp>
#include <cstdint>
#include <memory>
#include <unordered_set>
#include <vector>

#include "actors/runtime/asker.hpp"

namespace souk::runtime {

// The topics that a domain subscribes to, bit n for domain n: those on whose events some plan has it act. The domain
// that keeps the cases' records hears everything. 0: it takes no part in choreographies.
std::uint32_t topics_of(domain which);

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
  void append(event_log::events&& told);

  relay_papers papers_;
  asker asker_;
  std::int64_t position_ = 0;
  std::size_t missing_ = 0;  // answers of partitions
};

class subscriber : public caf::event_based_actor {
public:
  subscriber(caf::actor_config& config, relay_papers papers);
  caf::behavior make_behavior() override;
  const char* name() const override { return "subscriber"; }

private:
  void start();
  void fetch();
  void hand_over(event_log::events&& told);
  void react(event_log::events&& told);
  void on_silence(const event_log::events& told, reason why);
  void skip(const event_log::event& bad, const std::string& error);
  void pause();
  void try_troubles();
  void try_next(std::shared_ptr<std::vector<event_log::trouble>> due, std::size_t at);

  relay_papers papers_;
  asker asker_;
  std::uint32_t topics_;
  std::int64_t position_ = 0;
  std::int64_t kept_ = 0;
  std::unordered_set<number> held_;  // cases with an event in trouble: their later events wait
  std::int64_t careful_until_ = 0;   // one event at a time up to here: one of them fells the desk
  int silences_ = 0;                 // in a row, on the same event
  std::int64_t resume_at_ms_ = 0;    // 0: not pausing
  std::int64_t troubles_at_ms_ = 0;
  bool trying_troubles_ = false;
};

}  // namespace souk::runtime
