// The routes as a caller knows them: the shop, orders from placing to taking back, keys, limits.
#include "actors/runtime/roster.hpp"
#include "tests/actors/gateway_shop.hpp"
#include "tests/actors/muted_brain.hpp"

using namespace souk;
using namespace souk::tests;

TEST_CASE("users are registered, read and renamed", "[edge]") {
  shop s;
  CHECK(s.ask("GET", "/v1/users/anna").status == 404);
  const auto first = s.ask("PUT", "/v1/users/anna", R"({"name":"Anna Æ"})", {{"content-type", "application/json"}});
  CHECK(first.status == 201);
  CHECK(s.ask("PUT", "/v1/users/anna", R"({"name":"Anna"})").status == 200);
  CHECK(s.get("/v1/users/anna")["name"] == "Anna");
  CHECK(s.ask("PATCH", "/v1/users/anna", R"({"name":"Anne"})").status == 200);
  CHECK(s.get("/v1/users/anna")["name"] == "Anne");
  CHECK(s.ask("PATCH", "/v1/users/bert", R"({"name":"Bert"})").status == 404);
  CHECK(s.ask("GET", "/v1/users/bert").status == 404);
  CHECK(s.ask("HEAD", "/v1/users/anna").status == 200);
}

TEST_CASE("a wallet is charged once per key and explains every balance", "[edge][S0.8]") {
  shop s;
  CHECK(s.ask("GET", "/v1/wallets/anna").status == 404);
  CHECK(s.post("/v1/wallets/anna/charges", "k1", R"({"amount":5})").status == 404);
  s.ask("PUT", "/v1/users/anna", R"({"name":"Anna"})");
  const auto first = s.post("/v1/wallets/anna/charges", "k1", R"({"amount":500})");
  CHECK(first.status == 201);
  const auto again = s.post("/v1/wallets/anna/charges", "k1", R"({"amount":500})");
  CHECK(again.status == 201);
  CHECK(again.body == first.body);
  CHECK(header(again, "Idempotent-Replayed") == "true");
  CHECK(header(first, "Idempotent-Replayed").empty());
  const auto other = s.post("/v1/wallets/anna/charges", "k1", R"({"amount":501})");
  CHECK(other.status == 422);
  CHECK(json::parse(other.body)["reason"] == "key_reused");
  CHECK(s.post("/v1/wallets/anna/charges", "k2", R"({"amount":7})").status == 201);
  CHECK(s.balance("anna") == 507);
  const auto page = s.get("/v1/wallets/anna/entries?limit=1");
  CHECK(page["has_more"] == true);
  CHECK(page["data"][0]["balance"] == 507);
  const auto rest = s.get("/v1/wallets/anna/entries?starting_after=" + page["data"][0]["id"].get<std::string>());
  CHECK(rest["has_more"] == false);
  REQUIRE(rest["data"].size() == 1);
  CHECK(rest["data"][0]["kind"] == "charge");
  CHECK(s.ask("GET", "/v1/wallets/anna/entries?starting_after=17").status == 400);
}

TEST_CASE("products are listed, changed, restocked and paged through over all shards", "[edge][C.3]") {
  shop s{{.shards = 3}};
  for (int i = 0; i < 7; ++i)
    CHECK(s.ask("PUT", "/v1/products/p" + std::to_string(i), R"({"name":"P","price":10,"stock":3})").status == 201);
  CHECK(s.ask("PATCH", "/v1/products/p3", R"({"price":11})").status == 200);
  CHECK(s.ask("PATCH", "/v1/products/none", R"({"price":11})").status == 404);
  const auto more = s.post("/v1/products/p3/restocks", "r", R"({"quantity":4})");
  CHECK(more.status == 201);
  CHECK(s.post("/v1/products/p3/restocks", "r", R"({"quantity":4})").body == more.body);
  CHECK(s.post("/v1/products/none/restocks", "r", R"({"quantity":4})").status == 404);
  CHECK(s.get("/v1/products/p3") == json::parse(R"({"id":"p3","name":"P","price":11,"currency":"GBP","stock":7})"));
  std::string seen, after;
  for (bool has_more = true; has_more;) {
    const auto page = s.get("/v1/products?limit=3" + (after.empty() ? "" : "&starting_after=" + after));
    for (const auto& one : page["data"]) seen += after = one["id"].get<std::string>();
    has_more = page["has_more"];
  }
  CHECK(seen == "p0p1p2p3p4p5p6");
}

