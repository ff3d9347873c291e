// What operators see of sagas, and how they mend them, over the routes of the console.
#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <sstream>

#include "actors/edge/json_of.hpp"
#include "actors/runtime/roster.hpp"
#include "tests/actors/gateway_shop.hpp"
#include "tests/actors/logged.hpp"
#include "tests/actors/muted_brain.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

bool is_about_money(const command& what) {
  return std::holds_alternative<wallet::debit>(what) || std::holds_alternative<wallet::undo_debit>(what) ||
         std::holds_alternative<wallet::credit>(what);
}

// Its wallets answer for no money until they are healed.
struct troubled {
  std::shared_ptr<std::atomic<bool>> silent = std::make_shared<std::atomic<bool>>(true);
  tests::shop shop;

  explicit troubled(edge::gateway_options gateway = {}, std::uint32_t shards = 1)
      : shop{{.gateway = std::move(gateway),
              .shards = shards,
              .make_brain = [silent = silent](runtime::directory::place at, const persistence::open_options& store)
                  -> std::unique_ptr<domains::brain> {
                if (at.domain != domain::wallet) return nullptr;
                return std::make_unique<muted_brain>(
                    runtime::make_brain(at.domain, at.shard, store),
                    [silent](const command& what) { return *silent && is_about_money(what); });
              },
              .gives_up_soon = true}} {}

  // An order that stands still at giving back money.
  std::string parked(const std::string& key = "o1") {
    const auto said =
        shop.ask("POST", "/v1/orders", two_teapots, {{"idempotency-key", key}, {"prefer", "respond-async"}});
    REQUIRE(said.status == 202);
    const std::string id = json::parse(said.body)["id"];
    REQUIRE(eventually([&] { return shop.get("/v1/orders/" + id)["saga"] == "parked"; }));
    return id;
  }
  http_response mend(const std::string& id, const std::string& what, const std::string& body,
                     const tests::shop::headers& with = {}) {
    return shop.ask("POST", "/v1/admin/sagas/" + id + '/' + what, body, with);
  }
};

const std::string because = R"({"reason":"the wallets were away","by":"olga"})";
const std::string rehearse = R"({"reason":"let us see","dry_run":true})";

}  // namespace

TEST_CASE("a parked saga is found by its first letters, and says where it stands and what may be done", "[C.6]") {
  troubled all;
  all.shop.furnish();
  const auto id = all.parked();
  const auto list = all.shop.get("/v1/admin/sagas?state=parked&prefix=" + id.substr(0, 4));
  REQUIRE(list["data"].size() == 1);
  const auto& row = list["data"][0];
  CHECK(row["id"] == id);
  CHECK(row["step"] == "debit_wallet");
  CHECK(row["parked"]["undoing"] == true);
  CHECK(row["parked"]["reason"] == "unreachable");
  CHECK(row["parked"]["repairs"]["retry"]["allowed"] == true);
  CHECK(row["parked"]["repairs"]["compensate"]["allowed"] == false);
  CHECK_FALSE(row["parked"]["repairs"]["compensate"]["because"].get<std::string>().empty());
  CHECK(all.shop.get("/v1/admin/sagas?state=running")["data"].empty());
  CHECK(all.shop.get("/v1/admin/sagas?reason=unreachable&user=anna&flow=order_payment")["data"].size() == 1);
  CHECK(all.shop.get("/v1/admin/sagas?older_than=1h")["data"].empty());
  for (const std::string wrong : {"state=odd", "flow=odd", "reason=odd", "older_than=soon", "prefix=", "odd=1"})
    CHECK(all.shop.ask("GET", "/v1/admin/sagas?" + wrong).status == 400);
  // And what it has in effect, desk by desk.
  const auto saga = all.shop.get("/v1/admin/sagas/" + id);
  REQUIRE(saga["effects"].size() == 2);
  CHECK(saga["effects"][0]["step"] == "take_stock");
  CHECK(saga["effects"][0]["is"] == "in effect");
  CHECK(saga["effects"][0]["goods"][0]["units"] == -2);
  CHECK(saga["effects"][1]["is"] == "nothing");
  CHECK(all.shop.ask("GET", "/v1/admin/sagas/0000000000000").status == 404);
}

