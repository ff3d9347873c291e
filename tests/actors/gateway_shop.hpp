// A node with its gateway for tests of the edge: asked in this process, or over a socket.
#pragma once

#include <caf/message.hpp>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "actors/edge/gateway.hpp"
#include "actors/edge/http.hpp"
#include "actors/runtime/node.hpp"
#include "actors/runtime/wire.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"

namespace souk::tests {

using edge::http_request;
using edge::http_response;
using nlohmann::json;

// Long enough for the slowest machine; a passing test never waits for it.
inline bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

// Keeps sagas from being begun while it is told to: their orders stay pending.
class holding_link final : public runtime::link {
public:
  void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) override {
    {
      const std::lock_guard hold{mutex_};
      if (holding_ && what.match_elements<souk::begin>()) {
        kept_.emplace_back(from, to, std::move(what));
        return;
      }
    }
    direct_.carry(from, to, std::move(what));
  }
  void hold() {
    const std::lock_guard lock{mutex_};
    holding_ = true;
  }
  void release() {
    std::vector<std::tuple<caf::strong_actor_ptr, caf::actor, caf::message>> kept;
    {
      const std::lock_guard lock{mutex_};
      holding_ = false;
      kept.swap(kept_);
    }
    for (auto& [from, to, what] : kept) direct_.carry(from, to, std::move(what));
  }

private:
  std::mutex mutex_;
  bool holding_ = false;
  std::vector<std::tuple<caf::strong_actor_ptr, caf::actor, caf::message>> kept_;
  runtime::direct_link direct_;
};

struct shop_options {
  edge::gateway_options gateway;
  std::uint32_t shards = 1;  // of the domains that may have several
  runtime::sink_maker sink = {};
  std::shared_ptr<const runtime::clock> clock;
  // A domain that does not answer some commands.
  std::function<std::unique_ptr<domains::brain>(runtime::directory::place, const persistence::open_options&)>
      make_brain = {};
  bool gives_up_soon = false;  // so that sagas are parked at once
  std::optional<sagas::patience> patience = {};
};

class shop {
public:
  explicit shop(const shop_options& options = {}) {
    runtime::node_options wanted;
    wanted.data = folder_.path().string();
    for (const auto d : {domain::user, domain::wallet, domain::product, domain::coupon, domain::order,
                         domain::reservation, domain::queue})
      wanted.shards[static_cast<std::size_t>(d)] = options.shards;
    wanted.make_sink = options.sink;
    wanted.around.link = link;
    if (options.clock) wanted.around.clock = options.clock;
    wanted.around.desks = runtime::spawn_policy::scheduled;
    wanted.make_brain = options.make_brain;
    if (options.gives_up_soon) wanted.around.patience = {2, 3, 1, 10};
    if (options.patience) wanted.around.patience = *options.patience;
    node = std::make_unique<runtime::node>(std::move(wanted));
    gateway = std::make_unique<edge::gateway>(*node, options.gateway);
  }
  ~shop() {
    link->release();
    gateway.reset();
    node.reset();
  }

  using headers = edge::header_list;
  std::future<http_response> begin(const std::string& method, const std::string& target, const std::string& body = {},
                                   const headers& with = {}) {
    auto heard = std::make_shared<std::promise<http_response>>();
    gateway->handle(http_request{method, target, with, body, "test"},
                    [heard](http_response&& said) { heard->set_value(std::move(said)); });
    return heard->get_future();
  }
  http_response ask(const std::string& method, const std::string& target, const std::string& body = {},
                    const headers& with = {}) {
    return begin(method, target, body, with).get();
  }
  http_response post(const std::string& target, const std::string& key, const std::string& body = {}) {
    return ask("POST", target, body, {{"idempotency-key", key}});
  }
  // What a GET says, which must go well.
  json get(const std::string& target) {
    const auto said = ask("GET", target);
    INFO("GET " << target << ": " << said.body);
    REQUIRE(said.status == 200);
    return json::parse(said.body);
  }

  // anna with 10,000 in her wallet, 100 teapots at 250.
  void furnish() {
    REQUIRE(ask("PUT", "/v1/users/anna", R"({"name":"Anna"})").status == 201);
    REQUIRE(post("/v1/wallets/anna/charges", "furnish", R"({"amount":10000})").status == 201);
    REQUIRE(ask("PUT", "/v1/products/teapot", R"({"name":"Teapot","price":250,"stock":100})").status == 201);
  }
  std::int64_t balance(const std::string& user) { return get("/v1/wallets/" + user)["balance"]; }
  std::int64_t stock(const std::string& product) { return get("/v1/products/" + product)["stock"]; }

  std::shared_ptr<holding_link> link = std::make_shared<holding_link>();
  std::unique_ptr<runtime::node> node;
  std::unique_ptr<edge::gateway> gateway;

private:
  temporary_folder folder_;
};

inline std::string header(const http_response& said, std::string_view name) {
  for (const auto& [key, value] : said.headers)
    if (key == name) return value;
  return {};
}

inline const std::string two_teapots = R"({"user":"anna","items":[{"product":"teapot","quantity":2}]})";

}  // namespace souk::tests
