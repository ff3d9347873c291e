// What an open console costs: consoles that listen in every other window of a run.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "actors/runtime/node.hpp"

namespace souk::tools {

// The middle one of so many, and its quarters: a machine that others use makes single windows worthless.
struct spread {
  double low = 0, middle = 0, high = 0;
};
spread spread_of(std::vector<double> of);

struct console_cost {
  std::vector<double> orders;  // a second with consoles, over those without, by pairs of neighbouring windows
  std::vector<double> cpu;     // of an order, likewise
  std::int64_t ticks = 0;      // that the consoles heard
  spread cpu_ms_a_tick;        // of this process, clients included, when there are no orders
};

// What the shortest run takes that says something.
double seconds_of_two_pairs(double window_s);

// Windows go off, on, on, off: what drifts evenly does so for both. Until `over`; `ended`: orders so far.
console_cost watch_consoles(runtime::node& node, unsigned consoles, double window_s,
                            const std::atomic<std::int64_t>& ended, const std::atomic<bool>& over);

}  // namespace souk::tools