TEST_CASE("coupons are issued first come first served and once per key", "[edge]") {
  shop s{{.shards = 2}};
  s.furnish();
  CHECK(s.ask("PUT", "/v1/campaigns/tea", R"({"discount":{"percent":10},"limit":1})").status == 201);
  CHECK(s.ask("PUT", "/v1/campaigns/tea", R"({"discount":{"amount":100},"limit":2,"starts":"2020-01-01T00:00:00Z"})")
            .status == 200);
  const auto first = s.post("/v1/campaigns/tea/coupons", "c1", R"({"user":"anna"})");
  CHECK(first.status == 201);
  CHECK(s.post("/v1/campaigns/tea/coupons", "c1", R"({"user":"anna"})").body == first.body);
  CHECK(s.post("/v1/campaigns/tea/coupons", "c2", R"({"user":"nobody"})").status == 404);
  CHECK(s.post("/v1/campaigns/none/coupons", "c2", R"({"user":"anna"})").status == 404);
  CHECK(s.post("/v1/campaigns/tea/coupons", "c3", R"({"user":"anna"})").status == 201);
  const auto late = s.post("/v1/campaigns/tea/coupons", "c4", R"({"user":"anna"})");
  CHECK(late.status == 409);
  CHECK(json::parse(late.body)["reason"] == "limit_reached");
  CHECK(s.ask("PUT", "/v1/campaigns/tea", R"({"discount":{"amount":100},"limit":1})").status == 409);
  CHECK(s.get("/v1/campaigns/tea")["issued"] == 2);
  CHECK(s.get("/v1/users/anna/coupons")["data"].size() == 2);
  const auto id = json::parse(first.body)["id"].get<std::string>();
  CHECK(s.get("/v1/coupons/" + id)["state"] == "ISSUED");
  CHECK(s.ask("GET", "/v1/coupons/0000000000000").status == 404);
}

TEST_CASE("an order is completed, and every route that tells of it agrees", "[edge][S4.1][S4.2]") {
  shop s{{.shards = 2}};
  s.furnish();
  s.ask("PUT", "/v1/campaigns/tea", R"({"discount":{"percent":10},"limit":5})");
  const auto coupon =
      json::parse(s.post("/v1/campaigns/tea/coupons", "c", R"({"user":"anna"})").body)["id"].get<std::string>();
  const auto said = s.post("/v1/orders", "o1",
                           R"({"user":"anna","items":[{"product":"teapot","quantity":2}],"coupon":")" + coupon + "\"}");
  INFO(said.body);
  REQUIRE(said.status == 201);
  const auto receipt = json::parse(said.body);
  const auto id = receipt["id"].get<std::string>();
  CHECK(header(said, "Location") == "/v1/orders/" + id);
  CHECK(receipt["state"] == "COMPLETED");
  CHECK(receipt["total"] == 500);
  CHECK(receipt["discount"] == 50);
  CHECK(receipt["paid"] == 450);
  const auto order = s.get("/v1/orders/" + id);
  CHECK(order["items"] == json::parse(R"([{"product":"teapot","quantity":2,"amount":500}])"));
  CHECK(order["saga"] == "completed");
  CHECK(order["coupon"] == coupon);
  CHECK(order["paid"] == 450);
  CHECK(s.balance("anna") == 9550);
  CHECK(s.stock("teapot") == 98);
  CHECK(s.get("/v1/coupons/" + coupon)["state"] == "USED");
  // The books of payments are told by the outbox, a little later.
  REQUIRE(eventually([&] { return s.ask("GET", "/v1/payments/" + id).status == 200; }));
  const auto payment = s.get("/v1/payments/" + id);
  CHECK(payment["state"] == "APPROVED");
  CHECK(payment["amount"] == 450);
  CHECK(s.get("/v1/wallets/anna/entries")["data"][0]["order"] == id);
  const auto timeline = s.get("/v1/orders/" + id + "/timeline")["timeline"];
  CHECK(timeline[0]["what"] == "began");
  CHECK(timeline[1]["step"] == "verify_user");
  CHECK(eventually([&] {
    const auto best = s.get("/v1/rankings/best-sellers?limit=5&by=net")["data"];
    return best.size() == 1 && best[0]["product"] == "teapot" && best[0]["units"] == 2;
  }));
  CHECK(s.get("/v1/orders?user=anna")["data"][0]["id"] == id);
  CHECK(s.get("/v1/orders?state=COMPLETED")["data"].size() == 1);
  CHECK(s.get("/v1/orders?state=FAILED")["data"].empty());
  CHECK(s.get("/v1/admin/sagas")["data"].empty());
}

TEST_CASE("orders are listed newest first over all shards", "[edge]") {
  shop s{{.shards = 3}};
  s.furnish();
  std::vector<std::string> placed;
  for (int i = 0; i < 8; ++i) {
    placed.push_back(json::parse(s.post("/v1/orders", "o" + std::to_string(i), two_teapots).body)["id"]);
    std::this_thread::sleep_for(std::chrono::milliseconds{2});  // numbers of one millisecond have no order over shards
  }
  std::vector<std::string> seen;
  for (bool more = true; more;) {
    const auto page = s.get("/v1/orders?limit=3" + (seen.empty() ? "" : "&starting_after=" + seen.back()));
    for (const auto& one : page["data"]) seen.push_back(one["id"]);
    more = page["has_more"];
  }
  std::reverse(seen.begin(), seen.end());
  CHECK(seen == placed);
}