TEST_CASE("a dry run shows the resulting money and stock, and changes nothing", "[C.6]") {
  troubled all;
  all.shop.furnish();
  const auto id = all.parked();
  CHECK(all.shop.stock("teapot") == 98);
  const auto said = all.mend(id, "retry", rehearse);
  REQUIRE(said.status == 200);
  const auto shown = json::parse(said.body);
  CHECK(shown["dry_run"] == true);
  CHECK(shown["moves"] == json::array({"forbid debit_wallet", "undo take_stock"}));
  CHECK(shown["money"][0]["now"] == 10'000);
  CHECK(shown["money"][0]["then"] == 10'000);
  CHECK(shown["stock"][0]["now"] == 98);
  CHECK(shown["stock"][0]["then"] == 100);
  CHECK(shown["ends"] == "FAILED");
  const auto given_up = json::parse(all.mend(id, "fail", rehearse).body);
  CHECK(given_up["moves"] == json::array({"forbid debit_wallet", "leave take_stock"}));
  CHECK(given_up["stock"].empty());
  CHECK(all.mend(id, "compensate", rehearse).status == 409);
  CHECK(all.shop.get("/v1/orders/" + id)["saga"] == "parked");
  CHECK(all.shop.stock("teapot") == 98);
  CHECK(all.shop.get("/v1/admin/audit")["data"].empty());
}

TEST_CASE("a dry run of a return that is turned back at its shelf says that nothing will be taken in", "[C.6]") {
  const auto silent = std::make_shared<std::atomic<bool>>(true);
  tests::shop shop{{.make_brain = [silent](runtime::directory::place at,
                                           const persistence::open_options& store) -> std::unique_ptr<domains::brain> {
                      if (at.domain != domain::order && at.domain != domain::product) return nullptr;
                      return std::make_unique<muted_brain>(
                          runtime::make_brain(at.domain, at.shard, store), [silent](const command& what) {
                            const auto* asked = std::get_if<recall>(&what);
                            return (asked && asked->forbid) || (*silent && std::holds_alternative<order::fail>(what));
                          });
                    },
                    .gives_up_soon = true}};
  shop.furnish();
  const auto said = shop.ask("POST", "/v1/admin/returns",
                             R"({"user":"nobody","items":[{"product":"teapot","quantity":3,"amount":100}]})",
                             {{"idempotency-key", "b1"}, {"prefer", "respond-async"}});
  REQUIRE(said.status == 202);
  const std::string id = json::parse(said.body)["id"];
  const auto stands_at = [&](const std::string& step) {
    return eventually([&] {
      const auto all = shop.get("/v1/admin/sagas?state=parked")["data"];
      return all.size() == 1 && all[0]["step"] == step;
    });
  };
  REQUIRE(stands_at("fail_order"));
  // Whoever takes it up does not know how far it came.
  shop.node->fell_coordinator(0);
  *silent = false;
  REQUIRE(stands_at("take_in_stock"));
  const auto shown = json::parse(shop.ask("POST", "/v1/admin/sagas/" + id + "/retry", rehearse).body);
  INFO(shown.dump());
  CHECK(shown["moves"] == json::array({"forbid take_in_stock"}));
  CHECK(shown["money"][0]["then"] == shown["money"][0]["now"]);
  CHECK(shown["stock"].empty());
  CHECK(shown["ends"] == "FAILED");
}

TEST_CASE("a repair needs a reason, is made once, and stands in story and audit log with that reason", "[S0.6][C.6]") {
  troubled all;
  all.shop.furnish();
  const auto id = all.parked();
  CHECK(all.mend(id, "retry", "{}").status == 422);
  CHECK(all.mend(id, "retry", R"({"reason":""})").status == 422);
  CHECK(all.mend(id, "retry", R"({"reason":"x","dry_run":"yes"})").status == 422);
  CHECK(all.mend(id, "retry", R"({"reason":"x","odd":1})").status == 422);
  // Nobody signs as if a key had been seen.
  CHECK(all.mend(id, "retry", R"x({"reason":"x","by":"ann (admin 000000000000)"})x").status == 422);
  CHECK(all.mend("0000000000000", "retry", because).status == 404);
  const auto no = all.mend(id, "compensate", because);
  CHECK(no.status == 409);
  CHECK(json::parse(no.body)["reason"] == "not_repairable");
  CHECK(json::parse(no.body)["detail"].get<std::string>().find("walks back already") != std::string::npos);
  *all.silent = false;
  const tests::shop::headers key{{"idempotency-key", "mend-1"}};
  const auto first = all.mend(id, "retry", because, key);
  CHECK(first.status == 202);
  CHECK(header(first, "Idempotent-Replayed").empty());
  REQUIRE(eventually([&] { return all.shop.get("/v1/orders/" + id)["state"] == "FAILED"; }));
  for (int i = 0; i < 2; ++i) {
    const auto again = all.mend(id, "retry", because, key);
    CHECK(again.status == 200);
    CHECK(header(again, "Idempotent-Replayed") == "true");
    CHECK(json::parse(again.body)["line"] == json::parse(first.body)["line"]);
  }
  CHECK(all.mend(id, "fail", because, key).status == 422);
  CHECK(all.mend(id, "fail", because).status == 409);
  CHECK(all.shop.stock("teapot") == 100);
  CHECK(all.shop.balance("anna") == 10'000);
  const auto story = all.shop.get("/v1/orders/" + id + "/timeline")["timeline"];
  const auto repaired =
      std::find_if(story.begin(), story.end(), [](const auto& one) { return one["what"] == "repaired"; });
  REQUIRE(repaired != story.end());
  CHECK((*repaired)["repair"] == "retry");
  CHECK((*repaired)["because"] == "the wallets were away");
  CHECK((*repaired)["by"] == "olga");
  const auto log = all.shop.get("/v1/admin/audit?saga=" + id)["data"];
  REQUIRE(log.size() == 1);
  CHECK(log[0]["step"] == "debit_wallet");
  CHECK(log[0]["undoing"] == true);
  const auto state = all.shop.get("/v1/admin/audit/verify");
  CHECK(state["whole"] == true);
  CHECK(state["data"][0]["head"] == log[0]["hash"]);
}

TEST_CASE("who repaired an order, and why, is not told to those who shop", "[C.6]") {
  order::view of;
  of.timeline = {{0, order::mark::repaired, 5, reason::none}};
  of.repairs.emplace_back();
  of.repairs[0].by = "olga";
  of.repairs[0].reason = "ask legal";
  const auto all = edge::timeline_of(of), theirs = edge::timeline_of(of, false);
  CHECK(json::parse(all)["timeline"][0]["because"] == "ask legal");
  CHECK(json::parse(all)["timeline"][0]["by"] == "olga");
  CHECK(json::parse(theirs)["timeline"][0]["repair"] == "retry");
  CHECK(theirs.find("olga") == theirs.npos);
  CHECK(theirs.find("legal") == theirs.npos);
}

TEST_CASE("several parked sagas are mended by a filter, each with a line of its own, and twice is once",
          "[C.6][S0.6]") {
  troubled all{{}, 2};
  all.shop.furnish();
  REQUIRE(all.shop.ask("PUT", "/v1/users/ben", R"({"name":"Ben"})").status == 201);
  std::vector<std::string> ids;
  for (const std::string key : {"o1", "o2", "o3"}) ids.push_back(all.parked(key));
  const auto several = [&](const std::string& body, const std::string& key = {}) {
    return all.shop.ask("POST", "/v1/admin/repairs", body,
                        key.empty() ? tests::shop::headers{} : tests::shop::headers{{"idempotency-key", key}});
  };
  // Whoever names nothing means nothing.
  const auto nothing = several(R"({"repair":"retry","reason":"r"})");
  CHECK(nothing.status == 422);
  CHECK(json::parse(nothing.body)["errors"][0]["member"] == "state");
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"repair", R"("repair":"mend","state":"parked")"},
      {"repair", R"("state":"parked")"},
      {"state", R"("repair":"retry","state":"running")"},
      {"flow", R"("repair":"retry","flow":"odd")"},
      {"older_than", R"("repair":"retry","older_than":"soon")"},
      {"user", R"("repair":"retry","user":"a b")"},
      {"overdue", R"("repair":"retry","overdue":"yes")"},
      {"as_of", R"("repair":"retry","older_than":"5m","as_of":"2999-01-01T00:00:00Z")"},
      {"limit", R"("repair":"retry","state":"parked","limit":0)"},
      {"starting_after", R"("repair":"retry","state":"parked","starting_after":"!")"},
      {"odd", R"("repair":"retry","state":"parked","odd":1)"}};
  for (const auto& [member, text] : wrong) {
    const auto said = several(R"({"reason":"r",)" + text + "}");
    INFO(text << ": " << said.body);
    CHECK(said.status == 422);
    CHECK(json::parse(said.body)["errors"][0]["member"] == member);
  }
  CHECK(several(R"({"repair":"retry","state":"parked"})").status == 422);  // why?
  for (const std::string body : {R"("user":"ben")", R"("older_than":"1h")", R"("reason_has":"no such text")",
                                 R"("flow":"refund")", R"("overdue":true)"}) {
    INFO(body);
    CHECK(json::parse(several(R"({"repair":"retry","reason":"r",)" + body + "}").body)["matched"] == 0);
  }
  const auto rehearsed =
      json::parse(several(R"({"repair":"retry","reason":"r","reason_has":"unreach","dry_run":true})").body);
  CHECK(rehearsed["matched"] == 3);
  CHECK(rehearsed["done"] == 3);
  // Ages are those of the moment that was named.
  CHECK(
      json::parse(
          several(R"({"repair":"retry","reason":"r","older_than":"0s","dry_run":true,"as_of":"2001-01-01T00:00:00Z"})")
              .body)["matched"] == 0);
  CHECK(json::parse(several(R"({"repair":"retry","reason":"r","older_than":"0s","dry_run":true,"as_of":")" +
                            rehearsed["as_of"].get<std::string>() + R"("})")
                        .body)["matched"] == 3);
  const auto turned = json::parse(several(R"({"repair":"compensate","reason":"r","state":"parked"})").body);
  CHECK(turned["done"] == 0);
  REQUIRE(turned["refused"].size() == 3);
  CHECK(turned["refused"][0]["because"].get<std::string>().find("walks back already") != std::string::npos);
  CHECK(all.shop.get("/v1/admin/audit")["data"].empty());

  *all.silent = false;
  const std::string page = R"({"repair":"retry","reason":"they are back","by":"olga","user":"anna","limit":2)";
  const auto first = json::parse(several(page + "}", "night").body);
  CHECK(first["matched"] == 2);
  CHECK(first["done"] == 2);
  CHECK(first["has_more"] == true);
  const auto rest = page + R"(,"starting_after":")" + first["next"].get<std::string>() + R"("})";
  const auto second = json::parse(several(rest, "night").body);
  CHECK(second["done"] == 1);
  CHECK(second["has_more"] == false);
  REQUIRE(eventually([&] { return all.shop.get("/v1/admin/sagas?state=open")["data"].empty(); }));
  // The same again finds nothing that stands still.
  CHECK(json::parse(several(page + "}", "night").body)["matched"] == 0);
  const auto log = all.shop.get("/v1/admin/audit")["data"];
  REQUIRE(log.size() == 3);
  std::set<std::string> mended;
  for (const auto& line : log) {
    CHECK(line["repair"] == "retry");
    CHECK(line["reason"] == "they are back");
    CHECK(line["by"] == "olga");
    mended.insert(line["saga"]);
  }
  CHECK(mended == std::set<std::string>(ids.begin(), ids.end()));
  CHECK(all.shop.get("/v1/admin/audit/verify")["whole"] == true);
  CHECK(all.shop.stock("teapot") == 100);
}

