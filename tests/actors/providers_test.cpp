// The payment provider behind an HTTP endpoint: what it is asked, and what its answers are taken for.
#include "actors/edge/providers.hpp"

#include <mutex>
#include <vector>

#include "actors/edge/http.hpp"
#include "tests/catch.hpp"

using namespace souk;
using runtime::charge_state;

namespace {

// An endpoint that answers everything with one answer, and writes down what it was asked.
struct endpoint {
  endpoint()
      : server({}, [this](edge::http_request&& request, const edge::responder& answer) {
          const std::lock_guard hold{mutex};
          asked.push_back(request.method + ' ' + request.target + ' ' + std::string{request.header("idempotency-key")} +
                          ' ' + request.body);
          if (silent)
            kept.push_back(answer);
          else
            answer.send(says);
        }) {}
  std::unique_ptr<runtime::provider> provider(std::chrono::milliseconds timeout = std::chrono::seconds{30}) {
    return edge::make_provider_maker("http://127.0.0.1:" + std::to_string(server.port()) + "/pay/", {"EUR", timeout})();
  }
  void say(unsigned status, const std::string& body) { says = {status, {}, "application/json", body}; }

  std::mutex mutex;
  std::vector<std::string> asked;
  std::vector<edge::responder> kept;
  edge::http_response says;
  bool silent = false;
  edge::http_server server;  // last: it ends before what its handler uses
};

}  // namespace

TEST_CASE("a payment provider over HTTP is asked by the order's key, whatever it is asked", "[S1.1][S2.6]") {
  endpoint there;
  there.say(200, R"({"state":"captured"})");
  const auto provider = there.provider();
  CHECK(provider->charge("K1", {"ann"}, {1299}).state == charge_state::captured);
  provider->find("K1");
  provider->forbid("K1");
  provider->refund("K1");
  CHECK(there.asked == std::vector<std::string>{
                           R"(PUT /pay/charges/K1 K1 {"amount":1299,"currency":"EUR","user":"ann"})",
                           "GET /pay/charges/K1  ",
                           "PUT /pay/charges/K1/void K1/void {}",
                           "PUT /pay/charges/K1/refund K1/refund {}",
                       });
}

TEST_CASE("only what the payment provider says in its own words is believed; all else is not known", "[S0.6][S1.6]") {
  endpoint there;
  const auto provider = there.provider();
  struct row {
    unsigned status;
    const char* body;
    charge_state is;
  };
  for (const auto& one : std::vector<row>{
           {200, R"({"state":"captured"})", charge_state::captured},
           {201, R"({"state":"processing","more":[1]})", charge_state::processing},
           {402, R"({"state":"declined"})", charge_state::declined},
           {409, R"({"state":"voided"})", charge_state::voided},
           {200, R"({"state":"refunded"})", charge_state::refunded},
           {404, R"({"state":"captured"})", charge_state::unknown},
           {500, R"({"state":"captured"})", charge_state::unknown},
           {422, R"({"state":"declined"})", charge_state::unknown},
           {200, R"({"state":"excellent"})", charge_state::unknown},
           {200, R"({"state":1})", charge_state::unknown},
           {200, R"(["captured"])", charge_state::unknown},
           {200, "captured", charge_state::unknown},
           {204, "", charge_state::unknown},
       }) {
    INFO(one.status << ' ' << one.body);
    there.say(one.status, one.body);
    const auto said = provider->charge("K1", {"ann"}, {5});
    CHECK(said.state == one.is);
    CHECK(said.trouble.empty() == (one.is != charge_state::unknown));
  }
  there.say(404, "");
  CHECK(provider->find("K1").state == charge_state::missing);
}

TEST_CASE("a payment provider that does not answer in time, or is not there, has said nothing", "[S0.6]") {
  endpoint there;
  there.silent = true;
  const auto provider = there.provider(std::chrono::milliseconds{50});
  CHECK(provider->charge("K1", {"ann"}, {5}).state == charge_state::unknown);
  {
    const std::lock_guard hold{there.mutex};
    there.kept.clear();  // nobody is waited for
  }
  there.server.stop();
  const auto said = provider->find("K1");
  CHECK(said.state == charge_state::unknown);
  CHECK_FALSE(said.trouble.empty());
}

TEST_CASE("a payment provider is internal, or has an address", "[config]") {
  CHECK_FALSE(edge::make_provider_maker("internal"));
  CHECK(edge::make_provider_maker("http://localhost:8080/v1"));
  for (const auto* wrong : {"", "external", "https://x/", "http://", "http://x:0/", "http://x/?y", "file:/x"})
    CHECK_THROWS_AS(edge::make_provider_maker(wrong), std::invalid_argument);
}
