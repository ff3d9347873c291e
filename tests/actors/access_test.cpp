// Who may do what: every route with every kind of key, through the gateway itself.
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "actors/edge/keys.hpp"
#include "actors/edge/routes.hpp"
#include "tests/actors/gateway_shop.hpp"
#include "tests/actors/logged.hpp"
#include "tests/actors/sockets.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

const moment some_day{1'800'000'000'000};

std::string make_key(const std::string& file, edge::role role, const std::string& user = {}) {
  edge::key_row row;
  row.role = role;
  row.user = user;
  row.made = some_day;
  return edge::add_key(file, row).key;
}

std::string read_file(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// Who asks: a key of each role, ben beside anna, and those who have none that is good.
const std::vector<std::string> callers{"nobody", "a stranger", "one revoked", "ben",  "anna",
                                       "staff",  "operator",   "provider",    "admin"};

// anna's world, furnished while nobody needed a key; then there are keys.
struct guarded_shop {
  temporary_folder folder;
  std::string file = folder.file("keys.json");
  std::shared_ptr<edge::key_ring> ring = std::make_shared<edge::key_ring>(file);
  std::string access_file = folder.file("access.log");
  std::shared_ptr<edge::access_log> access = std::make_shared<edge::access_log>(access_file);
  shop s{{.gateway = {.keys = ring, .access_log = access}}};
  std::map<std::string, std::string> keys;
  std::map<std::string, std::string> ids;  // what the rows below put into their paths and bodies

  guarded_shop() {
    furnish();
    using edge::role;
    keys = {{"nobody", ""},
            {"a stranger", "souk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
            {"one revoked", make_key(file, role::admin)},
            {"ben", make_key(file, role::customer, "ben")},
            {"anna", make_key(file, role::customer, "anna")},
            {"staff", make_key(file, role::staff)},
            {"operator", make_key(file, role::operations)},
            {"provider", make_key(file, role::provider)},
            {"admin", make_key(file, role::admin)}};
    REQUIRE(edge::revoke_key(file, edge::read_keys(file).front().id, some_day));
    ring->look();
    REQUIRE(ring->any());
  }

  http_response ask(const std::string& caller, const std::string& method, const std::string& target,
                    const std::string& body = {}, const std::string& key = "k",
                    edge::entrance at = edge::entrance::admin, const std::string& host = "127.0.0.1") {
    http_request request{
        method, target, {{"host", host}, {"idempotency-key", key}, {"accept", "application/json"}}, body, "test"};
    if (const auto& shown = keys.at(caller); !shown.empty())
      request.headers.emplace_back("authorization", "Bearer " + shown);
    const auto heard = std::make_shared<std::promise<http_response>>();
    s.gateway->handle(
        request, [heard](http_response&& said) { heard->set_value(std::move(said)); }, at);
    return heard->get_future().get();
  }

  // {order} is the id of anna's order, and so on.
  std::string filled(std::string text) const {
    for (const auto& [name, id] : ids)
      for (auto at = text.find('{' + name + '}'); at != text.npos; at = text.find('{' + name + '}'))
        text.replace(at, name.size() + 2, id);
    return text;
  }

  // All that anna has, as an admin sees it.
  std::string annas_world() {
    std::string all;
    for (const auto* target : {"/v1/users/anna", "/v1/wallets/anna/entries", "/v1/carts/anna", "/v1/users/anna/coupons",
                               "/v1/orders?user=anna", "/v1/schedules/gala-1/seats", "/v1/schedules/gala-2/seats",
                               "/v1/products", "/v1/campaigns/tea", "/v1/concerts", "/v1/admin/audit"}) {
      const auto said = ask("admin", "GET", target);
      REQUIRE(said.status == 200);
      all += said.body;
    }
    // A hold says until when; nothing else here moves by itself.
    return all;
  }

private:
  void furnish() {
    s.furnish();
    const auto id = [&](const http_response& said, const char* name) {
      INFO(said.body);
      REQUIRE(said.status < 300);
      return json::parse(said.body).at(name).get<std::string>();
    };
    REQUIRE(s.ask("PUT", "/v1/users/ben", R"({"name":"Ben"})").status == 201);
    REQUIRE(s.post("/v1/wallets/ben/charges", "f", R"({"amount":10000})").status == 201);
    REQUIRE(s.post("/v1/wallets/anna/charges", "k", R"({"amount":10})").status == 201);
    ids["order"] = id(s.post("/v1/orders", "k", two_teapots), "id");
    ids["bens"] = id(s.post("/v1/orders", "b", R"({"user":"ben","items":[{"product":"teapot","quantity":1}]})"), "id");
    ids["cancelled"] = id(s.post("/v1/orders", "c", two_teapots), "id");
    REQUIRE(eventually([&] {
      return s.post("/v1/orders/" + ids["cancelled"] + "/cancel", "k").status == 200 &&
             s.ask("GET", "/v1/payments/" + ids["order"]).status == 200;
    }));
    REQUIRE(s.ask("PUT", "/v1/campaigns/tea", R"({"discount":{"percent":10},"limit":9})").status == 201);
    ids["coupon"] = id(s.post("/v1/campaigns/tea/coupons", "k", R"({"user":"anna"})"), "id");
    REQUIRE(s.ask("PUT", "/v1/carts/anna/items/teapot", R"({"quantity":1})").status == 200);
    REQUIRE(eventually([&] { return s.post("/v1/carts/anna/checkout", "k").status == 201; }));
    REQUIRE(s.ask("PUT", "/v1/carts/anna/items/teapot", R"({"quantity":1})").status == 200);
    REQUIRE(s.ask("PUT", "/v1/concerts/gala", gala).status == 201);
    ids["token"] = id(s.post("/v1/schedules/gala-1/queue-tokens", "k", R"({"user":"anna"})"), "token");
    const auto second = id(s.post("/v1/schedules/gala-2/queue-tokens", "k", R"({"user":"anna"})"), "token");
    ids["hold"] = id(
        s.post("/v1/schedules/gala-1/holds", "k", R"({"user":"anna","seat":"A1","token":")" + ids["token"] + R"("})"),
        "id");
    ids["let-go"] = id(
        s.post("/v1/schedules/gala-2/holds", "k", R"({"user":"anna","seat":"A1","token":")" + second + R"("})"), "id");
    REQUIRE(eventually([&] { return s.post("/v1/seat-payments", "k", filled(seat_payment)).status == 201; }));
    ids["folder"] = folder.path().string();
    REQUIRE(eventually([&] { return s.get("/v1/admin/sagas?state=open")["data"].empty(); }));
  }

public:
  static constexpr const char* gala =
      R"({"name":"Gala","schedules":[
        {"id":"gala-1","starts":"2030-01-01T19:30:00Z","hold_seconds":86400,
         "seats":[{"id":"A1","section":"S","row":"A","number":"1","category":"I","price":100}]},
        {"id":"gala-2","starts":"2030-01-02T19:30:00Z","hold_seconds":86400,
         "seats":[{"id":"A1","section":"S","row":"A","number":"1","category":"I","price":100}]}]})";
  static constexpr const char* seat_payment = R"({"payment":"pay-1","reservation":"{hold}","user":"anna"})";
};