TEST_CASE("a refused order names its reason and leaves nothing behind", "[edge][S4.3][S0.1]") {
  shop s;
  s.furnish();
  s.ask("PUT", "/v1/users/poor", R"({"name":"Poor"})");
  const auto refused = [&](const std::string& body) {
    const auto said = s.post("/v1/orders", std::to_string(std::hash<std::string>{}(body)), body);
    CHECK(said.status == 409);
    CHECK(said.content_type == "application/problem+json");
    return json::parse(said.body);
  };
  const auto nobody = refused(R"({"user":"nobody","items":[{"product":"teapot","quantity":1}]})");
  CHECK(nobody["reason"] == "unknown_user");
  CHECK(nobody["type"] == "/problems/unknown_user");
  const auto nothing =
      refused(R"({"user":"anna","items":[{"product":"teapot","quantity":1},{"product":"nothing","quantity":1}]})");
  CHECK(nothing["reason"] == "unknown_product");
  CHECK(nothing["detail"] == "nothing");
  const auto many = refused(R"({"user":"anna","items":[{"product":"teapot","quantity":101}]})");
  CHECK(many["reason"] == "sold_out");
  CHECK(many["detail"] == "teapot");
  const auto poor = refused(R"({"user":"poor","items":[{"product":"teapot","quantity":1}]})");
  CHECK(poor["reason"] == "insufficient_funds");
  CHECK(refused(R"({"user":"anna","items":[{"product":"teapot","quantity":1}],"coupon":")" +
                to_text(number{123456789}) + "\"}")["reason"] == "coupon_invalid");
  CHECK(s.stock("teapot") == 100);
  CHECK(s.balance("anna") == 10000);
  const auto failed = s.get("/v1/orders/" + poor["order"].get<std::string>());
  CHECK(failed["state"] == "FAILED");
  CHECK(failed["saga"] == "compensated");
  CHECK(failed["reason"] == "insufficient_funds");
  CHECK(failed["paid"] == 0);
  CHECK(s.get("/v1/orders?state=FAILED")["data"].size() == 5);
}

TEST_CASE("an order's key gives the first answer again, and none to another body", "[edge][S0.1]") {
  shop s;
  s.furnish();
  const auto first = s.post("/v1/orders", "o1", two_teapots);
  REQUIRE(first.status == 201);
  CHECK(header(first, "Idempotent-Replayed").empty());
  const auto again = s.post("/v1/orders", "o1", two_teapots);
  CHECK(again.status == 201);
  CHECK(again.body == first.body);
  CHECK(header(again, "Idempotent-Replayed") == "true");
  const auto other = s.post("/v1/orders", "o1", R"({"user":"anna","items":[{"product":"teapot","quantity":3}]})");
  CHECK(other.status == 422);
  CHECK(json::parse(other.body)["reason"] == "key_reused");
  CHECK(s.balance("anna") == 9500);
  const auto failed = s.post("/v1/orders", "o2", R"({"user":"anna","items":[{"product":"none","quantity":1}]})");
  const auto failed_again = s.post("/v1/orders", "o2", R"({"user":"anna","items":[{"product":"none","quantity":1}]})");
  CHECK(failed_again.status == 409);
  CHECK(failed_again.body == failed.body);
  CHECK(header(failed_again, "Idempotent-Replayed") == "true");
}

TEST_CASE("an order that is still going is 202, its repetition 409 until it has ended", "[edge][S0.1]") {
  shop s;
  s.furnish();
  s.link->hold();
  const auto first = s.ask("POST", "/v1/orders", two_teapots, {{"idempotency-key", "o1"}, {"prefer", "wait=0"}});
  REQUIRE(first.status == 202);
  const auto id = json::parse(first.body)["id"].get<std::string>();
  CHECK(header(first, "Location") == "/v1/orders/" + id);
  CHECK(s.get("/v1/orders/" + id)["state"] == "PENDING");
  CHECK(s.get("/v1/admin/sagas")["data"][0]["id"] == id);
  std::this_thread::sleep_for(std::chrono::milliseconds{5});
  for (const auto* prefer : {"wait=0", "respond-async", "handling=lenient, wait=1"}) {
    const auto again = s.ask("POST", "/v1/orders", two_teapots, {{"idempotency-key", "o1"}, {"prefer", prefer}});
    CHECK(again.status == 409);
    CHECK(header(again, "Retry-After") == "1");
    CHECK(json::parse(again.body)["reason"] == "still_running");
  }
  const auto waited = s.ask("POST", "/v1/orders", two_teapots, {{"idempotency-key", "o2"}, {"prefer", "wait=1"}});
  CHECK(waited.status == 202);
  auto waiting = s.begin("POST", "/v1/orders", two_teapots, {{"idempotency-key", "o1"}, {"prefer", "wait=30"}});
  s.link->release();
  const auto ended = waiting.get();
  CHECK(ended.status == 201);
  CHECK(json::parse(ended.body)["id"] == id);
  CHECK(header(ended, "Idempotent-Replayed") == "true");
  CHECK(eventually([&] { return s.balance("anna") == 9000; }));
}

