// Carries events from the outbox, and from the event log, to those who want them.
#include "actors/runtime/follower.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "actors/runtime/relay.hpp"
#include "actors/sagas/plans.hpp"
#include "messages/grammar/crash_point.hpp"

namespace souk::runtime {

namespace {
// An answer to a fetch comes when there is something: it is asked for again now and then, in case it was lost.
constexpr ask_options patiently{{}, INT64_MAX / 4, 5'000};
constexpr std::int64_t troubles_every_ms = 500;
// After a small batch a follower lingers: at a few orders at a time each event would cost three syncs of its own, on
// the disk that the orders need.
constexpr auto linger = std::chrono::milliseconds{20};
constexpr auto histories_pause_first = std::chrono::milliseconds{10},
               histories_pause_max = std::chrono::milliseconds{1'000};
constexpr std::size_t small_batch = 128;
// While the platform is out of reach: growing, jittered, at most 30 s, for as long as it takes.
constexpr sagas::patience outage_patience{0, 0, 200, 30'000};

// Whoever fails at everything may have any trouble of its own. So an event is blamed for a doubtful failure only by a
// platform that takes others: else a few minutes of it would make dead letters of all that happened meanwhile.
bool fails_at_everything(const delivery& done) {
  return done.tried > 0 && done.arrived() == 0 &&
         std::all_of(done.rejected.begin(), done.rejected.end(),
                     [](const auto& one) { return one.doubtful || one.error.empty(); });
}
void call_it_an_outage(delivery& done) {
  done.outage = "it fails at everything: " + done.rejected.front().error;
  done.rejected.clear();
  done.tried = 0;
}
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
               may_crash(crash_point::before_booking);
               asker_.ask(keeper_.book(std::move(*events)), patiently, [this, small](answer&& booked) {
                 may_crash(crash_point::booked);
                 const auto* at = std::get_if<order::position>(&booked.body);
                 if (!at) return start();
                 position_ = at->seq;
                 small ? delayed_send(this, linger, souk::wake{}) : fetch(position_);
               });
             });
}

const platform_source outbox_of_orders{
    "orders", domain::order,
    [](const follower_papers& papers, std::int64_t after) {
      return command{order::fetch{order::subscriber::platform, papers.shard, after}};
    },
    [](answer&& said, std::int64_t& upto) -> std::optional<std::vector<order::event>> {
      auto* told = std::get_if<order::events>(&said.body);
      if (!told) return std::nullopt;
      if (!told->list.empty()) upto = told->list.back().seq;
      return std::move(told->list);
    },
    true};
const platform_source log_of_histories{
    "histories", domain::event_log,
    [](const follower_papers& papers, std::int64_t after) {
      static const auto of = interest_in_histories();
      constexpr std::uint32_t limit = 512;
      return command{event_log::fetch{papers.shard,
                                      {domain::platform, 0},
                                      of.topics,
                                      after,
                                      after,
                                      papers.subscribers,
                                      limit,
                                      of.flows,
                                      of.committed}};
    },
    [](answer&& said, std::int64_t& upto) -> std::optional<std::vector<order::event>> {
      const auto* told = std::get_if<event_log::events>(&said.body);
      if (!told) return std::nullopt;
      upto = told->upto;
      std::vector<order::event> histories;
      for (const auto& one : told->list)
        if (auto history = history_of(one)) histories.push_back(*std::move(history));
      return histories;
    }};

std::optional<order::event> history_of(const event_log::event& event) {
  using order::kind;
  struct row {
    domain topic;
    outcome how;
    kind what;
  };
  static constexpr std::array<row, 5> known{{
      {domain::wallet, outcome::done, kind::wallet_debited},
      {domain::wallet, outcome::undone, kind::wallet_restored},
      {domain::payment, outcome::done, kind::payment_approved},
      {domain::payment, outcome::refused, kind::payment_declined},
      {domain::payment, outcome::undone, kind::payment_cancelled},
  }};
  // Whoever is asked to undo what never took effect writes no history, and none is told.
  if (!event.entry) return std::nullopt;
  for (const auto& one : known)
    if (one.topic == event.topic && one.how == event.how)
      return order::event{event.seq,
                          event.about->id,
                          one.what,
                          event.at,
                          event.about->user,
                          {},
                          {},
                          {},
                          event.about->placed,
                          {},
                          event.about->flow,
                          event.entry,
                          event.about->trace};
  return std::nullopt;
}

platform_follower::platform_follower(caf::actor_config& config, follower_papers papers, const platform_source& source,
                                     sink_maker make_sink)
    : caf::event_based_actor(config),
      papers_(std::move(papers)),
      source_(source),
      number_(platform::source_of({source.of, papers_.shard})),
      asker_(this, papers_.where, papers_.around),
      make_sink_(std::move(make_sink)),
      random_(papers_.around->seed ^ number_) {}

caf::behavior platform_follower::make_behavior() {
  start();
  delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
  return {
      [this](responses& mail) { asker_.on(mail); },
      [this](souk::flush) { asker_.on_flush(); },
      [this](souk::wake) { waits_ ? look_at_log(0) : fetch(); },
      [this](souk::sweep) {
        asker_.on_sweep();
        const auto now = papers_.around->clock->steady_ms();
        if (resume_at_ms_ && now >= resume_at_ms_) {
          resume_at_ms_ = 0;
          fetch();
        }
        // One follower looks after the troubles of all sources.
        if (number_ == 0 && now >= troubles_at_ms_ && !trying_troubles_ && !resume_at_ms_) try_troubles();
        delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
      },
      [this](souk::drain) { quit(); },
  };
}

void platform_follower::start() {
  asker_.ask(platform::find_position{number_}, patiently, [this](answer&& said) {
    const auto* at = std::get_if<order::position>(&said.body);
    if (!at) return start();
    position_ = at->seq;
    fetch();
  });
}

void platform_follower::fetch() {
  asker_.ask(source_.fetch(papers_, position_), {papers_.shard, INT64_MAX / 4, 5'000}, [this](answer&& said) {
    auto upto = position_;
    auto list = source_.read(std::move(said), upto);
    if (!list) return start();
    const bool follow = std::any_of(list->begin(), list->end(),
                                    [](const auto& one) { return sagas::plan_of(one.flow).tells_histories(); });
    order::events events{number_, *std::move(list)};
    if (!source_.after_histories || !follow) return offer(std::move(events), upto);
    waits_.emplace(std::move(events), upto);
    wait_for_histories();
  });
}

// Whatever led to these ends is in the log by now: when the platform has heard that far, it may hear of them.
void platform_follower::wait_for_histories() {
  wanted_.assign(papers_.where->shards(domain::event_log), 0);
  histories_pause_ = histories_pause_first;
  look_at_log(0);
}

void platform_follower::look_at_log(std::uint32_t partition) {
  if (partition == wanted_.size()) {
    auto [events, upto] = *std::exchange(waits_, std::nullopt);
    return offer(std::move(events), upto);
  }
  constexpr std::uint32_t no_troubles = 0;
  asker_.ask(event_log::find_status{no_troubles}, {partition, INT64_MAX / 4, 5'000}, [this, partition](answer&& said) {
    const auto* log = std::get_if<event_log::status>(&said.body);
    if (!log) return look_at_log(partition);
    auto& wanted = wanted_[partition];
    if (!wanted) wanted = log->newest;
    const auto has_it = [&](const auto& one) {
      return one.who == event_log::party{domain::platform, 0} && (one.position >= wanted || one.lag == 0);
    };
    if (wanted && std::none_of(log->subscribers.begin(), log->subscribers.end(), has_it))
      return delayed_send(this, std::exchange(histories_pause_, std::min(2 * histories_pause_, histories_pause_max)),
                          souk::wake{});
    look_at_log(partition + 1);
  });
}

void platform_follower::offer(order::events&& events, std::int64_t upto) {
  auto all = std::make_shared<order::events>(std::move(events));
  platform::offer offer{all->source, {}};
  offer.headings.reserve(all->list.size());
  for (const auto& one : all->list) offer.headings.push_back({one.seq, one.subject});
  asker_.ask(std::move(offer), patiently, [this, all, upto](answer&& said) {
    const auto* held = std::get_if<platform::not_now>(&said.body);
    held ? deliver(std::move(*all), upto, *held) : pause();
  });
}

void platform_follower::deliver(order::events&& all, std::int64_t upto, const platform::not_now& held) {
  platform::record record{all.source, held.upto, {}, papers_.around->clock->now()};
  order::events may_go{all.source, {}};
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
      may_crash(crash_point::before_delivery);
      done = sink_->deliver(may_go);
      may_crash(crash_point::delivered);
    } catch (const std::exception& trouble) {
      done.outage = trouble.what();
    }
  }
  if (fails_at_everything(done)) call_it_an_outage(done);
  took_some_ = took_some_ || done.arrived() > 0;
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
    record.upto = std::max(upto, held.upto);
  } else {
    if (outages_ == 0)
      spdlog::warn("the platform is out of reach, its events wait ({}): {}", source_.name, done.outage);
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
    may_crash(crash_point::recorded);
    const auto* at = std::get_if<order::position>(&said.body);
    if (!at) return pause();
    position_ = at->seq;
    if (outage) return pause();
    small ? delayed_send(this, linger, souk::wake{}) : fetch();
  });
}