TEST_CASE("a page of repairs that comes again with its key mends nothing twice, though they stand still once more",
          "[C.6][S0.6]") {
  troubled all;
  all.shop.furnish();
  const auto id = all.parked();
  const auto mend = [&] {
    return json::parse(all.shop
                           .ask("POST", "/v1/admin/repairs", R"({"repair":"retry","reason":"r","state":"parked"})",
                                {{"idempotency-key", "k"}})
                           .body);
  };
  CHECK(mend()["done"] == 1);
  // The wallets are still silent: it stands still again, by a standstill of its own.
  REQUIRE(eventually([&] {
    const auto now = all.shop.get("/v1/admin/sagas/" + id);
    return now["saga"] == "parked" && now["repairs"].size() == 1;
  }));
  const auto again = mend();
  CHECK(again["repeated"] == 1);
  CHECK(again["done"] == 0);
  CHECK(all.shop.get("/v1/admin/audit")["data"].size() == 1);
}

TEST_CASE("a paused design turns new orders away and says who paused it and why; what runs goes on", "[C.6]") {
  troubled all{{}, 2};
  *all.silent = false;
  all.shop.furnish();
  const auto earlier = all.shop.post("/v1/orders", "earlier", two_teapots);
  REQUIRE(earlier.status == 201);
  all.shop.link->hold();
  const auto runs =
      json::parse(
          all.shop.ask("POST", "/v1/orders", two_teapots, {{"idempotency-key", "runs"}, {"prefer", "respond-async"}})
              .body)["id"]
          .get<std::string>();
  const auto hold = [&](const std::string& what, const std::string& body, const tests::shop::headers& with = {}) {
    return all.shop.ask("POST", "/v1/admin/designs/" + what, body, with);
  };
  const auto design = [&](const std::string& name) {
    const auto designs = all.shop.get("/v1/admin/designs");
    for (const auto& one : designs["data"])
      if (one["design"] == name) return one;
    return json{};
  };
  const std::string why = R"({"reason":"the bank is away","by":"olga"})";
  CHECK(hold("order_payment/pause", "{}").status == 422);
  CHECK(hold("order_payment/pause", R"({"reason":"r","dry_run":1})").status == 422);
  CHECK(hold("order_payment/pause", R"({"reason":"r","odd":1})").status == 422);
  CHECK(hold("odd/pause", why).status == 404);
  CHECK(hold("refund/pause", why).status == 409);
  CHECK(hold("order_payment/pause", R"({"reason":"r","dry_run":true})").status == 200);
  CHECK_FALSE(design("order_payment").contains("paused"));
  const auto first = hold("order_payment/pause", why);
  CHECK(first.status == 200);
  CHECK(json::parse(first.body)["lines"].size() == 2);  // each store of orders has one
  CHECK(header(first, "Idempotent-Replayed").empty());
  const auto again = hold("order_payment/pause", why);
  CHECK(header(again, "Idempotent-Replayed") == "true");
  CHECK(json::parse(again.body)["lines"] == json::parse(first.body)["lines"]);
  CHECK(design("order_payment")["paused"]["by"] == "olga");
  CHECK(design("order_payment")["paused"]["in_all_stores"] == true);
  CHECK(design("order_payment")["running"] == 1);
  for (const std::string key : {"n1", "n2", "n3", "n4"}) {
    const auto no = all.shop.post("/v1/orders", key, two_teapots);
    INFO(no.body);
    CHECK(no.status == 503);
    CHECK(header(no, "Retry-After") == "30");
    const auto problem = json::parse(no.body);
    CHECK(problem["type"] == "/problems/paused");
    CHECK(problem["detail"].get<std::string>().find("by olga") != std::string::npos);
    CHECK(problem["detail"].get<std::string>().find("the bank is away") != std::string::npos);
  }
  // Another design is none of it.
  all.shop.link->release();
  CHECK(all.shop
            .post("/v1/orders", "b1",
                  R"({"user":"anna","items":[{"product":"teapot","quantity":1}],"flow":"balance_first"})")
            .status == 201);
  CHECK(all.shop.post("/v1/orders", "earlier", two_teapots).status == 201);
  REQUIRE(eventually([&] { return all.shop.get("/v1/orders/" + runs)["state"] == "COMPLETED"; }));
  CHECK(design("order_payment")["running"] == 0);
  CHECK(hold("order_payment/resume", R"({"reason":"it is back"})").status == 200);
  CHECK_FALSE(design("order_payment").contains("paused"));
  CHECK(all.shop.post("/v1/orders", "n1", two_teapots).status == 201);  // nothing was kept of what was turned away
  const auto log = all.shop.get("/v1/admin/audit")["data"];
  CHECK(log.size() == 4);
  for (const auto& line : log) {
    CHECK(line["flow"] == "order_payment");
    CHECK_FALSE(line.contains("saga"));
  }
}