TEST_CASE("beyond the orders in flight callers are turned away before anything is written", "[edge]") {
  shop s{{.gateway = {.orders_in_flight_max = 1}}};
  s.furnish();
  s.link->hold();
  auto first = s.begin("POST", "/v1/orders", two_teapots, {{"idempotency-key", "o1"}, {"prefer", "wait=30"}});
  const auto shed = s.post("/v1/orders", "o2", two_teapots);
  CHECK(shed.status == 503);
  CHECK(header(shed, "Retry-After") == "1");
  CHECK(json::parse(shed.body)["type"] == "/problems/overloaded");
  CHECK(s.balance("anna") == 10000);
  s.link->release();
  CHECK(first.get().status == 201);
  CHECK(eventually([&] { return s.post("/v1/orders", "o2", two_teapots).status == 201; }));
  CHECK(s.get("/v1/orders")["data"].size() == 2);
  CHECK(s.ask("GET", "/metrics").body.find("souk_orders_shed_total ") != std::string::npos);
}

TEST_CASE("orders by events that stand still turn away their like, and no other design", "[edge][S3.1]") {
  const auto silent = std::make_shared<std::atomic<bool>>(true);
  shop s{{.gateway = {.orders_in_flight_max = 1},
          .make_brain = [silent](runtime::directory::place at,
                                 const persistence::open_options& store) -> std::unique_ptr<domains::brain> {
            if (at.domain != domain::event_log) return nullptr;
            return std::make_unique<muted_brain>(
                runtime::make_brain(at.domain, at.shard, store),
                [silent](const command& what) { return *silent && std::holds_alternative<event_log::append>(what); });
          }}};
  s.furnish();
  const std::string by_events = R"({"user":"anna","items":[{"product":"teapot","quantity":1}],"flow":"by_events"})";
  const auto place = [&](const std::string& key, const std::string& body) {
    return s.ask("POST", "/v1/orders", body, {{"idempotency-key", key}, {"prefer", "wait=0"}});
  };
  CHECK(place("o1", by_events).status == 202);
  const auto shed = place("o2", by_events);
  CHECK(shed.status == 503);
  CHECK(json::parse(shed.body)["type"] == "/problems/overloaded");
  CHECK(eventually([&] { return s.post("/v1/orders", "o3", two_teapots).status == 201; }));
  *silent = false;
  CHECK(eventually([&] { return s.post("/v1/orders", "o2", by_events).status == 201; }));
  CHECK(s.get("/v1/orders")["data"].size() == 3);
}

TEST_CASE("an order that is cancelled before its end walks back, and its payment never was", "[edge][S1.6]") {
  shop s;
  s.furnish();
  s.link->hold();
  const auto first = s.ask("POST", "/v1/orders", two_teapots, {{"idempotency-key", "o1"}, {"prefer", "wait=0"}});
  const auto at = header(first, "Location");
  CHECK(s.ask("POST", at + "/cancel", "", {{"idempotency-key", "x"}, {"prefer", "wait=0"}}).status == 202);
  s.link->release();
  REQUIRE(eventually([&] { return s.get(at)["state"] == "CANCELLED"; }));
  CHECK(s.get(at)["reason"] == "cancelled");
  CHECK(s.balance("anna") == 10000);
  CHECK(s.stock("teapot") == 100);
  const auto twice = s.post(at + "/cancel", "x");
  CHECK(twice.status == 200);
  CHECK(header(twice, "Idempotent-Replayed") == "true");
  const auto replay = s.post("/v1/orders", "o1", two_teapots);
  CHECK(replay.status == 409);
  CHECK(json::parse(replay.body)["reason"] == "cancelled");
}

TEST_CASE("a completed order that is cancelled is refunded once: money, goods and coupon come back", "[edge][S1.6]") {
  shop s{{.shards = 2}};
  s.furnish();
  s.ask("PUT", "/v1/campaigns/tea", R"({"discount":{"amount":100},"limit":5})");
  const auto coupon =
      json::parse(s.post("/v1/campaigns/tea/coupons", "c", R"({"user":"anna"})").body)["id"].get<std::string>();
  const auto body = R"({"user":"anna","items":[{"product":"teapot","quantity":2}],"coupon":")" + coupon + "\"}";
  const auto first = s.post("/v1/orders", "o1", body);
  REQUIRE(first.status == 201);
  const auto at = header(first, "Location");
  const auto cancelled = s.post(at + "/cancel", "x", "{}");
  INFO(cancelled.body);
  CHECK(cancelled.status == 200);
  CHECK(json::parse(cancelled.body)["state"] == "CANCELLED");
  CHECK(s.post(at + "/cancel", "x").status == 200);
  CHECK(s.post(at + "/cancel", "y").status == 200);
  CHECK(s.balance("anna") == 10000);
  CHECK(s.stock("teapot") == 100);
  CHECK(s.get("/v1/coupons/" + coupon)["state"] == "ISSUED");
  const auto payment = "/v1/payments/" + at.substr(std::string{"/v1/orders/"}.size());
  CHECK(eventually([&] { return s.get(payment)["state"] == "CANCELLED"; }));
  CHECK(s.get("/v1/wallets/anna/entries")["data"][0]["kind"] == "credit");
  CHECK(s.get("/v1/wallets/anna")["entries"] == 3);
  // The first answer stands: the order was completed.
  CHECK(s.post("/v1/orders", "o1", body).status == 201);
  CHECK(s.post("/v1/orders/0000000000001/cancel", "x").status == 404);
  const auto failed = s.post("/v1/orders", "o2", R"({"user":"anna","items":[{"product":"none","quantity":1}]})");
  const auto no = s.post("/v1/orders/" + json::parse(failed.body)["order"].get<std::string>() + "/cancel", "x");
  CHECK(no.status == 409);
  CHECK(json::parse(no.body)["reason"] == "not_cancellable");
  CHECK(s.post(at + "/cancel", "x", R"({"why":"because"})").status == 422);
}

