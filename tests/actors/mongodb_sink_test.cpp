// The sink to MongoDB, against a double of the server: what it writes, and what it makes of each way to fail.
#include <set>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/sinks.hpp"
#include "tests/actors/gateway_shop.hpp"
#include "tests/actors/mongo_double.hpp"
#include "tests/actors/outgoing_events.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;
using mishap = mongo_double::mishap;

namespace {

std::unique_ptr<runtime::sink> sink_to(const mongo_double& server) {
  return edge::make_sink_maker("mongodb://127.0.0.1:" + std::to_string(server.port()) + "/souk.order_events")();
}
std::string id_of(const order::event& one) { return edge::describe(one, 0).id; }

order::events some(std::int64_t orders) {
  order::events all{0, {}};
  for (std::int64_t i = 1; i <= orders; ++i) all.list.push_back(outgoing(i, i));
  return all;
}
std::set<std::string> ids(const mongo_double& server) {
  std::set<std::string> found;
  for (const auto& [id, document] : server.documents()) found.insert(id);
  return found;
}
std::set<std::string> ids(const order::events& of, const std::set<std::int64_t>& but = {}) {
  std::set<std::string> found;
  for (const auto& one : of.list)
    if (!but.contains(one.seq)) found.insert(id_of(one));
  return found;
}

}  // namespace

TEST_CASE("events become documents under their own ids, journaled by a majority", "[S2.7][S3.5]") {
  mongo_double server;
  const auto all = some(40);
  const auto done = sink_to(server)->deliver(all);
  CHECK(done.outage == "");
  CHECK(done.rejected.empty());
  CHECK(done.tried == 40);
  const auto found = server.documents();
  REQUIRE(ids(server) == ids(all));
  for (const auto& one : all.list) {
    const auto event = edge::describe(one, 0);
    const auto& document = found.at(event.id);
    nlohmann::json wanted{{"_id", event.id},
                          {"specversion", "1.0"},
                          {"source", event.source},
                          {"type", event.type},
                          {"subject", event.subject},
                          {"time", {{"$date", "2026-09-21T14:13:20Z"}}},
                          {"sequence", event.sequence},
                          {"datacontenttype", "application/json"},
                          {"data", nlohmann::json::parse(event.data)}};
    if (!event.traceparent.empty()) wanted["traceparent"] = event.traceparent;
    CHECK(document == wanted);
  }
  const auto commands = server.updates();
  REQUIRE(commands.size() == 1);  // all in one
  CHECK(commands[0].at("update") == "order_events");
  CHECK(commands[0].at("$db") == "souk");
  CHECK(commands[0].at("ordered") == false);
  CHECK(commands[0].at("writeConcern").at("w") == "majority");
  CHECK(commands[0].at("writeConcern").at("j") == true);
}

TEST_CASE("an event that comes again replaces its document", "[S2.6][S3.5]") {
  mongo_double server;
  const auto sink = sink_to(server);
  for (int i = 0; i < 2; ++i) CHECK(sink->deliver(some(5)).tried == 5);
  CHECK(server.arrivals().size() == 10);
  CHECK(ids(server) == ids(some(5)));
}

TEST_CASE("two events of one order are written one after the other", "[S3.6]") {
  mongo_double server;
  order::events all{0, {outgoing(1, 1), outgoing(2, 2), outgoing(3, 1, order::kind::cancelled)}};
  CHECK(sink_to(server)->deliver(all).tried == 3);
  CHECK(server.updates().size() == 2);
  CHECK(server.arrivals().back() == id_of(all.list[2]));
}

TEST_CASE("a document that the collection refuses is rejected alone, and its order's later events wait", "[S2.10]") {
  mongo_double server;
  const order::events all{0, {outgoing(1, 1), outgoing(2, 2), outgoing(3, 2, order::kind::cancelled), outgoing(4, 3)}};
  server.refuse(id_of(all.list[1]));
  const auto done = sink_to(server)->deliver(all);
  CHECK(done.outage == "");
  CHECK(done.tried == 4);
  REQUIRE(done.rejected.size() == 2);
  CHECK(done.rejected[0].seq == 2);
  CHECK(done.rejected[0].error == "121 Document failed validation");
  CHECK(done.rejected[1].seq == 3);
  CHECK(done.rejected[1].error == "");
  CHECK(ids(server) == ids(all, {2, 3}));
}

