// A payment provider that declines, is silent, arrives and decides late: every order ends with exactly one capture, or
// with none that stands, and the money is the same on both sides.
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <future>
#include <mutex>

#include "actors/edge/gateway.hpp"
#include "actors/runtime/cashier.hpp"
#include "persistence/audit.hpp"
#include "persistence/payment.hpp"
#include "tests/catch.hpp"
#include "tests/world/shop.hpp"
#include "tests/world/till.hpp"

using namespace souk;
using namespace souk::tests;
using order::state;

namespace {

const std::vector<std::string> a_bad_day{
    "--decline-percent",     "10", "--fail-percent",        "5", "--lose-percent", "5",    "--silent-percent", "2",
    "--arrive-late-percent", "4",  "--decide-late-percent", "4", "--late",         "2500", "--slow",           "3"};

runtime::node_options with(const till& till) {
  auto options = shop::impatient();
  options.make_provider = till.maker();
  options.around.patience.tries_before_parked = 200;  // an outage is nobody's fault
  return options;
}

constexpr std::int64_t funds = 10'000'000;
constexpr int users = 20, products = 5;

// flows: one after the other.
std::vector<want> crowd(shop& shop, int n, const std::vector<order::flow>& flows = {order::flow::balance_first}) {
  for (int i = 0; i < users; ++i) shop.user("u" + std::to_string(i), funds);
  for (int i = 0; i < products; ++i) shop.product("p" + std::to_string(i), 100 + i, 1'000'000);
  std::vector<want> all;
  for (int i = 0; i < n; ++i)
    all.push_back({"u" + std::to_string(i % users),
                   {{{"p" + std::to_string(i % products)}, 1 + i % 3, {}}},
                   {},
                   {},
                   false,
                   flows[static_cast<std::size_t>(i) % flows.size()]});
  return all;
}

// Each order against the provider's ledger, and the sums: what wallets paid is what the provider kept.
void adds_up(shop& shop, till& till, const std::vector<order::ticket>& tickets) {
  CHECK(eventually([&] { return shop.node().sagas_running() == 0; }));
  // What is still on its way to the provider must find its key dead.
  CHECK(eventually([&] { return till.figure("arriving") == 0 && till.figure("processing") == 0; }));
  const auto ledger = till.ledger();
  std::int64_t completed = 0, failed = 0, due = 0, kept = 0, paid = 0;
  for (const auto& one : tickets) {
    const auto found = ledger.find(to_text(one.id));
    const auto charge = found == ledger.end() ? till::charge{} : found->second;
    INFO("order " << to_text(one.id) << " in state " << int(one.state) << " (" << to_text(one.why) << "): the provider "
                  << charge.state << ", " << charge.captures << " captures, " << charge.refunds << " refunds; "
                  << (one.id ? shop.timeline(one.id) : "never answered"));
    if (one.state == state::completed) {
      ++completed;
      due += one.total.minor;
      CHECK((charge.state == "captured" && charge.captures == 1 && charge.refunds == 0));
      CHECK(charge.amount == one.total.minor);
    } else {
      ++failed;
      CHECK(one.state == state::failed);
      const bool refunded = charge.state == "refunded" && charge.captures == 1 && charge.refunds == 1;
      const bool never = charge.captures == 0 && charge.refunds == 0 &&
                         (charge.state.empty() || charge.state == "declined" || charge.state == "voided");
      CHECK((refunded || never));
    }
  }
  for (const auto& [key, one] : ledger) kept += one.kept();
  for (int i = 0; i < users; ++i) paid += funds - shop.balance("u" + std::to_string(i));
  CHECK(completed > 0);
  CHECK(failed > 0);
  CHECK(kept == due);
  CHECK(paid == due);
  CHECK(shop.node().figures().cashier->open == 0);
}

struct frozen_clock final : runtime::clock {
  moment now() const override { return at; }
  moment at = runtime::wall_clock{}.now();
};

payment::state payment_of(shop& shop, number order) {
  return std::get<payment::view>(shop.ask(payment::find{order}).body).now;
}

}  // namespace

