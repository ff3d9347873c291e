// Asks the desks how they are, and tells the difference to a second ago.
#include "actors/edge/live.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>

#include "actors/edge/call.hpp"
#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"

namespace souk::edge {

namespace {

constexpr std::int64_t answer_ms = 800;  // who says nothing for so long is missing from this tick
constexpr std::uint32_t parked_shown = 50;

// Answers of desks, as they come, and the end of waiting for them.
struct answers {
  std::mutex mutex;
  std::condition_variable all_in;
  std::size_t missing = 0;
  std::vector<order::overview> orders;
  std::vector<order::page> parked, late;
  std::vector<event_log::status> log;
  std::optional<platform::troubles> outbox;
  std::vector<std::string> silent;  // desks

  template <class Body, class Keep>
  void ask(edge::hall& of, const std::shared_ptr<answers>& self, std::string desk, command what, std::uint32_t shard,
           Keep keep) {
    {
      const std::lock_guard hold{mutex};
      ++missing;
    }
    const bool asked = of.ask(std::move(what), {shard, answer_ms, 0}, [self, desk, keep](answer&& said) {
      const std::lock_guard hold{self->mutex};
      if (auto* body = std::get_if<Body>(&said.body))
        keep(*self, std::move(*body));
      else
        self->silent.push_back(desk);
      if (--self->missing == 0) self->all_in.notify_all();
    });
    if (asked) return;
    const std::lock_guard hold{mutex};
    if (--missing == 0) all_in.notify_all();
  }
};

double per_second(std::int64_t n, std::int64_t ms) {
  return ms > 0
             ? std::round(static_cast<double>(std::max<std::int64_t>(n, 0)) * 10'000.0 / static_cast<double>(ms)) / 10
             : 0;
}

}  // namespace

std::size_t latencies::bucket_of(std::int64_t us) {
  const auto n = static_cast<std::uint64_t>(std::max<std::int64_t>(us, 4));
  const auto power = static_cast<std::size_t>(std::bit_width(n)) - 1;  // 2 or more
  const auto part = static_cast<std::size_t>(n >> (power - 2)) & 3;
  return std::min((power - 2) * 4 + part, buckets - 1);
}

std::int64_t latencies::end_of(std::size_t bucket) {
  const auto power = bucket / 4;
  return static_cast<std::int64_t>((4 + bucket % 4 + 1) << power);
}

latencies::counts latencies::all() const {
  counts now{};
  for (std::size_t i = 0; i < buckets; ++i) now[i] = counts_[i].load(std::memory_order_relaxed);
  return now;
}

std::int64_t latencies::quantile(const counts& before, const counts& now, double part) {
  std::int64_t n = 0;
  for (std::size_t i = 0; i < buckets; ++i) n += now[i] - before[i];
  auto rank = static_cast<std::int64_t>(std::ceil(part * static_cast<double>(n)));
  for (std::size_t i = 0; n && i < buckets; ++i)
    if ((rank -= now[i] - before[i]) <= 0) return end_of(i);
  return 0;
}

void live::tell(event_stream to, std::function<bool()> may_hear) {
  const std::lock_guard hold{mutex_};
  if (stopped_) return to.close();
  listeners_.push_back({std::move(to), std::move(may_hear)});
  begin();
}

void live::tell(std::function<void(const std::string&)> who) {
  const std::lock_guard hold{mutex_};
  if (stopped_) return;
  askers_.push_back(std::move(who));
  begin();
}

void live::begin() {
  if (runs_) return;
  // The one before has said that it ends, and holds no lock any more.
  if (thread_.joinable()) thread_.join();
  runs_ = true;
  thread_ = std::thread{[this] { run(); }};
}

void live::stop() {
  {
    const std::lock_guard hold{mutex_};
    stopped_ = true;
    for (const auto& one : listeners_) one.to.close();
    listeners_.clear();
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void live::run() {
  before_ = {};  // what happened while nobody looked is no news of this second
  // Who asks once a second is not there between two questions.
  constexpr int quiet_max = 3;
  for (int quiet = 0;;) {
    const auto text = tick();
    std::unique_lock hold{mutex_};
    std::erase_if(listeners_,
                  [&](const auto& one) { return hall_.draining || !one.may_hear() || !one.to.event("tick", text); });
    const auto asked = std::exchange(askers_, {});
    quiet = listeners_.empty() && asked.empty() ? quiet + 1 : 0;
    if (stopped_ || quiet == quiet_max) {
      runs_ = false;
      return;
    }
    hold.unlock();
    for (const auto& one : asked) one(text);
    hold.lock();
    wake_.wait_for(hold, std::chrono::seconds{1}, [this] { return stopped_; });
  }
}

std::string live::tick() {
  auto all = std::make_shared<answers>();
  order::list_sagas parked;
  parked.state = order::saga_state::parked;
  parked.limit = parked_shown;
  order::list_sagas late;
  late.late_before = hall_.late_before();
  late.limit = parked_shown;
  for (std::uint32_t s = 0; s < hall_.shards(domain::order); ++s) {
    const auto name = name_of({domain::order, s});
    all->ask<order::overview>(hall_, all, name, order::survey{hall_.late_before()}, s,
                              [](answers& to, order::overview&& one) { to.orders.push_back(std::move(one)); });
    all->ask<order::page>(hall_, all, name, parked, s,
                          [](answers& to, order::page&& one) { to.parked.push_back(std::move(one)); });
    all->ask<order::page>(hall_, all, name, late, s,
                          [](answers& to, order::page&& one) { to.late.push_back(std::move(one)); });
  }
  for (std::uint32_t p = 0; p < hall_.shards(domain::event_log); ++p)
    all->ask<event_log::status>(hall_, all, name_of({domain::event_log, p}), event_log::find_status{}, p,
                                [](answers& to, event_log::status&& one) { to.log.push_back(std::move(one)); });
  all->ask<platform::troubles>(hall_, all, name_of({domain::platform, 0}), platform::list_troubles{1000}, 0,
                               [](answers& to, platform::troubles&& one) { to.outbox = std::move(one); });
  std::unique_lock hold{all->mutex};
  all->all_in.wait_for(hold, std::chrono::milliseconds{2 * answer_ms}, [&] { return all->missing == 0; });

  const auto now = hall_.now();
  sums sum;
  sum.steady_ms = hall_.steady_ms();
  const bool first = before_.steady_ms == 0;
  const auto ms = first ? 0 : sum.steady_ms - before_.steady_ms;
  json out{{"at", to_text(now)}};

  bool ready = false;
  auto actors = json::array(), coordinators = json::array();
  hall_.with_node([&](runtime::node& node) {
    ready = node.ready() && !hall_.draining;
    for (const auto& [at, n] : node.desks_here()) {
      const auto name = name_of({at.domain, at.shard});
      const std::array<std::int64_t, 3> figures{n->letters.load(), n->batches.load(), n->commits.load()};
      const auto before = first ? figures : before_.desks[name];
      const auto letters = figures[0] - before[0], batches = figures[1] - before[1];
      actors.push_back({{"name", name},
                        {"waiting", n->waiting.load()},
                        {"letters_s", per_second(letters, ms)},
                        {"commits_s", per_second(figures[2] - before[2], ms)},
                        {"batch", batches > 0 ? std::round(10.0 * double(letters) / double(batches)) / 10 : 0},
                        {"restarts", n->restarts.load()},
                        {"full", n->full.load()}});
      sum.desks[name] = figures;
    }
    for (std::size_t i = 0; i < node.figures().coordinators.size(); ++i) {
      const auto& n = *node.figures().coordinators[i];
      coordinators.push_back({{"name", "coordinator/" + std::to_string(n.share)},
                              {"running", n.running.load()},
                              {"parked", n.parked.load()},
                              {"asked_again", n.asked_again.load()},
                              {"adopted", n.adopted.load()},
                              {"restarts", n.restarts.load()}});
    }
  });
  out["ready"] = ready;
  out["silent"] = all->silent;

  std::map<std::string, std::int64_t> sagas;
  std::int64_t oldest = 0, overdue = 0;
  std::map<std::string, order::pausing> paused;  // by design
  for (const auto& one : all->orders) {
    sum.placed += one.placed;
    for (const auto& open : one.open) {
      sagas[std::string{edge::to_text(open.saga)}] += open.cases;
      overdue += open.late;
      if (!oldest || open.oldest.ms < oldest) oldest = open.oldest.ms;
    }
    for (const auto& pause : one.paused) paused.emplace(edge::to_text(pause.flow), pause);
    for (const auto& end : one.ended) {
      if (!order::is_sale(end.flow)) continue;
      const bool failed = end.state == order::state::failed;
      sum.ended[std::string{failed ? souk::to_text(end.why) : edge::to_text(end.state)}] += end.cases;
    }
  }
  auto ends = json::object();
  for (const auto& [how, n] : sum.ended) {
    const auto was = first ? n : before_.ended[how];
    ends[how] = per_second(n - was, ms);
  }
  out["orders"] = {{"placed_s", first ? 0 : per_second(sum.placed - before_.placed, ms)},
                   {"in_flight", hall_.in_flight()},
                   {"ends_s", std::move(ends)}};
  sum.took = hall_.took.all();
  if (first) before_.took = sum.took;
  const auto quantile = [&](double part) {
    return static_cast<double>(latencies::quantile(before_.took, sum.took, part)) / 1'000;
  };
  out["latency_ms"] = {{"p50", quantile(0.5)}, {"p99", quantile(0.99)}};
  out["sagas"] = json::object();
  for (const auto* name : {"running", "compensating", "parked"}) out["sagas"][name] = sagas[name];
  out["sagas"]["oldest_ms"] = oldest ? now.ms - oldest : 0;
  out["sagas"]["overdue"] = overdue;
  const auto rows_of = [&](const std::vector<order::page>& pages) {
    auto rows = json::array();
    for (const auto& page : pages)
      for (const auto& one : page.orders) rows.push_back(json_of_saga(one, now));
    return rows;
  };
  out["parked"] = rows_of(all->parked);
  out["overdue"] = rows_of(all->late);
  out["paused"] = json::array();
  for (const auto& [design, one] : paused)
    out["paused"].push_back(
        {{"design", design}, {"by", one.by}, {"reason", one.reason}, {"since", to_text(one.since)}});
  if (hall_.watchman) {
    const auto found = hall_.watchman->found();
    out["audit"] = {{"rounds", found.rounds},
                    {"flaws", found.flaws},
                    {"rows", found.rows},
                    {"silent", found.silent},
                    {"ended", to_text(found.ended)},
                    {"first", found.first.empty() ? "" : found.first.front().invariant}};
  }
  out["actors"] = std::move(actors);
  out["coordinators"] = std::move(coordinators);

  std::int64_t lag = 0, held = 0, dead = 0;
  auto subscribers = json::array();
  for (const auto& partition : all->log) {
    held += partition.held;
    dead += partition.dead;
    for (const auto& one : partition.subscribers) {
      lag = std::max(lag, one.lag);
      subscribers.push_back({{"subscriber", name_of(one.who)}, {"partition", partition.partition}, {"lag", one.lag}});
    }
  }
  out["event_log"] = {{"lag", lag}, {"held", held}, {"dead", dead}, {"subscribers", std::move(subscribers)}};
  std::int64_t troubled = 0, lost = 0;
  if (all->outbox)
    for (const auto& one : all->outbox->list) ++(one.dead ? lost : troubled);
  out["outbox"] = {{"waiting", troubled}, {"dead", lost}};

  auto http = json::object();
  for (std::size_t i = 2; i < hall_.counted.answered.size(); ++i) {
    sum.answered[i] = hall_.counted.answered[i];
    http[std::to_string(i) + "xx_s"] = first ? 0 : per_second(sum.answered[i] - before_.answered[i], ms);
  }
  out["http"] = std::move(http);
  before_ = std::move(sum);
  return dumped(out);
}

}  // namespace souk::edge