void platform_follower::pause() { resume_at_ms_ = papers_.around->clock->steady_ms() + next_pause_ms(); }

std::int64_t platform_follower::next_pause_ms() {
  const auto pause = outage_patience.pause_ms(outages_, random_());
  if (outages_ < 30) ++outages_;
  return pause;
}

void platform_follower::try_troubles() {
  trying_troubles_ = true;
  troubles_at_ms_ = papers_.around->clock->steady_ms() + troubles_every_ms;
  asker_.ask(platform::due{papers_.around->clock->now()}, {}, [this](answer&& said) {
    trying_troubles_ = false;
    const auto* due = std::get_if<platform::troubles>(&said.body);
    if (!due || due->list.empty()) return;
    const bool takes_others = std::exchange(took_some_, false);
    for (const auto& one : due->list) {
      delivery done;
      try {
        if (!sink_) sink_ = make_sink_();
        done = sink_->deliver({one.source, {one.event}});
      } catch (const std::exception& trouble) {
        done.outage = trouble.what();
      }
      if (!takes_others && fails_at_everything(done)) call_it_an_outage(done);
      if (!done.outage.empty()) {
        sink_.reset();  // an outage is nobody's fault: it counts as no try
        took_some_ = took_some_ || takes_others;
        troubles_at_ms_ = papers_.around->clock->steady_ms() + next_pause_ms();
        return;
      }
      took_some_ = took_some_ || done.arrived() > 0;
      asker_.ask(platform::tried{one.source, one.event.seq, done.rejected.empty() ? "" : done.rejected.front().error,
                                 papers_.around->clock->now()},
                 patiently, [](answer&&) {});
    }
  });
}

}  // namespace souk::runtime
