// What sagas hold, and who has asked for the same, over the routes of the console.
#include <algorithm>
#include <atomic>

#include "actors/runtime/roster.hpp"
#include "tests/actors/gateway_shop.hpp"
#include "tests/actors/muted_brain.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// Desks of two domains that give no answer to what costs or gives, until they are healed.
struct silences {
  std::atomic<bool> wallets{false}, shelves{false}, seats{false};
};
bool is_unheard(const silences& now, const command& what) {
  const bool money = std::holds_alternative<wallet::debit>(what) || std::holds_alternative<wallet::undo_debit>(what);
  const bool goods = std::holds_alternative<product::take>(what);
  const bool seat = std::holds_alternative<reservation::confirm>(what);
  return (now.wallets && money) || (now.shelves && goods) || (now.seats && seat);
}

struct busy_shop {
  std::shared_ptr<silences> now = std::make_shared<silences>();
  tests::shop shop;

  explicit busy_shop(sagas::patience patience)
      : shop{{.make_brain = [now = now](runtime::directory::place at,
                                        const persistence::open_options& store) -> std::unique_ptr<domains::brain> {
                if (at.domain != domain::wallet && at.domain != domain::product && at.domain != domain::reservation)
                  return nullptr;
                return std::make_unique<muted_brain>(runtime::make_brain(at.domain, at.shard, store),
                                                     [now](const command& what) { return is_unheard(*now, what); });
              },
              .patience = patience}} {
    shop.furnish();
  }

  std::string placed(const std::string& key, const std::string& body = two_teapots) {
    const auto said = shop.ask("POST", "/v1/orders", body, {{"idempotency-key", key}, {"prefer", "respond-async"}});
    REQUIRE(said.status == 202);
    return json::parse(said.body)["id"];
  }
  json saga(const std::string& id) { return shop.get("/v1/admin/sagas/" + id); }
  // Waits at this step for an answer.
  bool waits_at(const std::string& id, const std::string& step) {
    return eventually([&] {
      const auto now = saga(id);
      return now.contains("waits") && now["waits"]["step"] == step && now["waits"]["for"] == "desk" &&
             now["waits"].value("asked", 0) > 0;
    });
  }
};

json row(const json& all, const std::string& saga, const std::string& kind) {
  for (const auto& one : all.at("data"))
    if (one["saga"] == saga && one["kind"] == kind) return one;
  return {};
}

// Seldom enough that a story has room for all that it is asked while a test runs.
constexpr sagas::patience for_ever{1'000'000, 1'000'000, 300, 1'000};
constexpr sagas::patience soon_over{2, 3, 1, 10};

}  // namespace

TEST_CASE("a running saga says what it holds, since when, for which desk it waits, and who has asked for the same",
          "[C.6]") {
  busy_shop all{for_ever};
  all.now->wallets = true;
  const auto first = all.placed("o1");
  REQUIRE(all.waits_at(first, "debit_wallet"));
  const auto saga = all.saga(first);
  REQUIRE(saga["holds"].size() == 3);
  CHECK(saga["holds"][0]["kind"] == "order");
  CHECK(saga["holds"][0]["name"] == first);
  const auto& goods = saga["holds"][1];
  CHECK(goods["kind"] == "stock");
  CHECK(goods["name"] == "teapot");
  CHECK(goods["units"] == 2);
  CHECK(goods["is"] == "held");
  CHECK(goods["step"] == "take_stock");
  CHECK(goods["desk"] == "product/0");
  CHECK(goods["since"].get<std::string>() >= saga["placed"].get<std::string>());
  CHECK_FALSE(goods.contains("waiting"));
  CHECK(saga["holds"][2]["kind"] == "money");
  CHECK(saga["holds"][2]["is"] == "in doubt");
  CHECK(saga["waits"]["desks"] == json::array({"wallet/0"}));
  CHECK(saga["waits"]["without_answer"] == "it turns back");
  CHECK(saga["waits"]["until"].get<std::string>() > saga["waits"]["since"].get<std::string>());

  // Another wants teapots, too: it waits for the shelf, which does not answer, not for the first.
  all.now->shelves = true;
  const auto second = all.placed("o2");
  REQUIRE(all.waits_at(second, "take_stock"));
  const auto list = all.shop.get("/v1/admin/locks");
  CHECK(list["sagas"] == 2);
  CHECK(list["unheard"] == 0);
  CHECK(list["has_more"] == false);
  CHECK(row(list, first, "stock")["waiting"] == json::array({second}));
  CHECK(row(list, second, "stock")["is"] == "in doubt");
  CHECK_FALSE(row(list, second, "stock").contains("waiting"));
  CHECK(all.saga(first)["holds"][1]["waiting"] == json::array({second}));
  CHECK(all.shop.get("/v1/admin/locks?kind=stock&name=teapot")["data"].size() == 2);
  CHECK(all.shop.get("/v1/admin/locks?kind=coupon")["data"].empty());
  CHECK(all.shop.get("/v1/admin/locks?name=kettle")["data"].empty());
  CHECK(all.shop.get("/v1/admin/locks?flow=by_events")["data"].empty());
  const auto page = all.shop.get("/v1/admin/locks?limit=1");
  CHECK(page["has_more"] == true);
  CHECK(page["next"] == second);
  CHECK(row(all.shop.get("/v1/admin/locks?limit=1&starting_after=" + second), first, "stock")["units"] == 2);
  for (const std::string wrong : {"kind=odd", "state=completed", "state=odd", "limit=0", "odd=1"})
    CHECK(all.shop.ask("GET", "/v1/admin/locks?" + wrong).status == 400);

  // Somebody wants the first back: that waits for the pivot.
  REQUIRE(all.shop.post("/v1/orders/" + first + "/cancel", "c").status == 202);
  REQUIRE(eventually([&] { return all.saga(first)["holds"][0].contains("cancellation_waits"); }));

  all.now->wallets = all.now->shelves = false;
  REQUIRE(eventually([&] { return all.shop.get("/v1/admin/locks")["data"].empty(); }));
  CHECK(all.saga(second)["holds"].empty());
  CHECK_FALSE(all.saga(second).contains("waits"));
}

