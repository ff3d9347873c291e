// Faults: what goes wrong in a play, and when. A plan of them follows from a seed, can be written down and read again,
// and be made smaller.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace souk::sim {

enum class fault_kind : std::uint8_t {
  weather,      // which: letters lost, doubled, late in percent, eight bits each; for a while
  cut,          // which: a row of the table of cuts; for a while
  fell_desk,    // which: the desk
  desk_throws,  // which: the desk, in the midst of a batch
  fell_coordinator,
  kill,            // the process; for so long nobody is there
  kill_at_charge,  // the process, when the provider captures the next charge
  set_clock,       // by so much
  platform_down,
  provider_down,
  platform_mood,  // which: forgets, never hears, refuses in percent
  provider_mood,  // which: the same, and takes its time
  lookers,        // no fault, but who finds some: which: how many more look at shelves, coupons and seats; for a while
  power_off,      // of the machine; which: what is left of what was not synced; for so long nobody is there
  power_fails,    // in the midst of a write or a sync; which: after how many of them, and what is left; likewise
  io_error,       // which: after how many operations, reads too; one, or all for a while
  sync_fails,     // which: the same; what was to be synced never will be
  disk_full,      // which: the same; files cannot grow
  commit_fails,   // which: the desk, at one of its next commits
  fell_at_tombstone,  // the next desk that is asked to undo what it never saw, so long after that
  onlookers,          // whoever charges a wallet looks at it in the same moment; for a while
  stalled,            // which: a row of the table of cuts; what is sent meanwhile comes when it is over
  fell_at_turn,    // the next coordinator that takes back what it asked for in vain, at once; that word comes so late
  operators,       // no fault, but who mends what stands still: which: how many visits; for a while
  impatience,      // which: after how many tries a saga is parked
  fell_at_repair,  // which: who falls, and how soon, when the next operator is told that his repair counts
  coordinator_hidden,  // which: the coordinator; nobody sees it for a while, and it does not know
  design_paused,       // which: the design, much: for how long, in ms
};

struct fault {
  std::int64_t at_ms = 0;
  fault_kind what{};
  std::uint32_t which = 0;
  std::int64_t much_ms = 0;
  friend bool operator==(const fault&, const fault&) = default;
};

// In braces, because what is drawn between them is drawn from left to right; between parentheses each compiler has an
// order of its own, and plays would differ.
constexpr std::uint32_t percents(const std::array<unsigned, 4>& of) {
  return of[0] | of[1] << 8 | of[2] << 16 | of[3] << 24;
}
constexpr unsigned percent_of(std::uint32_t which, unsigned n) { return which >> (8 * n) & 0xff; }

// Of a fault of the disk: after how many operations, and what is left.
constexpr std::uint32_t operations_of(std::uint32_t which) { return 1 + which % 1'024; }
constexpr std::uint32_t rest_of(std::uint32_t which) { return which / 1'024; }
constexpr std::uint32_t with_rest(std::uint32_t rest) { return rest * 1'024; }

// Between whom letters are cut, by how their names begin.
struct cut_pair {
  const char* from;
  const char* to;
};
inline constexpr cut_pair cut_pairs[]{{"coordinator", "desk"},
                                      {"desk", "coordinator"},
                                      {"coordinator", "desk wallet"},
                                      {"desk wallet", "coordinator"},
                                      {"desk product", "coordinator"},
                                      {"desk order", "coordinator"},
                                      {"subscriber", "desk"},
                                      {"desk", "subscriber"},
                                      {"relay", "desk event_log"},
                                      {"desk event_log", "relay"},
                                      {"desk", "front"},
                                      {"front", "desk order"},
                                      {"cashier", "desk payment"},
                                      {"desk payment", "cashier"},
                                      {"desk", "platform_follower"},
                                      {"desk order", ""}};

// Ordered by time.
std::vector<fault> plan_faults(std::uint64_t seed, std::int64_t over_ms);

// One a line: 1200 kill 0 300
std::string to_text(const fault& one);
std::string to_text(const std::vector<fault>& plan);
// Throws std::invalid_argument naming the line.
std::vector<fault> read_faults(const std::string& text);

}  // namespace souk::sim
