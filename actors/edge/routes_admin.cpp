// What operators and machines ask a node about itself.
#include <algorithm>
#include <charconv>
#include <memory>

#include "actors/edge/desks.hpp"
#include "actors/edge/json_of.hpp"
#include "actors/edge/metrics.hpp"
#include "actors/edge/nodes.hpp"
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

namespace {

// Where a page of letters ended: dead/source/seq, for whoever asks on.
std::string text_of(const platform::listed& one) {
  return std::to_string(one.dead) + '/' + std::to_string(one.source) + '/' + std::to_string(one.seq);
}
std::optional<platform::listed> parse_listed(const std::string& text) {
  const auto first = text.find('/'), last = text.rfind('/');
  if (first == text.npos || first == last) return std::nullopt;
  const auto dead = parse_whole<unsigned>(text.substr(0, first));
  const auto source = parse_whole<std::uint32_t>(text.substr(first + 1, last - first - 1));
  const auto seq = parse_whole<std::int64_t>(text.substr(last + 1));
  if (!dead || *dead > 1 || !source || !seq) return std::nullopt;
  return platform::listed{*dead == 1, *source, *seq};
}

}  // namespace

// Letters are what the platform has refused; what it was never told waits in the outbox itself.
void list_outbox(const asked& a, const call& c) {
  const auto limit = a.limit(c);
  if (!limit) return;
  platform::list_troubles what{*limit + 1, {}};
  if (const auto after = a.parameter("starting_after")) {
    what.after = parse_listed(*after);
    if (!what.after)
      return c.answer(problem{problems::invalid_parameter}
                          .with("parameter", "starting_after")
                          .detail("starting_after must be the next of the page before"));
  }
  c.want<platform::troubles>(std::move(what), [c, limit = *limit](platform::troubles&& found, bool) {
    const bool more = found.list.size() > limit;
    if (more) found.list.resize(limit);
    auto data = json::array();
    for (const auto& one : found.list) data.push_back(json_of(one));
    auto out = std::make_shared<json>(json_of_list(std::move(data), more));
    if (more) {
      const auto& last = found.list.back();
      (*out)["next"] = text_of({last.dead, last.source, last.event.seq});
    }
    c.want_what_is_there<order::overview>(
        domain::order, order::survey{}, [c, out](call::heard<order::overview>&& stores) {
          auto untold = json::array();
          for (std::size_t i = 0; i < stores.pages.size(); ++i) {
            const auto shard = static_cast<std::uint32_t>(stores.shards[i]);
            if (const auto n = stores.pages[i].untold)
              untold.push_back({{"desk", name_of({domain::order, shard})}, {"events", n}});
          }
          (*out)["untold"] = std::move(untold);
          if (!stores.silent.empty()) (*out)["silent"] = std::move(stores.silent);
          c.answer(200, dumped(*out));
        });
  });
}

namespace {

const platform::trouble& letter_in(const platform::troubles& found) { return found.list.front(); }
const event_log::trouble& letter_in(const event_log::held& found) { return found.due.front(); }
number about(const platform::trouble& one) { return one.event.subject; }
number about(const event_log::trouble& one) { return one.event.about->id; }

// A dead letter gets its tries again, after the audit log has heard who wants it and why. In that order: a line whose
// deed was lost shows, and the same wish again makes it good. Whoever comes again with his key hears of his line, also
// when the letter was delivered meanwhile.
template <class Found, class Revive>
class replaying : public std::enable_shared_from_this<replaying<Found, Revive>> {
public:
  replaying(call c, order::replay line, Revive deed) : call_(std::move(c)), line_(std::move(line)), deed_(deed) {}

  void begin() {
    auto question = line_;
    question.dry = true;
    call_.want<order::audit_line>(std::move(question),
                                  [self = this->shared_from_this()](order::audit_line&& said, bool) {
                                    if (said.seq) self->known_ = json_of(said);
                                    self->look();
                                  });
  }

private:
  void look() {
    deed_.dry = true;
    call_.ask(deed_, {}, [self = this->shared_from_this()](souk::answer&& said) {
      const auto* found = std::get_if<Found>(&said.body);
      if (found) return self->decide(letter_in(*found));
      if (said.why != reason::not_found || self->known_.is_null()) return self->call_.answer_no(said);
      self->call_.answer(200, dumped({{"letter", self->line_.letter.name}, {"line", self->known_}}), true);
    });
  }