TEST_CASE("who looks for sagas sees those of the stores that answer, and hears which do not", "[C.6]") {
  const auto silent = std::make_shared<std::array<std::atomic<bool>, 2>>();
  tests::shop shop{{.shards = 2,
                    .make_brain = [silent](runtime::directory::place at,
                                           const persistence::open_options& store) -> std::unique_ptr<domains::brain> {
                      if (at.domain != domain::order) return nullptr;
                      return std::make_unique<muted_brain>(
                          runtime::make_brain(at.domain, at.shard, store), [silent, at](const command& what) {
                            return (*silent)[at.shard] && (std::holds_alternative<order::list_sagas>(what) ||
                                                           std::holds_alternative<order::read_audit>(what) ||
                                                           std::holds_alternative<order::survey>(what));
                          });
                    }}};
  shop.furnish();
  std::array<std::size_t, 2> placed{};
  for (int i = 0; placed[0] < 2 || placed[1] < 3; ++i) {
    const auto key = "k" + std::to_string(i);
    CHECK(shop.post("/v1/orders", key, two_teapots).status == 201);
    ++placed[slice_of(key) % 2];
  }
  const auto all = shop.get("/v1/admin/sagas?state=completed");
  CHECK(all["data"].size() == placed[0] + placed[1]);
  CHECK_FALSE(all.contains("silent"));
  (*silent)[1] = true;
  const auto some = shop.get("/v1/admin/sagas?state=completed");
  CHECK(some["data"].size() == placed[0]);
  CHECK(some["silent"] == json{"order/1"});
  for (const auto* where : {"/v1/admin/designs", "/v1/admin/locks", "/v1/admin/audit"}) {
    INFO(where);
    CHECK(shop.get(where)["silent"] == json{"order/1"});
  }
  const auto several =
      shop.ask("POST", "/v1/admin/repairs", R"({"repair":"retry","reason":"r","state":"parked","dry_run":true})");
  CHECK(several.status == 200);
  CHECK(json::parse(several.body)["silent"] == json{"order/1"});
  (*silent)[0] = true;
  for (const auto* where : {"/v1/admin/sagas", "/v1/admin/designs", "/v1/admin/locks"})
    CHECK(shop.ask("GET", where).status == 503);
}

