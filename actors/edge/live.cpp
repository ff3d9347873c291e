// Asks the desks how they are, and tells the difference to a second ago.
#include "actors/edge/live.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>

#include "actors/edge/call.hpp"
#include "actors/edge/desks.hpp"
#include "actors/edge/json_of.hpp"
#include "actors/edge/nodes.hpp"
#include "actors/edge/routes.hpp"
#include "actors/sagas/plans.hpp"

namespace souk::edge {

namespace {

constexpr std::int64_t answer_ms = 800;  // who says nothing for so long is missing from this tick
constexpr std::uint32_t parked_shown = 50;

// Answers of desks, as they come, and the end of waiting for them.
struct answers {
  std::mutex mutex;
  std::condition_variable all_in;
  std::size_t missing = 0;
  std::vector<std::pair<std::uint32_t, order::overview>> orders;  // by shard
  std::vector<order::page> parked, late;
  std::vector<event_log::status> log;
  std::optional<platform::troubles> outbox;
  std::vector<desk_now> desks;
  std::vector<std::string> silent;  // desks

  template <class Body, class Keep>
  void ask(edge::hall& of, const std::shared_ptr<answers>& self, std::string desk, command what, std::uint32_t shard,
           Keep keep) {
    one_more();
    const bool asked = of.ask(std::move(what), {shard, answer_ms, 0}, [self, desk, keep](answer&& said) {
      self->one_less([&] {
        if (auto* body = std::get_if<Body>(&said.body))
          keep(*self, std::move(*body));
        else
          self->silent.push_back(desk);
      });
    });
    if (!asked) one_less([] {});
  }
  void one_more() {
    const std::lock_guard hold{mutex};
    ++missing;
  }
  template <class Keep>
  void one_less(Keep keep) {
    const std::lock_guard hold{mutex};
    keep();
    if (--missing == 0) all_in.notify_all();
  }
};

double per_second(std::int64_t n, std::int64_t ms) {
  return ms > 0
             ? std::round(static_cast<double>(std::max<std::int64_t>(n, 0)) * 10'000.0 / static_cast<double>(ms)) / 10
             : 0;
}

// By design, by step: how often it went how, since each node's process began; what never happened is left out.
json json_of_passages(const std::vector<node_now>& nodes) {
  constexpr std::array<const char*, runtime::passages::outcomes> names{"done", "refused", "lost", "undone"};
  auto all = json::object();
  for (const auto* plan : sagas::all_plans()) {
    const auto flow = *sagas::find_flow(plan->name());
    auto steps = json::object();
    for (std::size_t i = 0; i < plan->stages().size(); ++i) {
      json step;
      for (std::size_t how = 0; how < names.size(); ++how) {
        std::int64_t n = 0;
        for (const auto& one : nodes) n += runtime::passages::of(one.said.passed, flow, i, static_cast<outcome>(how));
        if (n) step[names[how]] = n;
      }
      if (!step.is_null()) steps[std::string{plan->stages()[i].step->name}] = std::move(step);
    }
    if (!steps.empty()) all[std::string{plan->name()}] = std::move(steps);
  }
  return all;
}

}  // namespace

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
  if (!console_)
    hall_.with_node([this](runtime::node& node) { console_ = node.employ("console", [this] { return look(); }); });
  if (!console_) return;  // the gateway has closed
  runs_ = begins_ = true;
  console_->wake();
}

void live::stop() {
  // Whoever goes without an answer is told so, and may hold on to this hall.
  std::vector<std::function<void(const std::string&)>> unanswered;
  {
    const std::lock_guard hold{mutex_};
    stopped_ = true;
    for (const auto& one : listeners_) one.to.close();
    listeners_.clear();
    unanswered.swap(askers_);
  }
  console_.reset();
}

std::optional<std::chrono::milliseconds> live::look() {
  // Who asks once a second is not there between two questions.
  constexpr int quiet_max = 3;
  {
    const std::lock_guard hold{mutex_};
    if (stopped_) return std::nullopt;
    // What happened while nobody looked is no news of this second.
    if (std::exchange(begins_, false)) before_ = {}, quiet_ = 0;
  }
  const auto text = tick();
  std::vector<std::function<void(const std::string&)>> asked;
  bool goes_on = false;
  {
    const std::lock_guard hold{mutex_};
    std::erase_if(listeners_,
                  [&](const auto& one) { return hall_.draining || !one.may_hear() || !one.to.event("tick", text); });
    asked = std::exchange(askers_, {});
    quiet_ = listeners_.empty() && asked.empty() ? quiet_ + 1 : 0;
    runs_ = goes_on = !stopped_ && quiet_ < quiet_max;
  }
  for (const auto& one : asked) one(text);
  if (!goes_on) return std::nullopt;
  return std::chrono::seconds{1};
}

std::string live::tick() {
  auto all = std::make_shared<answers>();
  order::list_sagas parked;
  parked.state = order::saga_state::parked;
  parked.limit = parked_shown;
  // What is parked is late because it is: it is told once.
  constexpr std::array moving{order::saga_state::running, order::saga_state::compensating};
  for (std::uint32_t s = 0; s < hall_.shards(domain::order); ++s) {
    const auto name = name_of({domain::order, s});
    all->ask<order::overview>(hall_, all, name, order::survey{hall_.late_before()}, s,
                              [s](answers& to, order::overview&& one) { to.orders.emplace_back(s, std::move(one)); });
    all->ask<order::page>(hall_, all, name, parked, s,
                          [](answers& to, order::page&& one) { to.parked.push_back(std::move(one)); });
    for (const auto state : moving) {
      order::list_sagas late;
      late.state = state;
      late.late_before = hall_.late_before();
      late.limit = parked_shown;
      all->ask<order::page>(hall_, all, name, std::move(late), s,
                            [](answers& to, order::page&& one) { to.late.push_back(std::move(one)); });
    }
  }
  for (std::uint32_t p = 0; p < hall_.shards(domain::event_log); ++p)
    all->ask<event_log::status>(hall_, all, name_of({domain::event_log, p}), event_log::find_status{}, p,
                                [](answers& to, event_log::status&& one) { to.log.push_back(std::move(one)); });
  all->ask<platform::troubles>(hall_, all, name_of({domain::platform, 0}), platform::list_troubles{1}, 0,
                               [](answers& to, platform::troubles&& one) { to.outbox = std::move(one); });
  all->one_more();
  with_desks(hall_, [all](std::vector<desk_now>&& desks) { all->one_less([&] { all->desks = std::move(desks); }); });
  std::unique_lock hold{all->mutex};
  all->all_in.wait_for(hold, std::chrono::milliseconds{2 * answer_ms}, [&] { return all->missing == 0; });

  const auto now = hall_.now();
  sums sum;
  sum.steady_ms = hall_.steady_ms();
  const bool first = before_.steady_ms == 0;
  const auto ms = first ? 0 : sum.steady_ms - before_.steady_ms;
  json out{{"at", to_text(now)}};

  auto actors = json::array();
  for (const auto& one : all->desks) {
    const auto name = name_of(one.at);
    json row{{"name", name}, {"state", state_of(one)}};
    if (!one.node.empty()) row["node"] = one.node;
    if (one.is) {
      const auto& is = *one.is;
      const auto counted = name + '@' + one.node;  // by its node, which counts anew
      const auto known = before_.desks.find(counted);
      const auto& was = known == before_.desks.end() || known->second.letters > is.letters ? is : known->second;
      const auto letters = is.letters - was.letters, batches = is.batches - was.batches;
      const auto took_before = took_by(was), took = took_by(is);
      const auto ms_of = [&](double part) {
        return static_cast<double>(runtime::latencies::quantile(took_before, took, part)) / 1'000;
      };
      row.update({{"waiting", is.waiting},
                  {"letters_s", per_second(letters, ms)},
                  {"commits_s", per_second(is.commits - was.commits, ms)},
                  {"batch", batches > 0 ? std::round(10.0 * double(letters) / double(batches)) / 10 : 0},
                  {"p50_ms", ms_of(0.5)},
                  {"p99_ms", ms_of(0.99)},
                  {"restarts", is.restarts},
                  {"full", is.full}});
      sum.desks[counted] = is;
    }
    actors.push_back(std::move(row));
  }
  auto coordinators = json::array(), others = json::array();
  const auto nodes = nodes_now(hall_);
  for (const auto& node : nodes) {
    for (const auto& one : node.said.coordinators) coordinators.push_back(json_of(one, node));
    if (!node.peer) continue;
    const auto& door = node.peer->door;
    others.push_back({{"name", node.name},
                      {"there", node.there},
                      {"ready", node.there && node.said.ready},
                      {"incarnation", node.peer->incarnation.load()},
                      {"in_flight", door.in_flight()},
                      {"kept_back", door.kept_back()}});
  }
  if (!others.empty()) out["node"] = nodes.front().name;
  out["nodes"] = std::move(others);
  out["passed"] = json_of_passages(nodes);
  out["ready"] = !nodes.empty() && nodes.front().said.ready;
  out["silent"] = all->silent;

  std::map<std::string, std::int64_t> sagas;
  std::int64_t oldest = 0, overdue = 0, late = 0, untold = 0;
  std::map<std::string, order::pausing> paused;  // by design
  std::map<std::string, std::int64_t> fresh;     // since the tick before; ends by how
  for (const auto& [shard, one] : all->orders) {
    auto& counted = sum.orders[shard];
    counted["placed"] = one.placed;
    untold += one.untold;
    for (const auto& open : one.open) {
      sagas[std::string{edge::to_text(open.saga)}] += open.cases;
      overdue += open.late;
      if (open.saga != order::saga_state::parked) late += open.late;
      if (!oldest || open.oldest.ms < oldest) oldest = open.oldest.ms;
    }
    for (const auto& pause : one.paused) paused.emplace(edge::to_text(pause.flow), pause);
    for (const auto& end : one.ended) {
      if (!order::is_sale(end.flow)) continue;
      const bool failed = end.state == order::state::failed;
      counted[std::string{failed ? souk::to_text(end.why) : edge::to_text(end.state)}] += end.cases;
    }
    // A desk that was seated anew counts anew; of one that was silent nobody knows when it was.
    const auto known = before_.orders.find(shard);
    for (const auto& [what, n] : counted) {
      const auto was = known == before_.orders.end() ? n : known->second.contains(what) ? known->second.at(what) : 0;
      fresh[what] += n >= was ? n - was : n;
    }
  }
  const auto placed = fresh.extract("placed");
  auto ends = json::object();
  for (const auto& [how, n] : fresh) ends[how] = per_second(n, ms);
  out["orders"] = {{"placed_s", placed ? per_second(placed.mapped(), ms) : 0},
                   {"in_flight", hall_.in_flight()},
                   {"ends_s", std::move(ends)}};
  sum.took = hall_.took.all();
  if (first) before_.took = sum.took;
  const auto quantile = [&](double part) {
    return static_cast<double>(runtime::latencies::quantile(before_.took, sum.took, part)) / 1'000;
  };
  out["latency_ms"] = {{"p50", quantile(0.5)}, {"p99", quantile(0.99)}};
  out["sagas"] = json::object();
  for (const auto* name : {"running", "compensating", "parked"}) out["sagas"][name] = sagas[name];
  out["sagas"]["oldest_ms"] = oldest ? now.ms - oldest : 0;
  out["sagas"]["overdue"] = overdue;
  out["sagas"]["late"] = late;  // of those, what is not parked
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
    const auto found = books_of(nodes);
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
  const auto troubles = all->outbox.value_or(platform::troubles{});
  out["outbox"] = {{"waiting", troubles.held}, {"dead", troubles.dead}, {"untold", untold}};

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
