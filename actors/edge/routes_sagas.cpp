// Sagas for operators: which there are, what each has left where, and what may be done for those that stand still.
//
// Nothing here decides: the order desk does, in one transaction with the line in its audit log.
#include <algorithm>
#include <charconv>

#include "actors/edge/ages.hpp"
#include "actors/edge/json_of.hpp"
#include "actors/edge/locks.hpp"
#include "actors/edge/rehearsal.hpp"
#include "actors/edge/routes.hpp"
#include "actors/edge/stories.hpp"
#include "actors/sagas/plans.hpp"
#include "actors/sagas/repairs.hpp"

namespace souk::edge::repairs {

namespace {

using order::remedy;

sagas::stand stand_of(const order::view& one) {
  return {sagas::plan_of(one.flow), one.parked->step, one.parked->undoing};
}

}  // namespace

std::optional<order::list_sagas> read_filter(const asked& a, const call& c) {
  const auto wrong = [&](std::string_view parameter, std::string_view text) {
    c.answer(problem{problems::invalid_parameter}.with("parameter", parameter).detail(text));
    return std::nullopt;
  };
  order::list_sagas what;
  const auto limit = a.limit(c);
  if (!limit) return std::nullopt;
  what.limit = *limit;
  if (const auto name = a.parameter("state"); name && *name != "open") {
    what.state = parse_saga_state(*name);
    if (!what.state)
      return wrong("state", "state must be open, running, compensating, parked, completed or compensated");
  }
  if (const auto name = a.parameter("flow")) {
    what.flow = sagas::find_flow(*name);
    if (!what.flow) return wrong("flow", "flow must be the name of a saga, as GET /v1/admin/plans has them");
  }
  if (const auto name = a.parameter("reason")) {
    what.why = parse_reason(*name);
    if (!what.why) return wrong("reason", "reason must be one that a saga may have");
  }
  if (auto user = a.parameter("user")) {
    if (!is_name(*user)) return wrong("user", "user must be an id");
    what.user = user_id{*std::move(user)};
  }
  if (auto product = a.parameter("product")) {
    if (!is_name(*product)) return wrong("product", "product must be an id");
    what.product = product_id{*std::move(product)};
  }
  if (const auto age = a.parameter("older_than")) {
    const auto ms = parse_age_ms(*age);
    if (!ms) return wrong("older_than", "older_than must be a time like 90s, 5m or 2h");
    what.placed_before = a.at + -*ms;
  }
  if (const auto overdue = a.parameter("overdue")) {
    if (*overdue != "true" && *overdue != "false") return wrong("overdue", "overdue must be true or false");
    if (*overdue == "true") what.late_before = c.hall().late_before();
  }
  if (auto has = a.parameter("reason_has")) {
    if (has->empty() || has->size() > 200) return wrong("reason_has", "reason_has must be 1 to 200 characters");
    what.has = *std::move(has);
  }
  if (auto prefix = a.parameter("prefix")) {
    std::transform(prefix->begin(), prefix->end(), prefix->begin(),
                   [](char l) { return static_cast<char>(l >= 'A' && l <= 'Z' ? l + 32 : l); });
    if (prefix->empty() || prefix->size() > 13) return wrong("prefix", "prefix must be the first letters of an id");
    what.prefix = *std::move(prefix);
  }
  if (const auto after = a.parameter("starting_after")) {
    const auto id = parse_number(*after);
    if (!id) return wrong("starting_after", "starting_after must be a saga's id");
    what.before = *id;
  }
  return what;
}

void list(const asked& a, const call& c) {
  const auto what = read_filter(a, c);
  if (!what) return;
  const auto answer = [c, limit = what->limit, at = a.at](call::heard<order::page>&& found) {
    auto all = orders::newest_of(std::move(found.pages), limit);
    with_stories(c, std::move(all.orders),
                 [c, next = all.next, at, silent = std::move(found.silent)](std::vector<order::view>&& told) {
                   auto data = json::array();
                   for (const auto& one : told) data.push_back(json_of_saga(one, at));
                   c.answer(200, dumped(json_of_list(std::move(data), next, silent)));
                 });
  };
  c.want_what_is_there<order::page>(domain::order, *what, answer);
}

namespace {

// The desk says no: the plan knows why.
void answer_refused(const call& c, const order::view& of, remedy what, const answer& said) {
  if (said.why != reason::not_repairable || !of.parked) return c.answer_no(said);
  const auto why = sagas::why_not(what, stand_of(of));
  c.answer(problem{said.why}
               .detail(why.empty() ? std::string_view{said.detail} : why)
               .with("saga", souk::to_text(of.id))
               .with("state", edge::to_text(of.saga)));
}

void repair(const asked& a, const call& c, remedy what) {
  const auto id = a.number_in_path(c);
  if (!id) return;
  order::repair wanted{*id, what};
  wanted.request = a.key;
  wanted.at = a.at;
  if (!a.read(c, [&](fields& body) { read_why(body, c, wanted); })) return;
  c.want<order::view>(order::find{*id}, [c, wanted = std::move(wanted)](order::view&& found, bool) mutable {
    auto of = std::make_shared<order::view>(std::move(found));
    const bool dry = wanted.dry;
    c.ask(std::move(wanted), {}, [c, of, dry, what = wanted.what](answer&& said) {
      const auto* line = std::get_if<order::audit_line>(&said.body);
      if (!said.done() || !line) return answer_refused(c, *of, what, said);
      if (dry) return rehearse(c, *of, what);
      c.answer(said.replayed ? 200 : 202, dumped({{"id", souk::to_text(of->id)}, {"line", json_of(*line)}}),
               said.replayed);
    });
  });
}

}  // namespace

void retry(const asked& a, const call& c) { repair(a, c, remedy::retry); }
void compensate(const asked& a, const call& c) { repair(a, c, remedy::compensate); }
void skip(const asked& a, const call& c) { repair(a, c, remedy::skip); }
void fail(const asked& a, const call& c) { repair(a, c, remedy::fail); }

namespace {

// One saga on its way into an answer: what is known of it comes from several desks, one after the other.
class shown : public std::enable_shared_from_this<shown> {
public:
  shown(call c, moment at, order::view of) : call_(std::move(c)), at_(at), holding_(holding_of(call_, std::move(of))) {}