TEST_CASE("a pause that reached only some stores of orders says which, holds there, and the same again makes it whole",
          "[C.6][S0.6]") {
  // One of two desks of orders does not answer to operators.
  const auto is_deaf = std::make_shared<std::atomic<bool>>(true);
  tests::shop shop{{.shards = 2,
                    .make_brain = [is_deaf](runtime::directory::place at,
                                            const persistence::open_options& store) -> std::unique_ptr<domains::brain> {
                      if (at != runtime::directory::place{domain::order, 1}) return nullptr;
                      return std::make_unique<muted_brain>(
                          runtime::make_brain(at.domain, at.shard, store), [is_deaf](const command& what) {
                            return *is_deaf && std::holds_alternative<order::pause>(what);
                          });
                    }}};
  shop.furnish();
  const auto ask = [&](const std::string& what, const std::string& key) {
    return shop.ask("POST", "/v1/admin/designs/order_payment/" + what, R"({"reason":"the bank is away","by":"olga"})",
                    {{"idempotency-key", key}});
  };
  const auto paused = [&] {
    const auto designs = shop.get("/v1/admin/designs");
    for (const auto& one : designs["data"])
      if (one["design"] == "order_payment" && one.contains("paused")) return one["paused"];
    return json{};
  };
  // Keys of orders that come to the one store and to the other.
  std::array<std::string, 2> keys;
  for (int i = 0; keys[0].empty() || keys[1].empty(); ++i)
    keys[slice_of("k" + std::to_string(i)) % 2] = "k" + std::to_string(i);
  for (int tries = 0; tries < 2; ++tries) {
    const auto half = ask("pause", "p");
    CHECK(half.status == 503);
    CHECK(json::parse(half.body)["detail"] ==
          "half done: paused in store 0, no answer from store 1; the same again makes it whole");
    CHECK(paused()["in_all_stores"] == false);
    CHECK(shop.get("/v1/admin/audit")["data"].size() == 1);
  }
  CHECK(json::parse(shop.post("/v1/orders", keys[0], two_teapots).body)["type"] == "/problems/paused");
  CHECK(shop.post("/v1/orders", keys[1], two_teapots).status == 201);

  *is_deaf = false;
  const auto whole = ask("pause", "p");
  CHECK(whole.status == 200);
  CHECK(json::parse(whole.body)["lines"].size() == 2);
  CHECK(header(whole, "Idempotent-Replayed").empty());  // the second store has just heard of it
  CHECK(header(ask("pause", "p"), "Idempotent-Replayed") == "true");
  CHECK(paused()["in_all_stores"] == true);
  for (const auto& key : keys) CHECK(shop.post("/v1/orders", "late-" + key, two_teapots).status == 503);
  CHECK(shop.post("/v1/orders", keys[1], two_teapots).status == 201);  // as it was answered before
  CHECK(shop.get("/v1/admin/audit")["data"].size() == 2);

  *is_deaf = true;
  CHECK(json::parse(ask("resume", "r").body)["detail"] ==
        "half done: resumed in store 0, no answer from store 1; the same again makes it whole");
  CHECK(paused()["in_all_stores"] == false);
  CHECK(shop.post("/v1/orders", keys[0], two_teapots).status == 201);
  *is_deaf = false;
  CHECK(ask("resume", "r").status == 200);
  CHECK(paused().is_null());
  CHECK(shop.get("/v1/admin/audit/verify")["whole"] == true);
}

