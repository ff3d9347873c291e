// Leaves away what can be left away.
#include "tools/sim/shrink.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace souk::sim {

namespace {
bool fails(const play_options& what) { return !play(what).broken.empty(); }
}  // namespace

play_options shrink(const play_options& failing, std::chrono::seconds at_most) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  const auto in_time = [&] { return std::chrono::steady_clock::now() < end; };
  auto best = failing;
  if (!best.faults) best.faults = play(best).faults;
  // Halves, then quarters, down to single faults; whatever fails without them goes on without them.
  for (auto size = std::max<std::size_t>(best.faults->size() / 2, 1); in_time();) {
    bool smaller = false;
    for (std::size_t from = 0; from < best.faults->size() && in_time();) {
      auto fewer = best;
      const auto first = fewer.faults->begin() + static_cast<std::ptrdiff_t>(from);
      const auto n = std::min(size, fewer.faults->size() - from);
      fewer.faults->erase(first, first + static_cast<std::ptrdiff_t>(n));
      if (fails(fewer)) {
        best = fewer;
        smaller = true;
      } else {
        from += n;
      }
    }
    if (size == 1 && !smaller) break;
    size = std::max<std::size_t>(size / 2, 1);
  }
  // Other visits are another play: fewer of them fail or do not fail for reasons of their own.
  for (auto visits = best.visits / 2; visits > 0 && in_time(); visits = visits * 3 / 4) {
    auto fewer = best;
    fewer.visits = visits;
    if (fails(fewer)) best = fewer;
  }
  return best;
}

std::string to_script(const play_options& what) {
  return "seed " + std::to_string(what.seed) + "\nvisits " + std::to_string(what.visits) + '\n' +
         (what.faults ? to_text(*what.faults) : std::string{});
}

play_options read_script(const std::string& text) {
  play_options what;
  std::string faults;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words{line};
    std::string first, rest;
    words >> first;
    if (first != "seed" && first != "visits") {
      faults += line + '\n';
      continue;
    }
    const bool read =
        static_cast<bool>(first == "seed" ? words >> what.seed : words >> what.visits) && !(words >> rest);
    if (!read) throw std::invalid_argument("this is no " + first + ": " + line);
  }
  what.faults = read_faults(faults);
  return what;
}

}  // namespace souk::sim
