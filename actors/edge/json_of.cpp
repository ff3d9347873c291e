// Writes the domains' answers as JSON.
#include "actors/edge/json_of.hpp"

#include <algorithm>
#include <array>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/json.hpp"
#include "actors/sagas/plans.hpp"
#include "actors/sagas/repairs.hpp"
#include "actors/sagas/steps.hpp"

namespace souk::edge {

namespace {

constexpr std::array<std::string_view, 4> order_states{"PENDING", "COMPLETED", "FAILED", "CANCELLED"};
constexpr std::array<std::string_view, 5> saga_states{"running", "compensating", "completed", "compensated", "parked"};
constexpr std::array<std::string_view, 13> marks{"began",        "asked",    "done",   "refused", "lost",
                                                 "undoing",      "undone",   "parked", "ended",   "recovered",
                                                 "cancel_asked", "repaired", "skipped"};
constexpr std::array<std::string_view, 5> payment_states{"REQUESTED", "APPROVED", "DECLINED", "CANCELLED",
                                                         "CANCELLING"};
constexpr std::array<std::string_view, 2> coupon_states{"ISSUED", "USED"};
constexpr std::array<std::string_view, 3> seat_states{"AVAILABLE", "HELD", "RESERVED"};
constexpr std::array<std::string_view, 4> token_states{"WAITING", "ADMITTED", "USED", "EXPIRED"};
constexpr std::array<std::string_view, 4> entry_kinds{"charge", "debit", "debit_undone", "credit"};

template <class Names, class Enum>
std::string_view name_of(const Names& names, Enum what) {
  return names[static_cast<std::size_t>(what)];
}

template <class Enum, class Names>
std::optional<Enum> named(const Names& names, std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  return found == names.end() ? std::nullopt : std::optional{static_cast<Enum>(found - names.begin())};
}

void add_days(json& to, moment starts, moment ends) {
  if (starts.ms) to["starts"] = to_text(starts);
  if (ends.ms) to["ends"] = to_text(ends);
}

// Marks that are about the saga as a whole, not about a step of it.
bool about_the_whole(order::mark what) {
  using m = order::mark;
  return what == m::began || what == m::ended || what == m::recovered || what == m::cancel_asked;
}

}  // namespace

std::string_view to_text(order::state what) { return name_of(order_states, what); }
std::string_view to_text(order::saga_state what) { return name_of(saga_states, what); }
std::string_view to_text(order::mark what) { return name_of(marks, what); }
std::string_view to_text(order::flow what) { return sagas::plan_of(what).name(); }

std::optional<order::state> parse_order_state(std::string_view text) { return named<order::state>(order_states, text); }
std::optional<order::saga_state> parse_saga_state(std::string_view text) {
  return named<order::saga_state>(saga_states, text);
}
std::optional<reason> parse_reason(std::string_view text) { return named<reason>(reason_names, text); }

json json_of(const order::audit_line& one) {
  const auto& stages = sagas::plan_of(one.flow).stages();
  json out{{"seq", one.seq}};
  if (one.about) out["saga"] = to_text(one.about);
  if (one.letter)
    out["letter"] = (one.letter->from == domain::platform ? "outbox " : "event-log ") + one.letter->name;
  else
    out["flow"] = to_text(one.flow);
  out["repair"] = sagas::to_text(one.what);
  if (one.about && one.step < stages.size()) out["step"] = stages[one.step].step->name;
  if (one.about) out["undoing"] = one.undoing;
  if (!one.by.empty()) out["by"] = one.by;
  out["reason"] = one.reason;
  out["at"] = to_text(one.at);
  out["before"] = one.before;
  out["hash"] = one.hash;
  return out;
}

json json_of(const user::view& one) {
  return {{"id", one.user.text}, {"name", one.name}, {"since", to_text(one.since)}};
}

json json_of(const wallet::view& one, const std::string& currency) {
  return {{"user", one.user.text}, {"balance", one.balance.minor}, {"currency", currency}, {"entries", one.entries}};
}

// The id is text: it has more bits than a double keeps.
json json_of(const wallet::entry& one) {
  json out{{"id", std::to_string(one.id)},
           {"number", one.number},
           {"kind", name_of(entry_kinds, one.what)},
           {"amount", one.amount.minor},
           {"balance", one.balance.minor}};
  if (one.cause) out["order"] = to_text(one.cause);
  out["at"] = to_text(one.at);
  return out;
}

json json_of(const product::view& one, const std::string& currency) {
  return {{"id", one.product.text},
          {"name", one.name},
          {"price", one.price.minor},
          {"currency", currency},
          {"stock", one.stock}};
}

json json_of(const coupon::discount& one) {
  return one.percent ? json{{"percent", one.percent}} : json{{"amount", one.amount.minor}};
}

json json_of(const coupon::campaign& one) {
  json out{{"code", one.code.text}, {"discount", json_of(one.discount)}, {"limit", one.limit}, {"issued", one.issued}};
  add_days(out, one.starts, one.ends);
  return out;
}

json json_of(const coupon::view& one) {
  json out{{"id", to_text(one.coupon)},
           {"campaign", one.code.text},
           {"user", one.user.text},
           {"state", name_of(coupon_states, one.now)}};
  if (one.used_by) out["order"] = to_text(one.used_by);
  out["discount"] = json_of(one.discount);
  add_days(out, one.starts, one.ends);
  return out;
}

json json_of(const payment::view& one, const std::string& currency) {
  json out{{"order", to_text(one.order)},
           {"user", one.user.text},
           {"amount", one.amount.minor},
           {"currency", currency},
           {"state", name_of(payment_states, one.now)},
           {"provider", one.by_provider ? "external" : "internal"},
           {"history", json::array()}};
  for (const auto& change : one.history)
    out["history"].push_back({{"state", name_of(payment_states, change.to)}, {"at", to_text(change.at)}});
  return out;
}

json json_of(const platform::trouble& one) {
  return {{"source", one.source},
          {"seq", one.event.seq},
          {"order", to_text(one.event.subject)},
          {"tries", one.tries},
          {"next", to_text(one.next)},
          {"dead", one.dead},
          {"error", one.error},
          {"event", json::parse(structured(describe(one.event, one.source)))}};
}

std::string name_of(const event_log::party& who) {
  return std::string{souk::to_text(who.domain)} + '/' + std::to_string(who.shard);
}

json json_of(const event_log::status& one) {
  auto topics = json::array(), subscribers = json::array(), troubles = json::array();
  for (const auto& t : one.topics) topics.push_back({{"topic", souk::to_text(t.topic)}, {"events", t.events}});
  for (const auto& s : one.subscribers)
    subscribers.push_back({{"subscriber", name_of(s.who)}, {"position", s.position}, {"lag", s.lag}});
  for (const auto& t : one.troubles) {
    troubles.push_back(
        {{"letter", std::to_string(one.partition) + '-' + std::to_string(t.source) + '-' + std::to_string(t.event.seq)},
         {"subscriber", name_of(event_log::party::of(t.source))},
         {"topic", souk::to_text(t.event.topic)},
         {"order", to_text(t.event.about->id)},
         {"tries", t.tries},
         {"next", to_text(t.next)},
         {"dead", t.dead},
         {"error", t.error}});
  }
  return {{"partition", one.partition}, {"newest", one.newest}, {"oldest", one.oldest}, {"topics", topics},
          {"subscribers", subscribers}, {"troubles", troubles}, {"held", one.held},     {"dead", one.dead}};
}

json json_of(const ranking::seller& one) {
  return {{"product", one.product.text}, {"units", one.units}, {"net", one.net}};
}

json json_of(const ranking::full_house& one) {
  return {{"schedule", one.schedule.text},
          {"seats", one.seats},
          {"opened", to_text(one.opened)},
          {"sold_out", to_text(one.sold_out)},
          {"took_ms", std::max<std::int64_t>(one.sold_out.ms - one.opened.ms, 0)}};
}

json json_of(const concert::date& one) {
  json out{{"id", one.schedule.text}, {"starts", to_text(one.starts)}};
  if (!one.venue.empty()) out["venue"] = one.venue;
  if (one.sales_open.ms) out["sales_open"] = to_text(one.sales_open);
  out["seats"] = one.seats;
  return out;
}

json json_of(const concert::view& one) {
  json out{{"id", one.concert.text}, {"name", one.name}, {"schedules", json::array()}};
  for (const auto& date : one.schedules) out["schedules"].push_back(json_of(date));
  return out;
}

json json_of(const reservation::seen& one, const std::string& currency) {
  json out{{"id", one.what.seat.text},  {"section", one.what.section},           {"row", one.what.row},
           {"number", one.what.number}, {"category", one.what.category},         {"price", one.what.price.minor},
           {"currency", currency},      {"state", name_of(seat_states, one.now)}};
  if (one.until.ms) out["until"] = to_text(one.until);
  return out;
}

json json_of(const reservation::view& one, const std::string& currency) {
  return {{"id", to_text(one.reservation)}, {"schedule", one.schedule.text},
          {"seat", one.seat.text},          {"user", one.user.text},
          {"token", to_text(one.token)},    {"price", one.price.minor},
          {"currency", currency},           {"state", name_of(seat_states, one.now)},
          {"until", to_text(one.until)}};
}

json json_of(const queue::view& one) {
  json out{{"token", to_text(one.token)},
           {"schedule", one.schedule.text},
           {"user", one.user.text},
           {"place", one.place},
           {"ahead", one.ahead},
           {"state", name_of(token_states, one.now)},
           {"admitted", one.now == queue::state::admitted}};
  if (one.now == queue::state::admitted) out["until"] = to_text(one.until);
  return out;
}

// What may be done for it: the desk has kept what was allowed when it was parked, the plan knows why not the rest.
static json json_of_parked(const order::view& one) {
  const auto& where = *one.parked;
  json out{{"step", sagas::plan_of(one.flow).stages()[where.step].step->name},
           {"domain", souk::to_text(where.home)},
           {"undoing", where.undoing},
           {"reason", souk::to_text(where.why)}};
  if (!where.detail.empty()) out["detail"] = where.detail;
  out["since"] = souk::to_text(where.since);
  out["repairs"] = json::object();
  for (std::size_t i = 0; i < order::remedies; ++i) {
    const auto what = static_cast<order::remedy>(i);
    const auto why = sagas::why_not(what, sagas::stand{sagas::plan_of(one.flow), where.step, where.undoing});
    out["repairs"][std::string{sagas::to_text(what)}] =
        where.allows(what) ? json{{"allowed", true}}
                           : json{{"allowed", false}, {"because", why.empty() ? "not where it stands" : why}};
  }
  return out;
}

json json_of_saga(const order::view& one, moment now) {
  json out{{"id", souk::to_text(one.id)}, {"flow", to_text(one.flow)}, {"state", to_text(one.state)},
           {"saga", to_text(one.saga)},   {"user", one.user.text},     {"placed", souk::to_text(one.placed)}};
  const auto until = one.ended.ms ? one.ended : now;
  out["age_ms"] = std::max<std::int64_t>(until.ms - one.placed.ms, 0);
  if (one.ended.ms) out["ended"] = souk::to_text(one.ended);
  if (one.trace) out["traceparent"] = souk::to_text(*one.trace);
  if (one.why != reason::none) out["reason"] = souk::to_text(one.why);
  if (!one.detail.empty()) out["detail"] = one.detail;
  out["total"] = one.total.minor;
  out["discount"] = one.discount.minor;
  if (!one.ended.ms)
    if (const auto* at = sagas::step_at(sagas::plan_of(one.flow), one.timeline)) out["step"] = at->name;
  if (one.parked) out["parked"] = json_of_parked(one);
  return out;
}

json json_of_list(json&& data, bool more, const std::vector<std::string>& silent) {
  json list{{"data", std::move(data)}, {"has_more", more}};
  if (!silent.empty()) list["silent"] = silent;
  return list;
}

json json_of_list(json&& data, number next, const std::vector<std::string>& silent) {
  auto list = json_of_list(std::move(data), bool{next}, silent);
  if (next) list["next"] = souk::to_text(next);
  return list;
}

std::string dumped(const json& what) { return what.dump(-1, ' ', false, json::error_handler_t::replace); }

void append(std::string& out, std::initializer_list<std::string_view> parts) {
  for (const auto part : parts) out.append(part);
}

void append_lines(std::string& out, const std::vector<product::line>& lines) {
  out += '[';
  for (std::size_t i = 0; i < lines.size(); ++i)
    append(out, {i ? "," : "", R"({"product":")", lines[i].product.text, R"(","quantity":)",
                 std::to_string(lines[i].quantity), R"(,"amount":)", std::to_string(lines[i].amount.minor), "}"});
  out += ']';
}

void append_seat(std::string& out, const order::seat_sale& one) {
  append(out, {R"({"schedule":")", one.schedule.text, R"(","id":")", one.seat.text, R"(","reservation":")",
               to_text(one.reservation), R"(","price":)", std::to_string(one.price.minor), "}"});
}