TEST_CASE("sagas older than their design's limit are listed, counted and told once by themselves", "[C.6]") {
  const everything_logged log;
  {
    edge::gateway_options gateway;
    gateway.late_ms.fill(1);
    gateway.watch = edge::watch_options{.rows_per_second = 1'000'000, .look_ms = 10};
    troubled all{gateway};
    all.shop.furnish();
    const auto id = all.parked();
    const auto late = all.shop.get("/v1/admin/sagas?overdue=true")["data"];
    REQUIRE(late.size() == 1);
    CHECK(late[0]["id"] == id);
    CHECK(all.shop.get("/v1/admin/sagas?overdue=false")["data"].size() == 1);
    CHECK(all.shop.ask("GET", "/v1/admin/sagas?overdue=odd").status == 400);
    CHECK(all.shop.ask("GET", "/v1/admin/sagas?reason_has=").status == 400);
    const auto counted = [&] { return all.shop.get("/v1/admin/nodes")["here"]["overdue"].get<int>(); };
    REQUIRE(eventually([&] { return counted() == 1; }));
    const auto metrics = all.shop.ask("GET", "/metrics").body;
    CHECK(metrics.find("souk_sagas_overdue{design=\"order_payment\"} 1") != std::string::npos);
    const auto tick = json::parse(all.shop.ask("GET", "/v1/admin/live", {}, {{"accept", "application/json"}}).body);
    CHECK(tick["sagas"]["overdue"] == 1);
    // It is parked, and told as that.
    CHECK(tick["sagas"]["late"] == 0);
    CHECK(tick["overdue"].empty());
    CHECK(tick["parked"][0]["id"] == id);
    // Whoever sees the second has looked at the first once more.
    all.parked("o2");
    REQUIRE(eventually([&] { return counted() == 2; }));
    *all.silent = false;
    REQUIRE(all.mend(id, "retry", because).status == 202);
    REQUIRE(eventually([&] { return counted() == 1; }));
    CHECK(all.shop.get("/v1/admin/designs")["data"][0]["overdue"] == 1);
  }
  const auto told = log.text();
  INFO(told);
  std::size_t lines = 0;
  for (auto at = told.find(" is late: "); at != told.npos; at = told.find(" is late: ", at + 1)) ++lines;
  CHECK(lines == 2);
}

