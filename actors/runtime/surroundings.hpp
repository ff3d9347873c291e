// What a node takes from outside, handed in so that a test can hold the clock, the dice, the disk and the letters.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/message.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "actors/sagas/machine.hpp"
#include "messages/grammar/moment.hpp"

namespace souk::runtime {

struct clock {
  virtual ~clock() = default;
  virtual moment now() const = 0;
};

struct wall_clock final : clock {
  moment now() const override {
    using namespace std::chrono;
    return {duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count()};
  }
};

// Has a pause passed that lasts so long at most? A clock that is put back must not make hours of it.
constexpr bool is_over(std::int64_t end_ms, std::int64_t now_ms, std::int64_t longest_ms) {
  return now_ms >= end_ms || end_ms - now_ms > longest_ms;
}

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

struct surroundings {
  std::shared_ptr<const runtime::clock> clock = std::make_shared<wall_clock>();
  std::shared_ptr<runtime::link> link = std::make_shared<direct_link>();
  std::uint64_t seed = std::random_device{}();  // of jitter; nothing else is random
  std::string vfs;                              // empty: the platform's own file system
  spawn_policy desks = spawn_policy::detached;
  sagas::patience patience;
  std::int64_t answer_ms = 2'000;  // how long an answer may take before it is asked for again
  std::int64_t sweep_ms = 50;      // how often deadlines are looked at
};

}  // namespace souk::runtime
