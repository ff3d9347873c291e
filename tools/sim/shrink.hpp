// Makes a play that fails smaller, and keeps it as a script that anybody can play again.
#pragma once

#include <chrono>
#include <string>

#include "tools/sim/play.hpp"

namespace souk::sim {

// The smallest found in that time that still fails: fewer visits, fewer faults.
play_options shrink(const play_options& failing, std::chrono::seconds at_most);

// A script: seed, visits and faults, a line each; # begins a remark.
std::string to_script(const play_options& what);
// Throws std::invalid_argument naming the line.
play_options read_script(const std::string& text);

}  // namespace souk::sim
