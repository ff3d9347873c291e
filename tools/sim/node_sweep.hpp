// Strikes a whole node at every file operation: a scenario of orders, one taken back, a return and a seat, across all
// stores at once.
//
// Each point is a play in which nothing else goes wrong: at one operation of the disk the power is lost, the program
// dies, or that operation fails, once or for a while. The node starts anew, everything ends, and the books must be what
// clients were told (play.hpp).
#pragma once

#include "tools/sim/disk/sweep.hpp"

namespace souk::sim {

// Each round has a scenario of its own, drawn by its seed. `only` is not looked at.
sweep_result sweep_node(const sweep_options& options);

}  // namespace souk::sim
