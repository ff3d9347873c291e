// Three nodes that a test starts, kills, stops for a while and starts anew.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <set>
#include <thread>

#include "actors/edge/http.hpp"
#include "tests/catch.hpp"
#include "tests/program.hpp"
#include "tests/temporary.hpp"

namespace souk::tests {

using nlohmann::json;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

inline const std::string day = std::string{SOUK_SOURCE_DIR} + "/tools/replay/online-retail-2010-12-01.csv";

// Below those that the system gives to whoever connects: else one might be taken while its node is down.
inline std::uint16_t free_port() {
  static std::mt19937 dice{std::random_device{}()};
  static std::set<std::uint16_t> given;
  for (int tries = 0; tries < 1'000; ++tries) {
    const auto port = static_cast<std::uint16_t>(20'000 + dice() % 10'000);
    if (!given.insert(port).second) continue;
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_free = ::bind(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0;
    ::close(socket);
    if (is_free) return port;
  }
  throw std::runtime_error("no free port");
}

inline bool within(std::chrono::seconds time, const std::function<bool()>& holds) {
  const auto end = steady::now() + time;
  while (!holds()) {
    if (steady::now() > end) return false;
    std::this_thread::sleep_for(milliseconds{20});
  }
  return true;
}

inline edge::http_response ask(std::uint16_t port, const std::string& method, const std::string& target,
                               const std::string& body = {}, const std::string& key = {},
                               milliseconds patience = std::chrono::seconds{40}) {
  edge::header_list headers;
  if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
  if (!key.empty()) headers.emplace_back("Idempotency-Key", key);
  try {
    return edge::http_client{"127.0.0.1", port}.request(method, target, headers, body, patience);
  } catch (const edge::http_unreachable&) {
    edge::http_response nobody;
    nobody.status = 0;
    return nobody;
  }
}

// Three nodes, their directories, and how they are treated.
class shop_of_three {
public:
  struct place {
    std::uint16_t link = free_port(), http = free_port();
    std::unique_ptr<program> running;
  };

  // What a command says, in one line, and its exit code.
  struct said {
    int code;
    std::string text;
  };

  enum class between : std::uint8_t { loopback, tunnels };
  explicit shop_of_three(between how = between::loopback) : how_(how) {
    if (how_ == between::tunnels) {
      program certs{{SOUK_BINARY, "certs", folder_.file("certs"), "--ca", "north", "south", "west"}};
      REQUIRE(certs.wait() == 0);
    }
    configure();
  }

  // For nodes that are started from now on.
  void put(const std::string& what, const std::string& at) {
    for (auto& [name, keeps] : keeps_) std::erase(keeps, what);
    keeps_.at(at).push_back(what);
    configure();
  }

  void start(const std::string& name, const std::vector<std::string>& souk = {SOUK_BINARY}) {
    auto& mine = places_.at(name);
    auto words = souk;
    words.insert(words.end(), {"serve", "--config", folder_.file("cluster.json"), "--node", name});
    mine.running = std::make_unique<program>(std::move(words));
    REQUIRE(mine.running->port() == mine.http);
  }
  // What it says when its wallets are to be in so many shards from now on.
  said start_with_wallets(int shards, const std::string& name) const {
    std::ifstream in{folder_.file("cluster.json")};
    auto all = json::parse(in);
    all["shards"]["wallet"] = shards;
    for (int i = 2; i < shards; ++i) all["nodes"][name]["keeps"].push_back("wallet/" + std::to_string(i));
    std::ofstream{folder_.file("other.json")} << all.dump(2);
    program starting{{"/bin/sh", "-c", "exec \"$@\" 2>&1", "sh", SOUK_BINARY, "serve", "--config",
                      folder_.file("other.json"), "--node", name}};
    const auto code = starting.wait();
    return {code, starting.last_line()};
  }
  // As an executable that dies at the n-th passage of a point.
  void start_to_die(const std::string& name, const std::string& point) {
    start(name, {"/usr/bin/env", "SOUK_CRASH_AT=" + point, SOUK_CRASHING});
  }
  int wait_for_end(const std::string& name) const { return places_.at(name).running->wait(); }
  std::string data(const std::string& name) const { return folder_.file(name); }
  said move(const std::string& shard, const std::string& to, const std::string& at,
            const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{SOUK_BINARY, "admin", "move", shard, to, "--reason", "a test", "--node", url(at)};
    words.insert(words.end(), more.begin(), more.end());
    program moving{words};
    const auto code = moving.wait();
    return {code, moving.last_line()};
  }
  // Who keeps it, as a node says; nothing: it has never moved.
  std::string keeper(const std::string& shard, const std::string& at) const {
    const auto all = json::parse(ask(http(at), "GET", "/v1/admin/nodes").body, nullptr, false);
    if (!all.is_object()) return {};
    for (const auto& one : all.at("moves"))
      if (one.at("shard") == shard) return one.at("to");
    return {};
  }
  void start_all() {
    for (const auto& [name, keeps] : keeps_) start(name);
    REQUIRE(within(std::chrono::seconds{60}, [&] { return all_ready(); }));
  }
  // The same node once more, as it would be restored on another machine while nobody knows that the first one only
  // stands still: with a copy of its stores, at another address.
  std::unique_ptr<program> start_twin(const std::string& name, std::uint16_t http) {
    std::filesystem::copy(folder_.file(name), folder_.file("twin"), std::filesystem::copy_options::recursive);
    std::ifstream in{folder_.file("cluster.json")};
    auto all = json::parse(in);
    auto& mine = all.at("nodes").at(name);
    mine["address"] = "127.0.0.1:" + std::to_string(free_port());
    mine["http"]["port"] = http;
    mine["data"] = folder_.file("twin");
    std::ofstream{folder_.file("twin.json")} << all.dump(2);
    auto twin = std::make_unique<program>(
        std::vector<std::string>{SOUK_BINARY, "serve", "--config", folder_.file("twin.json"), "--node", name});
    REQUIRE(twin->port() == http);
    return twin;
  }
  bool sees(const std::string& one, const std::string& other) const {
    const auto all = json::parse(ask(http(one), "GET", "/v1/admin/nodes").body, nullptr, false);
    if (!all.is_object()) return false;
    const auto& nodes = all.at("data");
    return std::any_of(nodes.begin(), nodes.end(),
                       [&](const json& each) { return each.at("name") == other && each.at("there").get<bool>(); });
  }
  bool all_ready() const {
    for (const auto& [name, keeps] : keeps_) {
      if (ask(http(name), "GET", "/readyz").status != 200) return false;
      for (const auto& [peer, keeps_of_it] : keeps_)
        if (peer != name && !sees(name, peer)) return false;
    }
    return true;
  }
  // So many as any node says, if it can.
  std::size_t orders() const {
    for (const auto& [name, keeps] : keeps_) {
      const auto all = json::parse(ask(http(name), "GET", "/v1/orders?limit=1000").body, nullptr, false);
      if (all.is_object() && all.contains("data")) return all.at("data").size();
    }
    return 0;
  }
  void end(const std::string& name, int signal) {
    const auto code = places_.at(name).running->end(signal);
    CHECK(code == (signal == SIGTERM ? 0 : -signal));
  }
  void end_all() {
    for (const auto& [name, keeps] : keeps_) end(name, SIGTERM);
  }
  void stop(const std::string& name) const { places_.at(name).running->stop(); }
  void go_on(const std::string& name) const { places_.at(name).running->go_on(); }

  std::uint16_t http(const std::string& name) const { return places_.at(name).http; }
  std::uint16_t link(const std::string& name) const { return places_.at(name).link; }  // where other nodes call
  std::string url(const std::string& name) const { return "http://127.0.0.1:" + std::to_string(http(name)); }
  std::vector<std::string> replay(const std::string& nodes, const std::string& flow = "order_payment") const {
    return {SOUK_BINARY, "replay", day, "--node", nodes, "--flow", flow, "--in-flight", "8", "--quiet", "-o", "json"};
  }
  // All stores of the stopped nodes hold together.
  json check() const {
    std::vector<std::string> words{SOUK_BINARY, "check"};
    for (const auto& [name, keeps] : keeps_) words.push_back(folder_.file(name));
    words.insert(words.end(), {"-o", "json"});
    program checking{words};
    checking.wait();
    return json::parse(checking.last_line());
  }

private:
  void configure() {
    json nodes;
    for (const auto& [name, keeps] : keeps_)
      nodes[name] = {{"address", "127.0.0.1:" + std::to_string(places_[name].link)},
                     {"http", {{"port", places_[name].http}}},
                     {"data", folder_.file(name)},
                     {"keeps", keeps}};
    if (how_ == between::tunnels)
      for (auto& [name, node] : nodes.items()) {
        node["certificate"] = folder_.file("certs/" + name + ".crt");
        node["key"] = folder_.file("certs/" + name + ".key");
        node["ca"] = folder_.file("certs/ca.crt");
      }
    const json all{{"shards", {{"wallet", 2}, {"order", 2}}}, {"coordinators", 2}, {"nodes", nodes}};
    std::ofstream{folder_.file("cluster.json")} << all.dump(2);
  }

  const between how_;
  temporary_folder folder_;
  std::map<std::string, std::vector<std::string>> keeps_{
      {"north", {"user", "cart", "coupon", "wallet/0", "order/0", "coordinator/0"}},
      {"south", {"product", "payment", "wallet/1", "order/1", "coordinator/1"}},
      {"west", {"event_log", "ranking", "platform", "concert", "reservation", "queue"}}};
  std::map<std::string, place> places_;
};

inline void has_the_whole_day(const json& said) {
  INFO(said.dump());
  CHECK(said.at("reconciled") == true);
  CHECK(said.at("orders") == 136);
  CHECK(said.at("completed") == 136);
  CHECK(said.at("returns_completed") == 6);
  CHECK(said.at("net") == 5863556);
}

// The same day once more changes nothing.
inline void plays_again(const shop_of_three& shop, const std::string& flow, const json& played) {
  program again{shop.replay(shop.url("west"), flow)};
  REQUIRE(again.wait() == 0);
  const auto said = json::parse(again.last_line());
  has_the_whole_day(said);
  CHECK(said.at("replayed") == 142);
  CHECK(said.at("best_sellers") == played.at("best_sellers"));
}

inline void holds_together(const json& said) {
  INFO(said.dump());
  CHECK(said.at("holds") == true);
  CHECK(said.at("running") == 0);
  CHECK(said.at("parked") == 0);
}

// A buyer with so much money, and something that costs so much, of which there is plenty.
inline void furnish(const shop_of_three& shop, std::int64_t funds, std::int64_t price) {
  const auto north = shop.http("north");
  REQUIRE(ask(north, "PUT", "/v1/users/ann", R"({"name": "Ann"})").status / 100 == 2);
  REQUIRE(
      ask(north, "PUT", "/v1/products/cup", json{{"name", "Cup"}, {"price", price}, {"stock", 10'000}}.dump()).status /
          100 ==
      2);
  REQUIRE(ask(north, "POST", "/v1/wallets/ann/charges", json{{"amount", funds}}.dump(), "funds").status / 100 == 2);
}
inline const std::string one_cup = R"({"user": "ann", "items": [{"product": "cup", "quantity": 1}]})";

// The end of an order, whoever has to be asked for it and however often.
inline edge::http_response insist(const std::vector<std::uint16_t>& nodes, const std::string& key, std::size_t first) {
  const auto end = steady::now() + std::chrono::minutes{3};
  for (std::size_t i = first;; ++i) {
    auto said = ask(nodes[i % nodes.size()], "POST", "/v1/orders", one_cup, key);
    const auto body = json::parse(said.body, nullptr, false);
    const bool running = said.status == 409 && body.value("reason", "") == "still_running";
    if (said.status && said.status != 202 && said.status < 500 && !running) return said;
    if (steady::now() > end) return said;
    std::this_thread::sleep_for(milliseconds{50});
  }
}

}  // namespace souk::tests
