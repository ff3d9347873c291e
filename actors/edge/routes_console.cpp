// The console's page, what it listens to, and the nodes it may ask.
#include <numeric>

#include "actors/edge/json_of.hpp"
#include "actors/edge/live.hpp"
#include "actors/edge/nodes.hpp"
#include "actors/edge/page.hpp"
#include "actors/edge/routes.hpp"
#include "persistence/audit/inspection.hpp"

namespace souk::edge::console {

namespace {

// Nothing but our own script and style, and nothing asked of anybody but this node.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

json json_of(const runtime::node_report& one) {
  std::int64_t running = 0, parked = 0;
  for (const auto& its : one.coordinators) running += its.running, parked += its.parked;
  return {{"ready", one.ready},
          {"desks", one.desks},
          {"coordinators", one.coordinators.size()},
          {"running", running},
          {"parked", parked},
          {"waiting", one.waiting},
          {"restarts", one.restarts},
          {"given_up", one.given_up},
          {"audit_rounds", one.audit.rounds},
          {"audit_flaws", one.audit.flaws}};
}

void answer_file(const call& c, const char* type, std::string_view content) {
  c.answer({200,
            {{"Content-Security-Policy", std::string{policy}},
             {"X-Content-Type-Options", "nosniff"},
             {"Referrer-Policy", "no-referrer"},
             {"Cache-Control", "no-cache"}},
            type,
            std::string{content}});
}

}  // namespace

void page(const asked&, const call& c) { answer_file(c, "text/html; charset=utf-8", pages::html); }
void script(const asked&, const call& c) { answer_file(c, "text/javascript; charset=utf-8", pages::js); }
void icon(const asked&, const call& c) { answer_file(c, "image/svg+xml", pages::svg); }
void style(const asked&, const call& c) { answer_file(c, "text/css; charset=utf-8", pages::css); }

void live(const asked& a, const call& c) {
  if (a.request.header("accept") == "application/json")
    return c.hall().live->tell([c](const std::string& tick) { c.answer(200, std::string{tick}); });
  if (a.request.method == "HEAD") return c.answer(http_response{200, {}, "text/event-stream", {}});
  auto stream = c.open_stream();
  if (!stream) return c.answer(problem{problems::not_a_stream});
  c.hall().live->tell(*std::move(stream), [c] { return c.is_welcome(); });
}

void list_nodes(const asked&, const call& c) {
  json here;
  auto others = json::array(), moves = json::array();
  for (const auto& one : nodes_now(c.hall())) {
    if (!one.peer) {
      here = json_of(one.said);
      continue;
    }
    json row{{"name", one.name},
             {"there", one.there},
             {"incarnation", one.peer->incarnation.load()},
             {"visits", one.peer->visits.load()},
             {"in_flight", one.peer->door.in_flight()},
             {"kept_back", one.peer->door.kept_back()}};
    if (one.there) row.update(json_of(one.said));
    others.push_back(std::move(row));
  }
  const bool open = c.hall().with_node([&](runtime::node& node) {
    for (const auto& one : node.deeds())
      moves.push_back({{"shard", persistence::shard_of(one)},
                       {"turn", one.turn},
                       {"from", one.from},
                       {"to", one.keeper},
                       {"at", to_text(one.at)},
                       {"by", one.by},
                       {"reason", one.reason},
                       {"open", node.is_open({static_cast<domain>(one.domain), one.shard})}});
  });
  if (!open) return c.answer(problem{reason::unreachable});
  if (const auto& watchman = c.hall().watchman) {
    const auto late = watchman->late();
    here["overdue"] = std::accumulate(late.begin(), late.end(), std::int64_t{0});
  }
  auto all = json_of_list(std::move(others), false);
  all["here"] = std::move(here);
  all["moves"] = std::move(moves);
  c.answer(200, dumped(all));
}

namespace {
const char* verdict_of(const runtime::audit_verdict& found) {
  if (found.flaws) return "broken";
  if (!found.silent.empty()) return "incomplete";
  return found.rounds ? "holds" : "none yet";
}
}  // namespace

// The verdict of the last rounds of all nodes, and which invariants no round is about.
void check(const asked&, const call& c) {
  const auto nodes = nodes_now(c.hall());
  const auto found = books_of(nodes);
  auto asked = json::array();
  for (const auto& name : persistence::asked()) {
    auto rows = json::array();
    for (const auto& one : found.first)
      if (one.invariant == name) rows.push_back(one.row);
    asked.push_back({{"name", name}, {"holds", rows.empty()}, {"rows", std::move(rows)}});
  }
  json out{{"verdict", c.hall().watchman ? verdict_of(found) : "off"},
           {"rounds", found.rounds},
           {"rows", found.rows},
           {"flaws", found.flaws},
           {"silent", found.silent},
           {"invariants", std::move(asked)},
           {"not_asked", persistence::not_asked()}};
  if (found.rounds) {
    out["began"] = to_text(found.began);
    out["ended"] = to_text(found.ended);
  }
  if (nodes.size() > 1)
    for (const auto& one : nodes) {
      const auto& its = one.said.audit;
      json row{{"name", one.name},     {"there", one.there}, {"verdict", verdict_of(its)},
               {"rounds", its.rounds}, {"rows", its.rows},   {"flaws", its.flaws}};
      if (its.rounds) row["ended"] = to_text(its.ended);
      out["nodes"].push_back(std::move(row));
    }
  c.answer(200, dumped(out));
}

}  // namespace souk::edge::console
