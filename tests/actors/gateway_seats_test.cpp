// Tickets as a caller knows them: a concert is listed, one waits, holds a seat, pays, or is told exactly why not.
#include <atomic>

#include "actors/edge/cloud_event.hpp"
#include "tests/actors/gateway_shop.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// A clock that a test can move.
struct moved_clock final : runtime::clock {
  moment now() const override { return runtime::wall_clock{}.now() + ahead_ms; }
  std::atomic<std::int64_t> ahead_ms{0};
};

const std::string two_seats =
    R"({"name":"Gala","schedules":[{"id":"mon","starts":"2030-01-07T19:00:00Z","venue":"Hall","admits":2,"hold_seconds":60,)"
    R"("seats":[{"id":"A1","section":"Stalls","row":"A","number":"1","category":"I","price":5000},)"
    R"({"id":"A2","section":"Stalls","row":"A","number":"2","category":"II","price":3000}]}]})";

struct box_office : shop {
  explicit box_office(std::uint32_t shards = 2) : box_office(std::make_shared<moved_clock>(), shards) {}
  box_office(std::shared_ptr<moved_clock> with, std::uint32_t shards)
      : shop(shop_options{{}, shards, {}, with}), clock(std::move(with)) {
    for (const std::string user : {"anna", "bert", "carl"}) {
      REQUIRE(ask("PUT", "/v1/users/" + user, R"({"name":"U"})").status == 201);
      REQUIRE(post("/v1/wallets/" + user + "/charges", "fill", R"({"amount":9000})").status == 201);
    }
    REQUIRE(ask("PUT", "/v1/concerts/gala", two_seats).status == 201);
  }

  std::string token(const std::string& user) {
    const auto said = post("/v1/schedules/mon/queue-tokens", "t-" + user, R"({"user":")" + user + "\"}");
    INFO(said.body);
    REQUIRE(said.status == 201);
    return json::parse(said.body)["token"];
  }
  http_response hold(const std::string& user, const std::string& seat, const std::string& token) {
    return hold(user, seat, token, "h-" + std::to_string(++requests));
  }
  http_response hold(const std::string& user, const std::string& seat, const std::string& token,
                     const std::string& key) {
    return post("/v1/schedules/mon/holds", key,
                R"({"user":")" + user + R"(","seat":")" + seat + R"(","token":")" + token + "\"}");
  }
  std::string held(const std::string& user, const std::string& seat) {
    const auto said = hold(user, seat, token(user));
    INFO(said.body);
    REQUIRE(said.status == 201);
    return json::parse(said.body)["id"];
  }
  http_response pay(const std::string& payment, const std::string& reservation, const std::string& user,
                    const std::string& key = {}) {
    return post("/v1/seat-payments", key.empty() ? "k-" + payment : key,
                R"({"payment":")" + payment + R"(","reservation":")" + reservation + R"(","user":")" + user + "\"}");
  }
  std::string seats() {
    std::string text;
    const auto page = get("/v1/schedules/mon/seats");
    for (const auto& one : page["data"])
      text += one["id"].get<std::string>() + ' ' + one["state"].get<std::string>() + ';';
    return text;
  }
  std::shared_ptr<moved_clock> clock;
  int requests = 0;
};

std::string reason_of(const http_response& said) { return json::parse(said.body).value("reason", ""); }
std::string member_of(const http_response& said) {
  const auto body = json::parse(said.body);
  return body.contains("errors") ? body["errors"][0]["member"].get<std::string>() : body.dump();
}

}  // namespace

TEST_CASE("a concert is listed with its dates and their seats, again, and grown", "[S2.1]") {
  box_office s;
  const auto concert = s.get("/v1/concerts/gala");
  CHECK(concert["name"] == "Gala");
  CHECK(concert["schedules"][0]["seats"] == 2);
  CHECK(s.get("/v1/concerts")["data"].size() == 1);
  CHECK(s.get("/v1/concerts/gala/schedules")["data"][0]["venue"] == "Hall");
  CHECK(s.ask("PUT", "/v1/concerts/gala", two_seats).status == 200);
  CHECK(s.seats() == "A1 AVAILABLE;A2 AVAILABLE;");
  auto grown = json::parse(two_seats);
  grown["schedules"][0]["seats"].push_back(
      json::parse(R"({"id":"A3","section":"Stalls","row":"A","number":"3","category":"II","price":3000})"));
  CHECK(s.ask("PUT", "/v1/concerts/gala", grown.dump()).status == 200);
  CHECK(s.get("/v1/schedules/mon/seats?limit=2")["has_more"] == true);
  CHECK(s.get("/v1/schedules/mon/seats?starting_after=A2")["data"][0]["number"] == "3");
  const auto stolen = s.ask("PUT", "/v1/concerts/opera", two_seats);
  CHECK(stolen.status == 422);
  CHECK(member_of(stolen) == "schedules[0].id");
  CHECK(s.ask("GET", "/v1/concerts/opera").status == 404);
}

