// Repairs in real processes that are killed: what was answered is in effect once, and in the audit log.
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "persistence/audit.hpp"
#include "tests/catch.hpp"
#include "tests/server.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::tests;
using nlohmann::json;

namespace {

class node {
public:
  explicit node(const std::string& data) : server_({SOUK_TROUBLED_NODE, "--data", data, "--port", "0"}) {}

  edge::http_response ask(const std::string& method, const std::string& target, const std::string& body = {},
                          const edge::header_list& with = {}) {
    edge::header_list headers = with;
    headers.emplace_back("idempotency-key", "key-" + std::to_string(++keys_));
    return edge::http_client{"127.0.0.1", server_.port()}.request(method, target, headers, body);
  }
  json get(const std::string& target) { return json::parse(ask("GET", target).body); }
  void silence(bool silent) { server_.control(silent ? R"({"silent":true})" : R"({"silent":false})"); }
  int end(int signal) { return server_.end(signal); }
  bool eventually(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{240};
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return true;
  }

private:
  server server_;
  int keys_ = 0;
};

}  // namespace

TEST_CASE("a repair that was answered is made once, and written down once, when the process is killed right after it",
          "[S0.6][S0.8][C.4]") {
  constexpr std::size_t parked_count = 6, mended_count = 4;
  for (const std::string what : {"retry", "fail"}) {
    INFO(what);
    const temporary_folder folder;
    const auto data = folder.file("data");
    std::vector<std::string> ids;
    {
      node first{data};
      REQUIRE(first.ask("PUT", "/v1/users/ann", R"({"name":"Ann"})").status == 201);
      REQUIRE(first.ask("POST", "/v1/wallets/ann/charges", R"({"amount":10000})").status == 201);
      REQUIRE(first.ask("PUT", "/v1/products/tea", R"({"name":"Tea","price":100,"stock":50})").status == 201);
      first.silence(true);
      for (std::size_t i = 0; i < parked_count; ++i) {
        const auto said = first.ask("POST", "/v1/orders", R"({"user":"ann","items":[{"product":"tea","quantity":2}]})",
                                    {{"prefer", "respond-async"}});
        REQUIRE(said.status == 202);
        ids.push_back(json::parse(said.body)["id"]);
      }
      REQUIRE(
          first.eventually([&] { return first.get("/v1/admin/sagas?state=parked")["data"].size() == parked_count; }));
      for (std::size_t i = 0; i < mended_count; ++i)
        REQUIRE(first.ask("POST", "/v1/admin/sagas/" + ids[i] + '/' + what, R"({"reason":"a test"})").status == 202);
      first.end(SIGKILL);
    }
    node second{data};
    REQUIRE(second.eventually([&] { return second.get("/v1/admin/sagas")["data"].empty(); }));
    for (std::size_t i = 0; i < parked_count; ++i) {
      INFO(ids[i]);
      CHECK(second.get("/v1/orders/" + ids[i])["state"] == "FAILED");
      const auto again = second.ask("POST", "/v1/admin/sagas/" + ids[i] + '/' + what, R"({"reason":"a test"})");
      CHECK(again.status == (i < mended_count ? 200U : 409U));  // who started anew had tried the others by itself
      CHECK(second.get("/v1/admin/audit?saga=" + ids[i])["data"].size() == (i < mended_count ? 1U : 0U));
    }
    CHECK(second.get("/v1/admin/audit/verify")["whole"] == true);
    // Nobody was debited; what was written off stays off the shelf.
    CHECK(second.get("/v1/wallets/ann")["balance"] == 10'000);
    CHECK(second.get("/v1/products/tea")["stock"] == (what == "fail" ? 50 - 2 * static_cast<int>(mended_count) : 50));
    second.end(SIGTERM);
    persistence::audit_figures figures;
    CHECK(persistence::all_hold(persistence::audit(data, &figures)));
    CHECK(figures.settled == (what == "fail" ? static_cast<std::int64_t>(mended_count) : 0));
  }
}