// Each route once more, written down a second time by hand: who gets in, what ben hears about anna's, and what those
// hear who may. `c` customer, `s` staff, `o` operator, `p` provider, `a` admin; `-` everybody, without a key.
struct row {
  std::string_view route;
  std::string_view who;
  unsigned ben;   // 0: as anna
  unsigned well;  // also a conflict, or a 404, that only those hear who were let in
  std::string target;
  std::string body;
};
const std::vector<row> rows{
    {"POST /v1/orders", "csa", 403, 201, "/v1/orders", two_teapots},
    {"GET /v1/orders/{id}", "csoa", 404, 200, "/v1/orders/{order}", ""},
    {"GET /v1/orders", "csoa", 403, 200, "/v1/orders?user=anna", ""},
    {"GET /v1/orders/{id}/timeline", "csoa", 404, 200, "/v1/orders/{order}/timeline", ""},
    // In this process there is no connection to stream over.
    {"GET /v1/orders/{id}/events", "csoa", 404, 406, "/v1/orders/{order}/events", ""},
    {"POST /v1/orders/{id}/cancel", "csa", 404, 200, "/v1/orders/{cancelled}/cancel", ""},
    {"GET /v1/payments/{order}", "csoa", 404, 200, "/v1/payments/{order}", ""},
    {"PUT /v1/users/{id}", "csa", 404, 200, "/v1/users/anna", R"({"name":"Anna"})"},
    {"GET /v1/users/{id}", "csa", 404, 200, "/v1/users/anna", ""},
    {"PATCH /v1/users/{id}", "csa", 404, 200, "/v1/users/anna", R"({"name":"Anna"})"},
    {"GET /v1/wallets/{user}", "csa", 404, 200, "/v1/wallets/anna", ""},
    {"POST /v1/wallets/{user}/charges", "sa", 403, 201, "/v1/wallets/anna/charges", R"({"amount":10})"},
    {"GET /v1/wallets/{user}/entries", "csa", 404, 200, "/v1/wallets/anna/entries", ""},
    {"PUT /v1/products/{id}", "sa", 403, 200, "/v1/products/teapot", R"({"name":"Teapot","price":250})"},
    {"GET /v1/products/{id}", "csoa", 0, 200, "/v1/products/teapot", ""},
    {"PATCH /v1/products/{id}", "sa", 403, 200, "/v1/products/teapot", R"({"price":250})"},
    {"POST /v1/products/{id}/restocks", "sa", 403, 201, "/v1/products/teapot/restocks", R"({"quantity":1})"},
    {"GET /v1/products", "csoa", 0, 200, "/v1/products", ""},
    {"PUT /v1/campaigns/{code}", "sa", 403, 200, "/v1/campaigns/tea", R"({"discount":{"percent":10},"limit":9})"},
    {"GET /v1/campaigns/{code}", "csoa", 0, 200, "/v1/campaigns/tea", ""},
    {"POST /v1/campaigns/{code}/coupons", "csa", 403, 201, "/v1/campaigns/tea/coupons", R"({"user":"anna"})"},
    {"GET /v1/coupons/{id}", "csa", 404, 200, "/v1/coupons/{coupon}", ""},
    {"GET /v1/users/{id}/coupons", "csa", 404, 200, "/v1/users/anna/coupons", ""},
    {"GET /v1/carts/{user}", "csa", 404, 200, "/v1/carts/anna", ""},
    {"PUT /v1/carts/{user}/items/{product}", "csa", 404, 200, "/v1/carts/anna/items/teapot", R"({"quantity":1})"},
    {"DELETE /v1/carts/{user}/items/{product}", "csa", 404, 200, "/v1/carts/anna/items/teapot", ""},
    {"POST /v1/carts/{user}/checkout", "csa", 404, 201, "/v1/carts/anna/checkout", ""},
    {"GET /v1/rankings/best-sellers", "csoa", 0, 200, "/v1/rankings/best-sellers", ""},
    {"POST /v1/admin/orders", "sa", 403, 201, "/v1/admin/orders",
     R"({"user":"anna","items":[{"product":"teapot","quantity":1,"amount":5}]})"},
    {"POST /v1/admin/returns", "sa", 403, 201, "/v1/admin/returns",
     R"({"user":"anna","items":[{"product":"teapot","quantity":1,"amount":5}]})"},
    {"GET /v1/admin/sagas", "oa", 403, 200, "/v1/admin/sagas", ""},
    {"GET /v1/admin/sagas/{id}", "oa", 403, 200, "/v1/admin/sagas/{order}", ""},
    {"GET /v1/admin/locks", "oa", 403, 200, "/v1/admin/locks", ""},
    {"POST /v1/admin/sagas/{id}/retry", "oa", 403, 409, "/v1/admin/sagas/{order}/retry", R"({"reason":"r"})"},
    {"POST /v1/admin/sagas/{id}/compensate", "oa", 403, 409, "/v1/admin/sagas/{order}/compensate", R"({"reason":"r"})"},
    {"POST /v1/admin/sagas/{id}/skip", "oa", 403, 409, "/v1/admin/sagas/{order}/skip", R"({"reason":"r"})"},
    {"POST /v1/admin/sagas/{id}/fail", "oa", 403, 409, "/v1/admin/sagas/{order}/fail", R"({"reason":"r"})"},
    // No saga of the shop stands still.
    {"POST /v1/admin/repairs", "oa", 403, 200, "/v1/admin/repairs",
     R"({"repair":"retry","reason":"r","state":"parked"})"},
    {"GET /v1/admin/designs", "oa", 403, 200, "/v1/admin/designs", ""},
    {"POST /v1/admin/designs/{design}/pause", "oa", 403, 200, "/v1/admin/designs/take_back/pause",
     R"({"reason":"r","dry_run":true})"},
    {"POST /v1/admin/designs/{design}/resume", "oa", 403, 200, "/v1/admin/designs/take_back/resume",
     R"({"reason":"r"})"},
    {"GET /v1/admin/check", "oa", 403, 200, "/v1/admin/check", ""},
    {"GET /v1/admin/audit", "oa", 403, 200, "/v1/admin/audit", ""},
    {"GET /v1/admin/audit/verify", "oa", 403, 200, "/v1/admin/audit/verify", ""},
    {"GET /v1/admin/plans", "oa", 403, 200, "/v1/admin/plans", ""},
    {"GET /v1/admin/nodes", "oa", 403, 200, "/v1/admin/nodes", ""},
    {"GET /v1/admin/live", "oa", 403, 200, "/v1/admin/live", ""},
    {"GET /v1/admin/outbox", "oa", 403, 200, "/v1/admin/outbox", ""},
    {"POST /v1/admin/outbox/{source}/{seq}/retry", "oa", 403, 404, "/v1/admin/outbox/0/1/retry", R"({"reason":"r"})"},
    {"GET /v1/admin/event-log", "oa", 403, 200, "/v1/admin/event-log", ""},
    {"POST /v1/admin/event-log/{letter}/retry", "oa", 403, 404, "/v1/admin/event-log/0-1-1/retry", R"({"reason":"r"})"},
    {"POST /v1/admin/payment-webhooks", "pa", 403, 404, "/v1/admin/payment-webhooks",
     R"({"key":"{order}","state":"captured"})"},
    {"GET /v1/admin/actors", "oa", 403, 200, "/v1/admin/actors", ""},
    {"POST /v1/admin/backups", "oa", 403, 409, "/v1/admin/backups", R"({"to":"{folder}"})"},
    {"POST /v1/admin/moves", "oa", 403, 404, "/v1/admin/moves", R"({"shard":"wallet/0","to":"b","reason":"r"})"},
    {"GET /livez", "-", 0, 200, "/livez", ""},
    {"GET /readyz", "-", 0, 200, "/readyz", ""},
    {"GET /metrics", "oa", 403, 200, "/metrics", ""},
    {"GET /openapi.json", "-", 0, 200, "/openapi.json", ""},
    {"PUT /v1/concerts/{id}", "sa", 403, 200, "/v1/concerts/gala", guarded_shop::gala},
    {"GET /v1/concerts/{id}", "csoa", 0, 200, "/v1/concerts/gala", ""},
    {"GET /v1/concerts", "csoa", 0, 200, "/v1/concerts", ""},
    {"GET /v1/concerts/{id}/schedules", "csoa", 0, 200, "/v1/concerts/gala/schedules", ""},
    {"GET /v1/schedules/{id}/seats", "csoa", 0, 200, "/v1/schedules/gala-1/seats", ""},
    {"POST /v1/schedules/{id}/queue-tokens", "csa", 403, 201, "/v1/schedules/gala-1/queue-tokens",
     R"({"user":"anna"})"},
    {"GET /v1/queue-tokens/{token}", "csa", 404, 200, "/v1/queue-tokens/{token}", ""},
    {"POST /v1/schedules/{id}/holds", "csa", 403, 201, "/v1/schedules/gala-1/holds",
     R"({"user":"anna","seat":"A1","token":"{token}"})"},
    {"DELETE /v1/holds/{id}", "csa", 404, 200, "/v1/holds/{let-go}", ""},
    {"POST /v1/seat-payments", "csa", 403, 201, "/v1/seat-payments", guarded_shop::seat_payment},
    {"GET /v1/seat-payments/{id}", "csa", 404, 200, "/v1/seat-payments/pay-1", ""},
    {"GET /v1/rankings/sold-out", "csoa", 0, 200, "/v1/rankings/sold-out", ""},
    {"GET /", "-", 0, 200, "/", ""},
    {"GET /console.js", "-", 0, 200, "/console.js", ""},
    {"GET /console.css", "-", 0, 200, "/console.css", ""},
    {"GET /console.svg", "-", 0, 200, "/console.svg", ""},
};

