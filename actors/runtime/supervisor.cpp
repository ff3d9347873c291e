// Seats and reseats.
#include "actors/runtime/supervisor.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace souk::runtime {

supervisor::supervisor(caf::actor_config& config, std::vector<post> posts, std::shared_ptr<supervision> counts)
    : caf::event_based_actor(config), posts_(std::move(posts)), seats_(posts_.size()), counts_(std::move(counts)) {
  set_down_handler([this](caf::down_msg& news) { on_down(news); });
}

caf::behavior supervisor::make_behavior() {
  for (std::size_t at = 0; at < posts_.size(); ++at)
    if (posts_[at].engaged) spawn(at);
  return {
      [this](std::uint64_t at) {
        if (!draining_ && posts_[at].engaged && !seats_[at].who) spawn(at);
      },
      [this](const retire& of) { on_retire(of.seat); },
      [this](const engage& of) { on_engage(of.seat); },
      // From the last to the first: who asks goes before who answers.
      [this](souk::drain) {
        draining_ = true;
        for (auto at = posts_.size(); at-- > 0;) {
          if (posts_[at].engaged) posts_[at].announce({});
          if (const auto who = caf::actor_cast<caf::actor>(seats_[at].who))
            send_exit(who, caf::exit_reason::user_shutdown);
        }
        retiring_.clear();
        if (nobody_left()) quit();
      },
  };
}

bool supervisor::nobody_left() const {
  return std::none_of(seats_.begin(), seats_.end(), [](const auto& one) { return one.who != nullptr; });
}

bool supervisor::anybody_of(std::uint32_t shard) const {
  for (std::size_t at = 0; at < posts_.size(); ++at)
    if (posts_[at].shard == shard && seats_[at].who) return true;
  return false;
}

void supervisor::on_retire(std::uint32_t shard) {
  if (draining_) return;
  retiring_[shard] = caf::actor_cast<caf::actor>(current_sender());
  for (auto at = posts_.size(); at-- > 0;) {
    if (posts_[at].shard != shard) continue;
    posts_[at].engaged = false;
    posts_[at].announce({});
    if (const auto who = caf::actor_cast<caf::actor>(seats_[at].who)) {
      seats_[at].leaving = true;
      send_exit(who, caf::exit_reason::user_shutdown);
    }
  }
  if (!anybody_of(shard)) send(retiring_.extract(shard).mapped(), retired{shard});
}

void supervisor::on_engage(std::uint32_t shard) {
  if (draining_) return;
  retiring_.erase(shard);
  for (std::size_t at = 0; at < posts_.size(); ++at) {
    if (posts_[at].shard != shard || posts_[at].engaged) continue;
    posts_[at].engaged = true;
    seats_[at].falls = 0;
    if (!seats_[at].who) spawn(at);
  }
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
    if (nobody_left()) quit();
    return;
  }
  const auto shard = posts_[at].shard;
  const bool was_leaving = std::exchange(found->leaving, false);
  if (!posts_[at].engaged) {
    const auto asked = retiring_.find(shard);
    if (asked != retiring_.end() && !anybody_of(shard)) send(retiring_.extract(asked).mapped(), retired{shard});
    return;
  }
  if (was_leaving) return spawn(at);  // it was wanted again before it had gone
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