TEST_CASE("one waits, is let in, holds, pays, and every route that tells of it agrees", "[S2.3][S2.7][S2.8][S2.9]") {
  box_office s;
  const auto token = s.token("anna");
  const auto place = s.get("/v1/queue-tokens/" + token);
  CHECK(place["place"] == 1);
  CHECK(place["admitted"] == true);
  const auto held = s.hold("anna", "A1", token);
  REQUIRE(held.status == 201);
  const auto hold = json::parse(held.body);
  CHECK(hold["state"] == "HELD");
  CHECK(hold["price"] == 5000);
  CHECK(s.seats() == "A1 HELD;A2 AVAILABLE;");
  const auto paid = s.pay("p1", hold["id"], "anna");
  INFO(paid.body);
  REQUIRE(paid.status == 201);
  CHECK(header(paid, "Location") == "/v1/seat-payments/p1");
  const auto receipt = json::parse(paid.body);
  CHECK(receipt["amount"] == 5000);
  CHECK(receipt["seat"] == "A1");
  CHECK(s.seats() == "A1 RESERVED;A2 AVAILABLE;");
  CHECK(s.balance("anna") == 4000);
  CHECK(s.get("/v1/queue-tokens/" + token)["state"] == "USED");
  const auto payment = s.get("/v1/seat-payments/p1");
  CHECK(payment["state"] == "COMPLETED");
  CHECK(payment["order"] == receipt["order"]);
  const auto order = s.get("/v1/orders/" + receipt["order"].get<std::string>());
  CHECK(order["flow"] == "seat_payment");
  CHECK(order["paid"] == 5000);
  CHECK(order["items"].empty());
  CHECK(order["seat"]["id"] == "A1");
  CHECK(s.get("/v1/orders/" + receipt["order"].get<std::string>() + "/timeline")["timeline"].size() > 8);
  const auto book = "/v1/payments/" + receipt["order"].get<std::string>();
  CHECK(eventually([&] { return s.ask("GET", book).status == 200; }));
  CHECK(s.get(book)["amount"] == 5000);
  CHECK(s.get("/v1/rankings/best-sellers")["data"].empty());
}

TEST_CASE("a payment is taken once, by its id and by its key, and a reservation is paid once", "[S2.6]") {
  box_office s;
  const auto token = s.token("anna");
  const auto hold = s.hold("anna", "A1", token, "the-hold");
  const auto reservation = json::parse(hold.body)["id"].get<std::string>();
  const auto first = s.pay("p1", reservation, "anna");
  CHECK(first.status == 201);
  for (const std::string key : {"", "another-key"}) {
    const auto again = s.pay("p1", reservation, "anna", key);
    CHECK(again.status == 201);
    CHECK(again.body == first.body);
    CHECK(header(again, "Idempotent-Replayed") == "true");
  }
  CHECK(s.pay("p2", reservation, "anna", "k-p1").status == 422);
  const auto twice = s.pay("p2", reservation, "anna");
  CHECK(twice.status == 409);
  CHECK(reason_of(twice) == "seat_taken");
  CHECK(s.get("/v1/seat-payments/p2")["state"] == "FAILED");
  CHECK(s.get("/v1/seat-payments/p2")["reason"] == "seat_taken");
  CHECK(s.balance("anna") == 4000);
  // The hold's key gets its first answer, though the token opens no door any more.
  const auto replay = s.hold("anna", "A1", token, "the-hold");
  CHECK(replay.status == 201);
  CHECK(replay.body == hold.body);
  CHECK(s.hold("anna", "A2", token, "the-hold").status == 422);
  CHECK(reason_of(s.hold("anna", "A2", token)) == "not_admitted");
}

