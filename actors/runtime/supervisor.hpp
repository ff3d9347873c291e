// The supervisor: seats desks, coordinators and followers, and seats them anew when they fall, with growing pauses.
//
// Of several nodes each knows everybody's posts, and fills those of the shards that it keeps: a shard that moves is
// retired at one node and engaged at another, with all who belong to it.
//
// One that falls again and again is given up loudly: its slot stays empty, its callers hear "unreachable", the node's
// readiness is gone.
#pragma once

#include <atomic>
#include <caf/event_based_actor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/porter_words.hpp"

namespace souk::runtime {

// Somebody under supervision: how to spawn, and where to announce who sits there now.
struct post {
  std::string name;
  std::function<caf::actor()> spawn;
  std::function<void(caf::actor)> announce;  // with nobody when it fell
  std::function<void()> count_restart;
  std::uint32_t shard = for_ever;  // whose it is, as porters call it
  bool engaged = true;
  static constexpr std::uint32_t for_ever = UINT32_MAX;
};

struct supervision {
  std::atomic<std::int64_t> restarts{0};
  std::atomic<std::int64_t> given_up{0};
};

class supervisor : public caf::event_based_actor {
public:
  supervisor(caf::actor_config& config, std::vector<post> posts, std::shared_ptr<supervision> counts);
  caf::behavior make_behavior() override;
  const char* name() const override { return "supervisor"; }

private:
  struct seat {
    caf::actor_addr who;
    int falls = 0;  // lately
    caf::actor_clock::time_point fell;
    bool leaving = false;
  };
  static constexpr int falls_max = 12;

  void spawn(std::size_t at);
  void on_down(const caf::down_msg& news);
  void on_retire(std::uint32_t shard);
  void on_engage(std::uint32_t shard);
  bool anybody_of(std::uint32_t shard) const;
  bool nobody_left() const;

  std::vector<post> posts_;
  std::vector<seat> seats_;
  std::shared_ptr<supervision> counts_;
  std::map<std::uint32_t, caf::actor> retiring_;  // a shard, and who wants to know when all have gone
  bool draining_ = false;
};

}  // namespace souk::runtime
