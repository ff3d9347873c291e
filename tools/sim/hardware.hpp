// The machine under a play's node: its power, and a disk that fails and fills up.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "persistence/audit.hpp"
#include "tools/sim/disk.hpp"
#include "tools/sim/faults.hpp"
#include "tools/sim/situations.hpp"

namespace souk::sim {

class hardware {
public:
  explicit hardware(situations& seen) : seen_(seen), disk_("play") {}

  const std::string& vfs() const { return disk_.name(); }
  // A fault of the disk, or the power that will fail: from an operation on that is counted from now.
  void fail(const fault& one);
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
  persistence::store_files files() const;
  void keep(const std::filesystem::path& folder) const { disk_.save_to(folder); }

private:
  situations& seen_;
  disk disk_;
  fault to_come_;
  std::size_t counted_ = 0;
};

}  // namespace souk::sim
