// Asks desks and hears their answers by callback, again with the same key when no answer comes, until a deadline.
//
// Every command is idempotent, so asking again is always safe. It is a part of an actor, which hands it what arrives.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>

#include "actors/runtime/outgoing.hpp"

namespace souk::runtime {

using hear = std::function<void(answer&&)>;

struct ask_options {
  std::optional<std::uint32_t> shard;  // instead of the one that the command's key names
  std::int64_t give_up_ms = 10'000;    // then the answer is lost: unreachable
  std::int64_t again_ms = 2'000;       // 0: never asked again, for answers that may take as long as they like
};

class asker {
public:
  asker(caf::event_based_actor* self, std::shared_ptr<const directory> where,
        std::shared_ptr<const surroundings> around)
      : around_(around), out_(self, std::move(where), around->link) {}

  void ask(command what, const ask_options& how, hear then) {
    auto to = out_.directory().place_of(address_of(what));
    if (how.shard) to.shard = *how.shard;
    const auto now = around_->clock->steady_ms();
    const auto ticket = ++last_;
    open_.emplace(ticket, question{to, how.again_ms ? what : command{}, std::move(then),
                                   how.again_ms ? now + how.again_ms : INT64_MAX, now + how.give_up_ms, how.again_ms,
                                   now, around_->out_of_reach_ms ? where().desk(to).address() : caf::actor_addr{}});
    out_.post(to, letter{ticket, std::move(what)});
  }

  void on(responses& mail) {
    for (auto& one : mail.list) {
      const auto found = open_.find(one.ticket);
      if (found == open_.end()) continue;  // told twice, or too late
      auto then = std::move(found->second.then);
      open_.erase(found);
      then(std::move(one.answer));
    }
  }
  void on_flush() { out_.send(); }
  void on_sweep() {
    const auto now = around_->clock->steady_ms();
    std::vector<hear> lost;
    for (auto at = open_.begin(); at != open_.end();) {
      auto& q = at->second;
      const bool moved = somebody_else_sits_there(q);
      if (q.give_up_at <= now || out_of_reach(q, now) || (moved && !q.again_ms)) {
        lost.push_back(std::move(q.then));
        at = open_.erase(at);
        continue;
      }
      // Further away than it ever was: the clock was put back.
      if (moved || q.again_at <= now || (q.again_ms && q.again_at - now > q.again_ms)) {
        q.again_at = now + q.again_ms;
        out_.post(q.to, letter{at->first, q.what});
      }
      ++at;
    }
    for (auto& one : lost) one(lose(reason::unreachable));
  }
  std::size_t open() const { return open_.size(); }
  // Everybody who still waits hears that nobody will answer.
  void give_up() {
    auto open = std::exchange(open_, {});
    for (auto& [ticket, q] : open) q.then(lose(reason::unreachable));
  }
  const directory& where() const { return out_.directory(); }

private:
  struct question {
    directory::place to;
    command what;
    hear then;
    std::int64_t again_at, give_up_at, again_ms, asked_at;
    caf::actor_addr asked;  // only among several nodes: else nobody waits long for whoever falls
  };

  // Whoever was asked has gone, and with him what he was asked: there is no need to wait until the answer is overdue,
  // which may be half a minute when he was to wait for something himself.
  bool somebody_else_sits_there(question& q) const {
    if (!around_->out_of_reach_ms) return false;
    const auto now = where().desk(q.to);
    if (now.address() == q.asked) return false;
    q.asked = now.address();
    return now != nullptr;
  }

  // Followers ask for as long as it takes.
  bool out_of_reach(const question& q, std::int64_t now) const {
    constexpr std::int64_t patient_ms = 3'600'000;
    const auto after_ms = around_->out_of_reach_ms;
    return after_ms && now - q.asked_at >= after_ms && q.give_up_at - q.asked_at < patient_ms && !where().desk(q.to);
  }

  std::shared_ptr<const surroundings> around_;
  outgoing out_;
  std::unordered_map<std::uint64_t, question> open_;
  std::uint64_t last_ = 0;
};

}  // namespace souk::runtime
