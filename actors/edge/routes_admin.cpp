// What operators and machines ask a node about itself.
#include <algorithm>
#include <charconv>

#include "actors/edge/json_of.hpp"
#include "actors/edge/metrics.hpp"
#include "actors/edge/openapi.hpp"
#include "actors/edge/routes.hpp"
#include "actors/runtime/cashier.hpp"

namespace souk::edge::admin {

namespace {

template <class Integer>
std::optional<Integer> parse_whole(const std::string& text) {
  Integer n = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
  return wrong == std::errc{} && end == text.data() + text.size() ? std::optional{n} : std::nullopt;
}

}  // namespace

void list_outbox(const asked& a, const call& c) {
  const auto limit = a.limit(c);
  if (!limit) return;
  c.want<platform::troubles>(platform::list_troubles{*limit + 1},
                             [c, limit = *limit](platform::troubles&& found, bool) {
                               const bool more = found.list.size() > limit;
                               if (more) found.list.resize(limit);
                               auto data = json::array();
                               for (const auto& one : found.list) data.push_back(json_of(one));
                               c.answer(200, dumped(json_of_list(std::move(data), more)));
                             });
}

void retry_outbox(const asked& a, const call& c) {
  const auto source = parse_whole<std::uint32_t>(a.id[0]);
  const auto seq = parse_whole<std::int64_t>(a.id[1]);
  if (!source || !seq) return c.answer(problem{reason::not_found}.detail("no such letter"));
  if (!a.read(
          c, [](fields&) {}, true))
    return;
  c.want<void>(platform::revive{*source, *seq, a.at}, [c, source, seq](bool) {
    c.answer(202, dumped({{"source", *source}, {"seq", *seq}}));
  });
}

void show_event_log(const asked&, const call& c) {
  c.want_all<event_log::status>(domain::event_log, event_log::find_status{},
                                [c](std::vector<event_log::status>&& partitions) {
                                  auto data = json::array();
                                  for (const auto& one : partitions) data.push_back(json_of(one));
                                  c.answer(200, dumped(json_of_list(std::move(data), false)));
                                });
}

// A letter is named PARTITION-SUBSCRIBER-EVENT, as the list shows it.
void retry_event(const asked& a, const call& c) {
  const auto& name = a.id[0];
  const auto first = name.find('-'), last = name.rfind('-');
  const auto none = [&] { c.answer(problem{reason::not_found}.detail("no such letter")); };
  if (first == last) return none();
  const auto partition = parse_whole<std::uint32_t>(name.substr(0, first));
  const auto source = parse_whole<std::uint32_t>(name.substr(first + 1, last - first - 1));
  const auto seq = parse_whole<std::int64_t>(name.substr(last + 1));
  if (!partition || *partition >= c.hall().shards(domain::event_log) || !source || !seq) return none();
  if (!a.read(
          c, [](fields&) {}, true))
    return;
  c.want<void>(event_log::revive{*partition, event_log::party::of(*source), *seq, a.at}, [c, name](bool) {
    c.answer(202, dumped({{"letter", name}}));
  });
}

// What it says is not believed, because anybody may say so: it only makes us ask the provider at once.
void hear_of_payment(const asked& a, const call& c) {
  std::optional<number> order;
  if (!a.read(c, [&](fields& body) {
        const auto key = body.id("key");
        order = parse_number(key);
        if (!key.empty() && !order) body.blame("key", "is no key that the provider was given");
        const auto state = body.text("state", 16);
        if (!state.empty() && state != "captured" && state != "declined" && state != "refunded")
          body.blame("state", "must be captured, declined or refunded");
      }))
    return;
  c.want<void>(payment::hasten{*order, a.at}, [c, order](bool) { c.answer(202, dumped({{"key", to_text(*order)}})); });
}

void list_actors(const asked&, const call& c) {
  auto data = json::array();
  const bool open = c.hall().with_node([&](runtime::node& node) {
    const auto& all = node.figures();
    for (const auto& [at, n] : node.desks_here())
      data.push_back({{"name", name_of({at.domain, at.shard})},
                      {"kind", "desk"},
                      {"letters", n->letters.load()},
                      {"batches", n->batches.load()},
                      {"commits", n->commits.load()},
                      {"waiting", n->waiting.load()},
                      {"restarts", n->restarts.load()},
                      {"full", n->full.load()}});
    for (const auto& one : all.coordinators) {
      const auto& n = *one;
      data.push_back({{"name", "coordinator/" + std::to_string(n.share)},
                      {"kind", "coordinator"},
                      {"running", n.running.load()},
                      {"parked", n.parked.load()},
                      {"begun", n.begun.load()},
                      {"completed", n.completed.load()},
                      {"compensated", n.compensated.load()},
                      {"asked_again", n.asked_again.load()},
                      {"adopted", n.adopted.load()},
                      {"restarts", n.restarts.load()}});
    }
    if (const auto cashier = node.cashier_here())
      data.push_back({{"name", "cashier"},
                      {"kind", "cashier"},
                      {"open", cashier->open.load()},
                      {"captured", cashier->captured.load()},
                      {"declined", cashier->declined.load()},
                      {"gone", cashier->gone.load()},
                      {"unknown", cashier->unknown.load()},
                      {"restarts", cashier->restarts.load()}});
  });
  if (!open) return c.answer(problem{reason::unreachable});
  c.answer(200, dumped(json_of_list(std::move(data), false)));
}

void livez(const asked&, const call& c) { c.answer(200, R"({"status":"alive"})"); }

void readyz(const asked&, const call& c) {
  bool ready = !c.hall().draining;
  ready = c.hall().with_node([&](runtime::node& node) { ready = ready && node.ready(); }) && ready;
  if (ready) return c.answer(200, R"({"status":"ready"})");
  c.answer(problem{reason::unreachable}.detail(c.hall().draining ? "the node is stopping"
                                                                 : "somebody is not at their desk"));
}

// The event log says itself how it stands; when one of its partitions is silent, the other figures do not wait long.
void metrics(const asked&, const call& c) {
  struct gathering {
    std::vector<event_log::status> log;
    std::uint32_t missing = 0;
  };
  auto all = std::make_shared<gathering>();
  all->missing = c.hall().shards(domain::event_log);
  // Answers are heard one after the other, by the front.
  for (std::uint32_t p = 0, n = all->missing; p < n; ++p)
    c.ask(event_log::find_status{}, {.shard = p, .give_up_ms = 500, .again_ms = 0}, [c, all](souk::answer&& said) {
      if (auto* one = std::get_if<event_log::status>(&said.body)) all->log.push_back(std::move(*one));
      if (--all->missing) return;
      std::sort(all->log.begin(), all->log.end(),
                [](const auto& a, const auto& b) { return a.partition < b.partition; });
      c.answer({200, {}, "text/plain; version=0.0.4; charset=utf-8", metrics_of(c.hall(), all->log)});
    });
}

void openapi(const asked&, const call& c) {
  static const std::string text = openapi_text();
  c.answer(200, std::string{text});
}

}  // namespace souk::edge::admin