const row* row_of(const edge::route& route) {
  const auto name = std::string{route.method} + ' ' + std::string{route.pattern};
  for (const auto& one : rows)
    if (one.route == name) return &one;
  return nullptr;
}

unsigned expected(const row& of, const std::string& caller) {
  if (of.who == "-") return of.well;
  if (caller == "nobody" || caller == "a stranger" || caller == "one revoked") return 401;
  const char letter = caller == "anna" || caller == "ben" ? 'c' : caller.front();
  if (of.who.find(letter) == of.who.npos) return 403;
  return caller == "ben" && of.ben ? of.ben : of.well;
}

}  // namespace

TEST_CASE("every route says who may use it, and a second list says the same", "[access]") {
  std::set<std::string_view> known;
  for (const auto& route : edge::all_routes()) {
    INFO(route.method << ' ' << route.pattern);
    const auto* mine = row_of(route);
    REQUIRE(mine);
    known.insert(mine->route);
    CHECK(route.guard.needs_key() == (mine->who != "-"));
    for (std::size_t r = 0; r < edge::role_names.size(); ++r) {
      INFO(edge::role_names[r]);
      const char letter = "csopa"[r == 2 ? 2 : r == 3 ? 4 : r == 4 ? 3 : r];
      CHECK(route.guard.lets_in(static_cast<edge::role>(r)) == (mine->who.find(letter) != mine->who.npos));
    }
  }
  CHECK(known.size() == rows.size());
}

