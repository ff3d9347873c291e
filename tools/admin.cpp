// Asks a node's admin routes and shows what they say.
#include "tools/admin.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actors/edge/http.hpp"
#include "messages/grammar/ids.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

using nlohmann::ordered_json;

struct wish {
  std::string node = "http://127.0.0.1:8080";
  std::string output = "text";
  std::string id;
  unsigned limit = 100;
  double every_s = 1;
};

// The node said no; the exit code says how.
struct refusal {
  int exit_code;
  std::string text;
};

class console {
public:
  explicit console(const wish& wanted) : json_(wanted.output == "json"), client_(connect(wanted.node)) {}

  // Asks; whatever is no success is thrown.
  ordered_json ask(const char* method, const std::string& target) {
    const auto said = client_.request(method, target, {}, {}, std::chrono::seconds{10});
    auto body = ordered_json::parse(said.body, nullptr, false);
    if (said.status >= 200 && said.status < 300 && !body.is_discarded()) return body;
    const auto word = [&](const char* name) {
      return body.is_object() && body.contains(name) && body[name].is_string() ? body[name].get<std::string>() : "";
    };
    auto text = word("title");
    if (const auto detail = word("detail"); !detail.empty()) text += (text.empty() ? "" : ": ") + detail;
    if (text.empty()) text = "HTTP " + std::to_string(said.status);
    throw refusal{said.status == 404 ? 3 : said.status == 409 ? 4 : 1, text};
  }

  // The whole answer for scripts, or some members of each thing in "data" as a table.
  struct shown {
    std::string title;
    std::string member;
    side align = side::left;
  };
  void show(const ordered_json& answer, const std::vector<shown>& columns, const std::string& none) const {
    if (json_) return print(answer);
    const auto& data = answer.at("data");
    if (data.empty()) {
      std::cout << none << '\n';
      return;
    }
    std::vector<column> heads;
    for (const auto& one : columns) heads.push_back({one.title, one.align});
    table rows{heads};
    for (const auto& one : data) {
      std::vector<std::string> cells;
      for (const auto& what : columns) cells.push_back(cell(one, what.member));
      rows.row(std::move(cells));
    }
    std::cout << rows.text();
    if (answer.value("has_more", false)) std::cout << "there are more: raise --limit\n";
  }
  void print(const ordered_json& answer) const { std::cout << answer.dump() << std::endl; }
  bool json() const { return json_; }

  static std::string cell(const ordered_json& of, const std::string& member) {
    const auto found = of.find(member);
    if (found == of.end() || found->is_null()) return {};
    if (found->is_string()) return found->get<std::string>();
    if (found->is_number_integer()) return grouped(found->get<std::int64_t>());
    return found->dump();
  }

private:
  static edge::http_client connect(const std::string& node) {
    const auto at = edge::parse_url(node);
    if (!at) throw refusal{2, "'" + node + "' is no http://HOST:PORT"};
    return {at->host, at->port};
  }

  bool json_;
  edge::http_client client_;
};

// An id goes into a path: whatever is none is nothing that the node could know.
std::string checked(const std::string& id) {
  if (!is_name(id)) throw refusal{3, "'" + id + "' is no id"};
  return id;
}

void sagas(console& node, const wish& wanted) {
  node.show(
      node.ask("GET", "/v1/admin/sagas?limit=" + std::to_string(wanted.limit)),
      {{"id", "id"}, {"flow", "flow"}, {"saga", "saga"}, {"user", "user"}, {"placed", "placed"}, {"reason", "reason"}},
      "no saga is under way");
}

void saga(console& node, const wish& wanted) {
  const auto all = node.ask("GET", "/v1/orders/" + checked(wanted.id) + "/timeline");
  if (node.json()) return node.print(all);
  std::cout << console::cell(all, "id") << "  " << console::cell(all, "flow") << "  " << console::cell(all, "state")
            << "  " << console::cell(all, "saga") << '\n';
  table steps{{{"ms", side::right}, {"step"}, {"what"}, {"reason"}}};
  for (const auto& one : all.at("timeline"))
    steps.row({console::cell(one, "ms"), console::cell(one, "step"), console::cell(one, "what"),
               console::cell(one, "reason")});
  std::cout << steps.text();
}

