// Makes, writes and reads plans of faults.
#include "tools/sim/faults.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "messages/order.hpp"

namespace souk::sim {

namespace {
constexpr std::array<std::string_view, 28> kind_names{"weather",
                                                      "cut",
                                                      "fell_desk",
                                                      "desk_throws",
                                                      "fell_coordinator",
                                                      "kill",
                                                      "kill_at_charge",
                                                      "set_clock",
                                                      "platform_down",
                                                      "provider_down",
                                                      "platform_mood",
                                                      "provider_mood",
                                                      "lookers",
                                                      "power_off",
                                                      "power_fails",
                                                      "io_error",
                                                      "sync_fails",
                                                      "disk_full",
                                                      "commit_fails",
                                                      "fell_at_tombstone",
                                                      "onlookers",
                                                      "stalled",
                                                      "fell_at_turn",
                                                      "operators",
                                                      "impatience",
                                                      "fell_at_repair",
                                                      "coordinator_hidden",
                                                      "design_paused"};
}  // namespace

std::vector<fault> plan_faults(std::uint64_t seed, std::int64_t over_ms) {
  std::mt19937_64 dice{seed ^ 0x6661756c7473ULL};
  const auto below = [&](std::uint64_t n) { return static_cast<unsigned>(dice() % n); };
  const auto some_time = [&] { return static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(over_ms)); };
  const auto pick = [&](std::int64_t lo, std::int64_t hi) {
    return lo + static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(hi - lo + 1));
  };
  std::vector<fault> plan;
  // Some plays have fair weather, so that nothing hides behind letters that are asked for again.
  if (below(5)) plan.push_back({0, fault_kind::weather, percents({below(31), below(51), below(40)}), over_ms});
  if (below(3)) plan.push_back({0, fault_kind::platform_mood, percents({below(30), below(20), below(25)}), over_ms});
  if (below(5))
    plan.push_back({0, fault_kind::provider_mood, percents({below(30), below(30), below(20), below(30)}), over_ms});
  const auto some = [&](unsigned at_most, fault_kind what, std::uint64_t of, std::int64_t lo, std::int64_t hi) {
    for (auto n = below(at_most + 1); n > 0; --n) plan.push_back({some_time(), what, below(of), pick(lo, hi)});
  };
  some(4, fault_kind::cut, std::size(cut_pairs), 100, 3'000);
  some(5, fault_kind::fell_desk, 64, 0, 0);
  some(4, fault_kind::desk_throws, 64, 0, 0);
  some(2, fault_kind::fell_coordinator, 8, 0, 0);
  some(2, fault_kind::kill, 1, 1, 1'500);
  if (below(3) == 0) plan.push_back({some_time(), fault_kind::kill_at_charge, 0, pick(1, 500)});
  some(2, fault_kind::set_clock, 1, -3'600'000, 3'600'000);
  some(1, fault_kind::platform_down, 1, 500, 6'000);
  some(1, fault_kind::provider_down, 1, 500, 4'000);
  // From here on the disk, and those who look. What stands above stays as it is, so that a seed's other faults do.
  plan.push_back({0, fault_kind::lookers, 30 + below(60), over_ms});
  const auto any = std::uint64_t{1} << 20;
  if (below(2))
    for (auto& one : plan)
      if (one.what == fault_kind::kill) one.what = fault_kind::power_off, one.which = below(any);
  if (below(3)) {
    some(2, fault_kind::power_fails, any, 1, 1'500);
    some(2, fault_kind::io_error, any, -2'000, 1'500);  // less than nothing: one operation only
    some(1, fault_kind::sync_fails, any, -1'500, 800);
    some(1, fault_kind::disk_full, any, 200, 2'500);
  }
  for (auto& one : plan)
    one.much_ms = one.what == fault_kind::set_clock ? one.much_ms : std::max<std::int64_t>(one.much_ms, 0);
  some(4, fault_kind::commit_fails, 64, 0, 0);
  some(4, fault_kind::fell_at_tombstone, 1, 1, 300);
  some(1, fault_kind::onlookers, 1, over_ms / 2, over_ms);
  some(2, fault_kind::stalled, std::size(cut_pairs), 100, 3'000);
  some(2, fault_kind::fell_at_turn, 1, 500, 4'000);
  if (below(2)) {
    plan.push_back({0, fault_kind::operators, 20 + below(60), over_ms});
    plan.push_back({0, fault_kind::impatience, 2 + below(4), over_ms});
    some(3, fault_kind::fell_at_repair, 1'024, 1, 800);
  }
  some(3, fault_kind::coordinator_hidden, 8, 300, 3'000);
  some(2, fault_kind::design_paused, order::flows, 200, 2'500);
  std::stable_sort(plan.begin(), plan.end(), [](const auto& a, const auto& b) { return a.at_ms < b.at_ms; });
  return plan;
}

std::string to_text(const fault& one) {
  return std::to_string(one.at_ms) + ' ' + std::string{kind_names[static_cast<std::size_t>(one.what)]} + ' ' +
         std::to_string(one.which) + ' ' + std::to_string(one.much_ms);
}

std::string to_text(const std::vector<fault>& plan) {
  std::string text;
  for (const auto& one : plan) text += to_text(one) + '\n';
  return text;
}

std::vector<fault> read_faults(const std::string& text) {
  std::vector<fault> plan;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words{line};
    fault one;
    std::string kind, rest;
    const bool read = static_cast<bool>(words >> one.at_ms >> kind >> one.which >> one.much_ms) && !(words >> rest);
    const auto known = std::find(kind_names.begin(), kind_names.end(), kind);
    if (!read || known == kind_names.end()) throw std::invalid_argument("this is no fault: " + line);
    one.what = static_cast<fault_kind>(known - kind_names.begin());
    plan.push_back(one);
  }
  return plan;
}

}  // namespace souk::sim
