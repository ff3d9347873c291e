// Latencies: how long things took, counted so that two looks at it give the quantiles of what came in between.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace souk::runtime {

// Durations by powers of two, each in four parts: within a fifth of the truth, and an increment to count one.
class latencies {
public:
  static constexpr std::size_t buckets = 128;
  using counts = std::array<std::int64_t, buckets>;

  void add(std::int64_t us, std::int64_t times = 1) {
    counts_[bucket_of(us)].fetch_add(times, std::memory_order_relaxed);
  }
  counts all() const;
  // In microseconds, of what came since `before`; 0: nothing did.
  static std::int64_t quantile(const counts& before, const counts& now, double part);

private:
  static std::size_t bucket_of(std::int64_t us);
  static std::int64_t end_of(std::size_t bucket);

  std::array<std::atomic<std::int64_t>, buckets> counts_{};
};

}  // namespace souk::runtime