TEST_CASE("every route answers every kind of key exactly as it should, and what it refuses has no effect", "[access]") {
  guarded_shop here;
  const auto try_all = [&](bool refused_ones) {
    for (const auto& one : edge::all_routes()) {
      const auto* mine = row_of(one);
      REQUIRE(mine);
      for (const auto& caller : callers) {
        const auto status = expected(*mine, caller);
        const bool refused = status != mine->well || status == 401 || status == 403;
        if (refused != refused_ones) continue;
        // Agreed orders have their keys among the others' orders.
        const auto key = mine->target.rfind("/v1/admin/", 0) == 0 ? mine->target : "k";
        const auto said =
            here.ask(caller, std::string{one.method}, here.filled(mine->target), here.filled(mine->body), key);
        INFO(caller << ": " << mine->route << ": " << said.body);
        CHECK(said.status == status);
        if (status == 401) CHECK(header(said, "WWW-Authenticate").rfind("Bearer", 0) == 0);
        if (refused) CHECK(said.content_type == "application/problem+json");
      }
    }
  };
  const auto before = here.annas_world();
  try_all(true);
  CHECK(here.annas_world() == before);
  try_all(false);
}

TEST_CASE("what is another's looks like what is not there, letter by letter", "[access]") {
  guarded_shop here;
  const std::string none = to_text(number{1'234'567});
  for (const auto& one : rows) {
    if (one.ben != 404) continue;
    auto absent = here.filled(one.target);
    for (const auto& theirs : {here.ids["order"], here.ids["cancelled"], here.ids["coupon"], here.ids["token"],
                               here.ids["let-go"], std::string{"anna"}, std::string{"pay-1"}})
      if (const auto at = absent.find(theirs); at != absent.npos)
        absent.replace(at, theirs.size(), theirs.size() == none.size() ? none : "zoe");
    const auto method = std::string{one.route.substr(0, one.route.find(' '))};
    auto theirs = here.ask("ben", method, here.filled(one.target), one.body).body;
    auto nothing = here.ask("ben", method, absent, one.body).body;
    INFO(one.route << ": " << theirs << " or " << nothing);
    // The one thing that differs is what was asked for.
    const auto quoted = [](std::string& text) {
      const auto from = text.find("\"detail\":\""), to = text.find('"', from + 10);
      if (from != text.npos && to != text.npos) text.erase(from, to - from);
    };
    quoted(theirs), quoted(nothing);
    CHECK(theirs == nothing);
    CHECK(theirs.find("\"status\":404") != theirs.npos);
  }
}

