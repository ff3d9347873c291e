// Carries events from the outbox to those who want them.
#include "actors/runtime/follower.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

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

const bookkeeper ranking_bookkeeper{"ranking_follower", order::subscriber::ranking,
                                    [](std::uint32_t source) { return command{ranking::find_position{source}}; },
                                    [](order::events&& events) { return command{ranking::count{std::move(events)}}; }};
const bookkeeper payment_bookkeeper{"payment_follower", order::subscriber::payment,
                                    [](std::uint32_t source) { return command{payment::find_position{source}}; },
                                    [](order::events&& events) { return command{payment::book{std::move(events)}}; }};

book_follower::book_follower(caf::actor_config& config, follower_papers papers, const bookkeeper& keeper)
    : caf::event_based_actor(config),
      papers_(std::move(papers)),
      keeper_(keeper),
      asker_(this, papers_.where, papers_.around) {}

caf::behavior book_follower::make_behavior() {
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

void book_follower::start() {
  asker_.ask(keeper_.find_position(papers_.shard), patiently, [this](answer&& said) {
    const auto* at = std::get_if<order::position>(&said.body);
    at ? fetch(at->seq) : start();
  });
}

void book_follower::fetch(std::int64_t after) {
  asker_.ask(order::fetch{keeper_.who, papers_.shard, after}, {papers_.shard, INT64_MAX / 4, 5'000},
             [this](answer&& said) {
               auto* events = std::get_if<order::events>(&said.body);
               if (!events) return start();
               const bool small = events->list.size() < small_batch;
               asker_.ask(keeper_.book(std::move(*events)), patiently, [this, small](answer&& booked) {
                 const auto* at = std::get_if<order::position>(&booked.body);
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
        const auto now = papers_.around->clock->steady_ms();
        if (resume_at_ms_ && now >= resume_at_ms_) {
          resume_at_ms_ = 0;
          fetch();
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
  platform::offer offer{all->source, {}};
  offer.headings.reserve(all->list.size());
  for (const auto& one : all->list) offer.headings.push_back({one.seq, one.subject});
  asker_.ask(std::move(offer), patiently, [this, all](answer&& said) {
    const auto* held = std::get_if<platform::not_now>(&said.body);
    held ? deliver(std::move(*all), *held) : pause();
  });
}

void platform_follower::deliver(order::events&& all, const platform::not_now& held) {
  platform::record record{all.source, held.upto, {}, papers_.around->clock->now()};
  order::events may_go{all.source, {}};
  const auto last = all.list.empty() ? held.upto : all.list.back().seq;
  const bool small = all.list.size() < small_batch;
  for (auto& one : all.list) {
    if (one.seq <= held.upto) continue;
    if (std::binary_search(held.waiting.begin(), held.waiting.end(), one.seq))
      record.but.push_back({std::move(one), {}});
    else
      may_go.list.push_back(std::move(one));
  }
  delivery done;
  if (!may_go.list.empty()) {
    try {
      if (!sink_) sink_ = make_sink_();
      done = sink_->deliver(may_go);
    } catch (const std::exception& trouble) {
      done.outage = trouble.what();
    }
  }
  for (auto& one : done.rejected) {
    const auto at = std::lower_bound(may_go.list.begin(), may_go.list.end(), one.seq,
                                     [](const auto& event, std::int64_t seq) { return event.seq < seq; });
    record.but.push_back({*at, std::move(one.error)});
  }
  if (done.outage.empty()) {
    if (outages_ && !may_go.list.empty()) {
      spdlog::info("the platform is back");
      outages_ = 0;
    }
    record.upto = std::max(last, held.upto);
  } else {
    if (outages_ == 0) spdlog::warn("the platform is out of reach, events wait in the outbox: {}", done.outage);
    sink_.reset();
    // What went out before the outage is recorded; the rest is fetched again after a pause.
    const auto first_left = may_go.list.begin() + static_cast<std::ptrdiff_t>(done.tried);
    record.upto = std::max(held.upto, first_left->seq - 1);
    std::erase_if(record.but, [&](const auto& one) { return one.event.seq > record.upto; });
    if (done.tried) outages_ = 0;
    if (record.upto <= held.upto) return pause();
  }
  const bool outage = !done.outage.empty();
  asker_.ask(std::move(record), patiently, [this, small, outage](answer&& said) {
    const auto* at = std::get_if<order::position>(&said.body);
    if (!at) return pause();
    position_ = at->seq;
    if (outage) return pause();
    small ? delayed_send(this, linger, souk::wake{}) : fetch();
  });
}

void platform_follower::pause() {
  resume_at_ms_ = papers_.around->clock->steady_ms() + outage_patience.pause_ms(outages_, random_());
  if (outages_ < 30) ++outages_;
}

void platform_follower::try_troubles() {
  trying_troubles_ = true;
  troubles_at_ms_ = papers_.around->clock->steady_ms() + troubles_every_ms;
  asker_.ask(platform::due{papers_.around->clock->now()}, {}, [this](answer&& said) {
    trying_troubles_ = false;
    const auto* due = std::get_if<platform::troubles>(&said.body);
    if (!due) return;
    for (const auto& one : due->list) {
      delivery done;
      try {
        if (!sink_) sink_ = make_sink_();
        done = sink_->deliver({one.source, {one.event}});
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
