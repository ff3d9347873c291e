// The console's page, what it listens to, and the nodes it may ask.
#include <numeric>

#include "actors/edge/json_of.hpp"
#include "actors/edge/live.hpp"
#include "actors/edge/page.hpp"
#include "actors/edge/routes.hpp"
#include "persistence/audit/inspection.hpp"

namespace souk::edge::console {

namespace {

// Nothing but our own script and style, and nothing asked of anybody but this node.
constexpr std::string_view policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

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
  const bool open = c.hall().with_node([&](runtime::node& node) {
    const auto& all = node.figures();
    std::int64_t restarts = all.supervision->restarts, waiting = 0, running = 0, parked = 0;
    const auto desks = node.desks_here();
    for (const auto& [at, n] : desks) waiting += n->waiting;
    for (const auto& n : all.coordinators) running += n->running, parked += n->parked;
    here = {{"ready", node.ready() && !c.hall().draining},
            {"desks", desks.size()},
            {"coordinators", all.coordinators.size()},
            {"running", running},
            {"parked", parked},
            {"waiting", waiting},
            {"restarts", restarts},
            {"given_up", all.supervision->given_up.load()}};
    for (const auto& one : all.peers)
      others.push_back({{"name", one->name},
                        {"there", one->door.is_open()},
                        {"incarnation", one->incarnation.load()},
                        {"visits", one->visits.load()},
                        {"in_flight", one->door.in_flight()},
                        {"kept_back", one->door.kept_back()}});
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
    const auto found = watchman->found();
    const auto late = watchman->late();
    here["overdue"] = std::accumulate(late.begin(), late.end(), std::int64_t{0});
    here["audit_rounds"] = found.rounds;
    here["audit_flaws"] = found.flaws;
  }
  auto all = json_of_list(std::move(others), false);
  all["here"] = std::move(here);
  all["moves"] = std::move(moves);
  c.answer(200, dumped(all));
}

// The verdict of the last round, and which invariants no round is about.
void check(const asked&, const call& c) {
  const auto& watchman = c.hall().watchman;
  const auto found = watchman ? watchman->found() : edge::watchman::verdict{};
  auto asked = json::array();
  for (const auto& name : persistence::asked()) {
    auto rows = json::array();
    for (const auto& one : found.first)
      if (one.invariant == name) rows.push_back(one.row);
    asked.push_back({{"name", name}, {"holds", rows.empty()}, {"rows", std::move(rows)}});
  }
  const auto verdict = !watchman               ? "off"
                       : !found.rounds         ? "none yet"
                       : found.flaws           ? "broken"
                       : !found.silent.empty() ? "incomplete"
                                               : "holds";
  json out{{"verdict", verdict},
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
  c.answer(200, dumped(out));
}

}  // namespace souk::edge::console
