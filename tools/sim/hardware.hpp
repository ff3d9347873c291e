// The machine under a play's node: its power, and a disk that fails and fills up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "persistence/audit.hpp"
#include "tools/sim/disk.hpp"
#include "tools/sim/faults.hpp"
#include "tools/sim/situations.hpp"

namespace souk::sim {

class hardware {
public:
  explicit hardware(situations& seen) : seen_(seen), disk_("play"), picture_("picture") {}

  const std::string& vfs() const { return disk_.name(); }
  // A fault of the disk, or the power that will fail: from an operation on that is counted from now.
  void fail(const fault& one);
  // The same at one operation, counted from the first; there is no fault yet and will be no other.
  void fail(std::uint64_t at, trouble what, bool sticky, std::uint64_t seed) { disk_.fail_at(at, what, sticky, seed); }
  void go_dark(std::uint64_t at, const fault& by);
  bool has_failed() const { return disk_.failures() > 0; }
  std::vector<operation> history() const { return disk_.history(); }
  void mend() { disk_.lift(); }
  void heal();  // and no power fails any more
  // The power failed in the midst of something: by this fault.
  std::optional<fault> blackout() const { return disk_.powered() ? std::nullopt : std::optional{to_come_}; }

  // The process is gone: what it wrote is there, and not durable for that.
  void lose_process();
  // So is what was not synced, or some of it: `rest` says how much.
  void lose_power(std::uint32_t rest);

  // Counts which operations have failed since.
  void count();
  persistence::store_files files() const { return disk_.files(); }
  // What the disk shows at this moment, on another disk that never fails: to be looked at while a node has the stores
  // open, or before one opens them. The next picture takes its place.
  persistence::store_files picture();
  void keep(const std::filesystem::path& folder) const { disk_.save_to(folder); }

private:
  situations& seen_;
  disk disk_, picture_;
  fault to_come_;
  std::size_t counted_ = 0;
};

}  // namespace souk::sim