TEST_CASE("the back office sells at agreed amounts and takes goods back", "[edge]") {
  shop s{{.shards = 2}};
  s.furnish();
  const std::string agreed =
      R"({"user":"anna","items":[{"product":"teapot","quantity":3,"amount":100},{"product":"teapot","quantity":1,"amount":0}]})";
  const auto sold = s.post("/v1/admin/orders", "a1", agreed);
  INFO(sold.body);
  CHECK(sold.status == 201);
  CHECK(json::parse(sold.body)["paid"] == 100);
  CHECK(s.balance("anna") == 9900);
  CHECK(s.stock("teapot") == 96);
  CHECK(s.post("/v1/orders", "a2", agreed).status == 422);
  const auto back =
      s.post("/v1/admin/returns", "b1", R"({"user":"anna","items":[{"product":"teapot","quantity":3,"amount":100}]})");
  INFO(back.body);
  CHECK(back.status == 201);
  const auto id = json::parse(back.body)["id"].get<std::string>();
  CHECK(s.get("/v1/orders/" + id)["flow"] == "take_back");
  CHECK(s.balance("anna") == 10000);
  CHECK(s.stock("teapot") == 99);
  CHECK(s.post("/v1/admin/returns", "b2", R"({"user":"anna","items":[{"product":"none","quantity":3,"amount":100}]})")
            .status == 409);
}

TEST_CASE("an order names the saga that it goes by", "[S0.1][S0.2]") {
  shop s;
  s.furnish();
  const auto placed = s.post("/v1/orders", "first",
                             R"({"user":"anna","items":[{"product":"teapot","quantity":2}],"flow":"balance_first"})");
  CHECK(placed.status == 201);
  CHECK(json::parse(placed.body)["flow"] == "balance_first");
  CHECK(json::parse(placed.body)["paid"] == 500);
  CHECK(s.balance("anna") == 9500);
}

TEST_CASE("a cart is filled, changed and ordered, and the same checkout is the same order", "[edge][S3.1]") {
  shop s;
  s.furnish();
  CHECK(s.get("/v1/carts/anna")["items"].empty());
  CHECK(s.ask("PUT", "/v1/carts/anna/items/teapot", R"({"quantity":3})").status == 200);
  CHECK(s.get("/v1/carts/anna")["items"][0]["quantity"] == 3);
  for (const auto* bad :
       {R"({})", R"({"quantity":0})", R"({"quantity":-1})", R"({"quantity":0.1})", R"({"quantity":1e3})",
        R"({"quantity":1000001})", R"({"quantity":"2"})", R"({"quantity":2,"price":1})", R"([])"}) {
    INFO(bad);
    const auto status = s.ask("PUT", "/v1/carts/anna/items/teapot", bad).status;
    CHECK((status == 400 || status == 422));
  }
  CHECK(s.ask("PUT", "/v1/carts/anna/items/kettle", R"({"quantity":1})").status == 404);
  CHECK(s.ask("PUT", "/v1/carts/bob/items/teapot", R"({"quantity":1})").status == 404);
  CHECK(s.get("/v1/carts/anna")["items"][0]["quantity"] == 3);
  CHECK(s.ask("POST", "/v1/carts/anna/checkout").status == 400);
  CHECK(s.post("/v1/carts/anna/checkout", "k", R"({"flow":"refund"})").status == 422);
  const auto placed = s.post("/v1/carts/anna/checkout", "first");
  CHECK(placed.status == 201);
  CHECK(json::parse(placed.body)["flow"] == "by_events");
  CHECK(json::parse(placed.body)["paid"] == 750);
  CHECK(s.get("/v1/carts/anna")["items"].empty());
  const auto again = s.post("/v1/carts/anna/checkout", "first");
  CHECK(again.status == 201);
  CHECK(header(again, "Idempotent-Replayed") == "true");
  CHECK(json::parse(again.body)["id"] == json::parse(placed.body)["id"]);
  CHECK(s.post("/v1/carts/anna/checkout", "second").status == 404);
  CHECK(s.balance("anna") == 9250);
  s.ask("PUT", "/v1/carts/anna/items/teapot", R"({"quantity":2})");
  CHECK(s.ask("DELETE", "/v1/carts/anna/items/teapot").status == 200);
  CHECK(s.get("/v1/carts/anna")["items"].empty());
}

