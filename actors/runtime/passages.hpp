// Passages: how often each step of each design went how, where its sagas are run, since the process began: what the
// console writes on the edges of the designs.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "messages/event_log.hpp"

namespace souk::runtime {

class passages {
public:
  static constexpr std::size_t outcomes = 4;
  static constexpr std::size_t steps_max = event_log::placed;

  // There is one who counts: its actor.
  void count(order::flow flow, std::uint8_t step, outcome how) {
    if (step >= steps_max) return;
    auto& n = counts_[index(flow, step, how)];
    n.store(n.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  std::int64_t of(order::flow flow, std::size_t step, outcome how) const {
    return counts_[index(flow, step, how)].load(std::memory_order_relaxed);
  }

private:
  static std::size_t index(order::flow flow, std::size_t step, outcome how) {
    return (static_cast<std::size_t>(flow) * steps_max + step) * outcomes + static_cast<std::size_t>(how);
  }
  std::array<std::atomic<std::int64_t>, order::flows * steps_max * outcomes> counts_{};
};

}  // namespace souk::runtime