TEST_CASE("who is too poor gets the seat not, and the seat is free again", "[S2.4][S2.9]") {
  box_office s;
  REQUIRE(s.ask("PUT", "/v1/users/poor", R"({"name":"P"})").status == 201);
  const auto poor = s.pay("p1", s.held("poor", "A1"), "poor");
  CHECK(poor.status == 409);
  CHECK(reason_of(poor) == "insufficient_funds");
  CHECK(s.seats() == "A1 AVAILABLE;A2 AVAILABLE;");
  CHECK(s.get("/v1/wallets/poor")["entries"] == 0);
  // Its token came back: with money it goes on.
  REQUIRE(s.post("/v1/wallets/poor/charges", "c", R"({"amount":5000})").status == 201);
  CHECK(s.pay("p2", s.held("poor", "A1"), "poor").status == 201);
  CHECK(s.balance("poor") == 0);
  CHECK(s.pay("p1", s.held("bert", "A2"), "bert").status == 422);  // the id is taken
}

TEST_CASE("a hold that has expired is not paid for, whoever comes next has the seat", "[S2.2][S2.5]") {
  box_office s;
  const auto late = s.held("anna", "A1");
  CHECK(reason_of(s.hold("bert", "A1", s.token("bert"))) == "seat_taken");
  s.clock->ahead_ms = 61'000;
  CHECK(s.seats() == "A1 AVAILABLE;A2 AVAILABLE;");
  const auto carl = s.held("carl", "A1");
  const auto no = s.pay("p1", late, "anna");
  CHECK(reason_of(no) == "hold_expired");
  CHECK(s.balance("anna") == 9000);
  s.clock->ahead_ms = 0;
  const auto back = s.pay("p2", late, "anna");
  CHECK(reason_of(back) == "hold_expired");
  CHECK(s.balance("anna") == 9000);
  CHECK(s.pay("p3", carl, "carl").status == 201);
  CHECK(s.balance("carl") == 4000);
}

TEST_CASE("a held seat may be given back, a paid one only by its order", "[S2.2][S2.5]") {
  box_office s;
  const auto anna = s.held("anna", "A1");
  CHECK(s.ask("DELETE", "/v1/holds/" + anna).status == 200);
  CHECK(s.ask("DELETE", "/v1/holds/" + anna).status == 200);
  CHECK(s.seats() == "A1 AVAILABLE;A2 AVAILABLE;");
  CHECK(reason_of(s.pay("p1", anna, "anna")) == "hold_expired");
  CHECK(s.balance("anna") == 9000);
  const auto second = s.held("anna", "A2");
  const auto paid = s.pay("p2", second, "anna");
  REQUIRE(paid.status == 201);
  CHECK(reason_of(s.ask("DELETE", "/v1/holds/" + second)) == "not_cancellable");
  const auto order = json::parse(paid.body)["order"].get<std::string>();
  const auto cancelled = s.post("/v1/orders/" + order + "/cancel", "x");
  INFO(cancelled.body);
  CHECK(cancelled.status == 200);
  CHECK(s.balance("anna") == 9000);
  CHECK(s.seats() == "A1 AVAILABLE;A2 AVAILABLE;");
  CHECK(s.get("/v1/seat-payments/p2")["state"] == "CANCELLED");
  CHECK(s.pay("p2", second, "anna").status == 201);  // the first answer stands
  CHECK(s.get("/v1/wallets/anna/entries")["data"][0]["kind"] == "credit");
  CHECK(s.ask("DELETE", "/v1/holds/" + to_text(number{4711 << 8})).status == 404);
}

TEST_CASE("a payment that is cancelled on its way gives seat, token and points back", "[S2.5][S1.6]") {
  box_office s;
  const auto hold = s.held("anna", "A1");
  s.link->hold();
  const auto pay = [&] {
    return s.ask("POST", "/v1/seat-payments", R"({"payment":"p1","reservation":")" + hold + R"(","user":"anna"})",
                 {{"idempotency-key", "k"}, {"prefer", "wait=0"}});
  };
  const auto under_way = pay();
  CHECK(under_way.status == 202);
  const auto order = json::parse(under_way.body)["order"].get<std::string>();
  CHECK(reason_of(pay()) == "still_running");
  CHECK(s.ask("POST", "/v1/orders/" + order + "/cancel", "", {{"idempotency-key", "x"}, {"prefer", "wait=0"}}).status ==
        202);
  s.link->release();
  REQUIRE(eventually([&] { return s.get("/v1/seat-payments/p1")["state"] == "CANCELLED"; }));
  CHECK(s.balance("anna") == 9000);
  CHECK(s.seats().find("RESERVED") == std::string::npos);  // what was only held is still held
  CHECK(reason_of(pay()) == "cancelled");
}

