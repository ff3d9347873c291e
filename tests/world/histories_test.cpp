// The histories of wallets and payments of orders by events, on their way to the external document platform: each entry
// once, with what the ledger says, whenever the platform comes.
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "actors/edge/sinks.hpp"
#include "tests/catch.hpp"
#include "tests/server.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;
using nlohmann::json;
using order::flow;
using order::state;

namespace {

struct document_platform {
  server it;
  explicit document_platform(const std::vector<std::string>& flags)
      : it([&] {
          std::vector<std::string> words{SOUK_PLATFORM_MOCK, "--port", "0"};
          words.insert(words.end(), flags.begin(), flags.end());
          return words;
        }()) {}

  runtime::sink_maker sink() const { return edge::make_sink_maker(it.url() + "/events"); }
  std::int64_t figure(const char* name) const { return json::parse(it.get("/stats")).at(name); }
  // What came of wallets and payments: "debited 300, 700 left" by the event's id.
  std::map<std::string, std::string> histories() const {
    std::map<std::string, std::string> all;
    std::istringstream lines{it.get("/events")};
    for (std::string line; std::getline(lines, line);) {
      const auto event = json::parse(line);
      const std::string type = event["type"];
      const auto& data = event["data"];
      if (!data.contains("amount")) continue;
      CHECK(event["source"] == "/souk/event_log/0");
      CHECK(event["subject"] == data["order"]);
      auto text = type.substr(5) + ' ' + data["user"].get<std::string>() + ' ' + data["amount"].dump();
      if (data.contains("balance")) text += " leaves " + data["balance"].dump();
      all[event["id"]] = text;
    }
    return all;
  }
};

// The same, as the ledger and the book of payments have it of orders whose histories are told.
std::map<std::string, std::string> kept_histories(shop& shop, const std::vector<order::ticket>& tickets,
                                                  const std::vector<std::string>& users) {
  std::map<number, bool> mine;
  for (const auto& one : tickets) mine[one.id] = shop.find(one.id).flow == flow::by_events;
  std::map<std::string, std::string> all;
  for (const auto& user : users) {
    const auto ledger = shop.ask(wallet::read_entries{{user}, 0, 10'000});
    for (const auto& one : std::get<wallet::page>(ledger.body).entries) {
      if (!mine[one.cause]) continue;
      const bool debit = one.what == wallet::kind::debit;
      const std::string type = debit ? "wallet.debited" : "wallet.restored";
      all[to_text(one.cause) + '.' + type] = type + ' ' + user + ' ' +
                                             std::to_string(debit ? -one.amount.minor : one.amount.minor) + " leaves " +
                                             std::to_string(one.balance.minor);
    }
  }
  static const std::map<payment::state, std::string> types{{payment::state::approved, "payment.approved"},
                                                           {payment::state::declined, "payment.declined"},
                                                           {payment::state::cancelled, "payment.cancelled"}};
  for (const auto& one : tickets) {
    if (!mine[one.id]) continue;
    // What a refund does, long after the order's end, goes by no event.
    const bool refunded = shop.find(one.id).saga == order::saga_state::completed;
    const auto said = shop.ask(payment::find{one.id});
    const auto* found = std::get_if<payment::view>(&said.body);
    for (std::size_t i = 0; found && i < found->history.size(); ++i)
      if (const auto type = types.find(found->history[i].to);
          type != types.end() && !(refunded && type->first == payment::state::cancelled))
        all[to_text(one.id) + '.' + type->second] =
            type->second + ' ' + found->user.text + ' ' + std::to_string(found->amount.minor);
  }
  return all;
}

// What one has and the other has not.
std::string differences(const std::map<std::string, std::string>& arrived,
                        const std::map<std::string, std::string>& kept) {
  std::string text;
  for (const auto& [id, what] : kept)
    if (const auto found = arrived.find(id); found == arrived.end() || found->second != what)
      text += "lacks " + id + ": " + what + '\n';
  for (const auto& [id, what] : arrived)
    if (const auto found = kept.find(id); found == kept.end() || found->second != what)
      text += "has " + id + ": " + what + '\n';
  return text;
}

const std::vector<std::string> users{"ann", "bob", "cid"};

void furnish(shop& shop) {
  shop.user("ann", 100'000);
  shop.user("bob", 250);
  shop.user("cid", 100'000);
  shop.product("tea", 100, 500);
  shop.product("gift", 0, 500);
  shop.product("last", 100, 5);
}

// Some too dear, some sold out, some free of charge, some cancelled on the way.
std::vector<order::ticket> buy(shop& shop, int n) {
  std::vector<want> all;
  for (int i = 0; i < n; ++i) {
    const auto product = i % 7 == 6 ? "gift" : i % 11 == 10 ? "last" : "tea";
    all.push_back({users[static_cast<std::size_t>(i % 3)],
                   {{{product}, 1 + i % 2, {}}},
                   {},
                   {},
                   false,
                   i % 4 ? flow::by_events : flow::stock_first});
  }
  auto tickets = shop.buy_all(all);
  for (int i = 0; i < n / 10; ++i) {
    auto place = shop.placing({"cid", {{{"tea"}, 1, {}}}, {}, {}, false, flow::by_events});
    place.wait = false;
    tickets.push_back(std::get<order::ticket>(shop.ask(place).body));
    shop.ask(order::cancel{tickets.back().id, false, shop.now()});
  }
  for (const auto& one : tickets) CHECK(eventually([&] { return shop.find(one.id).ended.ms != 0; }));
  return tickets;
}

event_log::status log_of(shop& shop) { return std::get<event_log::status>(shop.ask(event_log::find_status{}).body); }

}  // namespace

TEST_CASE("all histories of wallets and payments arrive once, though the platform is down first and loses answers",
          "[S3.5][S2.10]") {
  const document_platform platform{{"--down"}};
  auto options = shop::impatient();
  options.make_sink = platform.sink();
  shop shop{options};
  furnish(shop);
  auto tickets = buy(shop, 60);
  CHECK(platform.figure("distinct") == 0);
  shop.close();  // what nobody took waits on disk
  shop.open();
  for (auto& one : buy(shop, 40)) tickets.push_back(std::move(one));
  platform.it.control(R"({"down":false,"lose_percent":20})");
  const auto kept = kept_histories(shop, tickets, users);
  CHECK(kept.size() > 100);
  CHECK(eventually([&] { return platform.histories().size() >= kept.size(); }));
  CHECK(differences(platform.histories(), kept) == "");
  std::map<std::string, int> of_type;
  for (const auto& [id, text] : kept) of_type[text.substr(0, text.find(' '))] += 1;
  CHECK(of_type["wallet.debited"] > 0);
  CHECK(of_type["wallet.restored"] > 0);
  CHECK(of_type["payment.approved"] > of_type["wallet.debited"] - of_type["wallet.restored"]);  // gifts are paid too
  CHECK(of_type["wallet.restored"] == of_type["payment.cancelled"]);
  CHECK(platform.figure("duplicates") > 0);
  CHECK(platform.figure("out_of_order") == 0);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a platform that comes late finds the histories of all orders, and only then may the log forget them",
          "[S3.5][S3.6]") {
  shop shop;
  furnish(shop);
  const auto tickets = buy(shop, 80);
  CHECK(log_of(shop).newest > 400);
  CHECK(log_of(shop).oldest == 1);
  const document_platform platform{{}};
  shop.close();
  shop.options().make_sink = platform.sink();
  shop.open();
  const auto kept = kept_histories(shop, tickets, users);
  CHECK(eventually([&] { return platform.histories().size() >= kept.size(); }));
  CHECK(differences(platform.histories(), kept) == "");
  const auto more = buy(shop, 80);
  CHECK(eventually(
      [&] { return platform.histories().size() == kept.size() + kept_histories(shop, more, users).size(); }));
  CHECK(platform.figure("out_of_order") == 0);
  // It forgets with what it writes next.
  CHECK(eventually([&] {
    buy(shop, 1);
    return log_of(shop).oldest > 1;
  }));
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a history that the platform rejects waits, and what follows it of the same order waits behind it",
          "[S3.5][S0.6]") {
  const document_platform platform{{"--fail-percent", "100", "--status", "422"}};
  auto options = shop::impatient();
  options.make_sink = platform.sink();
  shop shop{options};
  furnish(shop);
  const auto bought = shop.buy({"ann", {{{"tea"}, 1, {}}}, {}, {}, false, flow::by_events});
  CHECK(bought.state == state::completed);
  const auto troubles = [&] { return std::get<platform::troubles>(shop.ask(platform::list_troubles{}).body).list; };
  CHECK(eventually([&] { return troubles().size() == 3; }));  // the order's own event, and two of the log
  int behind = 0;
  for (const auto& one : troubles()) {
    const bool of_log = platform::party_of(one.source).domain == domain::event_log;
    CHECK(of_log == static_cast<bool>(one.event.entry));
    behind += one.error.starts_with("waits behind");
  }
  CHECK(behind == 2);  // the other history, and the end, which another source tells
  platform.it.control(R"({"fail_percent":0})");
  CHECK(eventually([&] { return troubles().empty(); }));
  CHECK(differences(platform.histories(), kept_histories(shop, {bought}, users)) == "");
  CHECK(platform.figure("out_of_order") == 0);
  CHECK(shop.broken_invariants() == "");
}
