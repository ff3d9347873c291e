// souk sim: plays a whole node in one thread, from seeds, with everything that can go wrong, and checks the books.
#pragma once

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace souk::tools {

struct sim_options {
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;      // how many, from that one on
  unsigned sagas = 100;         // of a play, about
  std::string script;           // a file with seed, visits and faults; empty: all follows from the seed
  bool trace_hash = false;      // print each play's fingerprint
  std::string shrink;           // a file: the first play that fails is made smaller and written there
  bool until_broken = false;    // stop at the first play that fails
  bool all_situations = false;  // one that never occurred is a failure
  std::int64_t recoveries = 0;  // fewer are a failure
  std::string follow;           // a case, by its number or its request: every letter about it is printed
  std::string keep;             // a directory: the stores of the first play that fails are left there
  bool json = false;
};

// Answers the exit code: 0 everything holds, 1 something does not, 3 no such file or case.
int simulate(const sim_options& options);

// The subcommand, which leaves its exit code where it is told.
void add_sim(CLI::App& app, int& exit_code);

}  // namespace souk::tools
