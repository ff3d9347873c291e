// Sorts durations into buckets, and reads quantiles off them.
#include "actors/runtime/latencies.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace souk::runtime {

std::size_t latencies::bucket_of(std::int64_t us) {
  const auto n = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 4));
  const auto power = static_cast<std::size_t>(std::bit_width(n)) - 1;  // 2 or more
  const auto part = static_cast<std::size_t>(n >> (power - 2)) & 3;
  return std::min((power - 2) * 4 + part, buckets - 1);
}

std::int64_t latencies::end_of(std::size_t bucket) {
  const auto power = bucket / 4;
  return static_cast<std::int64_t>((4 + bucket % 4 + 1) << power);
}

latencies::counts latencies::all() const {
  counts now{};
  for (std::size_t i = 0; i < buckets; ++i) now[i] = counts_[i].load(std::memory_order_relaxed);
  return now;
}

std::int64_t latencies::quantile(const counts& before, const counts& now, double part) {
  std::int64_t n = 0;
  for (std::size_t i = 0; i < buckets; ++i) n += now[i] - before[i];
  auto rank = static_cast<std::int64_t>(std::ceil(part * static_cast<double>(n)));
  for (std::size_t i = 0; n && i < buckets; ++i)
    if ((rank -= now[i] - before[i]) <= 0) return end_of(i);
  return 0;
}

}  // namespace souk::runtime
