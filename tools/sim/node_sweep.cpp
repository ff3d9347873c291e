// Plays each scenario once undisturbed, to learn its operations, and then once for each point.
#include "tools/sim/node_sweep.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "tools/sim/play.hpp"

namespace souk::sim {

namespace {

struct scenario {
  play_options options;
  std::vector<operation> operations;
};

// Has everything been in it?
bool is_whole(const outcome& played) {
  const auto has = [&](order::flow flow) {
    return std::any_of(played.opened_by.begin(), played.opened_by.end(),
                       [flow](const auto& one) { return one.second.flow == flow; });
  };
  return played.completed && played.seen.times(situation::order_cancelled_in_time) && has(order::flow::take_back) &&
         has(order::flow::seat_payment);
}

scenario scenario_of(std::uint64_t seed) {
  scenario found;
  // Numbers that no seed of a round has in common with another's.
  for (auto next = seed * 1'000'003;; ++next) {
    found.options = {next, 16, std::vector<fault>{}, {}};
    auto played = play(found.options);
    if (!is_whole(played)) continue;
    found.operations = std::move(played.operations);
    return found;
  }
}

std::vector<strike> points_of(const scenario& of, const sweep_options& wanted, std::uint64_t seed) {
  std::vector<strike> all;
  for (std::uint64_t at = 1; at <= of.operations.size(); ++at) {
    const auto what = of.operations[at - 1];
    const auto add = [&](strike::kind kind, crash_mode left = {}) { all.push_back({at, kind, left, seed + at}); };
    if (disk::changes(what))
      for (const auto left : {crash_mode::lose, crash_mode::keep, crash_mode::reorder, crash_mode::tear})
        add(strike::kind::power, left);
    if (wanted.power) continue;
    if (disk::changes(what)) add(strike::kind::death);
    for (const auto one : {strike::kind::io_error, strike::kind::io_errors}) add(one);
    if (what == operation::write) add(strike::kind::full);
    if (what == operation::sync) add(strike::kind::failed_sync);
  }
  if (wanted.points_max && wanted.points_max < all.size()) {
    std::mt19937_64 dice{seed};
    for (std::size_t i = 0; i < wanted.points_max; ++i) std::swap(all[i], all[i + dice() % (all.size() - i)]);
    all.resize(wanted.points_max);
  }
  return all;
}

std::string words_for(const strike& one) {
  static constexpr std::array<std::string_view, 6> kinds{"power lost", "program died", "I/O error once",
                                                         "I/O errors", "disk full",    "failed sync"};
  static constexpr std::array<std::string_view, 4> modes{"lost", "kept", "reordered", "torn"};
  std::string text{kinds[static_cast<std::size_t>(one.what)]};
  if (one.what == strike::kind::power) text += ", unsynced " + std::string{modes[static_cast<std::size_t>(one.left)]};
  return text + " at " + std::to_string(one.at);
}

}  // namespace

sweep_result sweep_node(const sweep_options& options) {
  sweep_result result;
  for (std::uint64_t round = 0; round < options.rounds; ++round) {
    const auto of = scenario_of(options.seed + round);
    const auto points = points_of(of, options, options.seed + round);
    for (const auto& one : points) {
      auto told = of.options;
      told.struck = one;
      const auto played = play(told);
      result.points += 1;
      result.struck += played.was_struck;
      result.power_losses += played.was_struck && one.what == strike::kind::power;
      if (!played.broken.empty() && result.failures.size() < 100)
        result.failures.push_back("node, " + words_for(one) + ", seed " + std::to_string(options.seed + round) + ": " +
                                  played.broken.front());
      if (options.tell) options.tell(result.points, points.size() * options.rounds);
    }
  }
  return result;
}

}  // namespace souk::sim
