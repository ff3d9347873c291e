// Lets the disk fail as the plan says.
#include "tools/sim/hardware.hpp"

namespace souk::sim {

void hardware::fail(const fault& one) {
  const auto at = disk_.operations() + operations_of(one.which);
  const auto next = disk_.operations() + 1;
  const bool for_a_while = one.much_ms > 0;
  switch (one.what) {
    case fault_kind::power_fails: go_dark(at, one); break;
    case fault_kind::io_error: disk_.fail_at(for_a_while ? next : at, trouble::io_error, for_a_while); break;
    case fault_kind::sync_fails:
      disk_.fail_at(for_a_while ? next : at, trouble::failed_sync, for_a_while, rest_of(one.which));
      break;
    case fault_kind::disk_full: disk_.fail_at(next, trouble::full, true); break;
    default: break;
  }
}

void hardware::go_dark(std::uint64_t at, const fault& by) {
  to_come_ = by;
  disk_.crash_at(at);
}

void hardware::heal() {
  disk_.lift();
  disk_.crash_at(0);
}

void hardware::lose_process() { disk_.abandon(); }

void hardware::lose_power(std::uint32_t rest) {
  seen_.saw(disk_.powered() ? situation::power_lost : situation::power_lost_in_a_write);
  disk_.crash(static_cast<crash_mode>(rest % 4), rest / 4);
}

void hardware::count() {
  const auto failed = disk_.failed();
  for (; counted_ < failed.size(); ++counted_) {
    const auto& one = failed[counted_];
    if (one.why == trouble::full)
      seen_.saw(situation::disk_full);
    else if (one.what == operation::sync)
      seen_.saw(situation::sync_failed);
    else if (one.what == operation::read)
      seen_.saw(situation::read_failed);
    else
      seen_.saw(situation::write_failed);
  }
}

persistence::store_files hardware::picture() {
  disk_.show_on(picture_);
  return picture_.files();
}

}  // namespace souk::sim