TEST_CASE("the books are looked through while the node runs, and the verdict says what was not asked", "[C.6]") {
  edge::gateway_options gateway;
  gateway.watch = edge::watch_options{.rows_per_second = 1'000'000, .look_ms = 10};
  troubled all{gateway};
  *all.silent = false;
  all.shop.furnish();
  REQUIRE(all.shop.post("/v1/orders", "sold", two_teapots).status == 201);
  // A round that began after the sale.
  const std::int64_t before = all.shop.get("/v1/admin/check")["rounds"];
  REQUIRE(eventually([&] { return all.shop.get("/v1/admin/check")["rounds"] > before + 1; }));
  const auto said = all.shop.get("/v1/admin/check");
  CHECK(said["verdict"] == "holds");
  CHECK(said["rows"] >= 5);  // a charge, a debit, a wallet, a stock put there and taken
  CHECK(said["invariants"].size() >= 5);
  for (const auto& one : said["invariants"]) CHECK(one["holds"] == true);
  CHECK(said["not_asked"].size() > 10);
  CHECK(all.shop.ask("GET", "/metrics").body.find("souk_audit_flaws 0") != std::string::npos);
}

TEST_CASE("what stands still, is mended and is found broken is logged without the names of those whom it is about",
          "[log][C.6]") {
  const everything_logged log;
  const auto breaks = std::make_shared<std::atomic<bool>>(false), silent = std::make_shared<std::atomic<bool>>(true);
  {
    edge::gateway_options gateway;
    gateway.late_ms.fill(1);
    gateway.watch = edge::watch_options{.rows_per_second = 1'000'000, .look_ms = 10};
    tests::shop shop{{.gateway = gateway,
                      .make_brain = [=](runtime::directory::place at,
                                        const persistence::open_options& store) -> std::unique_ptr<domains::brain> {
                        if (at.domain != domain::wallet) return nullptr;
                        auto inner = runtime::make_brain(at.domain, at.shard, store);
                        auto& file = inner->file();
                        return std::make_unique<muted_brain>(std::move(inner), [=, &file](const command& what) {
                          if (std::holds_alternative<wallet::charge>(what) && breaks->exchange(false))
                            file.execute("UPDATE wallet SET balance=balance+7712345");
                          return *silent && is_about_money(what);
                        });
                      },
                      .gives_up_soon = true}};
    shop.furnish();
    const auto said =
        shop.ask("POST", "/v1/orders", two_teapots, {{"idempotency-key", "zarquon"}, {"prefer", "respond-async"}});
    const std::string id = json::parse(said.body)["id"];
    REQUIRE(eventually([&] { return shop.get("/v1/orders/" + id)["saga"] == "parked"; }));
    REQUIRE(eventually([&] { return log.text().find(id + " is late") != std::string::npos; }));
    *silent = false;
    shop.ask("POST", "/v1/admin/sagas/" + id + "/retry", R"({"reason":"zarquon called","by":"Zarquon"})");
    REQUIRE(eventually([&] { return shop.get("/v1/orders/" + id)["state"] == "FAILED"; }));
    *breaks = true;
    REQUIRE(shop.post("/v1/wallets/anna/charges", "zarquon", R"({"amount":10})").status < 300);
    REQUIRE(eventually([&] { return log.text().find("the books do not balance") != std::string::npos; }));
    CHECK(shop.get("/v1/admin/check")["verdict"] == "broken");
  }
  const auto text = log.text();
  CHECK(text.find("is parked at debit_wallet") != text.npos);
  for (const auto* name : {"anna", "Anna", "teapot", "zarquon", "Zarquon", "7712345", "7722345"}) {
    INFO(name);
    CHECK(text.find(name) == text.npos);
  }
}