TEST_CASE("orders paid at a provider that declines, loses, delays and forgets end with one capture or none that stands",
          "[S0.5][S0.6][S1.1]") {
  till till{a_bad_day};
  shop shop{with(till)};
  const auto tickets = shop.buy_all(crowd(shop, 400));
  adds_up(shop, till, tickets);
  CHECK(till.figure("declined") > 0);
  CHECK(till.figure("voided") + till.figure("refunded") > 0);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("desks that fall and a node that stops half way lose no charge and refund none twice",
          "[S0.5][S0.6][S1.1][C.4]") {
  till till{a_bad_day};
  shop shop{with(till)};
  const auto all = crowd(shop, 300);
  std::vector<order::place> placed;
  std::atomic<int> ended{0};
  for (const auto& one : all) {
    auto place = shop.placing(one);
    placed.push_back(place);
    shop.node().front().ask(place, {{}, patience_ms, 1'000}, [&ended](answer&&) { ++ended; });
  }
  for (const auto fallen : {domain::payment, domain::order, domain::payment, domain::wallet}) {
    const int before = ended;
    CHECK(eventually([&] { return ended > before + 20 || ended == static_cast<int>(all.size()); }));
    shop.node().fell({fallen, 0});
  }
  shop.close();
  CHECK(ended == static_cast<int>(all.size()));  // those who waited were told that nobody will answer
  CHECK(till.figure("captured") > 0);
  shop.open();
  std::vector<order::ticket> tickets;
  for (auto& place : placed) tickets.push_back(std::get<order::ticket>(shop.ask(place).body));
  adds_up(shop, till, tickets);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("orders by events whose payment takes long, is declined or is captured late end right, also over restarts",
          "[S0.5][S1.5][S3.3][S3.4][S3.7]") {
  till till{a_bad_day};
  shop shop{with(till)};
  const auto all = crowd(shop, 300, {order::flow::by_events, order::flow::stock_first});
  std::vector<order::place> placed;
  std::atomic<int> ended{0};
  for (const auto& one : all) {
    auto place = shop.placing(one);
    placed.push_back(place);
    shop.node().front().ask(place, {{}, patience_ms, 1'000}, [&ended](answer&&) { ++ended; });
  }
  for (const auto fallen : {domain::payment, domain::event_log, domain::order, domain::payment, domain::wallet}) {
    const int before = ended;
    CHECK(eventually([&] { return ended > before + 10 || ended == static_cast<int>(all.size()); }));
    shop.node().fell({fallen, 0});
  }
  // From here on the provider says nothing any more, and what is asked stays open.
  till.control(R"({"fail_percent":100})");
  placed.push_back(shop.placing(all[0]));
  shop.node().front().ask(placed.back(), {{}, patience_ms, 1'000}, [&ended](answer&&) { ++ended; });
  CHECK(eventually([&] { return !std::get<payment::works>(shop.ask(payment::open_work{}).body).list.empty(); }));
  shop.close();
  CHECK(till.figure("captured") > 0);
  {
    // What the provider has yet to say is written down where it was asked for.
    persistence::open_options options;
    options.path = shop.data() + "/payment-0.db";
    persistence::payment_store store{options};
    std::size_t open = 0;
    for (const auto& one : store.open()) open += one.by_provider;
    CHECK(open > 0);
    CHECK(store.exchange.waiting().size() >= open);
  }
  till.control(R"({"fail_percent":5})");
  shop.open();
  std::vector<order::ticket> tickets;
  for (auto& place : placed) {
    const auto id = std::get<order::ticket>(shop.ask(place).body).id;
    CHECK(eventually([&] { return shop.find(id).ended.ms != 0; }));
    tickets.push_back(std::get<order::ticket>(shop.ask(place).body));
  }
  adds_up(shop, till, tickets);
  CHECK(till.figure("declined") > 0);
  // Nobody coordinates every second one of them: what is lost is asked for again, and only the provider says no.
  for (std::size_t i = 0; i < tickets.size(); i += 2)
    if (tickets[i].state == state::failed) CHECK(tickets[i].why == reason::payment_declined);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("an order by events that is cancelled while its provider is silent walks back when it is known what it did",
          "[S1.5][S1.6][S3.4]") {
  const auto flow = GENERATE(order::flow::by_events, order::flow::stock_first);
  till till{{"--fail-percent", "100"}};
  shop shop{with(till)};
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  auto place = shop.placing({"ann", {{{"cup"}, 2, {}}}, {}, {}, false, flow});
  place.wait = false;
  const auto id = std::get<order::ticket>(shop.ask(place).body).id;
  CHECK(eventually([&] { return shop.balance("ann") == 400; }));
  CHECK(shop.ask(order::cancel{id, false, shop.now()}).done());
  CHECK(eventually([&] { return shop.node().figures().cashier->unknown > 1; }));
  CHECK(shop.find(id).state == state::pending);
  till.control(R"({"fail_percent":0})");
  CHECK(eventually([&] { return shop.find(id).ended.ms != 0; }));
  CHECK(shop.find(id).state == state::cancelled);
  CHECK(shop.balance("ann") == 1'000);
  CHECK(shop.stock("cup") == 10);
  const auto charge = till.ledger()[to_text(id)];
  CHECK(charge.captures == charge.refunds);
  CHECK(payment_of(shop, id) == payment::state::cancelled);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("orders that nobody coordinates count as in flight, also when nobody waits for them", "[S1.4][S3.3]") {
  const std::string flow = GENERATE("by_events", "stock_first");
  till till{{"--fail-percent", "100"}};
  shop shop{with(till)};
  constexpr int most = 10;
  edge::gateway_options bounded;
  bounded.orders_in_flight_max = most;
  edge::gateway gateway{shop.node(), bounded};
  shop.user("ann", 1'000'000);
  shop.product("cup", 300, 1'000);
  int asked = 0;
  const auto place = [&] {
    std::promise<unsigned> heard;
    gateway.handle({"POST",
                    "/v1/orders",
                    {{"idempotency-key", std::to_string(asked++)}, {"prefer", "respond-async"}},
                    R"({"user":"ann","items":[{"product":"cup","quantity":1}],"flow":")" + flow + "\"}",
                    "test"},
                   [&](edge::http_response&& said) { heard.set_value(said.status); });
    return heard.get_future().get();
  };
  int accepted = 0;
  // One that was just announced may for a moment count at its coordinator as well.
  CHECK(eventually([&] { return (accepted += place() == 202) == most; }));
  for (int i = 0; i < 50; ++i) CHECK(place() == 503);
  // Also after a desk has begun anew; and when they end there is room again.
  shop.node().fell({domain::order, 0});
  CHECK(eventually([&] { return shop.ask(order::survey{}).done(); }));
  CHECK(place() == 503);
  till.control(R"({"fail_percent":0})");
  CHECK(eventually([&] { return place() == 202; }));
  gateway.drain();
}

TEST_CASE("a node whose payments are internal again says that some wait for the provider it had", "[S0.6]") {
  till till{{"--fail-percent", "100"}};
  shop shop{with(till)};
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  auto place = shop.placing({"ann", {{{"cup"}, 2, {}}}, {}, {}, false, order::flow::by_events});
  place.wait = false;
  const auto id = std::get<order::ticket>(shop.ask(place).body).id;
  CHECK(eventually([&] { return shop.ask(payment::find{id}).done(); }));
  shop.close();
  struct listener final : spdlog::sinks::base_sink<std::mutex> {
    void sink_it_(const spdlog::details::log_msg& said) override {
      heard = heard || std::string_view{said.payload.data(), said.payload.size()}.find("payment_provider") !=
                           std::string_view::npos;
    }
    void flush_() override {}
    std::atomic<bool> heard{false};
  };
  const auto ear = std::make_shared<listener>();
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", ear));
  shop.options().make_provider = {};
  shop.open();
  CHECK(eventually([&] { return ear->heard.load(); }));
  CHECK(shop.find(id).state == state::pending);
  shop.close();
  spdlog::set_default_logger(before);
  till.control(R"({"fail_percent":0})");
  shop.options().make_provider = till.maker();
  shop.open();
  CHECK(eventually([&] { return shop.find(id).state == state::completed; }));
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("an order that was paid at a provider and is cancelled later is refunded there, once", "[S0.5][S1.5]") {
  till till{{"--lose-percent", "30"}};
  shop shop{with(till)};
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  const auto bought = shop.buy({"ann", {{{"cup"}, 2, {}}}, {}, {}, false, order::flow::balance_first});
  REQUIRE(bought.state == state::completed);
  till.control(R"({"fail_percent":100})");
  for (int i = 0; i < 3; ++i) shop.ask(order::cancel{bought.id, true, shop.now()});
  CHECK(shop.balance("ann") == 1'000);
  CHECK(eventually([&] { return payment_of(shop, bought.id) == payment::state::cancelling; }));
  CHECK(shop.broken_invariants() == "");
  persistence::audit_figures figures;
  (void)persistence::audit(shop.data(), &figures);
  CHECK(figures.refunds_owed == 1);
  till.control(R"({"fail_percent":0})");
  shop.open();
  CHECK(eventually([&] { return payment_of(shop, bought.id) == payment::state::cancelled; }));
  const auto charge = till.ledger().at(to_text(bought.id));
  CHECK(charge.state == "refunded");
  CHECK(charge.captures == 1);
  CHECK(charge.refunds == 1);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("while the provider is out of reach an order fails, but not before the provider cannot charge it any more",
          "[S0.5][S0.6]") {
  std::uint16_t port = 0;
  {
    till somewhere{{}};
    port = somewhere.port();
  }
  auto options = shop::impatient();
  options.around.patience.tries_before_parked = 250;
  options.make_provider = till::maker_at(port, 300);
  shop shop{options};
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  auto place = shop.placing({"ann", {{{"cup"}, 2, {}}}, {}, {}, false, order::flow::balance_first});
  place.wait = false;
  const auto id = std::get<order::ticket>(shop.ask(place).body).id;
  // It gives up, and waits for the provider with the money still debited: nobody knows what was charged.
  CHECK(eventually([&] {
    const auto found = shop.ask(payment::find{id});
    return found.done() && std::get<payment::view>(found.body).now == payment::state::cancelling;
  }));
  CHECK(shop.find(id).state == state::pending);
  CHECK(shop.balance("ann") == 400);
  till back{{}, port};
  const auto ended = std::get<order::ticket>(shop.ask(order::watch{id}).body);
  CHECK(ended.state == state::failed);
  CHECK(ended.why == reason::unreachable);
  CHECK(shop.balance("ann") == 1'000);
  CHECK(back.ledger().at(to_text(id)).state == "voided");
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a webhook only makes the provider be asked: it is neither believed nor needed, and told twice is told once",
          "[S0.6][S1.6][S2.6]") {
  till till{{"--fail-percent", "100"}};
  auto options = with(till);
  // Time stands still: no pause ends, and nothing is read again by itself.
  options.around.clock = std::make_shared<frozen_clock>();
  shop shop{options};
  edge::gateway gateway{shop.node()};
  const auto post = [&](const std::string& body) {
    std::promise<edge::http_response> heard;
    gateway.handle({"POST", "/v1/admin/payment-webhooks", {{"content-type", "application/json"}}, body, "test"},
                   [&](edge::http_response&& said) { heard.set_value(std::move(said)); });
    return heard.get_future().get();
  };
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  auto place = shop.placing({"ann", {{{"cup"}, 2, {}}}, {}, {}, false, order::flow::balance_first});
  place.wait = false;
  const auto id = std::get<order::ticket>(shop.ask(place).body).id;
  const auto news = R"({"key":")" + to_text(id) + R"(","state":"captured"})";
  CHECK(eventually([&] { return shop.node().figures().cashier->unknown == 1; }));
  // A lie: the provider is asked, and says nothing of the kind.
  CHECK(post(news).status == 202);
  CHECK(eventually([&] { return shop.node().figures().cashier->unknown == 2; }));
  CHECK(payment_of(shop, id) == payment::state::requested);
  till.control(R"({"fail_percent":0})");
  CHECK(post(news).status == 202);
  CHECK(eventually([&] { return shop.find(id).state == state::completed; }));
  CHECK(post(news).status == 202);
  CHECK(post(R"({"key":")" + to_text(id) + R"(","state":"refunded"})").status == 202);
  CHECK(payment_of(shop, id) == payment::state::approved);
  CHECK(till.ledger().at(to_text(id)).captures == 1);

  struct row {
    std::string body;
    unsigned status;
    const char* names;
  };
  for (const auto& one : std::vector<row>{
           {R"({"key":")" + to_text(number{4711}) + R"(","state":"captured"})", 404, "not_found"},
           {R"({"key":"nobody","state":"captured"})", 422, R"("member":"key")"},
           {R"({"key":7,"state":"captured"})", 422, R"("member":"key")"},
           {R"({"state":"captured"})", 422, R"("member":"key")"},
           {R"({"key":")" + to_text(id) + R"("})", 422, R"("member":"state")"},
           {R"({"key":")" + to_text(id) + R"(","state":"paid"})", 422, R"("member":"state")"},
           {R"({"key":")" + to_text(id) + R"(","state":"captured","amount":1})", 422, R"("member":"amount")"},
           {"captured", 400, ""},
       }) {
    const auto said = post(one.body);
    INFO(one.body << ": " << said.body);
    CHECK(said.status == one.status);
    CHECK(said.body.find(one.names) != said.body.npos);
  }
}

TEST_CASE("a charge that is captured late although its key was killed is told by webhook, and refunded once",
          "[S0.5][S1.6]") {
  till till{{"--arrive-late-percent", "100", "--late", "5000", "--careless-percent", "100", "--webhooks-each", "2"}};
  shop shop{with(till)};
  auto gateway = std::make_unique<edge::gateway>(shop.node());
  edge::http_server server{{}, [&](edge::http_request&& request, const edge::responder& answer) {
                             gateway->handle(std::move(request), answer);
                           }};
  till.control(R"({"webhooks":"http://127.0.0.1:)" + std::to_string(server.port()) + R"(/v1/admin/payment-webhooks"})");
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  const auto failed = shop.buy({"ann", {{{"cup"}, 2, {}}}, {}, {}, false, order::flow::balance_first});
  CHECK(failed.state == state::failed);
  CHECK(failed.why == reason::unreachable);
  CHECK(shop.balance("ann") == 1'000);
  CHECK(payment_of(shop, failed.id) == payment::state::cancelled);
  const auto key = to_text(failed.id);
  CHECK(eventually([&] {
    const auto ledger = till.ledger();
    return ledger.contains(key) && ledger.at(key).state == "refunded";
  }));
  // Two of what was captured, two of what was refunded: each is answered once the provider was asked.
  CHECK(eventually([&] { return till.figure("webhooks") == 4; }));
  CHECK(till.ledger().at(key).captures == 1);
  CHECK(till.ledger().at(key).refunds == 1);
  server.stop();
  gateway.reset();
  CHECK(shop.broken_invariants() == "");
}
