// The reactor: does at a desk what the events of a choreography ask of its domain, and tells what came of it.
//
// A plain class beside the brain. What an event asks for is decided in the transaction in which the desk's position in
// the event log moves on and in which the events that follow are written into its outbox: at least once on the way is
// once in effect.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/domains/brain.hpp"
#include "actors/runtime/directory.hpp"
#include "actors/runtime/passages.hpp"
#include "actors/runtime/surroundings.hpp"
#include "actors/sagas/plan.hpp"

namespace souk::runtime {

class reactor {
public:
  reactor(domains::brain& brain, directory::place at, std::shared_ptr<const directory> where,
          std::shared_ptr<const surroundings> around, passages* passed = nullptr);
  ~reactor() { exchange_.teller = nullptr; }
  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;

  // The answer to a command that is for the reactor; nothing when it is for the domain.
  std::optional<answer> decide(const command& what);
  std::optional<domains::later> put_off() { return std::exchange(later_, std::nullopt); }
  // Events that are to be written with this commit, also when nothing else is.
  bool has_told() const { return exchange_.told.has_unwritten(); }
  void before_commit();
  // After a commit: what rang. Added to it: the bell, if something was told.
  void after_commit(std::vector<std::int64_t>& rung);
  // What was put off and may be done now, since it rang.
  std::vector<command> go_on();

  static constexpr std::int64_t bell = -1;  // the subject that rings

private:
  answer on(const event_log::collect& collect);
  answer on(const event_log::find_heard& find);
  answer on(const event_log::react& react);

  // Empty, or why this event cannot be taken.
  std::string take(const event_log::event& event);
  answer on(const event_log::go_on& go_on);
  // Empty, or why this move cannot be made. waited: it was put off before, and not told.
  std::string act(const event_log::event& event, std::uint8_t stage, bool undo, bool waited = false);
  void tell(event_log::event&& event);
  void put_off(std::int64_t subject, const event_log::event& event, std::uint8_t stage, bool undo);
  std::int64_t wanted_from(std::uint32_t partition);
  void keep(std::uint32_t partition, std::int64_t at_least);

  domains::brain& brain_;
  persistence::exchange& exchange_;
  directory::place at_;
  std::shared_ptr<const directory> where_;
  std::shared_ptr<const surroundings> around_;
  passages* passed_;  // none: nobody counts
  std::optional<domains::later> later_;
  std::int64_t rung_at_ = 0;
  std::multimap<std::int64_t, persistence::exchange::put_off> waiting_;  // by subject
  std::set<std::int64_t> ready_;                                         // of them, those that have rung
  bool waits_ = false;                                                   // the last move was put off
  // By partition. A position is written only together with what the events have caused: those that caused nothing may
  // come again after a restart, and seldom cost a commit.
  struct position {
    std::int64_t upto = 0;  // in effect
    std::int64_t kept = 0;  // written
  };
  position& heard_of(std::uint32_t partition);
  std::map<std::uint32_t, position> heard_;
  // Of the domain that keeps the cases' records: the first event of each open case, by partition. Their stories are in
  // memory, so these events are wanted again after a restart.
  std::map<std::uint32_t, std::map<std::int64_t, number>> first_of_;
  std::vector<command> commands_;  // of the move that is made
  std::vector<command> asked_;     // of those that an event asks for
};

}  // namespace souk::runtime
