// The supervisor: seats desks, coordinators and followers, and seats them anew when they fall, with growing pauses.
//
// One that falls again and again is given up loudly: its slot stays empty, its callers hear "unreachable", the node's
// readiness is gone.
#pragma once

#include <atomic>
#include <caf/event_based_actor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/wire.hpp"

namespace souk::runtime {

// Somebody under supervision: how to spawn, and where to announce who sits there now.
struct post {
  std::string name;
  std::function<caf::actor()> spawn;
  std::function<void(caf::actor)> announce;  // with nobody when it fell
  std::function<void()> count_restart;
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
  };
  static constexpr int falls_max = 12;

  void spawn(std::size_t at);
  void on_down(const caf::down_msg& news);

  std::vector<post> posts_;
  std::vector<seat> seats_;
  std::shared_ptr<supervision> counts_;
  bool draining_ = false;
};

}  // namespace souk::runtime