  template <class Letter>
  void decide(const Letter& it) {
    out_ = {{"letter", line_.letter.name},
            {"order", to_text(about(it))},
            {"dead", it.dead},
            {"tries", it.tries},
            {"error", it.error}};
    if (line_.dry) {
      out_["dry_run"] = true;
      return call_.answer(200, dumped(out_));
    }
    if (!it.dead) {  // it has its tries
      if (!known_.is_null()) out_["line"] = known_;
      return call_.answer(200, dumped(out_), true);
    }
    call_.want<order::audit_line>(line_, [self = this->shared_from_this()](order::audit_line&& written, bool) {
      self->out_["line"] = json_of(written);
      self->deed_.dry = false;
      self->call_.ask(self->deed_, {}, [self](souk::answer&& said) {
        // Asked again it may have been delivered: that is what was wanted.
        if (!said.done() && said.why != reason::not_found) return self->call_.answer_no(said);
        self->call_.answer(202, dumped(self->out_));
      });
    });
  }

  const call call_;
  const order::replay line_;
  Revive deed_;
  json known_, out_;
};

template <class Found, class Revive>
void replay(const asked& a, const call& c, order::dead_letter letter, Revive deed) {
  order::replay line{std::move(letter)};
  line.request = a.key;
  line.at = a.at;
  if (!a.read(c, [&](fields& body) { read_why(body, c, line); })) return;
  std::make_shared<replaying<Found, Revive>>(c, std::move(line), deed)->begin();
}

}  // namespace

void retry_outbox(const asked& a, const call& c) {
  const auto source = parse_whole<std::uint32_t>(a.id[0]);
  const auto seq = parse_whole<std::int64_t>(a.id[1]);
  if (!source || !seq) return c.answer(problem{reason::not_found}.detail("no such letter"));
  replay<platform::troubles>(a, c, {domain::platform, std::to_string(*source) + '/' + std::to_string(*seq)},
                             platform::revive{*source, *seq, a.at});
}

void show_event_log(const asked& a, const call& c) {
  const auto limit = a.limit(c);
  if (!limit) return;
  const auto answer = [c](call::heard<event_log::status>&& found) {
    bool more = false;
    auto data = json::array();
    for (const auto& one : found.pages) {
      more = more || one.held + one.dead > static_cast<std::int64_t>(one.troubles.size());
      data.push_back(json_of(one));
    }
    c.answer(200, dumped(json_of_list(std::move(data), more, found.silent)));
  };
  c.want_what_is_there<event_log::status>(domain::event_log, event_log::find_status{*limit}, answer);
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
  replay<event_log::held>(a, c, {domain::event_log, name},
                          event_log::revive{*partition, event_log::party::of(*source), *seq, a.at});
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
  with_desks(c.hall(), [c](std::vector<desk_now>&& desks) {
    auto data = json::array();
    for (const auto& one : desks) data.push_back(json_of(one));
    for (const auto& node : nodes_now(c.hall()))
      for (const auto& one : node.said.coordinators) data.push_back(json_of(one, node));
    const bool open = c.hall().with_node([&](runtime::node& node) {
      const auto cashier = node.cashier_here();
      if (!cashier) return;
      json row{{"name", "cashier"},
               {"kind", "cashier"},
               {"open", cashier->open.load()},
               {"captured", cashier->captured.load()},
               {"declined", cashier->declined.load()},
               {"gone", cashier->gone.load()},
               {"unknown", cashier->unknown.load()},
               {"restarts", cashier->restarts.load()}};
      if (const auto name = node.name(); !name.empty()) row["node"] = name;
      data.push_back(std::move(row));
    });
    if (!open) return c.answer(problem{reason::unreachable});
    c.answer(200, dumped(json_of_list(std::move(data), false)));
  });
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
