// Designs for operators: how their sagas are, and whether new orders of one are taken.
//
// Whether they are is decided by the order desk, where an order becomes durable anyway: no gateway of any node has to
// be told, and who placed an order before is answered as ever.
#include <algorithm>

#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"
#include "actors/sagas/plans.hpp"

namespace souk::edge::designs {

namespace {

json json_of_design(const call& c, order::flow flow, const std::vector<order::overview>& stores) {
  std::array<std::int64_t, 5> sagas{};
  std::array<std::int64_t, 4> ends{};
  std::int64_t late = 0, oldest = 0, paused = 0;
  const order::pausing* pausing = nullptr;
  for (const auto& store : stores) {
    for (const auto& one : store.open) {
      if (one.flow != flow) continue;
      sagas[static_cast<std::size_t>(one.saga)] += one.cases;
      late += one.late;
      if (!oldest || one.oldest.ms < oldest) oldest = one.oldest.ms;
    }
    for (const auto& one : store.ended)
      if (one.flow == flow) ends[static_cast<std::size_t>(one.state)] += one.cases;
    for (const auto& one : store.paused)
      if (one.flow == flow && ++paused) pausing = &one;
  }
  const auto count = [&](order::saga_state what) { return sagas[static_cast<std::size_t>(what)]; };
  const auto ended = [&](order::state what) { return ends[static_cast<std::size_t>(what)]; };
  json out{{"design", sagas::plan_of(flow).name()},
           {"running", count(order::saga_state::running)},
           {"compensating", count(order::saga_state::compensating)},
           {"parked", count(order::saga_state::parked)},
           {"overdue", late},
           {"limit_s", c.hall().options().late_ms[static_cast<std::size_t>(flow)] / 1'000},
           {"completed", ended(order::state::completed)},
           {"failed", ended(order::state::failed)},
           {"cancelled", ended(order::state::cancelled)}};
  if (oldest) out["oldest_ms"] = std::max<std::int64_t>(c.hall().now().ms - oldest, 0);
  if (!pausing) return out;
  out["paused"] = {{"since", to_text(pausing->since)}, {"reason", pausing->reason}};
  if (!pausing->by.empty()) out["paused"]["by"] = pausing->by;
  // A pause that was cut off half way is made whole by the same wish again.
  out["paused"]["in_all_stores"] = paused == c.hall().shards(domain::order);
  return out;
}

std::optional<order::flow> flow_in_path(const asked& a, const call& c) {
  const auto flow = sagas::find_flow(a.id[0]);
  if (!flow) {
    c.answer(problem{reason::not_found}.detail(a.id[0]));
  } else if (*flow == order::flow::refund) {
    c.answer(problem{reason::not_repairable}.detail("nobody orders a refund: it follows from a cancellation"));
    return std::nullopt;
  }
  return flow;
}

// Empty: everywhere, or nowhere. Else which stores of orders did not hear of it, so that nobody takes it for whole.
std::string where_it_holds(const std::vector<answer>& said, bool resume) {
  std::string done, silent;
  for (std::size_t s = 0; s < said.size(); ++s) {
    if (!said[s].done() && said[s].what != verdict::lost) return {};  // it is refused, and says why
    auto& to = said[s].done() ? done : silent;
    to += (to.empty() ? "" : ", ") + std::to_string(s);
  }
  if (done.empty() || silent.empty()) return {};
  return "half done: " + std::string{resume ? "resumed" : "paused"} + " in store " + done + ", no answer from store " +
         silent + "; the same again makes it whole";
}

void hold_back(const asked& a, const call& c, bool resume) {
  const auto flow = flow_in_path(a, c);
  if (!flow) return;
  order::pause wanted{*flow, resume};
  wanted.request = a.key;
  wanted.at = a.at;
  if (!a.read(c, [&](fields& body) { read_why(body, c, wanted); })) return;
  c.ask_all(domain::order, wanted, [c, dry = wanted.dry, resume, name = a.id[0]](std::vector<answer>&& all) {
    bool replayed = true;
    auto lines = json::array();
    if (const auto words = where_it_holds(all, resume); !dry && !words.empty())
      return c.answer(problem{reason::unreachable}.detail(words));
    for (std::size_t s = 0; s < all.size(); ++s) {
      const auto& said = all[s];
      if (!said.done()) return c.answer_no(said);
      replayed = replayed && said.replayed;
      const auto& line = std::get<order::audit_line>(said.body);
      if (!line.seq && !dry) continue;  // it was so from the beginning
      lines.push_back(json_of(line));
      lines.back()["store"] = s;
    }
    json out{{"design", name}, {"paused", !resume}, {"lines", std::move(lines)}};
    if (dry) out["dry_run"] = true;
    c.answer(200, dumped(out), replayed);
  });
}

}  // namespace

void list(const asked&, const call& c) {
  const auto answer = [c](const call::heard<order::overview>& stores) {
    auto data = json::array();
    for (const auto* one : sagas::all_plans())
      data.push_back(json_of_design(c, *sagas::find_flow(one->name()), stores.pages));
    c.answer(200, dumped(json_of_list(std::move(data), false, stores.silent)));
  };
  c.want_what_is_there<order::overview>(domain::order, order::survey{c.hall().late_before()}, answer);
}

void pause(const asked& a, const call& c) { hold_back(a, c, false); }
void resume(const asked& a, const call& c) { hold_back(a, c, true); }

}  // namespace souk::edge::designs
