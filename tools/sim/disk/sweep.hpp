// Crashes every store at every file operation, and lets every one of them fail.
//
// A script is played on a disk until the power fails, the program dies, an operation fails or memory runs out. Then the
// store is opened again, and must be exactly what a node finds that was stopped between two commits: after all that
// were acknowledged, and at most the one under way. What it was found to be is as good as acknowledged: a power loss
// right afterwards must not take it back. Then everything is asked once more by the same keys, and the audit must say
// what it says without any fault.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "messages/grammar/domain.hpp"

namespace souk::sim {

struct sweep_options {
  std::optional<souk::domain> only;
  std::uint64_t seed = 1;
  std::uint64_t rounds = 1;      // each with other dice, for what is left of what was not synced
  bool power = false;            // power losses alone
  std::uint64_t points_max = 0;  // of a round, drawn by the seed; 0: every one
  std::function<void(std::uint64_t done, std::uint64_t of)> tell;
};

struct sweep_result {
  std::uint64_t points = 0;
  std::uint64_t power_losses = 0;     // of the points
  std::uint64_t struck = 0;           // the fault came up before the script was over
  std::vector<std::string> failures;  // the first of them, with what is needed to see them again
};

sweep_result sweep_stores(const sweep_options& options);

}  // namespace souk::sim