void append_order(std::string& out, const order::view& one, const std::string& currency) {
  const auto put = [&](std::initializer_list<std::string_view> parts) { append(out, parts); };
  put({R"({"id":")", to_text(one.id), R"(","user":")", one.user.text, R"(","flow":")", to_text(one.flow),
       R"(","state":")", to_text(one.state), R"(","saga":")", to_text(one.saga), "\""});
  if (one.why != reason::none) put({R"(,"reason":")", to_text(one.why), "\""});
  if (!one.detail.empty()) {
    put({R"(,"detail":)"});
    append_quoted(out, one.detail);
  }
  put({R"(,"items":)"});
  append_lines(out, one.lines);
  if (one.coupon) put({R"(,"coupon":")", to_text(one.coupon), "\""});
  if (one.seat) {
    put({R"(,"seat":)"});
    append_seat(out, *one.seat);
  }
  put({R"(,"total":)", std::to_string(one.total.minor), R"(,"discount":)", std::to_string(one.discount.minor),
       R"(,"paid":)",
       std::to_string(one.saga == order::saga_state::completed ? one.total.minor - one.discount.minor : 0),
       R"(,"currency":)"});
  append_quoted(out, currency);
  put({R"(,"placed":")", to_text(one.placed), "\""});
  if (one.ended.ms) put({R"(,"ended":")", to_text(one.ended), "\""});
  out += '}';
}

