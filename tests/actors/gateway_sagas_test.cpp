// What operators see of sagas, and how they mend them, over the routes of the console.
#include <atomic>

#include "actors/runtime/roster.hpp"
#include "tests/actors/gateway_shop.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// Wallets that answer for no money until they are healed.
class silent_wallets final : public domains::brain {
public:
  silent_wallets(std::unique_ptr<domains::brain> of, std::shared_ptr<std::atomic<bool>> silent)
      : inner_(std::move(of)), silent_(std::move(silent)) {}
  answer decide(const command& what) override {
    const bool about_money = std::holds_alternative<wallet::debit>(what) ||
                             std::holds_alternative<wallet::undo_debit>(what) ||
                             std::holds_alternative<wallet::credit>(what);
    if (*silent_ && about_money) return lose(reason::unreachable);
    return inner_->decide(what);
  }
  void before_commit() override { inner_->before_commit(); }
  persistence::store_file& file() override { return inner_->file(); }
  persistence::exchange* exchange() override { return inner_->exchange(); }

private:
  std::unique_ptr<domains::brain> inner_;
  std::shared_ptr<std::atomic<bool>> silent_;
};

struct troubled {
  std::shared_ptr<std::atomic<bool>> silent = std::make_shared<std::atomic<bool>>(true);
  tests::shop shop{
      {.make_brain = [silent = silent](runtime::directory::place at,
                                       const persistence::open_options& store) -> std::unique_ptr<domains::brain> {
         if (at.domain != domain::wallet) return nullptr;
         return std::make_unique<silent_wallets>(runtime::make_brain(at.domain, at.shard, store), silent);
       },
       .gives_up_soon = true}};

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

TEST_CASE("a repair needs a reason, is made once, and stands in story and audit log with that reason", "[S0.6][C.6]") {
  troubled all;
  all.shop.furnish();
  const auto id = all.parked();
  CHECK(all.mend(id, "retry", "{}").status == 422);
  CHECK(all.mend(id, "retry", R"({"reason":""})").status == 422);
  CHECK(all.mend(id, "retry", R"({"reason":"x","dry_run":"yes"})").status == 422);
  CHECK(all.mend(id, "retry", R"({"reason":"x","odd":1})").status == 422);
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