  void begin() {
    // Whoever is parked is asked after at every desk: that is what the operator is to know before he acts.
    if (!holding_.of.parked) return look_for_others();
    ask_for_traces(call_, holding_.of, [self = shared_from_this()](std::vector<trace>&& all) {
      self->traces_ = std::move(all);
      for (const auto& one : self->traces_)
        if (one.what) sagas::learn(self->holding_.locks, one.key, *one.what);
      self->look_for_others();
    });
  }

private:
  void look_for_others() {
    if (holding_.locks.empty()) return answer({});
    with_deadlines(call_, {std::move(holding_)}, [self = shared_from_this()](std::vector<holding>&& told) {
      self->holding_ = std::move(told.front());
      ask_for_seekers(self->call_, [self](seekers&& others) { self->answer(others); });
    });
  }

  void answer(const seekers& others) {
    const auto& of = holding_.of;
    auto out = json_of_saga(of, at_);
    out["currency"] = call_.hall().options().currency;
    out["items"] = json::array();
    for (const auto& line : of.lines)
      out["items"].push_back(
          {{"product", line.product.text}, {"quantity", line.quantity}, {"amount", line.amount.minor}});
    if (of.seat) out["seat"] = {{"schedule", of.seat->schedule.text}, {"id", of.seat->seat.text}};
    out["timeline"] = json::parse(timeline_of(of))["timeline"];
    name_desks(out["timeline"]);
    if (!traces_.empty()) out["effects"] = json_of_traces(of, traces_);
    out["holds"] = json::array();
    for (const auto& lock : holding_.locks) out["holds"].push_back(json_of(lock, holding_, others, at_));
    if (auto waits = json_of_wait(call_, holding_, at_); !waits.is_null()) out["waits"] = std::move(waits);
    auto lines = json::array();
    for (const auto& line : of.repairs) lines.push_back(json_of(line));
    out["repairs"] = std::move(lines);
    call_.answer(200, dumped(out));
  }

  // Which desks each step was asked of, and by which nodes they are kept now, if there are several.
  void name_desks(json& timeline) const {
    const auto& plan = sagas::plan_of(holding_.of.flow);
    const auto about = brief_of(holding_.of);
    std::map<std::string, json> by_step;
    call_.hall().with_node([&](runtime::node& node) {
      for (std::size_t i = 0; i < plan.stages().size(); ++i) {
        json said;
        for (const auto& desk : sagas::desks_of_step(about, i, false, call_.hall().shards())) {
          said["desks"].push_back(name_of(desk));
          if (const auto keeper = node.keeper({desk.domain, desk.shard}); !keeper.empty())
            said["nodes"].push_back(keeper);
        }
        if (!said.is_null()) by_step[std::string{plan.stages()[i].step->name}] = std::move(said);
      }
    });
    for (auto& one : timeline)
      if (one.contains("step"))
        if (const auto known = by_step.find(one["step"].get<std::string>()); known != by_step.end())
          one.update(known->second);
  }

