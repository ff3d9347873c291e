// The front: where threads that are no actors (the HTTP server, a benchmark, a test) ask the desks.
#pragma once

#include <atomic>
#include <caf/event_based_actor.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "actors/runtime/asker.hpp"

namespace souk::runtime {

// A saga as somebody follows it: its timeline so far, and whether it has ended here.
using watch_progress = std::function<void(const progress&)>;

class front {
public:
  front(caf::actor_system& system, std::shared_ptr<const directory> where, std::shared_ptr<const surroundings> around);
  ~front();

  // Thread-safe. `then` is called once, on the front's own thread: it should be short.
  void ask(command what, hear then) { ask(std::move(what), {}, std::move(then)); }
  void ask(command what, const ask_options& how, hear then);
  // The same, waiting: for tools and tests.
  answer ask_now(command what, const ask_options& how = {});

  // Calls `then` with the timeline now and at every step until the saga ends, or until nobody wants to know any more.
  // Answers the ticket to say so with.
  std::uint64_t follow(number saga, watch_progress then);
  void unfollow(number saga, std::uint64_t ticket);

  std::uint32_t shards(domain of) const { return where_->shards(of); }

private:
  struct wish {
    command what;
    ask_options how;
    hear then;
    number follow;
    std::uint64_t ticket = 0;
    watch_progress progress;  // none: nobody follows any more
  };
  struct in_tray {
    std::mutex mutex;
    std::vector<wish> wishes;
  };
  class clerk;

  void drop(wish what);

  std::shared_ptr<const directory> where_;
  std::shared_ptr<in_tray> tray_;
  caf::actor clerk_;
  std::atomic<std::uint64_t> tickets_{0};
};

}  // namespace souk::runtime
