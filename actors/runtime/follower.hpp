// Followers of the outbox and of the event log: they carry events to the domains that keep books of them, and to the
// data platform.
//
// A follower asks its domain how far it has come in its source, fetches what follows, has it put into effect, and asks
// for more, which says that the former is in effect. It keeps nothing: after any crash it starts from the position.
#pragma once

#include <caf/event_based_actor.hpp>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "actors/runtime/asker.hpp"
#include "actors/runtime/sink.hpp"

namespace souk::runtime {

struct follower_papers {
  std::uint32_t shard = 0;        // of the order pool: whose outbox; or a partition of the event log
  std::uint32_t subscribers = 0;  // of the event log, that there are
  std::shared_ptr<const directory> where;
  std::shared_ptr<const surroundings> around;
};

// A domain that keeps books of the events: what it is told, and how it is asked how far it has come.
struct bookkeeper {
  const char* name;
  order::subscriber who{};
  command (*find_position)(std::uint32_t source);
  command (*book)(order::events&& events);
};
extern const bookkeeper ranking_bookkeeper;
extern const bookkeeper payment_bookkeeper;

class book_follower : public caf::event_based_actor {
public:
  book_follower(caf::actor_config& config, follower_papers papers, const bookkeeper& keeper);
  caf::behavior make_behavior() override;
  const char* name() const override { return keeper_.name; }

private:
  void start();
  void fetch(std::int64_t after);

  follower_papers papers_;
  const bookkeeper& keeper_;
  asker asker_;
  std::int64_t position_ = 0;
};

// Where the platform's events come from: an outbox of orders, or a partition of the event log.
struct platform_source {
  const char* name;
  domain of;  // which has a source for each of its shards
  command (*fetch)(const follower_papers& papers, std::int64_t after);
  // What came of it, in the platform's words. Sets how far it reaches; nothing: it is no answer to a fetch.
  std::optional<std::vector<order::event>> (*read)(answer&& said, std::int64_t& upto);
  // The end of a case that runs by events is told after all that the event log has of it.
  bool after_histories = false;
};
extern const platform_source outbox_of_orders;
extern const platform_source log_of_histories;

// An event of the log as it is told to the platform; nothing when it wrote no history.
std::optional<order::event> history_of(const event_log::event& event);

class platform_follower : public caf::event_based_actor {
public:
  platform_follower(caf::actor_config& config, follower_papers papers, const platform_source& source,
                    sink_maker make_sink);
  caf::behavior make_behavior() override;
  const char* name() const override { return "platform_follower"; }

private:
  void start();
  void fetch();
  void wait_for_histories();
  void look_at_log(std::uint32_t partition);
  void offer(order::events&& events, std::int64_t upto);
  void deliver(order::events&& all, std::int64_t upto, const platform::not_now& held);
  void try_troubles();
  void pause();
  std::int64_t next_pause_ms();

  follower_papers papers_;
  const platform_source& source_;
  std::uint32_t number_;  // of the source, under which the platform keeps its position
  asker asker_;
  sink_maker make_sink_;
  std::unique_ptr<sink> sink_;
  std::mt19937_64 random_;
  std::int64_t position_ = 0;
  std::optional<std::pair<order::events, std::int64_t>>
      waits_;                                    // for the histories of its cases, and how far it reaches
  std::vector<std::int64_t> wanted_;             // of each partition of the log: told up to there
  std::chrono::milliseconds histories_pause_{};  // until that is looked at again
  int outages_ = 0;                              // in a row
  bool took_some_ = false;                       // since events in trouble were tried last
  std::int64_t resume_at_ms_ = 0;                // after an outage; 0: none
  std::int64_t troubles_at_ms_ = 0;
  bool trying_troubles_ = false;
};

}  // namespace souk::runtime