TEST_CASE("a cart that fails at the checkout is as it was", "[edge][S3.2]") {
  shop s;
  s.furnish();
  s.ask("PUT", "/v1/carts/anna/items/teapot", R"({"quantity":90})");
  const auto said = s.post("/v1/carts/anna/checkout", "dear");
  CHECK(said.status == 409);
  CHECK(json::parse(said.body)["reason"] == "insufficient_funds");
  CHECK(s.get("/v1/carts/anna")["items"][0]["quantity"] == 90);
  CHECK(s.stock("teapot") == 100);
}

TEST_CASE("a checkout goes by no saga that leaves the goods in the cart", "[edge][S3.1]") {
  shop s;
  s.furnish();
  s.ask("PUT", "/v1/carts/anna/items/teapot", R"({"quantity":1})");
  for (const std::string flow : {"order_payment", "balance_first", "stock_first"}) {
    INFO(flow);
    const auto said = s.post("/v1/carts/anna/checkout", flow, R"({"flow":")" + flow + R"("})");
    CHECK(said.status == 422);
    CHECK(json::parse(said.body)["errors"][0]["member"] == "flow");
  }
  CHECK(s.get("/v1/orders")["data"].empty());
  CHECK(s.post("/v1/carts/anna/checkout", "k", R"({"flow":"by_events"})").status == 201);
  CHECK(s.get("/v1/carts/anna")["items"].empty());
  CHECK(s.stock("teapot") == 99);

  shop several{{.shards = 2}};
  several.furnish();
  several.ask("PUT", "/v1/carts/anna/items/teapot", R"({"quantity":1})");
  for (const auto* body : {"", "{}", R"({"flow":"by_events"})"})
    CHECK(json::parse(several.post("/v1/carts/anna/checkout", "k", body).body)["errors"][0]["member"] == "flow");
}

TEST_CASE("six checkouts of one cart at once sell it once", "[edge][S3.1][S3.2]") {
  shop s;
  s.furnish();
  s.ask("PUT", "/v1/carts/anna/items/teapot", R"({"quantity":2})");
  // All of them have looked into the cart before the first order takes anything out.
  for (int i = 0; i < 6; ++i) {
    std::promise<void> looked;
    s.node->front().ask(cart::checkout{"k" + std::to_string(i), {"anna"}, {1}}, [&](answer&&) { looked.set_value(); });
    looked.get_future().get();
  }
  std::vector<std::future<http_response>> all;
  const auto check_out = [&](int i) {
    all.push_back(s.begin("POST", "/v1/carts/anna/checkout", {},
                          {{"idempotency-key", "k" + std::to_string(i)}, {"prefer", "wait=30"}}));
  };
  for (int i = 0; i < 6; ++i) check_out(i);
  // And each once more, whatever became of it.
  for (int i = 0; i < 6; ++i) check_out(i);
  int sold = 0;
  for (auto& one : all) {
    const auto said = one.get();
    const auto body = json::parse(said.body);
    INFO(said.body);
    sold += said.status == 201 && header(said, "Idempotent-Replayed").empty();
    if (said.status == 201) continue;
    CHECK(said.status == 409);
    CHECK(body["reason"] == "not_found");
    CHECK(body["detail"] == "the cart no longer holds what was ordered of teapot");
  }
  CHECK(sold == 1);
  CHECK(s.stock("teapot") == 98);
  CHECK(s.balance("anna") == 9500);
  CHECK(s.get("/v1/carts/anna")["items"].empty());
  CHECK(s.get("/v1/orders?state=COMPLETED")["data"].size() == 1);
  // Who orders directly needs no cart.
  CHECK(s.post("/v1/orders", "o", R"({"user":"anna","items":[{"product":"teapot","quantity":1}],"flow":"by_events"})")
            .status == 201);
}

TEST_CASE("the event log shows what was told and who has heard it", "[edge][S3.6][C.6]") {
  shop s;
  s.furnish();
  CHECK(s.post("/v1/orders", "one", R"({"user":"anna","items":[{"product":"teapot","quantity":2}],"flow":"by_events"})")
            .status == 201);
  const auto partition = s.get("/v1/admin/event-log")["data"][0];
  CHECK(partition["newest"].get<int>() >= 6);
  CHECK(partition["subscribers"].size() == 7);
  CHECK(partition["troubles"].empty());
  for (const auto* letter : {"0-1-7", "x", "9-1-1", "0--1"})
    CHECK(s.post("/v1/admin/event-log/" + std::string{letter} + "/retry", "k", R"({"reason":"r"})").status == 404);
}

