// The console of a node, as the other actors see it: somebody who looks around, on a thread of his own.
#pragma once

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>

namespace souk::runtime {

class console {
public:
  // Looks around once, and may wait for answers meanwhile. Answers when to look again; none: not before somebody wakes
  // it. What it throws is logged, and it looks again a second later.
  using look = std::function<std::optional<std::chrono::milliseconds>()>;

  console(caf::actor_system& system, const char* name, look around);
  ~console();  // when it has ended the look that it is at
  console(const console&) = delete;
  console& operator=(const console&) = delete;

  // Thread-safe. Whoever looks already goes on as before.
  void wake();

private:
  class looker;
  std::future<void> gone_;
  caf::actor looker_;
};

}  // namespace souk::runtime
