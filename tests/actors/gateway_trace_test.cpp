// A caller's trace goes through the command that places an order, onto its timeline and into its events.
#include <fstream>

#include "actors/edge/sinks.hpp"
#include "tests/actors/gateway_shop.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

const std::string ours = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const std::string another = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

struct traced_shop {
  temporary_folder folder;
  std::string file = folder.file("events");
  shop s{{.sink = edge::make_sink_maker("file:" + file)}};

  std::string placed(const std::string& target, const std::string& body, const std::string& key,
                     const std::string& trace) {
    tests::shop::headers with{{"idempotency-key", key}, {"prefer", "wait=20"}};
    if (!trace.empty()) with.emplace_back("traceparent", trace);
    const auto said = s.ask("POST", target, body, with);
    INFO(said.body);
    REQUIRE(said.status == 201);
    const auto answer = json::parse(said.body);
    return answer.contains("order") ? answer["order"] : answer["id"];
  }
  // Of an order, by type: the trace of each event that was told, or nothing.
  std::map<std::string, std::string> told(const std::string& order) {
    std::map<std::string, std::string> all;
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);) {
      const auto event = json::parse(line, nullptr, false);
      if (!event.is_discarded() && event["subject"] == order) all[event["type"]] = event.value("traceparent", "");
    }
    return all;
  }
  void expect(const std::string& order, const std::string& trace, const std::vector<std::string>& types) {
    INFO(order);
    REQUIRE(eventually([&] { return told(order).size() == types.size(); }));
    for (const auto& type : types) CHECK(told(order).at(type) == trace);
    CHECK(s.get("/v1/orders/" + order + "/timeline").value("traceparent", "") == trace);
    CHECK(s.get("/v1/admin/sagas/" + order).value("traceparent", "") == trace);
  }
};

}  // namespace

TEST_CASE("an order's timeline and events name the trace of the request that placed it, whichever way it goes",
          "[C.6][S2.7][S3.1]") {
  traced_shop all;
  all.s.furnish();
  const auto with_flow = [](const std::string& flow) {
    return R"({"user":"anna","items":[{"product":"teapot","quantity":1}],"flow":")" + flow + R"("})";
  };
  const std::string completed = "souk.order.completed", debited = "souk.wallet.debited",
                    approved = "souk.payment.approved";
  const auto usual = all.placed("/v1/orders", two_teapots, "o1", ours);
  all.expect(usual, ours, {completed});
  all.expect(all.placed("/v1/orders", with_flow("balance_first"), "o2", ours), ours, {completed});
  all.expect(all.placed("/v1/orders", with_flow("stock_first"), "o3", ours), ours, {completed});
  all.expect(all.placed("/v1/orders", with_flow("by_events"), "o4", another), another, {completed, debited, approved});
  REQUIRE(all.s.ask("PUT", "/v1/carts/anna/items/teapot", R"({"quantity":1})").status == 200);
  all.expect(all.placed("/v1/carts/anna/checkout", "", "o5", ours), ours, {completed, debited, approved});
  // A request that comes again by another way is the same request.
  CHECK(all.placed("/v1/orders", two_teapots, "o1", another) == usual);
  CHECK(all.s.get("/v1/orders/" + usual + "/timeline")["traceparent"] == ours);
  // None, and what is none.
  all.expect(all.placed("/v1/orders", two_teapots, "o6", ""), "", {completed});
  all.expect(all.placed("/v1/orders", two_teapots, "o7", "00-odd"), "", {completed});
  // What is given back later belongs to the same order.
  REQUIRE(eventually([&] { return all.s.post("/v1/orders/" + usual + "/cancel", "c").status == 200; }));
  all.expect(usual, ours, {completed, "souk.order.cancelled"});
}

TEST_CASE("a seat's payment carries its trace like any order", "[C.6][S2.7]") {
  traced_shop all;
  all.s.furnish();
  REQUIRE(all.s
              .ask("PUT", "/v1/concerts/gala",
                   R"({"name":"Gala","schedules":[{"id":"g1","starts":"2030-01-01T19:30:00Z","hold_seconds":86400,)"
                   R"("seats":[{"id":"A1","section":"S","row":"A","number":"1","category":"I","price":100}]}]})")
              .status == 201);
  const std::string token =
      json::parse(all.s.post("/v1/schedules/g1/queue-tokens", "t", R"({"user":"anna"})").body)["token"];
  const std::string hold =
      json::parse(all.s.post("/v1/schedules/g1/holds", "h", R"({"user":"anna","seat":"A1","token":")" + token + R"("})")
                      .body)["id"];
  all.expect(
      all.placed("/v1/seat-payments", R"({"payment":"p1","user":"anna","reservation":")" + hold + R"("})", "p", ours),
      ours, {"souk.order.completed"});
}
