// A play: one seed's worth of a whole node among shoppers, with everything that goes wrong, and then the account.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/sim/disk.hpp"
#include "tools/sim/faults.hpp"
#include "tools/sim/situations.hpp"
#include "tools/sim/trail.hpp"

namespace souk::sim {

// Of so many visits as many begin a saga as are wanted, about: others charge a wallet, look, give up in a queue.
constexpr unsigned visits_for(unsigned sagas) { return sagas * 13 / 8; }

// What befalls the disk at one of its operations, counted from the node's first start on.
struct strike {
  enum class kind : std::uint8_t { power, death, io_error, io_errors, full, failed_sync };
  std::uint64_t at = 0;
  kind what{};
  crash_mode left{};       // of what was not synced when the power was lost
  std::uint64_t seed = 0;  // of how much that is
};

struct play_options {
  std::uint64_t seed = 1;
  unsigned visits = visits_for(100);
  std::optional<std::vector<fault>> faults;  // none: those that follow from the seed
  std::string keep;                          // a directory: the stores of a play that fails are left there
  std::optional<followed> follow = {};       // one case, whose letters are told
  std::optional<strike> struck = {};
};

struct outcome {
  std::vector<std::string> broken;  // empty: everything holds
  std::vector<fault> faults;
  std::uint64_t trace = 0;
  std::int64_t letters = 0;
  std::int64_t cases = 0, completed = 0, failed = 0, cancelled = 0;
  std::int64_t virtual_ms = 0;
  std::int64_t recoveries = 0;  // of desks and coordinators that fell, and of the node
  std::int64_t histories = 0, undecided = 0;  // searched for an order; of those, found too wide
  struct opened {
    number id;
    order::flow flow{};
  };
  std::map<std::string, opened> opened_by;  // by request
  situations seen;
  std::vector<operation> operations;  // of the disk, until all was healed
  bool was_struck = false;
};

// Plays it from the first question to the audit. Throws only what is wrong with the machine it runs on.
outcome play(const play_options& options);

}  // namespace souk::sim