TEST_CASE("what runs, has ended or was completed is not repaired over HTTP either", "[S1.6]") {
  troubled all;
  all.shop.furnish();
  *all.silent = false;
  const auto sold = json::parse(all.shop.post("/v1/orders", "sold", two_teapots).body);
  REQUIRE(sold["state"] == "COMPLETED");
  for (const std::string what : {"retry", "compensate", "skip", "fail"}) {
    const auto said = all.mend(sold["id"], what, because);
    CHECK(said.status == 409);
    CHECK(json::parse(said.body)["detail"] == "it has ended");
  }
  CHECK(all.shop.balance("anna") == 9'500);
}

TEST_CASE("the live figures are told in one piece: how orders end, who is parked, how desks are", "[C.6]") {
  troubled all;
  all.shop.furnish();
  const auto id = all.parked();
  const auto tick = [&] {
    const auto said = all.shop.ask("GET", "/v1/admin/live", {}, {{"accept", "application/json"}});
    REQUIRE(said.status == 200);
    return json::parse(said.body);
  };
  const auto first = tick();
  CHECK(first["ready"] == true);
  CHECK(first["sagas"]["parked"] == 1);
  REQUIRE(first["parked"].size() == 1);
  CHECK(first["parked"][0]["id"] == id);
  CHECK(first["silent"].empty());
  CHECK(first["actors"].size() >= domain_count);
  *all.silent = false;
  all.shop.post("/v1/orders", "sold", two_teapots);
  const auto second = tick();
  CHECK(second["orders"]["ends_s"].contains("COMPLETED"));
  CHECK(second["nodes"].empty());
  // What is written on the edges of the designs: every sale has taken its goods, one could not have its money.
  const auto& passed = second["passed"]["order_payment"];
  const auto& before = first["passed"]["order_payment"];
  CHECK(before["take_stock"]["done"] == 1);
  CHECK_FALSE(before.contains("complete_order"));
  CHECK(before["debit_wallet"]["lost"] == 1);
  CHECK(passed["take_stock"]["done"] == 2);
  CHECK(passed["complete_order"]["done"] == 1);
  for (const auto& one : second["actors"])
    if (one["name"] == "order/0") {
      CHECK(one["state"] == "open");
      CHECK(one["p99_ms"] >= one["p50_ms"]);
      CHECK(one["p50_ms"] > 0);
    }
}

TEST_CASE("sagas are found by what was ordered, and each step says which desk it was asked of", "[C.6]") {
  troubled all;
  all.shop.furnish();
  const auto id = all.parked();
  CHECK(all.shop.get("/v1/admin/sagas?product=teapot")["data"][0]["id"] == id);
  CHECK(all.shop.get("/v1/admin/sagas?product=jug")["data"].empty());
  CHECK(all.shop.ask("GET", "/v1/admin/sagas?product=%20").status == 400);
  int asked = 0;
  const auto timeline = all.shop.get("/v1/admin/sagas/" + id)["timeline"];
  INFO(timeline.dump());
  for (const auto& one : timeline)
    if (one.value("step", "") == "take_stock" && one["what"] == "asked") {
      CHECK(one["desks"] == json{"product/0"});
      CHECK_FALSE(one.contains("nodes"));
      ++asked;
    }
  CHECK(asked == 1);
}

TEST_CASE("the page is one piece and asks nobody but its node", "[C.6]") {
  tests::shop shop;
  const auto page = shop.ask("GET", "/");
  CHECK(page.status == 200);
  const auto policy = header(page, "Content-Security-Policy");
  CHECK(policy.find("default-src 'none'") != std::string::npos);
  CHECK(policy.find("unsafe") == std::string::npos);
  for (const auto& file : {page, shop.ask("GET", "/console.js"), shop.ask("GET", "/console.css")}) {
    CHECK(file.status == 200);
    CHECK(file.body.size() > 500);
    // No address but the namespace of drawings.
    for (auto at = file.body.find("://"); at != std::string::npos; at = file.body.find("://", at + 1))
      CHECK(file.body.substr(at - 4, 21) == "http://www.w3.org/200");
    CHECK(file.body.find("style=\"") == std::string::npos);
  }
  const auto plans = shop.get("/v1/admin/plans")["data"];
  CHECK(plans.size() == order::flows);
}
