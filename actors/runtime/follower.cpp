// Carries events from the outbox to those who want them.
#include "actors/runtime/follower.hpp"

#include <spdlog/spdlog.h>

namespace souk::runtime {

namespace {
// An answer to a fetch comes when there is something: it is asked for again now and then, in case it was lost.
constexpr ask_options patiently{{}, INT64_MAX / 4, 5'000};
constexpr std::int64_t troubles_every_ms = 500;
// After a small batch a follower lingers: at a few orders at a time each event would cost three syncs of its own, on
// the disk that the orders need.
constexpr auto linger = std::chrono::milliseconds{20};
constexpr std::size_t small_batch = 128;
// While the platform is out of reach: growing, jittered, at most 30 s, for as long as it takes.
constexpr sagas::patience outage_patience{0, 0, 200, 30'000};
}  // namespace

ranking_follower::ranking_follower(caf::actor_config& config, follower_papers papers)
    : caf::event_based_actor(config), papers_(std::move(papers)), asker_(this, papers_.where, papers_.around) {}

caf::behavior ranking_follower::make_behavior() {
  start();
  delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
  return {
      [this](responses& mail) { asker_.on(mail); },
      [this](souk::flush) { asker_.on_flush(); },
      [this](souk::wake) { fetch(position_); },
      [this](souk::sweep) {
        asker_.on_sweep();
        delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
      },
      [this](souk::drain) { quit(); },
  };
}

void ranking_follower::start() {
  asker_.ask(ranking::find_position{papers_.shard}, patiently, [this](answer&& said) {
    const auto* at = std::get_if<order::position>(&said.body);
    at ? fetch(at->seq) : start();
  });
}

void ranking_follower::fetch(std::int64_t after) {
  asker_.ask(order::fetch{order::subscriber::ranking, papers_.shard, after}, {papers_.shard, INT64_MAX / 4, 5'000},
             [this](answer&& said) {
               auto* events = std::get_if<order::events>(&said.body);
               if (!events) return start();
               const bool small = events->list.size() < small_batch;
               asker_.ask(ranking::count{std::move(*events)}, patiently, [this, small](answer&& counted) {
                 const auto* at = std::get_if<order::position>(&counted.body);
                 if (!at) return start();
                 position_ = at->seq;
                 small ? delayed_send(this, linger, souk::wake{}) : fetch(position_);
               });
             });
}

platform_follower::platform_follower(caf::actor_config& config, follower_papers papers, sink_maker make_sink)
    : caf::event_based_actor(config),
      papers_(std::move(papers)),
      asker_(this, papers_.where, papers_.around),
      make_sink_(std::move(make_sink)),
      random_(papers_.around->seed ^ papers_.shard) {}

caf::behavior platform_follower::make_behavior() {
  start();
  delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
  return {
      [this](responses& mail) { asker_.on(mail); },
      [this](souk::flush) { asker_.on_flush(); },
      [this](souk::wake) { fetch(); },
      [this](souk::sweep) {
        asker_.on_sweep();
        const auto now = papers_.around->clock->now().ms;
        if (resume_at_ms_ && now >= resume_at_ms_) {
          resume_at_ms_ = 0;
          held_.list.empty() ? fetch() : offer(std::exchange(held_, {}));
        }
        // One follower looks after the troubles of all outboxes.
        if (papers_.shard == 0 && now >= troubles_at_ms_ && !trying_troubles_ && !resume_at_ms_) try_troubles();
        delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
      },
      [this](souk::drain) { quit(); },
  };
}

void platform_follower::start() {
  asker_.ask(platform::find_position{papers_.shard}, patiently, [this](answer&& said) {
    const auto* at = std::get_if<order::position>(&said.body);
    if (!at) return start();
    position_ = at->seq;
    fetch();
  });
}

void platform_follower::fetch() {
  asker_.ask(order::fetch{order::subscriber::platform, papers_.shard, position_}, {papers_.shard, INT64_MAX / 4, 5'000},
             [this](answer&& said) {
               auto* events = std::get_if<order::events>(&said.body);
               events ? offer(std::move(*events)) : start();
             });
}

void platform_follower::offer(order::events&& events) {
  auto all = std::make_shared<order::events>(std::move(events));
  asker_.ask(platform::offer{*all}, patiently, [this, all](answer&& said) {
    auto* may_go = std::get_if<order::events>(&said.body);
    if (!may_go) {
      held_ = std::move(*all);
      return pause();
    }
    deliver(std::move(*all), std::move(may_go->list));
  });
}

void platform_follower::deliver(order::events&& all, std::vector<order::event>&& may_go) {
  delivery done;
  if (!may_go.empty()) {
    try {
      if (!sink_) sink_ = make_sink_();
      done = sink_->deliver(may_go);
    } catch (const std::exception& trouble) {
      done.outage = trouble.what();
    }
  }
  if (!done.outage.empty()) {
    if (outages_ == 0) spdlog::warn("the platform is out of reach, events wait in the outbox: {}", done.outage);
    sink_.reset();
    // What went out before the outage is recorded; the rest, and what follows it, is tried again as it is.
    held_ = {all.source, {}};
    const auto first_left = may_go[done.delivered].seq;
    while (!all.list.empty() && all.list.back().seq >= first_left) {
      held_.list.insert(held_.list.begin(), std::move(all.list.back()));
      all.list.pop_back();
    }
    if (done.delivered) outages_ = 0;
    if (all.list.empty()) return pause();
  } else {
    if (outages_ && !may_go.empty()) {
      spdlog::info("the platform is back");
      outages_ = 0;
    }
    held_ = {};
  }
  const bool small = all.list.size() < small_batch;
  platform::record record{std::move(all), {}, papers_.around->clock->now()};
  for (auto& one : done.rejected) record.rejected.push_back({one.seq, std::move(one.error)});
  asker_.ask(std::move(record), patiently, [this, small](answer&& said) {
    const auto* at = std::get_if<order::position>(&said.body);
    if (!at) return pause();
    position_ = at->seq;
    if (!held_.list.empty()) return pause();
    small ? delayed_send(this, linger, souk::wake{}) : fetch();
  });
}

void platform_follower::pause() {
  resume_at_ms_ = papers_.around->clock->now().ms + outage_patience.pause_ms(outages_, random_());
  if (outages_ < 30) ++outages_;
}

void platform_follower::try_troubles() {
  trying_troubles_ = true;
  troubles_at_ms_ = papers_.around->clock->now().ms + troubles_every_ms;
  asker_.ask(platform::due{papers_.around->clock->now()}, {}, [this](answer&& said) {
    trying_troubles_ = false;
    const auto* due = std::get_if<platform::troubles>(&said.body);
    if (!due) return;
    for (const auto& one : due->list) {
      delivery done;
      try {
        if (!sink_) sink_ = make_sink_();
        done = sink_->deliver({one.event});
      } catch (const std::exception& trouble) {
        done.outage = trouble.what();
      }
      if (!done.outage.empty()) {
        sink_.reset();  // an outage is nobody's fault: it counts as no try
        return;
      }
      asker_.ask(platform::tried{one.source, one.event.seq, done.rejected.empty() ? "" : done.rejected.front().error,
                                 papers_.around->clock->now()},
                 patiently, [](answer&&) {});
    }
  });
}

}  // namespace souk::runtime
