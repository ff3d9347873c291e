// Follows sagas for a moment, to hear what has happened so far.
#include "actors/edge/stories.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace souk::edge {

void with_stories(const call& c, std::vector<order::view> of, std::function<void(std::vector<order::view>&&)> then) {
  struct gathering {
    std::mutex mutex;
    std::vector<order::view> views;
    std::vector<bool> heard;
    std::vector<std::pair<number, std::uint64_t>> followed;
    std::size_t missing = 0;
    bool over = false;
    std::function<void(std::vector<order::view>&&)> then;

    void finish(const call& c) {
      std::vector<order::view> all;
      decltype(followed) leave;
      {
        const std::lock_guard hold{mutex};
        if (std::exchange(over, true)) return;
        all = std::move(views);
        leave = std::move(followed);
      }
      for (const auto& [saga, ticket] : leave) c.hall().unfollow(saga, ticket);
      then(std::move(all));
    }
  };
  constexpr std::size_t asked_max = 200;
  constexpr std::int64_t wait_ms = 300;
  auto all = std::make_shared<gathering>();
  all->heard.resize(of.size());
  all->views = std::move(of);
  all->then = std::move(then);
  std::vector<std::pair<number, std::size_t>> asked;
  for (std::size_t i = 0; i < all->views.size() && asked.size() < asked_max; ++i) {
    const auto& one = all->views[i];
    // What an operator has sent on is further than where it stood.
    const bool is_old = std::any_of(one.timeline.begin(), one.timeline.end(),
                                    [](const auto& it) { return it.what == order::mark::repaired; });
    if (!one.ended.ms && !one.parked && (one.timeline.empty() || is_old)) asked.emplace_back(one.id, i);
  }
  all->missing = asked.size();
  if (asked.empty()) return all->finish(c);
  for (const auto& [id, i] : asked) {
    const auto ticket = c.hall().follow(id, [c, all, i = i](const progress& news) {
      bool last = false;
      {
        const std::lock_guard hold{all->mutex};
        if (all->over || all->heard[i]) return;
        all->heard[i] = true;
        if (!news.timeline.empty()) all->views[i].timeline = news.timeline;
        last = --all->missing == 0;
      }
      if (last) all->finish(c);
    });
    std::unique_lock hold{all->mutex};
    if (!all->over) {
      all->followed.emplace_back(id, ticket);
      continue;
    }
    hold.unlock();
    c.hall().unfollow(id, ticket);
  }
  // Answered when the first of them ends, or after so long: nobody waits longer for the others.
  c.hall().ask(order::watch{asked.front().first}, {{}, wait_ms, 0}, [c, all](answer&&) { all->finish(c); });
}

}  // namespace souk::edge