TEST_CASE("what sold out is ranked, and leaves the ranking with a seat that comes back", "[S2.11]") {
  box_office s;
  CHECK(s.get("/v1/rankings/sold-out")["data"].empty());
  REQUIRE(s.pay("p1", s.held("anna", "A1"), "anna").status == 201);
  const auto last = s.pay("p2", s.held("bert", "A2"), "bert");
  REQUIRE(last.status == 201);
  REQUIRE(eventually([&] { return s.get("/v1/rankings/sold-out")["data"].size() == 1; }));
  const auto first = s.get("/v1/rankings/sold-out")["data"][0];
  CHECK(first["schedule"] == "mon");
  CHECK(first["seats"] == 2);
  CHECK(first["took_ms"] >= 0);
  const auto order = json::parse(last.body)["order"].get<std::string>();
  CHECK(s.post("/v1/orders/" + order + "/cancel", "x").status == 200);
  CHECK(eventually([&] { return s.get("/v1/rankings/sold-out")["data"].empty(); }));
  CHECK(s.ask("GET", "/v1/rankings/sold-out?limit=0").status == 400);
  CHECK(s.ask("GET", "/v1/rankings/sold-out?by=net").status == 400);
}

TEST_CASE("the data platform is told which seat was paid for", "[S2.3][S2.10]") {
  order::event event{7, {4711 << 8}, order::kind::completed, {1}, {"anna"}};
  event.seat = order::seat_sale{{"mon"}, {"A1"}, {2 << 8}, {1 << 8}, {5000}, 2, {1}};
  const auto told = json::parse(edge::structured(edge::describe(event, 0)));
  CHECK(told["type"] == "souk.order.completed");
  CHECK(told["data"]["total"] == 5000);
  CHECK(told["data"]["lines"].empty());
  CHECK(told["data"]["seat"]["schedule"] == "mon");
  CHECK(told["data"]["seat"]["id"] == "A1");
  event.seat.reset();
  CHECK_FALSE(json::parse(edge::structured(edge::describe(event, 0)))["data"].contains("seat"));
}

TEST_CASE("a wrong concert is refused by the member that is wrong, and nothing of it is there", "[S2.1]") {
  box_office s;
  struct wrong {
    std::string pointer, value, member;
  };
  const std::vector<wrong> all{
      {"/name", "7", "name"},
      {"/schedules", "[]", "schedules"},
      {"/schedules/0/id", R"("a b")", "schedules[0].id"},
      {"/schedules/0/starts", R"("tomorrow")", "schedules[0].starts"},
      {"/schedules/0/starts", "null", "schedules[0].starts"},
      {"/schedules/0/sales_open", "5", "schedules[0].sales_open"},
      {"/schedules/0/venue", R"("")", "schedules[0].venue"},
      {"/schedules/0/admits", "0", "schedules[0].admits"},
      {"/schedules/0/hold_seconds", "1.5", "schedules[0].hold_seconds"},
      {"/schedules/0/seats", "{}", "schedules[0].seats"},
      {"/schedules/0/seats/1/id", R"("A1")", "schedules[0].seats[1].id"},
      {"/schedules/0/seats/1/price", "-1", "schedules[0].seats[1].price"},
      {"/schedules/0/seats/1/price", "1e3", "schedules[0].seats[1].price"},
      {"/schedules/0/seats/0/row", "1", "schedules[0].seats[0].row"},
      {"/schedules/0/seats/0/colour", R"("red")", "schedules[0].seats[0].colour"},
      {"/capacity", "5", "capacity"},
  };
  for (const auto& one : all) {
    INFO(one.pointer << " = " << one.value);
    auto body = json::parse(two_seats);
    body["schedules"][0]["id"] = "wrong";
    body[json::json_pointer(one.pointer)] = json::parse(one.value);
    auto text = body.dump();
    if (one.value == "1e3") text.replace(text.find("1000.0"), 6, "1e3");
    const auto said = s.ask("PUT", "/v1/concerts/wrong", text);
    CHECK(said.status == 422);
    CHECK(member_of(said) == one.member);
  }
  auto twice = json::parse(two_seats);
  twice["schedules"].push_back(twice["schedules"][0]);
  CHECK(member_of(s.ask("PUT", "/v1/concerts/wrong", twice.dump())) == "schedules[1].id");
  auto missing = json::parse(two_seats);
  missing["schedules"][0].erase("starts");
  CHECK(member_of(s.ask("PUT", "/v1/concerts/wrong", missing.dump())) == "schedules[0].starts");
  CHECK(s.ask("PUT", "/v1/concerts/wrong", "{").status == 400);
  CHECK(s.ask("GET", "/v1/concerts/wrong").status == 404);
  CHECK(s.ask("GET", "/v1/schedules/wrong/seats").status == 404);
}

