// souk onsale: plays the on-sale of a concert and says whether every ticket is where its money is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace souk::tools {

struct onsale_options {
  unsigned users = 300;
  std::string hall = "small";        // or a file
  std::vector<std::int64_t> prices;  // of a plan's categories; empty: the usual ones
  std::string dates;                 // a file; empty: a made up date
  std::uint64_t seed = 1;
  std::int64_t admits = 0;  // 0: as suits the hall
  std::int64_t hold_seconds = 2;
  std::string data;  // of the node; empty: a directory that is removed afterwards
  bool json = false;
  bool quiet = false;
};

// Prints who got what to stdout, progress to stderr. Answers the exit code: 0 everything holds, 1 it does not, 3 no
// such hall, 5 no answer, 65 a store is damaged.
int play_onsale(const onsale_options& options);

// The subcommand, which leaves its exit code where it is told.
void add_onsale(CLI::App& app, int& exit_code);

}  // namespace souk::tools
