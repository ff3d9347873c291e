// Three nodes are one shop: whichever is asked, killed, stopped for a while or started anew, nothing is lost and
// nothing happens twice.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <random>
#include <thread>

#include "tests/process/cluster.hpp"

using namespace souk;
using namespace souk::tests;
using nlohmann::json;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;

TEST_CASE("nodes that are killed one after the other during a replay through two of them lose nothing",
          "[nodes][S0.1][S3.1][C.6]") {
  // By coordinators, and by events alone.
  const std::string flow = GENERATE("order_payment", "by_events");
  shop_of_three shop;
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
  plays_again(shop, flow, played);
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("fifty equal requests with one key at two nodes, one of which is killed, have one effect and one answer",
          "[nodes][S0.2][C.6]") {
  shop_of_three shop;
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
  shop_of_three shop;
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
  shop_of_three shop;
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
  // The console says which node it is, and who sits there; of those that are there it has the figures.
  const auto desks = [&] {
    std::map<std::string, std::vector<std::string>> states;  // by node
    const auto all = json::parse(ask(west, "GET", "/v1/admin/actors").body);
    for (const auto& one : all.at("data"))
      if (one.at("kind") == "desk") {
        states[one.at("node")].push_back(one.at("state"));
        CHECK(one.contains("letters") == (one.at("state") == "open"));
      }
    return states;
  };
  const auto all_are = [](const std::vector<std::string>& states, const std::string& wanted) {
    return !states.empty() && std::count(states.begin(), states.end(), wanted) == std::ptrdiff_t(states.size());
  };
  auto states = desks();
  CHECK(states.size() == 3);
  CHECK(all_are(states["south"], "away"));
  CHECK(all_are(states["north"], "open"));
  CHECK(all_are(states["west"], "open"));
  const auto tick =
      json::parse(edge::http_client{"127.0.0.1", west}
                      .request("GET", "/v1/admin/live", {{"accept", "application/json"}}, "", std::chrono::seconds{40})
                      .body);
  CHECK(tick.at("node") == "west");
  for (const auto& one : tick.at("nodes")) CHECK(one.at("there") == (one.at("name") == "north"));
  for (const auto& one : tick.at("coordinators")) {
    CHECK(one.at("state") == (one.at("node") == "south" ? "away" : "open"));
    CHECK(one.contains("running") == (one.at("state") == "open"));
  }
  CHECK(tick.at("coordinators").size() == 2);
  // The books of a node that is out of reach are in doubt; of the others it is known what their audits found.
  const auto books = [&] { return json::parse(ask(west, "GET", "/v1/admin/check").body); };
  CHECK(within(std::chrono::seconds{30}, [&] {
    const auto all = books();
    return all.at("verdict") == "incomplete" && all.at("silent").size() == states["south"].size() &&
           std::all_of(all.at("nodes").begin(), all.at("nodes").end(),
                       [](const auto& one) { return one.at("name") == "south" || one.at("verdict") == "holds"; });
  }));
  // An order that north keeps is taken and waits for its goods, which south keeps. Who follows it at a third node hears
  // its end.
  std::string order;
  for (int i = 0; order.empty(); ++i) {
    REQUIRE(i < 50);
    const auto said = ask(west, "POST", "/v1/orders", one_cup, "held-" + std::to_string(i));
    if (said.status == 202) order = json::parse(said.body).at("id");
  }
  std::string heard;
  std::thread follower{[&] { heard = ask(west, "GET", "/v1/orders/" + order + "/events").body; }};
  shop.go_on("south");
  REQUIRE(within(std::chrono::seconds{30}, [&] { return shop.all_ready(); }));
  CHECK(ask(west, "GET", "/v1/products/cup").status == 200);
  CHECK(within(std::chrono::seconds{30}, [&] {
    states = desks();
    return all_are(states["south"], "open") && all_are(states["north"], "open");
  }));
  CHECK(within(std::chrono::seconds{30}, [&] { return books().at("verdict") == "holds"; }));
  CHECK(insist({west}, "after", 0).status == 201);
  follower.join();
  INFO(heard);
  CHECK(heard.find("event: order") != std::string::npos);
  CHECK(heard.find("COMPLETED") != std::string::npos);
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("nodes that are started anew one after the other while orders are underway lose nothing",
          "[nodes][S0.1][C.6]") {
  shop_of_three shop;
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

TEST_CASE(
    "the sagas of a coordinator whose node is gone, or stands still, are adopted, and taken back when it is there "
    "again",
    "[nodes][C.4][C.6]") {
  shop_of_three shop;
  for (const std::string what : {"event_log", "ranking", "platform", "concert", "reservation", "queue"})
    shop.put(what, "south");
  shop.put("coordinator/1", "west");  // and nothing else
  shop.start_all();
  furnish(shop, 1'000'000, 700);
  int orders = 0;
  const auto all_complete = [&](int more) {
    for (const auto last = orders + more; orders < last; ++orders) {
      INFO("order " << orders);
      CHECK(insist({shop.http("north")}, "order-" + std::to_string(orders), 0).status == 201);
    }
  };
  const auto adopted = [&] {
    const auto said = ask(shop.http("north"), "GET", "/metrics").body;
    return said.find("souk_coordinator_adopted{coordinator=\"0\"} 1") != said.npos;
  };
  all_complete(10);
  REQUIRE(within(std::chrono::seconds{60}, [&] { return !adopted(); }));  // a slow start may look like an absence
  shop.end("west", SIGKILL);
  all_complete(20);
  CHECK(adopted());
  shop.start("west");
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready() && !adopted(); }));
  all_complete(20);
  // It stands still in the midst of its sagas, and knows nothing of what has become of them when it goes on.
  program playing{shop.replay(shop.url("north"))};
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.orders() > 10; }));
  shop.stop("west");
  REQUIRE(within(std::chrono::seconds{60}, adopted));
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.orders() > 30; }));
  shop.go_on("west");
  REQUIRE(playing.wait() == 0);
  has_the_whole_day(json::parse(playing.last_line()));
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready() && !adopted(); }));
  all_complete(10);
  CHECK(json::parse(ask(shop.http("north"), "GET", "/v1/wallets/ann").body).at("balance") == 1'000'000 - 60 * 700);
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("a node with another placement is not let in, and says so", "[nodes][C.6]") {
  shop_of_three shop;
  shop.start("north");
  shop.start("west");
  shop.put("cart", "south");
  shop.start("south");
  // Its own two agree and see each other, which takes as long as it would take the third.
  REQUIRE(within(std::chrono::seconds{30},
                 [&] { return ask(shop.http("north"), "GET", "/v1/rankings/best-sellers").status == 200; }));
  CHECK_FALSE(within(std::chrono::seconds{3}, [&] { return shop.sees("north", "south"); }));
  CHECK(ask(shop.http("north"), "GET", "/v1/products/cup").status == 503);
  shop.end_all();
}