TEST_CASE("lists show a customer what is theirs, and no id of anybody else's", "[access]") {
  guarded_shop here;
  const auto ids_in = [](const http_response& said) {
    std::set<std::string> found;
    REQUIRE(said.status == 200);
    const auto all = json::parse(said.body);
    for (const auto& one : all.at("data")) found.insert(one.at("id").get<std::string>());
    return found;
  };
  CHECK(ids_in(here.ask("ben", "GET", "/v1/orders")) == std::set<std::string>{here.ids["bens"]});
  CHECK(ids_in(here.ask("ben", "GET", "/v1/orders?user=ben")) == std::set<std::string>{here.ids["bens"]});
  CHECK(ids_in(here.ask("ben", "GET", "/v1/orders?limit=1000&state=CANCELLED")).empty());
  CHECK(ids_in(here.ask("ben", "GET", "/v1/orders?starting_after=" + here.ids["cancelled"])) ==
        std::set<std::string>{here.ids["bens"]});
  CHECK(ids_in(here.ask("staff", "GET", "/v1/orders")).size() > 2);
  CHECK(ids_in(here.ask("anna", "GET", "/v1/orders")).contains(here.ids["order"]));
  CHECK_FALSE(ids_in(here.ask("anna", "GET", "/v1/orders")).contains(here.ids["bens"]));
  CHECK(ids_in(here.ask("ben", "GET", "/v1/users/ben/coupons")).empty());
  // Nobody's seat says whose it is.
  CHECK(here.ask("ben", "GET", "/v1/schedules/gala-1/seats").body.find("anna") == std::string::npos);
}

TEST_CASE("the key of another's request brings nothing of what it was told", "[access][S0.2]") {
  guarded_shop here;
  // Ben, with anna's Idempotency-Keys, in his own name.
  for (const auto& one : rows) {
    if (one.route.rfind("POST", 0) != 0 || one.ben != 403 || one.who.front() != 'c') continue;
    auto body = here.filled(one.body);
    const auto at = body.find("\"anna\"");
    REQUIRE(at != body.npos);
    body.replace(at, 6, "\"ben\"");
    const auto said = here.ask("ben", "POST", here.filled(one.target), body);
    INFO(one.route << ": " << said.body);
    CHECK(said.status >= 400);
    CHECK(said.status < 500);
    for (const auto* mine : {"order", "coupon", "token", "hold"})
      CHECK((said.body.find(here.ids[mine]) == said.body.npos || body.find(here.ids[mine]) != body.npos));
  }
  CHECK(here.s.node != nullptr);
}

