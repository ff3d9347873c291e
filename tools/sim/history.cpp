// Puts sights in order and compares them.
#include "tools/sim/history.hpp"

#include <algorithm>

namespace souk::sim {

namespace {
std::string in_words(const sight& one) {
  return std::string{one.effect ? "the change of " : ""} + one.of + " at version " + std::to_string(one.version) +
         " with " + std::to_string(one.value) + ", asked at " + std::to_string(one.asked_us) + " us and told at " +
         std::to_string(one.told_us) + " us";
}

std::int64_t value_at(const ledgers& truth, const sight& one, bool& there) {
  there = true;
  if (one.version == 0) return 0;
  const auto ledger = truth.find(one.of);
  if (ledger != truth.end())
    if (const auto entry = ledger->second.find(one.version); entry != ledger->second.end()) return entry->second;
  there = false;
  return 0;
}
}  // namespace

std::vector<std::string> contradictions(std::vector<sight> all, const ledgers& truth) {
  std::vector<std::string> found;
  for (const auto& one : all) {
    bool there = false;
    const auto value = value_at(truth, one, there);
    if (!there || value != one.value) found.push_back("this never was: " + in_words(one));
  }
  // In the order of asking: whatever was told before by then is a floor.
  auto by_telling = all;
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.asked_us < b.asked_us; });
  std::sort(by_telling.begin(), by_telling.end(), [](const auto& a, const auto& b) { return a.told_us < b.told_us; });
  std::map<std::string, const sight*> newest;
  auto told = by_telling.begin();
  for (const auto& one : all) {
    for (; told != by_telling.end() && told->told_us < one.asked_us; ++told)
      if (auto& floor = newest[told->of]; !floor || floor->version < told->version) floor = &*told;
    const auto floor = newest.find(one.of);
    if (floor == newest.end() || floor->second->version < one.version + !one.effect) continue;
    found.push_back("older than what was told before: " + in_words(one) + "; before: " + in_words(*floor->second));
  }
  return found;
}

}  // namespace souk::sim
