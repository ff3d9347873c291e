// The gateway: HTTP requests become commands, answers become JSON. Everything it knows stands in a table of routes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/edge/access_log.hpp"
#include "actors/edge/http.hpp"
#include "actors/edge/keys.hpp"
#include "actors/edge/watchman.hpp"
#include "actors/runtime/node.hpp"
#include "actors/sagas/plans.hpp"

namespace souk::edge {

struct gateway_options {
  // Orders that wait for their end and sagas that run; beyond, orders are turned away before anything is asked.
  std::int64_t orders_in_flight_max = 4096;
  std::int64_t wait_ms = 2'000;       // for an order's end, when the caller does not say
  std::int64_t wait_ms_max = 30'000;  // below the server's answer_seconds
  std::string currency = "GBP";
  std::shared_ptr<const key_ring> keys;           // none: anybody may do everything
  std::shared_ptr<edge::access_log> access_log;   // none: nobody writes down who came
  bool admin_apart = false;                       // somebody named an entrance for admins, see entrance
  sagas::limits late_ms = sagas::usual_limits();  // how old a saga may become, by design
  std::optional<watch_options> watch;             // none: nobody looks after old sagas and broken books
};

class hall;

class gateway {
public:
  // The node must outlive the gateway; requests may outlive both.
  gateway(runtime::node& node, gateway_options options = {});
  ~gateway();
  gateway(const gateway&) = delete;
  gateway& operator=(const gateway&) = delete;

  // For the HTTP server. Thread-safe, never waits.
  void handle(http_request&& request, const responder& answer, entrance at = entrance::front);
  // The same routes without a socket, but for streams of events. `then` is called once, from this thread or from the
  // front's, and should be short.
  void handle(const http_request& request, std::function<void(http_response&&)> then, entrance at = entrance::front);

  // Readiness is gone: whoever balances load sends nobody here any more.
  void drain();
  // Figures of the server in front, for /metrics. Before the first request.
  void show(std::function<server_counts()> server);

private:
  std::shared_ptr<edge::hall> hall_;
};

}  // namespace souk::edge