TEST_CASE("ben can neither spend anna's coupon, token or hold nor pay with her money", "[access]") {
  guarded_shop here;
  const auto before = here.annas_world();
  const auto with_coupon =
      here.ask("ben", "POST", "/v1/orders", here.filled(R"({"user":"ben","items":[{"product":"teapot","quantity":1}],
                                                    "coupon":"{coupon}"})"),
               "n1");
  CHECK(with_coupon.status == 409);
  CHECK(json::parse(with_coupon.body)["reason"] == "coupon_invalid");
  const auto with_token = here.ask("ben", "POST", "/v1/schedules/gala-1/holds",
                                   here.filled(R"({"user":"ben","seat":"A1","token":"{token}"})"), "n2");
  CHECK(with_token.status == 409);
  const auto with_hold = here.ask("ben", "POST", "/v1/seat-payments",
                                  here.filled(R"({"payment":"p9","reservation":"{let-go}","user":"ben"})"), "n3");
  CHECK(with_hold.status == 404);
  CHECK(here.annas_world() == before);
}

TEST_CASE("admin routes leave the public entrance as soon as there are keys, or an entrance of their own", "[access]") {
  const std::set<std::string> apart{"/metrics", "/", "/console.js", "/console.css", "/console.svg"};
  const auto is_admins = [&](const edge::route& one) {
    return one.pattern.rfind("/v1/admin/", 0) == 0 || apart.contains(std::string{one.pattern});
  };
  for (const auto& one : edge::all_routes()) {
    INFO(one.pattern);
    CHECK((one.guard.where() == edge::entrance::admin) == is_admins(one));
  }
  guarded_shop here;
  shop open;
  shop configured{{.gateway = {.admin_apart = true}}};
  for (const auto& one : edge::all_routes()) {
    if (one.method != "GET" || one.pattern.find('{') != one.pattern.npos) continue;
    INFO(one.pattern);
    const std::string target{one.pattern};
    const edge::header_list json_please{{"accept", "application/json"}};
    CHECK(open.ask("GET", target, {}, json_please).status == 200);
    CHECK(configured.ask("GET", target, {}, json_please).status == (is_admins(one) ? 404U : 200U));
    // Not even an admin finds them there.
    CHECK(here.ask("admin", "GET", target, {}, "k", edge::entrance::front).status == (is_admins(one) ? 404U : 200U));
    CHECK(here.ask("admin", "GET", target).status == 200);
  }
}

namespace {

// Somebody who listens to events.
class listening {
public:
  listening(std::uint16_t port, const std::string& target, const std::string& key = {})
      : socket_(plain_socket::to(port)) {
    socket_.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n" +
                 (key.empty() ? "" : "Authorization: Bearer " + key + "\r\n") + "Connection: close\r\n\r\n");
  }
  // True when it came; false when the stream ended before.
  bool until(const std::string& mark) {
    const bool came = in_the_end([&] { return heard_.find(mark) != heard_.npos || !read(); });
    const bool found = came && heard_.find(mark) != heard_.npos;
    if (found) heard_.clear();
    return found;
  }
  // Whatever else it tells before.
  bool ends() {
    return in_the_end([&] { return !read(); });
  }

private:
  bool read() {
    if (!socket_.ready(1)) return true;
    const auto more = socket_.read_all(1);
    heard_ += more.bytes;
    return !more.bytes.empty();
  }

  plain_socket socket_;
  std::string heard_;
};

}  // namespace

TEST_CASE("while nobody needs a key no page of another reaches a node through its operator's browser", "[access]") {
  tests::shop open;
  open.furnish();
  const auto pause = [&](const tests::shop::headers& with) {
    return open.ask("POST", "/v1/admin/designs/order_payment/pause", R"({"reason": "a jest"})", with).status;
  };
  for (const auto* host : {"evil.example", "evil.example:8080", "127.evil.example", "localhost.evil.example",
                           "10.0.0.1", "[::2]:80", ":80"}) {
    INFO(host);
    CHECK(pause({{"host", host}}) == 403);
    CHECK(open.ask("GET", "/v1/orders", {}, {{"host", host}}).status == 403);
  }
  for (const auto* origin : {"http://evil.example", "null", "http://127.0.0.1:81", "http://localhost:80"}) {
    INFO(origin);
    CHECK(pause({{"host", "127.0.0.1:80"}, {"origin", origin}}) == 403);
  }
  CHECK_FALSE(open.get("/v1/admin/designs")["data"][0].contains("paused"));
  for (const auto* host : {"127.0.0.1:80", "LocalHost", "localhost:8080", "[::1]:80", "127.0.0.2"}) {
    INFO(host);
    CHECK(open.ask("GET", "/v1/orders", {}, {{"host", host}}).status == 200);
    CHECK(open.ask("GET", "/v1/orders", {}, {{"host", host}, {"origin", std::string{"http://"} + host}}).status == 200);
  }
  // Who has a key brings it himself; no browser does it for him.
  guarded_shop here;
  CHECK(here.ask("admin", "GET", "/v1/orders", {}, "k", edge::entrance::admin, "shop.example").status == 200);
}