void nodes(console& node, const wish&) {
  const auto right = side::right;
  node.show(node.ask("GET", "/v1/admin/nodes"),
            {{"node", "name"},
             {"there", "there"},
             {"incarnation", "incarnation", right},
             {"visits", "visits", right},
             {"in flight", "in_flight", right},
             {"kept back", "kept_back", right}},
            "this node is alone");
}

void actors(console& node, const wish&) {
  const auto all = node.ask("GET", "/v1/admin/actors");
  if (node.json()) return node.print(all);
  const auto of_kind = [&](const char* kind) {
    auto some = all;
    some["data"] = ordered_json::array();
    for (const auto& one : all.at("data"))
      if (one.value("kind", "") == kind) some["data"].push_back(one);
    return some;
  };
  const auto right = side::right;
  node.show(of_kind("desk"),
            {{"desk", "name"},
             {"letters", "letters", right},
             {"batches", "batches", right},
             {"commits", "commits", right},
             {"waiting", "waiting", right},
             {"restarts", "restarts", right},
             {"full", "full"}},
            "no desks");
  std::cout << '\n';
  node.show(of_kind("coordinator"),
            {{"coordinator", "name"},
             {"running", "running", right},
             {"parked", "parked", right},
             {"begun", "begun", right},
             {"completed", "completed", right},
             {"compensated", "compensated", right},
             {"asked again", "asked_again", right},
             {"restarts", "restarts", right}},
            "no coordinators");
  if (of_kind("cashier").at("data").empty()) return;  // payments have no external provider
  std::cout << '\n';
  node.show(of_kind("cashier"),
            {{"cashier", "name"},
             {"open", "open", right},
             {"captured", "captured", right},
             {"declined", "declined", right},
             {"gone", "gone", right},
             {"unknown", "unknown", right},
             {"restarts", "restarts", right}},
            "no cashier");
}

void outbox(console& node, const wish& wanted) {
  auto all = node.ask("GET", "/v1/admin/outbox?limit=" + std::to_string(wanted.limit));
  for (auto& one : all.at("data"))
    one["letter"] = std::to_string(one.value("source", 0)) + '/' + std::to_string(one.value("seq", std::int64_t{0}));
  node.show(all,
            {{"letter", "letter"},
             {"order", "order"},
             {"tries", "tries", side::right},
             {"dead", "dead"},
             {"next", "next"},
             {"error", "error"}},
            "the platform has taken everything that it was offered");
}

// What is in the lists of each partition, as one list.
ordered_json gathered(const ordered_json& log, const char* member) {
  ordered_json all{{"data", ordered_json::array()}};
  for (const auto& partition : log.at("data"))
    for (auto one : partition.at(member)) {
      one["partition"] = partition.at("partition");
      all["data"].push_back(std::move(one));
    }
  return all;
}

void event_log(console& node, const wish&) {
  const auto log = node.ask("GET", "/v1/admin/event-log");
  if (node.json()) return node.print(log);
  const auto right = side::right;
  const console::shown partition{"partition", "partition", right};
  node.show(log,
            {partition,
             {"newest", "newest", right},
             {"oldest kept", "oldest", right},
             {"held", "held", right},
             {"dead", "dead", right}},
            "no partitions");
  std::cout << '\n';
  node.show(gathered(log, "topics"), {{"topic", "topic"}, partition, {"events", "events", right}},
            "nothing was told since the log's desks were seated");
  std::cout << '\n';
  node.show(gathered(log, "subscribers"),
            {{"subscriber", "subscriber"}, partition, {"position", "position", right}, {"lag", "lag", right}},
            "nobody has subscribed");
  std::cout << '\n';
  node.show(gathered(log, "troubles"),
            {{"letter", "letter"},
             {"subscriber", "subscriber"},
             {"topic", "topic"},
             {"order", "order"},
             {"tries", "tries", right},
             {"dead", "dead"},
             {"next", "next"},
             {"error", "error"}},
            "every event was taken");
}

void retry_event(console& node, const wish& wanted) {
  const auto said = node.ask("POST", "/v1/admin/event-log/" + checked(wanted.id) + "/retry");
  if (node.json()) return node.print(said);
  std::cout << "the letter " << wanted.id << " will be tried again\n";
}