TEST_CASE("what a parked saga holds is what its desks have in effect, and it waits for an operator", "[C.6]") {
  busy_shop all{soon_over};
  all.now->wallets = true;
  const auto id = all.placed("o1");
  REQUIRE(eventually([&] { return all.saga(id)["saga"] == "parked"; }));
  const auto saga = all.saga(id);
  REQUIRE(saga["holds"].size() == 2);  // the wallet says that nothing was debited
  CHECK(saga["holds"][0]["is"] == "going back");
  CHECK(saga["holds"][1]["kind"] == "stock");
  CHECK(saga["holds"][1]["is"] == "held");
  CHECK(saga["waits"]["for"] == "operator");
  CHECK(saga["waits"]["step"] == "debit_wallet");
  CHECK(saga["waits"]["undoing"] == true);
  // In the list nobody is asked: the money may be in effect.
  const auto list = all.shop.get("/v1/admin/locks?state=parked");
  CHECK(row(list, id, "money")["is"] == "going back");
  CHECK(row(list, id, "stock")["held_ms"] >= 0);
}

TEST_CASE("a seat that is being paid for is held for a time, with the deadline, until its step has confirmed it",
          "[C.6]") {
  busy_shop all{for_ever};
  REQUIRE(all.shop
              .ask("PUT", "/v1/concerts/gala",
                   R"({"name":"Gala","schedules":[{"id":"g1","starts":"2030-01-01T19:30:00Z","seats":[
                     {"id":"A1","section":"S","row":"A","number":"1","category":"I","price":100}]}]})")
              .status == 201);
  const std::string token =
      json::parse(all.shop.post("/v1/schedules/g1/queue-tokens", "t", R"({"user":"anna"})").body)["token"];
  const auto hold = json::parse(
      all.shop.post("/v1/schedules/g1/holds", "h", R"({"user":"anna","seat":"A1","token":")" + token + R"("})").body);
  all.now->seats = true;
  all.shop.link->hold();
  const auto paid =
      all.shop.ask("POST", "/v1/seat-payments",
                   R"({"payment":"p","user":"anna","reservation":")" + hold["id"].get<std::string>() + R"("})",
                   {{"idempotency-key", "p"}, {"prefer", "respond-async"}});
  REQUIRE(paid.status == 202);
  const std::string id = json::parse(paid.body)["order"];
  const auto seat = [&] { return row(all.shop.get("/v1/admin/locks"), id, "seat"); };
  CHECK(seat()["name"] == "g1 A1");
  CHECK(seat()["is"] == "held for a time");
  CHECK(seat()["until"] == hold["until"]);
  all.shop.link->release();
  REQUIRE(all.waits_at(id, "confirm_seat"));
  CHECK(seat()["is"] == "in doubt");  // it was asked for: from then on it may be for good
  CHECK_FALSE(seat().contains("until"));
  all.now->seats = false;
  REQUIRE(eventually([&] { return all.shop.get("/v1/admin/locks")["data"].empty(); }));
}

TEST_CASE("a saga that nobody has told of yet holds its order, and the rest is not known", "[C.6]") {
  busy_shop all{for_ever};
  all.shop.link->hold();
  const auto id = all.placed("o1");
  const auto list = all.shop.get("/v1/admin/locks");
  CHECK(list["unheard"] == 1);
  REQUIRE(list["data"].size() == 1);
  CHECK(list["data"][0]["kind"] == "order");
  all.shop.link->release();
  REQUIRE(eventually([&] { return all.shop.get("/v1/admin/locks")["data"].empty(); }));
}