TEST_CASE("who mends something signs with his key, whatever he says that he is called", "[access][C.6]") {
  guarded_shop here;
  const auto said = here.ask("operator", "POST", "/v1/admin/designs/order_payment/pause",
                             R"({"reason": "a jest", "by": "the-boss"})", "signed");
  REQUIRE(said.status == 200);
  const std::string by = json::parse(said.body)["lines"][0]["by"];
  CHECK(by.starts_with("the-boss (operator "));
  CHECK(by.size() == std::string{"the-boss (operator )"}.size() + 12);
  here.ask("operator", "POST", "/v1/admin/designs/order_payment/resume", R"({"reason": "enough"})", "over");
}

TEST_CASE("an open stream of events ends with its key, and others go on", "[access][C.6]") {
  guarded_shop here;
  here.s.link->hold();
  const auto placed = here.ask("admin", "POST", "/v1/orders", two_teapots, "stream");  // waits in vain for its end
  REQUIRE(placed.status == 202);
  const std::string order = json::parse(placed.body)["id"];
  edge::http_server server{{}, [&](edge::http_request&& request, edge::responder to) {
                             here.s.gateway->handle(std::move(request), to, edge::entrance::admin);
                           }};
  const auto events = "/v1/orders/" + order + "/events";
  listening ticks{server.port(), "/v1/admin/live", here.keys["operator"]};
  listening others{server.port(), "/v1/admin/live", here.keys["admin"]};
  listening own{server.port(), events, here.keys["anna"]};
  listening staff{server.port(), events, here.keys["staff"]};
  for (auto* one : {&ticks, &others}) REQUIRE(one->until("event: tick"));
  for (auto* one : {&own, &staff}) REQUIRE(one->until("200 OK"));
  for (const auto& row : edge::read_keys(here.file))
    if (row.role == edge::role::operations || row.user == "anna")
      REQUIRE(edge::revoke_key(here.file, row.id, some_day));
  here.ring->look();
  CHECK(ticks.ends());
  CHECK(own.ends());
  CHECK(others.until("event: tick"));
  CHECK(others.until("event: tick"));
  here.s.link->release();
  CHECK(staff.until("event: order"));
}

TEST_CASE("an open stream of one who needed no key ends when the first key is made", "[access][C.6]") {
  temporary_folder folder;
  const auto file = folder.file("keys.json");
  const auto ring = std::make_shared<edge::key_ring>(file);
  shop s{{.gateway = {.keys = ring}}};
  edge::http_server server{{}, [&](edge::http_request&& request, edge::responder to) {
                             s.gateway->handle(std::move(request), to, edge::entrance::admin);
                           }};
  listening ticks{server.port(), "/v1/admin/live"};
  REQUIRE(ticks.until("event: tick"));
  make_key(file, edge::role::admin);
  ring->look();
  CHECK(ticks.ends());
}

