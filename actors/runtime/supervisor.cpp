// Seats and reseats.
#include "actors/runtime/supervisor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace souk::runtime {

supervisor::supervisor(caf::actor_config& config, std::vector<post> posts, std::shared_ptr<supervision> counts)
    : caf::event_based_actor(config), posts_(std::move(posts)), seats_(posts_.size()), counts_(std::move(counts)) {
  set_down_handler([this](caf::down_msg& news) { on_down(news); });
}

caf::behavior supervisor::make_behavior() {
  for (std::size_t at = 0; at < posts_.size(); ++at) spawn(at);
  return {
      [this](std::uint64_t at) {
        if (!draining_) spawn(at);
      },
      // From the last to the first: who asks goes before who answers.
      [this](souk::drain) {
        draining_ = true;
        for (auto at = posts_.size(); at-- > 0;) {
          posts_[at].announce({});
          if (const auto who = caf::actor_cast<caf::actor>(seats_[at].who))
            send_exit(who, caf::exit_reason::user_shutdown);
        }
        if (std::none_of(seats_.begin(), seats_.end(), [](const auto& one) { return one.who != nullptr; })) quit();
      },
  };
}

void supervisor::spawn(std::size_t at) {
  const auto who = posts_[at].spawn();
  seats_[at].who = who->address();
  monitor(who);
  posts_[at].announce(who);
}

void supervisor::on_down(const caf::down_msg& news) {
  const auto found =
      std::find_if(seats_.begin(), seats_.end(), [&](const auto& one) { return one.who == news.source; });
  if (found == seats_.end()) return;
  const auto at = static_cast<std::size_t>(found - seats_.begin());
  found->who = nullptr;
  posts_[at].announce({});
  if (draining_) {
    if (std::none_of(seats_.begin(), seats_.end(), [](const auto& one) { return one.who != nullptr; })) quit();
    return;
  }
  // A desk that held for a minute starts counting anew.
  const auto now = clock().now();
  if (now - found->fell > std::chrono::minutes{1}) found->falls = 0;
  found->fell = now;
  counts_->restarts += 1;
  if (posts_[at].count_restart) posts_[at].count_restart();
  if (++found->falls > falls_max) {
    counts_->given_up += 1;
    spdlog::critical(
        "{} fell {} times within a minute of each other and is given up: look at its store, then restart the node",
        posts_[at].name, found->falls);
    return;
  }
  const auto pause = std::chrono::milliseconds{std::min(5 << std::min(found->falls, 12), 10'000)};
  spdlog::warn("{} fell and is seated anew in {} ms", posts_[at].name, pause.count());
  delayed_send(this, pause, static_cast<std::uint64_t>(at));
}

}  // namespace souk::runtime
