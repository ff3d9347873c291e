// What a node takes from outside, handed in so that a test can hold the clock, the dice, the disk and the letters.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/message.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

#include "actors/sagas/machine.hpp"
#include "messages/grammar/moment.hpp"

namespace souk::runtime {

struct clock {
  virtual ~clock() = default;
  virtual moment now() const = 0;
  // For deadlines and pauses, in milliseconds since some moment: it never jumps, whoever sets the wall clock. By the
  // wall clock nothing that was lost would be asked for again for an hour after it was set back by one.
  virtual std::int64_t steady_ms() const {
    using namespace std::chrono;
    return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
  }
};

struct wall_clock final : clock {
  moment now() const override {
    using namespace std::chrono;
    return {duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()};
  }
};

// Carries a message from one actor to another. A test may lose, double, delay and reorder.
struct link {
  virtual ~link() = default;
  virtual void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) = 0;
};

struct direct_link final : link {
  void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) override {
    to->enqueue(from, caf::make_message_id(), std::move(what), nullptr);
  }
};

// Does a desk own a thread? Detached desks survive a slow disk: with 5 ms commits scheduled ones let other actors wait
// 6 s, detached ones 0.8 ms.
enum class spawn_policy : std::uint8_t { detached, scheduled };

// Runs the actors in the thread that waits for them, instead of CAF in threads of its own.
struct driver {
  virtual ~driver() = default;
  virtual void install(caf::actor_system_config& config) = 0;
  // Lets somebody do something.
  virtual void drive() = 0;
  // Nobody does anything any more: the actors that there are will be freed as they are.
  virtual void halt() = 0;
  // Has the process ended meanwhile, as one that is killed does, or one whose power fails?
  virtual bool over() const = 0;
};
struct process_over : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct surroundings {
  std::shared_ptr<const runtime::clock> clock = std::make_shared<wall_clock>();
  std::shared_ptr<runtime::link> link = std::make_shared<direct_link>();
  std::uint64_t seed = std::random_device{}();  // of jitter; nothing else is random
  std::string vfs;                              // empty: the platform's own file system
  spawn_policy desks = spawn_policy::detached;
  std::shared_ptr<runtime::driver> driver;  // none: CAF's own threads
  sagas::patience patience;
  std::int64_t answer_ms = 2'000;  // how long an answer may take before it is asked for again
  std::int64_t sweep_ms = 50;      // how often deadlines are looked at
  std::int64_t adopt_ms = 5'000;   // how long a coordinator may be out of sight until another one adopts its sagas
  // Where nobody sits, an answer is given up after so long: whoever waits at another node is to hear soon that its
  // keeper is out of reach. 0: one waits as long as for any answer, because whoever fell here sits again in a moment.
  std::int64_t out_of_reach_ms = 0;
};

}  // namespace souk::runtime