TEST_CASE("the file has no key but its hash, nobody else may read it, and it is read again when it changes",
          "[access]") {
  temporary_folder folder;
  const auto file = folder.file("keys.json");
  edge::key_ring ring{file};
  CHECK_FALSE(ring.any());
  const auto key = make_key(file, edge::role::customer, "anna");
  CHECK(key.size() == 48);
  CHECK(key.rfind("souk_", 0) == 0);
  const auto text = read_file(file);
  CHECK(text.find(key) == text.npos);
  CHECK(text.find(key.substr(5)) == text.npos);
  struct stat about {};
  REQUIRE(::stat(file.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);

  CHECK(ring.find("Bearer " + key) == nullptr);
  ring.look();
  CHECK(ring.any());
  const auto found = ring.find("Bearer " + key);
  REQUIRE(found);
  CHECK(found->user == "anna");
  CHECK(ring.find("bearer " + key) != nullptr);
  auto other = key;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  for (const auto& wrong : {std::string{}, key, "Basic " + key, "Bearer " + other, "Bearer " + key + "A",
                            "Bearer  " + key, "Bearer " + key.substr(0, 47)}) {
    INFO(wrong);
    CHECK(ring.find(wrong) == nullptr);
  }

  // What cannot be believed changes nothing; what is gone lets nobody in, and does not open the door.
  { std::ofstream{file} << "{"; }
  ring.look();
  CHECK(ring.find("Bearer " + key) != nullptr);
  std::filesystem::remove(file);
  ring.look();
  CHECK(ring.find("Bearer " + key) == nullptr);
  CHECK(ring.any());
}

TEST_CASE("a file of keys that others may read, or that says what it should not, is not believed", "[access]") {
  temporary_folder folder;
  const auto file = folder.file("keys.json");
  make_key(file, edge::role::admin);
  const auto good = read_file(file);
  const auto write = [&](const std::string& text) { std::ofstream{file, std::ios::binary | std::ios::trunc} << text; };
  const auto changed = [&](const std::string& from, const std::string& to) {
    auto text = good;
    const auto at = text.find(from);
    REQUIRE(at != text.npos);
    return text.replace(at, from.size(), to);
  };
  CHECK_NOTHROW(edge::key_ring{file});
  for (const auto& bad : {std::string{}, std::string{"[]"}, changed("\"admin\"", "\"king\""),
                          changed("\"admin\"", "\"customer\""), changed("\"hash\":\"", "\"hash\":\"x"),
                          changed("\"role\"", "\"rule\""), changed("\"made\":\"", "\"made\":\"yesterday ")}) {
    INFO(bad);
    write(bad);
    CHECK_THROWS_AS(edge::key_ring{file}, edge::keys_wrong);
  }
  write(good);
  REQUIRE(::chmod(file.c_str(), 0640) == 0);
  CHECK_THROWS_AS(edge::key_ring{file}, edge::keys_wrong);
}

TEST_CASE("no name, no key and no amount that comes in by any route is in any log", "[access][log]") {
  std::vector<std::string> canaries{"anna", "Anna",  "ben",   "Ben",     "teapot",  "Teapot",  "gala",
                                    "Gala", "pay-1", "souk_", "7712345", "Zarquon", "zarquon", "k-zarquon"};
  std::string logged, accessed;
  std::size_t requests = 0;
  {
    const everything_logged log;
    guarded_shop here;
    for (const auto& [name, shown] : here.keys)
      if (!shown.empty()) canaries.push_back(shown.substr(5));
    for (const auto& one : rows) {
      const auto method = std::string{one.route.substr(0, one.route.find(' '))};
      auto body = here.filled(one.body);
      // As it should be; with other amounts and names; with what it does not know; and broken off in the middle.
      auto other = body;
      for (const auto* amount : {"\"amount\":10", "\"amount\":5", "\"price\":250", "\"price\":100"})
        if (const auto at = other.find(amount); at != other.npos)
          other.replace(at, std::string{amount}.size(), std::string{amount, std::strchr(amount, ':') + 1} + "7712345");
      for (const auto& sent : {body, other, R"({"zarquon":"Zarquon","name":"Zarquon")" + std::string{"}"},
                               std::string{R"({"name":"Zarquon)"}})
        for (const auto* caller : {"admin", "ben", "a stranger"}) {
          here.ask(caller, method, here.filled(one.target), sent, "k-zarquon");
          ++requests;
        }
      here.ask("admin", method, here.filled(one.target) + "?zarquon=Zarquon", body, "k-zarquon");
      ++requests;
    }
    here.ask("admin", "POST", "/zarquon/Zarquon", "Zarquon");
    here.ask("admin", "ZARQUON", "/v1/orders", "Zarquon");
    requests += 2;
    here.access->tend();
    accessed = read_file(here.access_file);
    logged = log.text();
  }
  // It is really written: a line for each request, with pattern and role.
  CHECK(std::count(accessed.begin(), accessed.end(), '\n') >= static_cast<std::ptrdiff_t>(requests));
  CHECK(accessed.find(R"("method":"GET","route":"/v1/wallets/{user}","status":404)") != accessed.npos);
  CHECK(logged.find("the keys were read again") != logged.npos);
  std::istringstream lines{accessed};
  const std::set<std::string> members{"time", "method", "route", "status", "micros", "bytes", "trace", "role"};
  for (std::string line; std::getline(lines, line);) {
    const auto one = json::parse(line);
    std::set<std::string> found;
    for (const auto& [name, value] : one.items()) found.insert(name);
    CHECK(found == members);
    CHECK(one["trace"].get<std::string>().size() == 32);
  }
  for (const auto& canary : canaries) {
    INFO(canary);
    CHECK(accessed.find(canary) == accessed.npos);
    CHECK(logged.find(canary) == logged.npos);
  }
}

TEST_CASE("a caller's trace goes on in the access log, and one that is none is not believed", "[access][log]") {
  temporary_folder folder;
  const auto file = folder.file("access.log");
  {
    const auto access = std::make_shared<edge::access_log>(file);
    shop s{{.gateway = {.access_log = access}}};
    const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
    s.ask("GET", "/livez", {}, {{"traceparent", "00-" + id + "-00f067aa0ba902b7-01"}});
    s.ask("GET", "/livez", {}, {{"traceparent", "00-" + id + "-0000000000000000-01"}});
    access->tend();
    const auto text = read_file(file);
    const auto first = text.find(id);
    CHECK(first != text.npos);
    CHECK(text.find(id, first + 1) == text.npos);
    // Whoever keeps logs renames them.
    std::filesystem::rename(file, file + ".1");
    access->tend();
    s.ask("GET", "/readyz");
  }
  CHECK(read_file(file).find("/readyz") != std::string::npos);
  CHECK(read_file(file + ".1").find("/readyz") == std::string::npos);
}