TEST_CASE("a dead letter gets its tries again for a reason, which stands in the audit log, and twice is once",
          "[edge][S0.6][S2.10][C.6]") {
  shop s;
  s.furnish();
  const auto ask = [&](command what) {
    auto said = s.node->front().ask_now(std::move(what));
    REQUIRE(said.done());
    return said;
  };
  const auto placed = s.post("/v1/orders", "one", R"({"user":"anna","items":[{"product":"teapot","quantity":2}]})");
  const auto order = parse_number(json::parse(placed.body)["id"].get<std::string>());
  REQUIRE(order);
  const moment now = s.node->around().clock->now();
  order::brief about;
  about.id = *order;
  about.flow = order::flow::by_events;
  const event_log::party purses{domain::wallet, 0};
  const event_log::event bad{3, domain::product, 1, outcome::done, {}, {}, now, about};
  ask(event_log::set_aside{0, purses, {bad}, "broken on purpose", now});
  const auto name = "0-" + std::to_string(purses.id()) + "-3";
  const auto retry = [&](const std::string& body, const std::string& key = {}) {
    return s.ask("POST", "/v1/admin/event-log/" + name + "/retry", body, {{"idempotency-key", key}});
  };
  const auto lines = [&] { return s.get("/v1/admin/audit")["data"]; };
  const std::string because = R"({"reason":"it is mended","by":"olga"})";
  // It has its tries: nothing need be done.
  CHECK(retry(because).status == 200);
  CHECK(lines().empty());
  for (int i = 1; i < 8; ++i) ask(event_log::tried{0, purses, 3, "still broken", now + 1'000'000 * i});
  REQUIRE(s.get("/v1/admin/event-log")["data"][0]["dead"] == 1);
  CHECK(retry("{}").status == 422);
  const auto rehearsed = retry(R"({"reason":"let us see","dry_run":true})");
  CHECK(rehearsed.status == 200);
  CHECK(json::parse(rehearsed.body)["error"] == "still broken");
  CHECK(json::parse(rehearsed.body)["tries"] == 8);
  CHECK(json::parse(rehearsed.body)["order"] == to_text(*order));
  CHECK(s.get("/v1/admin/event-log")["data"][0]["dead"] == 1);
  CHECK(lines().empty());
  const auto done = retry(because, "once");
  CHECK(done.status == 202);
  CHECK(s.get("/v1/admin/event-log")["data"][0]["dead"] == 0);
  CHECK(retry(because, "once").status == 200);
  CHECK(retry(because).status == 200);
  CHECK(json::parse(retry(R"({"reason":"another"})", "once").body)["reason"] == "key_reused");
  const auto told = lines();
  REQUIRE(told.size() == 1);
  CHECK(told[0] == [&] {
    auto line = json::parse(done.body)["line"];
    line["store"] = 0;
    return line;
  }());
  CHECK(told[0]["letter"] == "event-log " + name);
  CHECK(told[0]["repair"] == "replay");
  CHECK(told[0]["reason"] == "it is mended");
  CHECK(told[0]["by"] == "olga");
  CHECK_FALSE(told[0].contains("saga"));
  CHECK(s.get("/v1/admin/audit/verify")["whole"] == true);
  // A key is for one wish.
  for (int i = 1; i <= 8; ++i) ask(event_log::tried{0, purses, 3, "broken again", now + 100'000'000 + 1'000'000 * i});
  CHECK(json::parse(retry(R"({"reason":"another"})", "once").body)["reason"] == "key_reused");
  CHECK(s.get("/v1/admin/event-log")["data"][0]["dead"] == 1);
  // Its deed was lost: the same wish finds its line, and makes it good.
  CHECK(retry(because, "once").status == 202);
  CHECK(s.get("/v1/admin/event-log")["data"][0]["dead"] == 0);
  CHECK(lines().size() == 1);
  // It was delivered meanwhile: who comes again with his key hears of his line, anybody else that there is no letter.
  ask(event_log::tried{0, purses, 3, "", now + 200'000'000});
  const auto late = retry(because, "once");
  CHECK(late.status == 200);
  CHECK(json::parse(late.body)["line"]["seq"] == 1);
  CHECK(retry(because).status == 404);
  // What was sent again on its way is one line, also without a key.
  order::replay wish{{domain::event_log, name}, "sent twice"};
  wish.at = now;
  const auto first = ask(wish), second = ask(wish);
  CHECK_FALSE(first.replayed);
  CHECK(second.replayed);
  CHECK(std::get<order::audit_line>(first.body) == std::get<order::audit_line>(second.body));
  CHECK(lines().size() == 2);
}

TEST_CASE("goods that are short are refused at once by stock_first, also for a caller who does not wait",
          "[edge][S1.2][S1.3]") {
  shop s;
  s.furnish();
  const std::string body = R"({"user":"anna","items":[{"product":"teapot","quantity":101}],"flow":"stock_first"})";
  const auto said = s.ask("POST", "/v1/orders", body, {{"idempotency-key", "a"}, {"prefer", "respond-async"}});
  CHECK(said.status == 409);
  CHECK(json::parse(said.body)["reason"] == "sold_out");
}

