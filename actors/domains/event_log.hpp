// Event log: takes what domains tell, keeps it in order, and hands it to those who subscribe.
#pragma once

#include <array>
#include <map>

#include "actors/domains/brain.hpp"
#include "persistence/event_log.hpp"

namespace souk::domains {

class event_log final : public brain {
public:
  // keep_ms: what all subscribers have passed stays so long all the same, to be read; 0: it may go at once. What one of
  // them has not passed never goes, however old it is.
  event_log(const persistence::open_options& options, std::uint32_t partition, std::int64_t keep_ms = 0);

  answer decide(const command& what) override { return dispatch(*this, what); }
  void before_commit() override {
    store_.log.write_the_row();
    leap_is_written_ = leapt_;
    uncommitted_.clear();
  }
  persistence::store_file& file() override { return store_.file; }

  answer on(const souk::event_log::find_position& find);
  answer on(const souk::event_log::append& append);
  answer on(const souk::event_log::fetch& fetch);
  answer on(const souk::event_log::set_aside& aside);
  answer on(const souk::event_log::find_held& find);
  answer on(const souk::event_log::tried& tried);
  answer on(const souk::event_log::revive& revive);
  answer on(const souk::event_log::find_status& find);

private:
  struct subscriber {
    souk::event_log::fetch asked;  // last; from its `after` on it has not seen anything
    bool waiting = false;
    std::int64_t lag = 0;  // events of its topics after its position
    // How far the log was looked through for it, to its end while it waits: its next question mostly goes on from
    // there, and nothing need be counted anew. From `nothing_after` on nothing was found for it.
    std::int64_t looked_upto = -1;
    std::int64_t nothing_after = 0;
    std::int64_t handed = 0;
  };

  std::int64_t waiting_for(const souk::event_log::fetch& fetch);
  std::int64_t& position_of(std::uint32_t teller);

  persistence::event_log_store store_;
  std::uint32_t partition_;
  std::int64_t keep_ms_;
  // What is handed out before it is on this disk may never come to it. So each life gives numbers that none before it
  // can have given, and hands nothing out early before that is written.
  bool leapt_ = false, leap_is_written_ = false;
  std::vector<souk::event_log::told_as> uncommitted_;  // the newest events
  std::map<std::uint32_t, std::int64_t> positions_;    // of tellers
  bool some_are_held_ = false;                         // because what they came of is not here
  moment latest_;                                      // of the events appended since the desk began
  std::map<std::uint32_t, subscriber> subscribers_;    // by party::id(), as they have asked since the desk began
  std::array<std::int64_t, domain_count> told_{};      // by topic, since the desk began
};

}  // namespace souk::domains