TEST_CASE("a document too large for the server is rejected alone, and the others arrive", "[S2.10]") {
  mongo_double server;
  server.document_bytes_max(4'096);
  auto all = some(5);
  for (int i = 0; i < 2'000; ++i) all.list[2].lines.push_back({{"product-" + std::to_string(i)}, 1, {100}});
  const auto done = sink_to(server)->deliver(all);
  CHECK(done.outage == "");
  CHECK(done.tried == 5);
  REQUIRE(done.rejected.size() == 1);
  CHECK(done.rejected[0].seq == 3);
  CHECK(done.rejected[0].error.find("too large") != std::string::npos);
  CHECK(ids(server) == ids(all, {3}));
}

TEST_CASE("a MongoDB that is away, or fails as a whole, is an outage, and nothing is lost or doubled", "[S2.10]") {
  mongo_double server;
  const auto sink = sink_to(server);
  const auto all = some(20);
  REQUIRE(sink->deliver({0, {outgoing(100, 100)}}).tried == 1);
  const auto fails = [&] {
    const auto done = sink->deliver(all);
    CHECK(done.tried == 0);
    CHECK(done.rejected.empty());
    CHECK(done.outage.starts_with("mongodb: "));
  };
  SECTION("it is down") {
    server.down();
    fails();
    fails();
    server.up();
  }
  SECTION("it hangs up") {
    server.next(mishap::hang_up);
    fails();
  }
  SECTION("it hangs up when all is written") {
    server.next(mishap::hang_up_when_done);
    fails();
    CHECK(ids(server).size() == 21);
  }
  SECTION("it is not the primary any more") {
    server.next(mishap::not_primary);
    fails();
  }
  SECTION("no majority has it") {
    server.next(mishap::no_majority);
    fails();
  }
  SECTION("it shuts down in the middle") {
    server.next(mishap::shutting_down);
    fails();
  }
  const auto done = sink->deliver(all);
  CHECK(done.outage == "");
  CHECK(done.rejected.empty());
  CHECK(done.tried == 20);
  auto expected = ids(all);
  expected.insert(id_of(outgoing(100, 100)));
  CHECK(ids(server) == expected);
}

TEST_CASE("a replica set that loses its answer is asked again by the same number, and nobody hears of it",
          "[S2.6][S2.10]") {
  mongo_double server{mongo_double::kind::replica_set};
  const auto sink = sink_to(server);
  REQUIRE(sink->deliver({0, {outgoing(100, 100)}}).tried == 1);
  server.next(mishap::hang_up_when_done);
  const auto done = sink->deliver(some(3));
  CHECK(done.outage == "");
  CHECK(done.tried == 3);
  const auto asked = server.updates();
  REQUIRE(asked.size() == 3);
  REQUIRE(asked[1].contains("txnNumber"));
  CHECK(asked[1].at("txnNumber") == asked[2].at("txnNumber"));
  CHECK(asked[1].at("lsid") == asked[2].at("lsid"));
  CHECK(ids(server).size() == 4);
}

TEST_CASE("orders do not wait while MongoDB is away, and it gets all of them when it is back", "[S2.7][S2.10][S3.5]") {
  mongo_double server;
  shop_options options;
  options.sink = edge::make_sink_maker("mongodb://127.0.0.1:" + std::to_string(server.port()) + "/souk.order_events");
  shop node{options};
  node.furnish();
  std::set<std::string> sold;
  const auto sell = [&](const std::string& key) {
    const auto said = node.post("/v1/orders", key, two_teapots);
    REQUIRE(said.status == 201);
    sold.insert(json::parse(said.body).at("id").get<std::string>() + ".order.completed");
  };
  sell("first");
  REQUIRE(eventually([&] { return ids(server) == sold; }));
  server.down();
  for (const auto* key : {"a", "b", "c", "d"}) sell(key);
  std::this_thread::sleep_for(std::chrono::milliseconds{500});
  CHECK(ids(server).size() == 1);
  server.up();
  CHECK(eventually([&] { return ids(server) == sold; }));
}
