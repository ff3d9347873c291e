// Collects the counters that desks, coordinators and the edge keep anyway. They stay plain atomics: the library only
// writes them down, because escaping and ordering are its trade.
#include "actors/edge/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "actors/edge/call.hpp"
#include "actors/edge/json_of.hpp"
#include "actors/runtime/cashier.hpp"

namespace souk::edge {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using labels = std::vector<ClientMetric::Label>;

class collection {
public:
  void family(MetricType type, std::string name, std::string help) {
    all.push_back({std::move(name), std::move(help), type, {}});
  }
  void sample(labels where, double value) {
    ClientMetric one;
    one.label = std::move(where);
    (all.back().type == MetricType::Counter ? one.counter.value : one.gauge.value) = value;
    all.back().metric.push_back(std::move(one));
  }

  std::vector<MetricFamily> all;
};

// One line a figure.
template <class Counts>
struct row {
  MetricType type;
  const char* name;
  const char* help;
  double (*value)(const Counts&);
};

constexpr auto counter = MetricType::Counter;
constexpr auto gauge = MetricType::Gauge;

using desk = runtime::desk_counts;
constexpr row<desk> desk_rows[] = {
    {counter, "souk_desk_letters_total", "Commands decided", [](const desk& n) { return double(n.letters); }},
    {counter, "souk_desk_batches_total", "Transactions that decided them",
     [](const desk& n) { return double(n.batches); }},
    {gauge, "souk_desk_commits", "Commits since the store was opened", [](const desk& n) { return double(n.commits); }},
    {gauge, "souk_desk_waiting", "Commands that wait", [](const desk& n) { return double(n.waiting); }},
    {counter, "souk_desk_restarts_total", "Desks seated anew", [](const desk& n) { return double(n.restarts); }},
    {gauge, "souk_desk_full", "1: the store could not grow when it was last tried",
     [](const desk& n) { return double(n.full); }},
};

using coordinator = runtime::coordinator_counts;
constexpr row<coordinator> coordinator_rows[] = {
    {gauge, "souk_sagas_running", "Sagas under way", [](const coordinator& n) { return double(n.running); }},
    {gauge, "souk_sagas_parked", "Sagas that need an operator", [](const coordinator& n) { return double(n.parked); }},
    {counter, "souk_sagas_begun_total", "Sagas begun", [](const coordinator& n) { return double(n.begun); }},
    {counter, "souk_sagas_completed_total", "Sagas completed",
     [](const coordinator& n) { return double(n.completed); }},
    {counter, "souk_sagas_compensated_total", "Sagas walked back",
     [](const coordinator& n) { return double(n.compensated); }},
    {counter, "souk_sagas_asked_again_total", "Steps asked again",
     [](const coordinator& n) { return double(n.asked_again); }},
    {gauge, "souk_coordinator_adopted", "Coordinators out of sight that it stands in for",
     [](const coordinator& n) { return double(n.adopted); }},
    {counter, "souk_coordinator_restarts_total", "Coordinators seated anew",
     [](const coordinator& n) { return double(n.restarts); }},
};

using cashier = runtime::cashier_counts;
constexpr row<cashier> cashier_rows[] = {
    {gauge, "souk_cashier_open", "Payments that the provider is to say something about",
     [](const cashier& n) { return double(n.open); }},
    {counter, "souk_cashier_captured_total", "Charges that stand", [](const cashier& n) { return double(n.captured); }},
    {counter, "souk_cashier_declined_total", "Charges that were declined",
     [](const cashier& n) { return double(n.declined); }},
    {counter, "souk_cashier_gone_total", "Charges that were called off or refunded",
     [](const cashier& n) { return double(n.gone); }},
    {counter, "souk_cashier_unknown_total", "Times that the provider did not say",
     [](const cashier& n) { return double(n.unknown); }},
    {counter, "souk_cashier_restarts_total", "Cashiers seated anew",
     [](const cashier& n) { return double(n.restarts); }},
};

using peer = runtime::peer_figures;
constexpr row<peer> peer_rows[] = {
    {gauge, "souk_node_there", "1: the other node is there", [](const peer& n) { return double(n.door.is_open()); }},
    {counter, "souk_node_visits_total", "How often the other node came",
     [](const peer& n) { return double(n.visits); }},
    {gauge, "souk_node_letters_in_flight", "Letters that may not have arrived at the other node yet",
     [](const peer& n) { return double(n.door.in_flight()); }},
    {counter, "souk_node_letters_kept_back_total", "Letters that were not sent because it was away or out of breath",
     [](const peer& n) { return double(n.door.kept_back()); }},
};

using server = server_counts;
constexpr row<server> server_rows[] = {
    {counter, "souk_http_connections_total", "Connections accepted",
     [](const server& n) { return double(n.accepted); }},
    {counter, "souk_http_turned_away_total", "Connections turned away",
     [](const server& n) { return double(n.turned_away); }},
    {counter, "souk_http_refused_total", "Requests refused by the server itself",
     [](const server& n) { return double(n.refused); }},
    {gauge, "souk_http_connections", "Connections now", [](const server& n) { return double(n.open); }},
};

using partition = event_log::status;
constexpr row<partition> partition_rows[] = {
    {counter, "souk_event_log_appended_total", "Events ever appended",
     [](const partition& n) { return double(n.appended); }},
    {gauge, "souk_event_log_kept", "Events that are kept", [](const partition& n) { return double(n.kept); }},
    {gauge, "souk_event_log_held", "Events that wait to be tried again",
     [](const partition& n) { return double(n.held); }},
    {gauge, "souk_event_log_dead_letters", "Events that were given up",
     [](const partition& n) { return double(n.dead); }},
};

void add_log(collection& out, const std::vector<partition>& log) {
  const auto name = [](const partition& of) { return ClientMetric::Label{"partition", std::to_string(of.partition)}; };
  for (const auto& one : partition_rows) {
    out.family(one.type, one.name, one.help);
    for (const auto& of : log) out.sample({name(of)}, one.value(of));
  }
  out.family(counter, "souk_event_log_told_total", "Events told by each domain, since the partition's desk was seated");
  for (const auto& of : log)
    for (const auto& topic : of.topics)
      out.sample({name(of), {"topic", std::string{to_text(topic.topic)}}}, double(topic.events));
  out.family(gauge, "souk_event_log_lag", "Events that a subscriber has yet to take");
  for (const auto& of : log)
    for (const auto& who : of.subscribers) out.sample({name(of), {"subscriber", name_of(who.who)}}, double(who.lag));
}

double resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  double pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::string metrics_of(edge::hall& from, const std::vector<event_log::status>& log) {
  collection out;
  from.with_node([&](runtime::node& node) {
    const auto& figures = node.figures();
    for (const auto& one : desk_rows) {
      out.family(one.type, one.name, one.help);
      for (const auto& [at, counts] : node.desks_here())
        out.sample({{"domain", std::string{to_text(at.domain)}}, {"shard", std::to_string(at.shard)}},
                   one.value(*counts));
    }
    for (const auto& one : coordinator_rows) {
      out.family(one.type, one.name, one.help);
      for (const auto& each : figures.coordinators)
        out.sample({{"coordinator", std::to_string(each->share)}}, one.value(*each));
    }
    if (const auto cashier = node.cashier_here())
      for (const auto& one : cashier_rows) {
        out.family(one.type, one.name, one.help);
        out.sample({}, one.value(*cashier));
      }
    out.family(counter, "souk_supervisor_restarts_total", "Actors seated anew");
    out.sample({}, double(figures.supervision->restarts));
    out.family(gauge, "souk_supervisor_given_up", "Actors that fell too often and stay away");
    out.sample({}, double(figures.supervision->given_up));
    for (const auto& one : peer_rows) {
      if (!figures.peers.empty()) out.family(one.type, one.name, one.help);
      for (const auto& peer : figures.peers) out.sample({{"node", peer->name}}, one.value(*peer));
    }
    out.family(gauge, "souk_ready", "1: everybody is at their desk");
    out.sample({}, node.ready() && !from.draining ? 1 : 0);
  });
  add_log(out, log);
  if (const auto& watchman = from.watchman) {
    const auto late = watchman->late();
    out.family(gauge, "souk_sagas_overdue", "Sagas of the orders kept here that are older than their design's limit");
    for (std::size_t f = 0; f < late.size(); ++f)
      out.sample({{"design", std::string{to_text(static_cast<order::flow>(f))}}}, double(late[f]));
    out.family(gauge, "souk_outbox_untold", "Events that the platform has not taken, by the store of orders kept here");
    for (const auto& [shard, n] : watchman->untold())
      out.sample({{"desk", name_of({domain::order, shard})}}, double(n));
    const auto found = watchman->found();
    out.family(counter, "souk_audit_rounds_total", "Rounds of the audit through the stores kept here");
    out.sample({}, double(found.rounds));
    out.family(gauge, "souk_audit_flaws", "Rows that the last round found broken");
    out.sample({}, double(found.flaws));
    out.family(gauge, "souk_audit_rows", "Rows that the last round looked at");
    out.sample({}, double(found.rows));
    out.family(gauge, "souk_audit_silent", "Desks that did not answer the last round");
    out.sample({}, double(found.silent.size()));
  }
  out.family(counter, "souk_http_answers_total", "Requests answered, by the status' hundreds");
  for (std::size_t hundreds = 1; hundreds < from.counted.answered.size(); ++hundreds)
    out.sample({{"status", std::to_string(hundreds) + "xx"}}, double(from.counted.answered[hundreds]));
  out.family(gauge, "souk_orders_in_flight", "Orders whose caller waits");
  out.sample({}, double(from.in_flight()));
  out.family(counter, "souk_orders_shed_total", "Orders turned away because too many were in flight");
  out.sample({}, double(from.counted.shed));
  if (from.server) {
    const auto counts = from.server();
    for (const auto& one : server_rows) {
      out.family(one.type, one.name, one.help);
      out.sample({}, one.value(counts));
    }
  }
  out.family(gauge, "process_resident_memory_bytes", "Resident memory");
  out.sample({}, resident_bytes());
  std::ostringstream text;
  prometheus::TextSerializer{}.Serialize(text, out.all);
  return std::move(text).str();
}

}  // namespace souk::edge