void append_happening(std::string& out, const order::view& of, const order::happening& one) {
  out.append(R"({"at":")").append(to_text(of.placed + one.ms)).append(R"(","ms":)").append(std::to_string(one.ms));
  const auto& stages = sagas::plan_of(of.flow).stages();
  if (!about_the_whole(one.what) && one.step < stages.size())
    out.append(R"(,"step":")").append(stages[one.step].step->name).append("\"");
  out.append(R"(,"what":")").append(to_text(one.what)).append("\"");
  if (one.why != reason::none) out.append(R"(,"reason":")").append(to_text(one.why)).append("\"");
  out += '}';
}

// Repairs stand in the story as often as in the audit log, in the same order: there is what was done, and why.
std::string timeline_of(const order::view& one, bool for_operators) {
  std::size_t repair = 0;
  std::string out;
  out.append(R"({"id":")").append(to_text(one.id)).append(R"(","flow":")").append(to_text(one.flow));
  out.append(R"(","state":")").append(to_text(one.state)).append(R"(","saga":")").append(to_text(one.saga));
  if (one.trace) append(out, {R"(","traceparent":")", souk::to_text(*one.trace)});
  out.append(R"(","timeline":[)");
  for (std::size_t i = 0; i < one.timeline.size(); ++i) {
    if (i) out += ',';
    append_happening(out, one, one.timeline[i]);
    if (one.timeline[i].what != order::mark::repaired || repair == one.repairs.size()) continue;
    const auto& line = one.repairs[repair++];
    out.pop_back();
    append(out, {R"(,"repair":")", sagas::to_text(line.what), "\""});
    if (for_operators) {
      append(out, {R"(,"because":)"});
      append_quoted(out, line.reason);
    }
    if (for_operators && !line.by.empty()) {
      append(out, {R"(,"by":)"});
      append_quoted(out, line.by);
    }
    out += '}';
  }
  return out + "]}";
}

}  // namespace souk::edge
