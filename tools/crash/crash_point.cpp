// Dies where it was told to.
#include "messages/grammar/crash_point.hpp"

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace souk::armed {

namespace {

constexpr std::size_t index_of(crash_point at) { return static_cast<std::size_t>(at); }

struct trigger {
  std::array<std::atomic<long>, crash_points.size()> passed{};
  std::size_t at = crash_points.size();
  long left = 0;
  bool counts = false;

  trigger() {
    const char* given = std::getenv("SOUK_CRASH_AT");
    if (!given) return;
    const std::string_view text{given};
    if (text == "count") {
      counts = true;
      return;
    }
    const auto colon = text.find(':');
    for (const auto& one : crash_points)
      if (one.name == text.substr(0, colon)) at = index_of(one.at);
    const auto* end = text.data() + text.size();
    const bool number =
        colon != std::string_view::npos && std::from_chars(text.data() + colon + 1, end, left).ptr == end && left > 0;
    if (at < crash_points.size() && number) return;
    std::fprintf(stderr, "SOUK_CRASH_AT is %s: it is to be NAME:N with a name of --list-crash-points\n", given);
    std::_Exit(2);
  }
  ~trigger() {
    for (std::size_t i = 0; counts && i < passed.size(); ++i)
      std::fprintf(stderr, "passed %s %ld\n", crash_points[i].name.data(), passed[i].load());
  }
};
trigger the_trigger;

}  // namespace

void may_crash(crash_point at) {
  const auto before = the_trigger.passed[index_of(at)].fetch_add(1);
  if (index_of(at) == the_trigger.at && before + 1 == the_trigger.left) {
    std::raise(SIGKILL);
    for (;;) std::abort();
  }
}

}  // namespace souk::armed
