// Finds out what sagas hold, and writes it as JSON.
#include "actors/edge/locks.hpp"

#include <algorithm>

#include "actors/edge/routes.hpp"
#include "actors/edge/stories.hpp"
#include "actors/sagas/plans.hpp"

namespace souk::edge {

namespace {

// A seat is named by its date as well; the rest by itself.
std::string name_of(const sagas::lock& one, const order::view& of) {
  if (one.what != sagas::thing::seat || !of.seat) return one.name;
  return of.seat->schedule.text + ' ' + of.seat->seat.text;
}

std::string key_of(const sagas::lock& one, const order::view& of) {
  return std::string{sagas::to_text(one.what)} + ' ' + name_of(one, of);
}

bool has_deadline(const holding& one) {
  return std::any_of(one.locks.begin(), one.locks.end(),
                     [](const auto& lock) { return lock.is == sagas::grip::for_a_time; });
}

}  // namespace

holding holding_of(const call& c, order::view of) {
  holding out;
  if (!of.ended.ms) {
    const auto about = brief_of(of);
    out.locks = sagas::locks_of(about, of.timeline, c.hall().shards());
    if (!of.parked) out.waits = sagas::wait_of(about, of.timeline, c.hall().shards());
    out.unheard = of.timeline.empty();
  }
  out.of = std::move(of);
  return out;
}

std::vector<holding> holdings_of(const call& c, std::vector<order::view> of) {
  std::vector<holding> all;
  for (auto& one : of) all.push_back(holding_of(c, std::move(one)));
  return all;
}

void with_deadlines(const call& c, std::vector<holding> all, std::function<void(std::vector<holding>&&)> then) {
  struct gathering {
    std::vector<holding> all;
    std::size_t missing = 0;
    std::function<void(std::vector<holding>&&)> then;
  };
  constexpr std::size_t asked_max = 200;
  constexpr std::int64_t answer_ms = 500;  // a deadline that is not known is left out
  const auto it = std::make_shared<gathering>();
  it->all = std::move(all);
  it->then = std::move(then);
  std::vector<std::pair<std::size_t, reservation::find>> questions;
  for (std::size_t i = 0; i < it->all.size() && questions.size() < asked_max; ++i)
    if (const auto& one = it->all[i]; one.of.seat && has_deadline(one))
      questions.emplace_back(i, reservation::find{one.of.seat->reservation, c.hall().now()});
  it->missing = questions.size();
  if (questions.empty()) return it->then(std::move(it->all));
  // Answers are heard one after the other.
  for (const auto& [i, question] : questions)
    c.ask(question, {.give_up_ms = answer_ms, .again_ms = 0}, [it, i = i](answer&& said) {
      if (const auto* hold = std::get_if<reservation::view>(&said.body)) {
        auto& one = it->all[i];
        one.seat_until = hold->until;
        // It has lost the seat, or never will get it: its own hold has ended.
        if (hold->now == reservation::state::available)
          std::erase_if(one.locks, [](const auto& lock) { return lock.is == sagas::grip::for_a_time; });
      }
      if (--it->missing == 0) it->then(std::move(it->all));
    });
}

seekers seekers_of(const call& c, const std::vector<holding>& all) {
  seekers out;
  for (const auto& one : all)
    if (one.waits)
      for (const auto& lock : sagas::wanted_by(brief_of(one.of), *one.waits, c.hall().shards()))
        out[key_of(lock, one.of)].push_back(one.of.id);
  return out;
}

void ask_for_seekers(const call& c, std::function<void(seekers&&)> then) {
  struct gathering {
    std::vector<order::page> pages;
    std::uint32_t missing = 0;
    std::function<void(seekers&&)> then;
  };
  constexpr std::uint32_t looked_at = 100;
  constexpr std::int64_t answer_ms = 500;
  order::list_sagas running;
  running.state = order::saga_state::running;
  running.limit = looked_at;
  const auto it = std::make_shared<gathering>();
  it->missing = c.hall().shards(domain::order);
  it->then = std::move(then);
  // Answers are heard one after the other.
  for (std::uint32_t s = 0, n = it->missing; s < n; ++s)
    c.ask(running, {.shard = s, .give_up_ms = answer_ms, .again_ms = 0}, [c, it](answer&& said) {
      if (auto* page = std::get_if<order::page>(&said.body)) it->pages.push_back(std::move(*page));
      if (--it->missing) return;
      with_stories(
          c, orders::newest_of(std::move(it->pages), looked_at).orders,
          [c, it](std::vector<order::view>&& told) { it->then(seekers_of(c, holdings_of(c, std::move(told)))); });
    });
}

json json_of(const sagas::lock& one, const holding& by, const seekers& others, moment now) {
  const bool is_order = one.what == sagas::thing::order;
  const auto since = by.of.placed + one.since_ms;
  json out{{"kind", sagas::to_text(one.what)}, {"name", name_of(one, by.of)}, {"is", sagas::to_text(one.is)}};
  if (one.units) out["units"] = one.units;
  if (one.amount.minor) out["amount"] = one.amount.minor;
  if (!is_order) out["step"] = sagas::plan_of(by.of.flow).stages()[one.stage].step->name;
  out["desk"] = edge::name_of(one.desk);
  out["since"] = souk::to_text(since);
  out["held_ms"] = std::max<std::int64_t>(now.ms - since.ms, 0);
  if (one.is == sagas::grip::for_a_time && by.seat_until.ms) out["until"] = souk::to_text(by.seat_until);
  auto waiting = json::array();
  if (const auto found = others.find(key_of(one, by.of)); found != others.end())
    for (const auto id : found->second)
      if (id != by.of.id) waiting.push_back(souk::to_text(id));
  if (!waiting.empty()) out["waiting"] = std::move(waiting);
  if (is_order && std::any_of(by.of.timeline.begin(), by.of.timeline.end(),
                              [](const auto& it) { return it.what == order::mark::cancel_asked; }))
    out["cancellation_waits"] = true;
  return out;
}

json json_of_wait(const call& c, const holding& of, moment now) {
  const auto& stages = sagas::plan_of(of.of.flow).stages();
  if (const auto& parked = of.of.parked)
    return {{"for", "operator"},
            {"step", stages[parked->step].step->name},
            {"undoing", parked->undoing},
            {"since", souk::to_text(parked->since)},
            {"waited_ms", std::max<std::int64_t>(now.ms - parked->since.ms, 0)}};
  if (!of.waits) return {};
  const auto& it = *of.waits;
  const auto since = of.of.placed + it.since_ms;
  json out{{"for", it.by_events ? "event" : "desk"},
           {"step", stages[it.stage].step->name},
           {"undoing", it.undoing},
           {"desks", json::array()},
           {"since", souk::to_text(since)},
           {"waited_ms", std::max<std::int64_t>(now.ms - since.ms, 0)}};
  for (const auto& desk : it.desks) out["desks"].push_back(edge::name_of(desk));
  if (it.times) out["asked"] = it.times;
  if (it.by_events) return out;
  out["without_answer"] = it.turns_back ? "it turns back" : "it is parked";
  std::int64_t most_ms = 0;
  c.hall().with_node([&](runtime::node& node) {
    most_ms = node.around().patience.asked_for_ms_max(!it.turns_back, node.around().answer_ms);
  });
  // Its coordinator has begun to ask anew since, where that is over.
  if (const auto until = since + most_ms; until.ms > now.ms) out["until"] = souk::to_text(until);
  return out;
}

}  // namespace souk::edge