  const call call_;
  const moment at_;
  holding holding_;
  std::vector<trace> traces_;
};

}  // namespace

void show(const asked& a, const call& c) {
  const auto id = a.number_in_path(c);
  if (!id) return;
  c.want<order::view>(order::find{*id}, [c, at = a.at](order::view&& found, bool) {
    with_stories(c, {std::move(found)}, [c, at](std::vector<order::view>&& told) {
      std::make_shared<shown>(c, at, std::move(told.front()))->begin();
    });
  });
}

namespace {

// How far a list of lines has come in each store, newest first: 17.0.4, where 0 is not at all.
bool read_places(std::string_view text, std::vector<std::int64_t>& into) {
  for (std::size_t i = 0; i < into.size(); ++i) {
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), into[i]);
    if (wrong != std::errc{} || into[i] < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const bool last = i + 1 == into.size();
    if (last || text.empty() || text.front() != '.') return last && text.empty();
    text.remove_prefix(1);
  }
  return false;
}

}  // namespace

void list_audit(const asked& a, const call& c) {
  const auto limit = a.limit(c);
  if (!limit) return;
  order::read_audit what{{}, 0, *limit};
  if (const auto text = a.parameter("saga")) {
    const auto id = parse_number(*text);
    if (!id)
      return c.answer(problem{problems::invalid_parameter}.with("parameter", "saga").detail("saga must be an id"));
    what.about = *id;
  }
  std::vector<std::int64_t> before(c.hall().shards(domain::order));
  if (const auto text = a.parameter("starting_after"); text && !read_places(*text, before))
    return c.answer(problem{problems::invalid_parameter}
                        .with("parameter", "starting_after")
                        .detail("starting_after must be the next of the page before"));
  const auto of_store = [what, before](std::uint32_t store) {
    auto one = what;
    one.before = before[store];
    return command{std::move(one)};
  };
  const auto answer = [c, limit, before](call::heard<order::audit_page>&& found) mutable {
    struct named {
      std::size_t store;
      order::audit_line line;
    };
    std::vector<named> all;
    bool more = false;
    for (std::size_t i = 0; i < found.pages.size(); ++i) {
      auto& page = found.pages[i];
      more = more || page.more;
      for (auto& line : page.lines) all.push_back({found.shards[i], std::move(line)});
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& x, const auto& y) { return x.line.at > y.line.at; });
    if (all.size() > *limit) {
      all.resize(*limit);
      more = true;
    }
    auto data = json::array();
    for (const auto& one : all) {
      auto row = json_of(one.line);
      row["store"] = one.store;
      data.push_back(std::move(row));
      before[one.store] = one.line.seq;
    }
    auto out = json_of_list(std::move(data), more, found.silent);
    if (more) {
      std::string next;
      for (const auto seq : before) next += (next.empty() ? "" : ".") + std::to_string(seq);
      out["next"] = std::move(next);
    }
    c.answer(200, dumped(out));
  };
  c.want_what_is_there<order::audit_page>(domain::order, of_store, answer);
}

void verify_audit(const asked&, const call& c) {
  c.want_all<order::audit_state>(domain::order, order::verify_audit{}, [c](std::vector<order::audit_state>&& all) {
    auto data = json::array();
    bool whole = true;
    for (std::size_t s = 0; s < all.size(); ++s) {
      whole = whole && all[s].troubles.empty();
      data.push_back({{"store", s}, {"lines", all[s].lines}, {"head", all[s].head}, {"troubles", all[s].troubles}});
    }
    c.answer(200, dumped({{"whole", whole}, {"data", std::move(data)}}));
  });
}

void list_plans(const asked&, const call& c) {
  static const std::string text = [] {
    std::string out = R"({"data":[)";
    for (const auto* one : sagas::all_plans()) out += (out.back() == '[' ? "" : ",") + to_json(*one);
    return out + R"(],"has_more":false})";
  }();
  c.answer(200, std::string{text});
}

}  // namespace souk::edge::repairs
