// Three nodes are one shop: whichever is asked, killed, stopped for a while or started anew, nothing is lost and
// nothing happens twice.
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

using namespace souk;
using namespace souk::tests;
using nlohmann::json;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

namespace {

const std::string day = std::string{SOUK_SOURCE_DIR} + "/tools/replay/online-retail-2010-12-01.csv";

// Below those that the system gives to whoever connects: else one might be taken while its node is down.
std::uint16_t free_port() {
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

bool within(std::chrono::seconds time, const std::function<bool()>& holds) {
  const auto end = steady::now() + time;
  while (!holds()) {
    if (steady::now() > end) return false;
    std::this_thread::sleep_for(milliseconds{20});
  }
  return true;
}

edge::http_response ask(std::uint16_t port, const std::string& method, const std::string& target,
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

class cluster {
public:
  struct place {
    std::uint16_t link = free_port(), http = free_port();
    std::unique_ptr<program> running;
  };

  enum class between : std::uint8_t { loopback, tunnels };
  explicit cluster(between how = between::loopback) : how_(how) {
    if (how_ == between::tunnels) {
      program certs{{SOUK_BINARY, "certs", folder_.file("certs"), "--ca", "north", "south", "west"}};
      REQUIRE(certs.wait() == 0);
    }
    configure();
  }

  // For nodes that are started from now on.
  void move_to_south(const std::string& what) {
    std::erase(keeps_.at("north"), what);
    keeps_.at("south").push_back(what);
    configure();
  }

  void start(const std::string& name) {
    auto& mine = places_.at(name);
    mine.running = std::make_unique<program>(
        std::vector<std::string>{SOUK_BINARY, "serve", "--config", folder_.file("cluster.json"), "--node", name});
    REQUIRE(mine.running->port() == mine.http);
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

void has_the_whole_day(const json& said) {
  INFO(said.dump());
  CHECK(said.at("reconciled") == true);
  CHECK(said.at("orders") == 136);
  CHECK(said.at("completed") == 136);
  CHECK(said.at("returns_completed") == 6);
  CHECK(said.at("net") == 5863556);
}

void holds_together(const json& said) {
  INFO(said.dump());
  CHECK(said.at("holds") == true);
  CHECK(said.at("running") == 0);
  CHECK(said.at("parked") == 0);
}

// A buyer with so much money, and something that costs so much, of which there is plenty.
void furnish(const cluster& shop, std::int64_t funds, std::int64_t price) {
  const auto north = shop.http("north");
  REQUIRE(ask(north, "PUT", "/v1/users/ann", R"({"name": "Ann"})").status / 100 == 2);
  REQUIRE(
      ask(north, "PUT", "/v1/products/cup", json{{"name", "Cup"}, {"price", price}, {"stock", 10'000}}.dump()).status /
          100 ==
      2);
  REQUIRE(ask(north, "POST", "/v1/wallets/ann/charges", json{{"amount", funds}}.dump(), "funds").status / 100 == 2);
}
const std::string one_cup = R"({"user": "ann", "items": [{"product": "cup", "quantity": 1}]})";

// The end of an order, whoever has to be asked for it and however often.
edge::http_response insist(const std::vector<std::uint16_t>& nodes, const std::string& key, std::size_t first) {
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

}  // namespace

TEST_CASE("nodes that are killed one after the other during a replay through two of them lose nothing",
          "[nodes][S0.1][S3.1][C.6]") {
  // By coordinators, and by events alone.
  const std::string flow = GENERATE("order_payment", "by_events");
  cluster shop;
  shop.start_all();
  std::mt19937 dice{std::random_device{}()};
  program playing{shop.replay(shop.url("north") + ',' + shop.url("south"), flow)};
  // When so many orders are there; a third of the day for each: a gateway that keeps orders, one that nobody asks, and
  // again a gateway.
  std::size_t third = 0;
  for (const std::string victim : {"south", "west", "north"}) {
    const auto progress = 45 * third++ + 1 + dice() % 35;
    INFO(flow << ": " << victim << " is killed when there are " << progress << " orders");
    REQUIRE(within(std::chrono::seconds{120}, [&] { return shop.orders() >= progress; }));
    shop.end(victim, SIGKILL);
    std::this_thread::sleep_for(milliseconds{dice() % 500});
    shop.start(victim);
  }
  REQUIRE(playing.wait() == 0);
  const auto played = json::parse(playing.last_line());
  has_the_whole_day(played);
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready(); }));
  program again{shop.replay(shop.url("west"), flow)};
  REQUIRE(again.wait() == 0);
  const auto said = json::parse(again.last_line());
  has_the_whole_day(said);
  CHECK(said.at("replayed") == 142);
  CHECK(said.at("best_sellers") == played.at("best_sellers"));
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("fifty equal requests with one key at two nodes, one of which is killed, have one effect and one answer",
          "[nodes][S0.2][C.6]") {
  cluster shop;
  shop.start_all();
  furnish(shop, 100'000, 700);
  const std::vector<std::uint16_t> gateways{shop.http("north"), shop.http("west")};
  std::vector<std::string> ids(50);
  std::vector<unsigned> statuses(50);
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < ids.size(); ++i)
    clients.emplace_back([&, i] {
      std::this_thread::sleep_for(milliseconds{10 * i});
      const auto said = insist(gateways, "the-one-order", i);
      statuses[i] = said.status;
      ids[i] = json::parse(said.body).value("id", "");
    });
  std::this_thread::sleep_for(milliseconds{150});
  shop.end("north", SIGKILL);
  shop.start("north");
  for (auto& one : clients) one.join();
  CHECK(std::count(ids.begin(), ids.end(), ids.front()) == 50);
  CHECK(std::count(statuses.begin(), statuses.end(), 201U) == 50);
  const auto wallet = json::parse(ask(shop.http("west"), "GET", "/v1/wallets/ann").body);
  CHECK(wallet.at("balance") == 100'000 - 700);
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("of a hundred orders that each want the whole balance, through two nodes, one gets it",
          "[nodes][S0.3][C.6]") {
  cluster shop;
  shop.start_all();
  furnish(shop, 700, 700);
  const std::vector<std::uint16_t> gateways{shop.http("north"), shop.http("south")};
  std::atomic<int> completed{0}, poor{0};
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < 100; ++i)
    clients.emplace_back([&, i] {
      const auto said = insist(gateways, "spend-" + std::to_string(i), i);
      completed += said.status == 201;
      poor += said.status == 409 && json::parse(said.body).value("reason", "") == "insufficient_funds";
    });
  for (auto& one : clients) one.join();
  CHECK(completed == 1);
  CHECK(poor == 99);
  CHECK(json::parse(ask(shop.http("west"), "GET", "/v1/wallets/ann").body).at("balance") == 0);
  CHECK(json::parse(ask(shop.http("west"), "GET", "/v1/products/cup").body).at("stock") == 9'999);
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("a node that stands still is noticed: what it keeps is answered by 503 meanwhile, and then goes on",
          "[nodes][S0.4][C.6]") {
  cluster shop;
  shop.start_all();
  furnish(shop, 100'000, 700);
  const auto west = shop.http("west");
  // Everybody may be asked for what south keeps, and for what it does not.
  REQUIRE(ask(west, "GET", "/v1/products/cup").status == 200);
  shop.stop("south");
  const auto stopped = steady::now();
  const auto first = ask(west, "GET", "/v1/products/cup");
  CHECK(first.status == 503);
  CHECK_FALSE(first.header("retry-after").empty());
  REQUIRE(within(std::chrono::seconds{5}, [&] { return !shop.sees("west", "south"); }));
  const std::chrono::duration<double> noticed = steady::now() - stopped;
  CHECK(noticed.count() < 5);
  // Nobody waits for long, whatever he asks for.
  const std::vector<std::pair<std::string, std::string>> routes{{"GET", "/v1/products/cup"},
                                                                {"GET", "/v1/products"},
                                                                {"GET", "/v1/orders"},
                                                                {"POST", "/v1/products/cup/restocks"}};
  for (const auto& [method, target] : routes) {
    INFO(target);
    const auto asked = steady::now();
    const auto said =
        ask(west, method, target, method == "POST" ? R"({"quantity": 1})" : "", method == "POST" ? "r" : "");
    CHECK(said.status == 503);
    CHECK_FALSE(said.header("retry-after").empty());
    CHECK(std::chrono::duration<double>(steady::now() - asked).count() < 5);
  }
  CHECK(ask(west, "GET", "/v1/users/ann").status == 200);
  shop.go_on("south");
  REQUIRE(within(std::chrono::seconds{30}, [&] { return shop.all_ready(); }));
  CHECK(ask(west, "GET", "/v1/products/cup").status == 200);
  CHECK(insist({west}, "after", 0).status == 201);
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("nodes that are started anew one after the other while orders are underway lose nothing",
          "[nodes][S0.1][C.6]") {
  cluster shop;
  shop.start_all();
  program playing{shop.replay(shop.url("north") + ',' + shop.url("south") + ',' + shop.url("west"))};
  for (const std::string one : {"north", "south", "west"}) {
    std::this_thread::sleep_for(milliseconds{300});
    shop.end(one, SIGTERM);
    shop.start(one);
    REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready(); }));
  }
  REQUIRE(playing.wait() == 0);
  has_the_whole_day(json::parse(playing.last_line()));
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("a node with another placement is not let in, and says so", "[nodes][C.6]") {
  cluster shop;
  shop.start("north");
  shop.start("west");
  shop.move_to_south("cart");
  shop.start("south");
  // Its own two agree and see each other, which takes as long as it would take the third.
  REQUIRE(within(std::chrono::seconds{30},
                 [&] { return ask(shop.http("north"), "GET", "/v1/rankings/best-sellers").status == 200; }));
  CHECK_FALSE(within(std::chrono::seconds{3}, [&] { return shop.sees("north", "south"); }));
  CHECK(ask(shop.http("north"), "GET", "/v1/products/cup").status == 503);
  shop.end_all();
}

TEST_CASE("nodes that reach each other through tunnels are one shop as well", "[nodes][S0.1][C.6]") {
  cluster shop{cluster::between::tunnels};
  shop.start_all();
  program playing{shop.replay(shop.url("north") + ',' + shop.url("west"))};
  std::this_thread::sleep_for(milliseconds{300});
  shop.end("south", SIGKILL);
  shop.start("south");
  REQUIRE(playing.wait() == 0);
  has_the_whole_day(json::parse(playing.last_line()));
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready(); }));
  // Behind a tunnel a node that stands still is noticed as well.
  shop.stop("south");
  REQUIRE(within(std::chrono::seconds{5}, [&] { return !shop.sees("west", "south"); }));
  CHECK(ask(shop.http("west"), "GET", "/v1/products").status == 503);
  shop.go_on("south");
  REQUIRE(within(std::chrono::seconds{30}, [&] { return shop.all_ready(); }));
  CHECK(ask(shop.http("west"), "GET", "/v1/products").status == 200);
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("a node that wakes after it was replaced stops, and answers for nothing any more", "[nodes][C.6]") {
  cluster shop;
  shop.start_all();
  furnish(shop, 1'000, 700);
  shop.stop("south");
  REQUIRE(within(std::chrono::seconds{5}, [&] { return !shop.sees("west", "south"); }));
  const auto twin_http = free_port();
  const auto twin = shop.start_twin("south", twin_http);
  // It calls west, which from now on knows of no other.
  REQUIRE(within(std::chrono::seconds{30}, [&] { return shop.sees("west", "south"); }));
  CHECK(ask(shop.http("west"), "GET", "/v1/products/cup").status == 200);
  shop.go_on("south");
  CHECK(within(std::chrono::seconds{30},
               [&] { return ask(shop.http("south"), "GET", "/v1/products/cup").status == 503; }));
  CHECK(ask(shop.http("south"), "GET", "/readyz").status == 503);
  CHECK(ask(shop.http("south"), "POST", "/v1/products/cup/restocks", R"({"quantity": 1})", "late").status == 503);
  CHECK(ask(twin_http, "GET", "/v1/products/cup").status == 200);
  CHECK(shop.sees("west", "south"));
  twin->end(SIGKILL);
}