void retry(console& node, const wish& wanted) {
  const auto slash = wanted.id.find('/');
  if (slash == std::string::npos) throw refusal{2, "a letter is named SOURCE/SEQ, as `souk admin outbox` shows it"};
  const auto path = checked(wanted.id.substr(0, slash)) + '/' + checked(wanted.id.substr(slash + 1));
  const auto said = node.ask("POST", "/v1/admin/outbox/" + path + "/retry");
  if (node.json()) return node.print(said);
  std::cout << "the letter " << path << " will be tried again\n";
}

// What has been placed, as it comes, until interrupted: a line an order, in order.
void tail(console& node, const wish& wanted) {
  std::optional<number> last;
  while (true) {
    auto page = node.ask("GET", "/v1/orders?limit=" + std::to_string(last ? 1000 : wanted.limit));
    const auto& newest_first = page.at("data");
    for (auto one = newest_first.rbegin(); one != newest_first.rend(); ++one) {
      const auto id = parse_number(console::cell(*one, "id"));
      if (!id || (last && *id <= *last)) continue;
      last = id;
      if (node.json())
        node.print(*one);
      else
        std::cout << console::cell(*one, "placed") << "  " << console::cell(*one, "id") << "  "
                  << console::cell(*one, "state") << "  " << console::cell(*one, "user") << "  "
                  << pounds(one->value("paid", std::int64_t{0})) << ' ' << console::cell(*one, "currency") << "  "
                  << console::cell(*one, "reason") << std::endl;
    }
    if (!std::cout) return;
    if (!last) last = number{};
    std::this_thread::sleep_for(std::chrono::duration<double>(wanted.every_s));
  }
}

int run(const wish& wanted, void (*what)(console&, const wish&)) {
  try {
    console node{wanted};
    what(node, wanted);
    return 0;
  } catch (const refusal& no) {
    std::cerr << "souk admin: " << no.text << '\n';
    return no.exit_code;
  } catch (const edge::http_unreachable& why) {
    std::cerr << "souk admin: cannot reach " << wanted.node << ": " << why.what() << '\n';
    return 5;
  } catch (const ordered_json::exception& why) {
    std::cerr << "souk admin: " << wanted.node << " answers like no node: " << why.what() << '\n';
    return 1;
  }
}

}  // namespace

void add_admin(CLI::App& app, int& exit_code) {
  auto* admin = app.add_subcommand("admin", "looks into a running node")->require_subcommand(1)->fallthrough();
  const auto wanted = std::make_shared<wish>();
  if (const char* node = std::getenv("SOUK_NODE"); node && *node) wanted->node = node;
  admin->add_option("--node", wanted->node, "where it listens ($SOUK_NODE)")->capture_default_str();
  admin->add_option("-o", wanted->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  const auto add = [&](const char* name, const char* help, void (*what)(console&, const wish&)) {
    auto* one = admin->add_subcommand(name, help)->fallthrough();
    one->callback([wanted, what, &exit_code] { exit_code = run(*wanted, what); });
    return one;
  };
  const auto limited = [&](CLI::App* one) {
    one->add_option("--limit", wanted->limit, "at most so many")->check(CLI::Range(1U, 1000U))->capture_default_str();
    return one;
  };
  limited(add("sagas", "sagas that have not ended", sagas));
  add("saga", "the timeline of one", saga)->add_option("ID", wanted->id, "an order")->required();
  add("nodes", "the other nodes, as this one sees them", nodes);
  add("actors", "desks, coordinators and the cashier with their counts", actors);
  limited(add("outbox", "events that the platform has not taken", outbox));
  add("retry", "gives a dead letter its tries again", retry)
      ->add_option("LETTER", wanted->id, "SOURCE/SEQ")
      ->required();
  auto* log = admin->add_subcommand("event-log", "its topics, partitions and subscribers, and events in trouble");
  auto* again = log->fallthrough()->add_subcommand("retry", "gives a dead letter its tries again")->fallthrough();
  again->add_option("LETTER", wanted->id, "PARTITION-SUBSCRIBER-EVENT, as event-log shows it")->required();
  log->callback([wanted, again, &exit_code] { exit_code = run(*wanted, again->parsed() ? retry_event : event_log); });
  auto* follow = limited(add("tail", "orders as they come, until interrupted", tail));
  follow->add_option("--every", wanted->every_s, "seconds between two looks")->check(CLI::Range(0.05, 3600.0));
}

}  // namespace souk::tools
