// Sends wave after wave.
#include "actors/edge/sinks/waves.hpp"

#include <unordered_set>

namespace souk::edge::sinks {

runtime::delivery wave_sink::deliver(const order::events& events) {
  runtime::delivery done;
  std::unordered_set<number> rejected;
  const auto& all = events.list;
  std::size_t next = 0;
  while (next < all.size()) {
    std::vector<const order::event*> wave;
    std::unordered_set<number> subjects;
    auto end = next;
    for (; end < all.size(); ++end) {
      if (rejected.contains(all[end].subject)) continue;
      if (!subjects.insert(all[end].subject).second) break;
      wave.push_back(&all[end]);
    }
    std::vector<fate> fates(wave.size());
    if (!wave.empty()) done.outage = send(wave, events.source, fates);
    for (std::size_t i = 0; i < wave.size() && done.outage.empty(); ++i) {
      if (fates[i].what != fate::is::doubtful) continue;
      fates[i] = {};
      done.outage = send({&wave[i], 1}, events.source, {&fates[i], 1});
    }
    // From the front, as far as everything is known.
    std::size_t i = 0;
    for (; next < end; ++next) {
      const bool sent = i < wave.size() && wave[i] == &all[next];
      if (!sent) {
        done.rejected.push_back({all[next].seq, {}});
      } else {
        auto& one = fates[i++];
        if (one.what == fate::is::unknown || one.what == fate::is::doubtful) break;
        if (one.what == fate::is::rejected) {
          done.rejected.push_back({all[next].seq, std::move(one.error)});
          rejected.insert(all[next].subject);
        }
      }
      ++done.tried;
    }
    if (!done.outage.empty()) return done;
  }
  return done;
}

}  // namespace souk::edge::sinks
