// The node's figures: desks, coordinators, nodes.
#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>

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
             {"is", "state"},
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
             {"ready", "ready"},
             {"desks", "desks", right},
             {"running", "running", right},
             {"parked", "parked", right},
             {"waiting", "waiting", right},
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

}  // namespace souk::tools::admin