TEST_CASE("wrong holds, tokens and payments are refused by the member that is wrong", "[S2.8][S2.6]") {
  box_office s;
  const auto token = s.token("anna");
  const auto unknown = to_text(number{4711 << 8});
  const auto at = [](const std::string& target, const std::string& body, unsigned status, const std::string& member) {
    return std::make_tuple(target, body, status, member);
  };
  const std::string holds = "/v1/schedules/mon/holds", tokens = "/v1/schedules/mon/queue-tokens";
  const std::string payments = "/v1/seat-payments";
  for (const auto& [target, body, status, member] :
       {at(tokens, "{}", 422, "user"), at(tokens, R"({"user":"a b"})", 422, "user"),
        at(tokens, R"({"user":"anna","seat":"A1"})", 422, "seat"), at(tokens, R"({"user":"nobody"})", 404, ""),
        at("/v1/schedules/tue/queue-tokens", R"({"user":"anna"})", 404, ""),
        at(holds, R"({"user":"anna","seat":"A1"})", 422, "token"),
        at(holds, R"({"user":"anna","seat":"A1","token":"nonsense"})", 422, "token"),
        at(holds, R"({"user":"anna","seat":7,"token":")" + token + "\"}", 422, "seat"),
        at(holds, R"({"user":"anna","seat":"Z9","token":")" + token + "\"}", 404, ""),
        at(holds, R"({"user":"bert","seat":"A1","token":")" + token + "\"}", 409, ""),
        at(holds, R"({"user":"anna","seat":"A1","token":")" + unknown + "\"}", 409, ""),
        at("/v1/schedules/tue/holds", R"({"user":"anna","seat":"A1","token":")" + token + "\"}", 409, ""),
        at(payments, R"({"payment":"p","user":"anna"})", 422, "reservation"),
        at(payments, R"({"payment":"p q","user":"anna","reservation":")" + unknown + "\"}", 422, "payment"),
        at(payments, R"({"payment":"p","reservation":"nonsense","user":"anna"})", 422, "reservation"),
        at(payments, R"({"payment":"p","user":"anna","reservation":")" + unknown + "\"}", 404, ""),
        at(payments, R"({"payment":"p","user":"anna","amount":1,"reservation":")" + unknown + "\"}", 422, "amount")}) {
    INFO(target << ' ' << body);
    const auto said = s.post(target, "key-" + std::to_string(++s.requests), body);
    INFO(said.body);
    CHECK(said.status == status);
    if (!member.empty()) CHECK(member_of(said) == member);
    CHECK(s.ask("POST", target, body).status == 400);  // without a key
  }
  CHECK(s.ask("GET", "/v1/queue-tokens/nonsense").status == 404);
  CHECK(s.ask("GET", "/v1/queue-tokens/" + unknown).status == 404);
  CHECK(s.ask("GET", "/v1/seat-payments/p").status == 404);
  CHECK(s.ask("GET", "/v1/seat-payments/a%20b").status == 404);
  CHECK(s.ask("GET", "/v1/concerts/none").status == 404);
  CHECK(s.ask("GET", "/v1/concerts/none/schedules").status == 404);
  CHECK(s.ask("GET", "/v1/schedules/mon/seats?starting_after=Z9").status == 400);
  CHECK(s.ask("GET", "/v1/schedules/mon/seats?limit=0").status == 400);
  CHECK(s.post("/v1/orders", "o", R"({"user":"anna","items":[{"product":"x","quantity":1}],"flow":"seat_payment"})")
            .status == 422);
  CHECK(s.seats() == "A1 AVAILABLE;A2 AVAILABLE;");
  CHECK(s.balance("anna") == 9000);
}