TEST_CASE("operators see actors, figures and the way to everything", "[edge][C.6]") {
  shop s;
  CHECK(s.get("/v1/admin/actors")["data"].size() == domain_count + runtime::node_options{}.coordinators);
  CHECK(s.get("/v1/admin/outbox")["data"].empty());
  CHECK(s.ask("POST", "/v1/admin/outbox/0/15/retry", R"({"reason":"r"})").status == 404);
  CHECK(s.ask("POST", "/v1/admin/outbox/0/15/retry").status == 400);
  CHECK(s.get("/livez")["status"] == "alive");
  CHECK(s.get("/readyz")["status"] == "ready");
  const auto metrics = s.ask("GET", "/metrics");
  CHECK(metrics.content_type.starts_with("text/plain; version=0.0.4"));
  CHECK(metrics.body.find("# TYPE souk_sagas_begun_total counter") != std::string::npos);
  CHECK(metrics.body.find(R"(souk_desk_letters_total{domain="order",shard="0"})") != std::string::npos);
  for (const auto* figure :
       {R"(souk_event_log_appended_total{partition="0"} 0)", R"(souk_event_log_dead_letters{partition="0"} 0)"})
    CHECK(metrics.body.find(figure) != std::string::npos);
  CHECK(eventually([&] {
    const auto log = s.get("/v1/admin/event-log")["data"][0];
    return log["held"] == 0 && log["dead"] == 0 && log["subscribers"].size() == 7;
  }));
  CHECK(s.ask("GET", "/metrics").body.find(R"(souk_event_log_lag{partition="0",subscriber="wallet/0"} 0)") !=
        std::string::npos);
  CHECK(s.ask("GET", "/").content_type.starts_with("text/html"));
  s.gateway->drain();
  CHECK(s.ask("GET", "/readyz").status == 503);
}

TEST_CASE("the description names every route and refers to nothing that is not there", "[edge]") {
  shop s;
  const auto text = s.ask("GET", "/openapi.json").body;
  const auto all = json::parse(text);
  CHECK(all["openapi"] == "3.1.0");
  CHECK(all["paths"]["/v1/orders"]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"] ==
        "#/components/schemas/Order");
  const std::string sign = R"("$ref": "#/)";
  std::size_t references = 0;
  for (auto at = text.find(sign); at != text.npos; at = text.find(sign, at + 1), ++references) {
    const auto from = at + sign.size();
    const auto path = "/" + text.substr(from, text.find('"', from) - from);
    INFO(path);
    CHECK(all.contains(json::json_pointer(path)));
  }
  CHECK(references > 100);
}

TEST_CASE("what is not there is 404, what is not done there 405", "[edge]") {
  shop s;
  CHECK(s.ask("GET", "/v1/nothing").status == 404);
  CHECK(s.ask("GET", "/v1/users/").status == 404);
  CHECK(s.ask("GET", "/v1/users/a/b/c/d/e/f/g/h/i").status == 404);
  CHECK(s.ask("GET", "/v1/users/a%20b").status == 404);
  CHECK(s.ask("GET", "/v1/users/a%2").status == 404);
  CHECK(s.ask("GET", "/v1/orders/" + std::string(100, 'a')).status == 404);
  CHECK(s.ask("PUT", "/v1/users/" + std::string(65, 'a'), R"({"name":"a"})").status == 422);
  CHECK(s.ask("PUT", "/v1/users/%61nna", R"({"name":"Anna"})").status == 201);
  CHECK(s.get("/v1/users/anna")["id"] == "anna");
  const auto wrong = s.ask("DELETE", "/v1/users/anna");
  CHECK(wrong.status == 405);
  CHECK(header(wrong, "Allow") == "PUT, GET, HEAD, PATCH");
  CHECK(s.ask("GET", "/v1/products?limit=0").status == 400);
  CHECK(s.ask("GET", "/v1/products?limit=1001").status == 400);
  CHECK(s.ask("GET", "/v1/products?limit=x").status == 400);
  CHECK(s.ask("GET", "/v1/products?limits=5").status == 400);
  for (const auto* twice : {"limit=5&limit=5", "limit=5&limit=x", "&limit=5&&limit"}) {
    const auto said = s.ask("GET", std::string{"/v1/products?"} + twice);
    CHECK(said.status == 400);
    CHECK(json::parse(said.body)["parameter"] == "limit");
  }
  CHECK(s.ask("GET", "/v1/products?=1").status == 400);
  CHECK(s.ask("GET", "/v1/products?&limit=5&").status == 200);
  CHECK(s.ask("GET", "/v1/orders?state=DONE").status == 400);
  CHECK(s.ask("GET", "/v1/orders?user=a%20b").status == 400);
}
