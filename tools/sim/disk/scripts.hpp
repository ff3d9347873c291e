// For each domain a day in a few dozen commands: every kind that writes, in the orders in which sagas ask them, with
// repetitions, undos and commands that come after their undo.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/domains/brain.hpp"

namespace souk::sim {

struct script {
  souk::domain domain{};
  std::function<std::unique_ptr<domains::brain>(const persistence::open_options&)> seat;
  std::vector<command> commands;
};

// The scripts are played once while they are written, because numbers that a store gives stand in later commands.
std::vector<script> scripts();

// One command in one transaction, as a desk does it.
answer say(domains::brain& brain, const command& what);

}  // namespace souk::sim
