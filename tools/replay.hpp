// souk replay: plays a real order history through a node and says whether the books balance.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace souk::tools {

struct replay_options {
  std::vector<std::string> files;  // together one history
  std::string flow = "order_payment";
  unsigned in_flight = 64;
  std::string node;  // http://HOST:PORT of a running one, or of several, with commas; empty: an own one in this process
  std::string key;   // shown to running ones
  std::string data;  // of the own node; empty: a directory that is removed afterwards
  std::optional<std::int64_t> stock;
  std::optional<std::int64_t> funds;
  bool json = false;
  bool quiet = false;
};

// Prints the summary to stdout, progress and bad rows to stderr. Answers the exit code: 0 the books balance, 1 they do
// not, 2 usage, 3 no such file, 4 the shop was furnished otherwise before, 5 no answer, 65 a store is damaged.
int replay_orders(const replay_options& options);

// The subcommand, which leaves its exit code where it is told.
void add_replay(CLI::App& app, int& exit_code);

}  // namespace souk::tools
