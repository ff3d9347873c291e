// The node's figures: desks, coordinators, events that were not taken, orders as they come.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "actors/edge/ages.hpp"
#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "tools/admin/console.hpp"

namespace souk::tools::admin {

// Twice, a moment apart: what they did in between is what they do now.
void actors(console& node, const wish&) {
  constexpr auto between = std::chrono::milliseconds{500};
  auto all = node.ask("GET", "/v1/admin/actors");
  if (node.json()) return node.print(all);
  std::this_thread::sleep_for(between);
  const auto later = node.ask("GET", "/v1/admin/actors");
  const auto right = side::right;
  const auto of_kind = [&](const char* kind) {
    auto some = later;
    some["data"] = ordered_json::array();
    for (const auto& one : later.at("data")) {
      if (one.value("kind", "") != kind) continue;
      auto row = one;
      for (const auto& before : all.at("data")) {
        if (before.at("name") != one.at("name") || !one.contains("commits") || !before.contains("commits")) continue;
        const auto letters = one.value("letters", std::int64_t{0}), batches = one.value("batches", std::int64_t{0});
        row["batch"] = batches ? letters / batches : 0;
        row["commits_s"] = (one.value("commits", std::int64_t{0}) - before.value("commits", std::int64_t{0})) *
                           std::chrono::milliseconds{std::chrono::seconds{1}} / between;
      }
      some["data"].push_back(std::move(row));
    }
    return some;
  };
  node.show(of_kind("desk"),
            {{"desk", "name"},
             {"node", "node"},
             {"is", "state"},
             {"waiting", "waiting", right},
             {"letters", "letters", right},
             {"a batch", "batch", right},
             {"p50 us", "p50_us", right},
             {"p99 us", "p99_us", right},
             {"commits", "commits", right},
             {"commits/s", "commits_s", right},
             {"restarts", "restarts", right}},
            "no desks");
  std::cout << '\n';
  node.show(of_kind("coordinator"),
            {{"coordinator", "name"},
             {"node", "node"},
             {"running", "running", right},
             {"parked", "parked", right},
             {"begun", "begun", right},
             {"completed", "completed", right},
             {"compensated", "compensated", right},
             {"asked again", "asked_again", right},
             {"adopted", "adopted", right},
             {"restarts", "restarts", right}},
            "no coordinators");
  const auto cashiers = of_kind("cashier");
  if (cashiers.at("data").empty()) return;  // payments have no external provider
  std::cout << '\n';
  node.show(cashiers,
            {{"cashier", "name"},
             {"open", "open", right},
             {"captured", "captured", right},
             {"declined", "declined", right},
             {"gone", "gone", right},
             {"unknown", "unknown", right},
             {"restarts", "restarts", right}},
            "no cashier");
}

void nodes(console& node, const wish&) {
  const auto all = node.ask("GET", "/v1/admin/nodes");
  if (node.json()) return node.print(all);
  const auto right = side::right;
  node.show({{"data", {all.at("here")}}},
            {{"ready", "ready"},
             {"desks", "desks", right},
             {"coordinators", "coordinators", right},
             {"running", "running", right},
             {"parked", "parked", right},
             {"waiting", "waiting", right},
             {"restarts", "restarts", right},
             {"given up", "given_up", right}},
            "nothing is here");
  std::cout << '\n';
  node.show(all,
            {{"another node", "name"},
             {"there", "there"},
             {"incarnation", "incarnation", right},
             {"visits", "visits", right},
             {"in flight", "in_flight", right},
             {"kept back", "kept_back", right}},
            "this node is alone");
  if (!all.contains("moves") || all.at("moves").empty()) return;
  std::cout << '\n';
  node.show({{"data", all.at("moves")}},
            {{"moved", "shard"},
             {"turn", "turn", right},
             {"from", "from"},
             {"to", "to"},
             {"open", "open"},
             {"at", "at"},
             {"by", "by"},
             {"why", "reason"}},
            "");
}

// As often as it takes: the same command again only says how far it is.
void move(console& node, const wish& wanted) {
  if (wanted.why.empty()) throw refusal{2, "say why: --reason TEXT"};
  auto body = reasoned(wanted);
  body["shard"] = wanted.id;
  body["to"] = wanted.to;
  if (!wanted.from_data.empty()) body["from_data"] = std::filesystem::absolute(wanted.from_data).string();
  ordered_json said;
  constexpr int looks = 200;  // each takes the seconds for which the node waits
  for (int i = 0; i < looks; ++i) {
    said = node.ask("POST", "/v1/admin/moves", body);
    if (said.value("state", "") != "underway") break;
  }
  if (node.json()) return node.print(said);
  if (said.value("state", "") != "done")
    throw refusal{1,
                  wanted.id + " is still on its way to " + wanted.to + ": the same command again says how far it is"};
  std::cout << wanted.id << " is kept by " << wanted.to << ", under turn " << console::cell(said, "turn") << '\n';
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

namespace {

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

}  // namespace

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

void retry_letter(console& node, const wish& wanted, const std::string& which, const std::string& under) {
  if (wanted.why.empty()) throw refusal{2, "a repair needs --reason TEXT, for the audit log"};
  const auto said = node.ask("POST", "/v1/admin/" + under + '/' + which + "/retry", reasoned(wanted), fresh_key());
  if (node.json()) return node.print(said);
  if (!said.value("dead", true)) {
    std::cout << "the letter " << which << " is not given up: it will be tried again anyway\n";
  } else if (wanted.dry_run) {
    std::cout << "nothing is done yet. The letter " << which << " of order " << console::cell(said, "order")
              << " would be tried again, after " << console::cell(said, "tries")
              << " tries: " << console::cell(said, "error") << '\n';
  } else {
    std::cout << "the letter " << which << " will be tried again, by line " << console::cell(said, "line.seq")
              << " of the audit log (" << console::cell(said, "line.hash").substr(0, 12) << ")\n";
  }
}

void retry_event(console& node, const wish& wanted) { retry_letter(node, wanted, checked(wanted.id), "event-log"); }

namespace {

// Orders as they come and as they go on, oldest first: each when it is first seen, and again when its state is another.
// Numbers are given when a request comes, so that one may be seen after a later one: each look goes through the newest
// thousand, and further down if there were more since the last. Those that had no end yet are asked for one by one.
class feed {
public:
  feed(console& node, const wish& wanted) : node_(node), wanted_(wanted) {
    if (wanted.since.empty()) return;
    if (const auto age = edge::parse_age_ms(wanted.since)) {
      using namespace std::chrono;
      const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
      placed_after_ = souk::to_text(moment{now - *age});
    } else if ((after_ = parse_number(wanted.since)); !after_) {
      throw refusal{2, "--since is a time like 90s, 10m or 2h, or the id of an order"};
    }
  }

  std::vector<ordered_json> next() {
    const bool from_the_newest = !looked_ && !after_ && placed_after_.empty();
    const auto before = std::exchange(known_, {});
    std::vector<ordered_json> fresh;
    const auto take = [&](const ordered_json& one) {
      const auto id = console::cell(one, "id"), state = console::cell(one, "state");
      known_[id] = state;
      const auto was = before.find(id);
      if ((was == before.end() || was->second != state) && fits(one)) fresh.push_back(one);
    };
    const auto newest_before = newest_;
    std::string target = "/v1/orders?limit=" + std::to_string(from_the_newest ? wanted_.limit : 1000), below;
    if (!wanted_.user.empty()) target += "&user=" + checked(wanted_.user);
    std::size_t pages = 0;
    for (bool more = true, crossed = false; more; ++pages) {
      const auto page = node_.ask("GET", target + below);
      more = page.value("has_more", false);
      if (page.at("data").empty()) break;
      number id;
      for (const auto& one : page.at("data")) {
        id = parse_number(console::cell(one, "id")).value_or(number{});
        newest_ = std::max(newest_, id);
        if (is_meant(one, id)) take(one);
      }
      if (from_the_newest && more) after_ = number{id.value - 1};  // what lies below is no news
      const bool goes_on = !looked_ ? !from_the_newest && is_meant(page.at("data").back(), id) : id > newest_before;
      // Of many that came since, a late one may lie just below them.
      const bool once_more = looked_ && pages && !crossed;
      crossed = !goes_on;
      more = more && (goes_on || once_more);
      below = "&starting_after=" + souk::to_text(id);
    }
    looked_ = true;
    ask_for_open_ones(before, take);
    const auto number_of = [](const ordered_json& one) { return parse_number(console::cell(one, "id")); };
    std::sort(fresh.begin(), fresh.end(), [&](const auto& x, const auto& y) { return number_of(x) < number_of(y); });
    return fresh;
  }

private:
  bool is_meant(const ordered_json& one, number id) const {
    return (!after_ || id > *after_) && console::cell(one, "placed") >= placed_after_;
  }
  template <class Take>
  void ask_for_open_ones(const std::map<std::string, std::string>& before, const Take& take) {
    std::vector<std::string> open;
    for (const auto& [id, state] : before)
      if (state == "PENDING" && !known_.count(id)) open.push_back(id), known_[id] = state;
    constexpr std::size_t at_a_look = 100;  // in turns, if there are more
    for (std::size_t i = 0; i < std::min(open.size(), at_a_look); ++i) {
      const auto now = node_.ask("GET", "/v1/orders/" + open[(turn_ + i) % open.size()]);
      if (console::cell(now, "state") != "PENDING") take(now);
    }
    turn_ += at_a_look;
  }
  bool fits(const ordered_json& one) const {
    const auto is = [&](const char* member, const std::string& wish) {
      return wish.empty() || console::cell(one, member) == wish;
    };
    const auto has = [&](const std::string& product) {
      const auto& items = one.at("items");
      return product.empty() || std::any_of(items.begin(), items.end(), [&](const auto& line) {
               return console::cell(line, "product") == product;
             });
    };
    return is("state", wanted_.state) && is("flow", wanted_.flow) && is("reason", wanted_.reason) &&
           has(wanted_.product);
  }

  console& node_;
  const wish& wanted_;
  std::optional<number> after_;  // these are news
  std::string placed_after_;     // likewise
  number newest_;                // that was seen
  bool looked_ = false;
  std::size_t turn_ = 0;
  std::map<std::string, std::string> known_;  // by id: the states of those that the last look went through
};

}  // namespace

// What becomes of orders, as it comes, until interrupted: a line each time.
void tail(console& node, const wish& wanted) {
  for (feed orders{node, wanted}; std::cout;) {
    for (const auto& one : orders.next()) {
      if (node.json()) {
        node.print(one);
        continue;
      }
      std::cout << console::cell(one, one.contains("ended") ? "ended" : "placed") << "  " << console::cell(one, "id")
                << "  " << console::cell(one, "state") << "  " << console::cell(one, "user") << "  "
                << pounds(one.value("paid", std::int64_t{0})) << ' ' << console::cell(one, "currency") << "  "
                << console::cell(one, "reason") << std::endl;
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(wanted.every_s));
  }
}

}  // namespace souk::tools::admin