TEST_CASE("nodes that reach each other through tunnels are one shop as well", "[nodes][S0.1][C.6]") {
  shop_of_three shop{shop_of_three::between::tunnels};
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
  shop_of_three shop;
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

TEST_CASE("a ticket is bought at three nodes: one lists it, one lets in, one is paid", "[nodes][S2.3][S2.7][C.6]") {
  shop_of_three shop;
  shop.start_all();
  const auto north = shop.http("north"), south = shop.http("south"), west = shop.http("west");
  const std::string one_seat =
      R"({"name": "Gala", "schedules": [{"id": "mon", "starts": "2030-01-07T19:00:00Z", "venue": "Hall", "admits": 2, "hold_seconds": 60,)"
      R"( "seats": [{"id": "A1", "section": "Stalls", "row": "A", "number": "1", "category": "I", "price": 5000}]}]})";
  REQUIRE(ask(north, "PUT", "/v1/users/ann", R"({"name": "Ann"})").status == 201);
  REQUIRE(ask(south, "POST", "/v1/wallets/ann/charges", R"({"amount": 9000})", "funds").status == 201);
  const auto listed = ask(north, "PUT", "/v1/concerts/gala", one_seat);
  INFO(listed.body);
  REQUIRE(listed.status == 201);
  const auto waits = ask(south, "POST", "/v1/schedules/mon/queue-tokens", R"({"user": "ann"})", "t");
  REQUIRE(waits.status == 201);
  const std::string token = json::parse(waits.body).at("token");
  const json hold{{"user", "ann"}, {"seat", "A1"}, {"token", token}};
  const auto held = ask(north, "POST", "/v1/schedules/mon/holds", hold.dump(), "h");
  REQUIRE(held.status == 201);
  const json pay{{"payment", "p1"}, {"reservation", json::parse(held.body).at("id")}, {"user", "ann"}};
  const auto paid = ask(west, "POST", "/v1/seat-payments", pay.dump(), "p");
  CHECK(paid.status == 201);
  const auto again = ask(south, "POST", "/v1/seat-payments", pay.dump(), "p");
  CHECK(again.status == 201);
  CHECK(again.body == paid.body);
  CHECK(json::parse(ask(north, "GET", "/v1/wallets/ann").body).at("balance") == 4'000);
  CHECK(within(std::chrono::seconds{30},
               [&] { return json::parse(ask(north, "GET", "/v1/rankings/sold-out").body).at("data").size() == 1; }));
  shop.end_all();
  holds_together(shop.check());
}

TEST_CASE("one node of several that is restored alone is heard by the others, though it counts its events anew",
          "[nodes][C.3][S1.9]") {
  shop_of_three shop;
  shop.start_all();
  furnish(shop, 100'000, 700);
  int bought = 0;
  const auto buy = [&](const std::string& when, int times) {
    for (int i = 0; i < times; ++i) {
      const auto body = json{{"user", "ann"},
                             {"items", json::array({{{"product", "cup"}, {"quantity", 1}}})},
                             {"flow", i % 2 ? "by_events" : "order_payment"}};
      CHECK(within(std::chrono::seconds{60}, [&] {
        const auto said = ask(shop.http("west"), "POST", "/v1/orders", body.dump(), when + std::to_string(i));
        return said.status == 201 && json::parse(said.body).at("state") == "COMPLETED" &&
               json::parse(said.body).at("flow") == body.at("flow");
      }));
      ++bought;
    }
  };
  const auto counted = [&] {
    const auto best = json::parse(ask(shop.http("west"), "GET", "/v1/rankings/best-sellers").body, nullptr, false);
    return best.is_object() && !best.at("data").empty() ? best.at("data").at(0).at("units").get<int>() : 0;
  };
  buy("before", 6);
  CHECK(within(std::chrono::seconds{30}, [&] { return counted() == bought; }));
  program backup{{SOUK_BINARY, "backup", shop.url("north"), shop.data("backup")}};
  REQUIRE(backup.wait() == 0);
  buy("meanwhile", 20);
  CHECK(within(std::chrono::seconds{30}, [&] { return counted() == bought; }));
  shop.end("north", SIGKILL);
  std::filesystem::rename(shop.data("north"), shop.data("lost"));
  program restore{{SOUK_BINARY, "restore", shop.data("backup"), shop.data("north")}};
  REQUIRE(restore.wait() == 0);
  shop.start("north");
  REQUIRE(within(std::chrono::seconds{60}, [&] { return shop.all_ready(); }));
  // What they sold and it has forgotten stays counted; what is sold now is counted too.
  buy("after", 20);
  CHECK(within(std::chrono::seconds{30}, [&] { return counted() == bought; }));
  CHECK(counted() == bought);
  shop.end_all();
}
