// Passages: how often each step of each design went how, where its sagas are run, since the process began: what the
// console writes on the edges of the designs.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

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
  // Adds these to what others have counted.
  void add_to(std::vector<std::int64_t>& all) const {
    all.resize(counts_.size());
    for (std::size_t i = 0; i < counts_.size(); ++i) all[i] += counts_[i].load(std::memory_order_relaxed);
  }
  // In such a sum. 0 where it is shorter, as that of an older node may be.
  static std::int64_t of(const std::vector<std::int64_t>& all, order::flow flow, std::size_t step, outcome how) {
    const auto at = index(flow, step, how);
    return at < all.size() ? all[at] : 0;
  }

private:
  static std::size_t index(order::flow flow, std::size_t step, outcome how) {
    return (static_cast<std::size_t>(flow) * steps_max + step) * outcomes + static_cast<std::size_t>(how);
  }
  std::array<std::atomic<std::int64_t>, order::flows * steps_max * outcomes> counts_{};
};

}  // namespace souk::runtime
