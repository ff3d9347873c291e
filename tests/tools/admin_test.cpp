// The console shows the event log of a running node, and gives letters their tries again.
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/catch.hpp"
#include "tests/program.hpp"
#include "tests/temporary.hpp"
#include "tests/tools/console.hpp"
#include "tools/doubles/troubled_node.hpp"
#include "tools/serve.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

answer done_by(runtime::node& node, command what) {
  auto said = node.front().ask_now(std::move(what));
  REQUIRE(said.done());
  return said;
}

}  // namespace

TEST_CASE("the console shows topics, subscribers with their lag and letters, and has a letter tried again",
          "[S3.6][S0.6][C.6]") {
  temporary_folder folder;
  config::node wanted;
  wanted.data = folder.file("data");
  wanted.http.port = 0;
  wanted.desks = config::desks::scheduled;
  tools::served_node served{wanted};
  const auto ask = [&](command what) { return done_by(served.node(), std::move(what)); };
  const moment now = served.node().around().clock->now();
  ask(user::put{{"ann"}, "Ann", now});
  ask(wallet::charge{"c", {"ann"}, {1'000}, now});
  ask(product::put{{"tea"}, "Tea", {100}, 9, now});
  order::place place;
  place.request = "r";
  place.user = {"ann"};
  place.lines = {{{"tea"}, 1, {}}};
  place.flow = order::flow::by_events;
  place.wait = true;
  place.at = now;
  order::brief about;
  about.id = std::get<order::ticket>(ask(place).body).id;
  about.flow = order::flow::by_events;
  const event_log::event bad{3, domain::product, 1, outcome::done, {}, {}, now, about};
  ask(event_log::set_aside{0, {domain::wallet, 0}, {bad}, "broken on purpose", now});

  console console{served.address()};
  const auto text = console.say("event-log");
  CHECK(console.code == 0);
  const auto letter = "0-" + std::to_string(event_log::party{domain::wallet, 0}.id()) + "-3";
  for (const auto& word : {std::string{"topic"}, std::string{"product"}, std::string{"lag"}, std::string{"wallet/0"},
                           letter, std::string{"broken on purpose"}, to_text(about.id)}) {
    INFO(word << " in " << text);
    CHECK(text.find(word) != text.npos);
  }
  const auto all = nlohmann::json::parse(console.say("-o json event-log"));
  CHECK(all["data"][0]["held"] == 1);
  CHECK(all["data"][0]["newest"].get<int>() >= 6);
  CHECK(console.say("event-log retry " + letter).find("--reason") != std::string::npos);
  CHECK(console.code == 2);
  CHECK(console.say("event-log retry " + letter + " --reason x").find("not given up") != std::string::npos);
  CHECK(console.code == 0);
  for (int i = 1; i < 8; ++i) ask(event_log::tried{0, {domain::wallet, 0}, 3, "still broken", now + 1'000'000 * i});
  CHECK(console.say("event-log retry " + letter + " --reason x --dry-run").find("still broken") != std::string::npos);
  CHECK(console.say("event-log retry " + letter + " --reason 'it is mended'").find("line 1") != std::string::npos);
  CHECK(console.say("audit").find("event-log " + letter) != std::string::npos);
  // Dead once more, it goes with all that are.
  for (int i = 20; i < 28; ++i) ask(event_log::tried{0, {domain::wallet, 0}, 3, "still broken", now + 1'000'000 * i});
  const std::string all_of = "event-log retry --all --subscriber wallet --error-has ";
  CHECK(console.say(all_of + "mended --reason x").find("no dead letter") != std::string::npos);
  CHECK(console.say(all_of + "broken --reason x --dry-run").find("1 dead letter would") != std::string::npos);
  CHECK(console.say(all_of + "broken --reason 'all are mended'").find("1 dead letter will") != std::string::npos);
  CHECK(console.say("audit").find("all are mended") != std::string::npos);
  CHECK(console.say(all_of + "broken --reason x").find("no dead letter") != std::string::npos);
  CHECK(console.say("outbox retry --all --reason x").find("no dead letter") != std::string::npos);
  CHECK(console.code == 0);
  for (const std::string none : {"0-257-99", "9-257-3", "0-257", "x", "0-x-1"}) {
    INFO(none << ": " << console.say("event-log retry " + none + " --reason x"));
    CHECK(console.code == 3);
  }
  CHECK_THROWS_AS(console.say("event-log retry"), CLI::ParseError);
}

TEST_CASE("the console finds a parked saga by four letters, rehearses its repair, makes it and has it in the audit log",
          "[S0.6][C.6]") {
  temporary_folder folder;
  doubles::troubled_node node{folder.file("data"), 0};
  const auto ask = [&](command what) { return done_by(node.node(), std::move(what)); };
  const moment now = node.node().around().clock->now();
  ask(user::put{{"ann"}, "Ann", now});
  ask(wallet::charge{"c", {"ann"}, {1'000}, now});
  ask(product::put{{"tea"}, "Tea", {100}, 9, now});
  node.silence_wallets(true);
  std::vector<number> parked;
  for (int i = 0; i < 5; ++i) {
    order::place place;
    place.request = "r" + std::to_string(i);
    place.user = {"ann"};
    place.lines = {{{"tea"}, 1, {}}};
    place.at = now;
    parked.push_back(std::get<order::ticket>(ask(place).body).id);
  }
  const auto find = [&](number id) { return std::get<order::view>(ask(order::find{id}).body); };
  const auto eventually = [](const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{120};
    while (!holds() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    return holds();
  };
  for (const auto id : parked) REQUIRE(eventually([&] { return static_cast<bool>(find(id).parked); }));

  console console{node.address()};
  const auto says = [&](const std::string& words, int code, const std::vector<std::string>& all) {
    const auto text = console.say(words);
    INFO(words << " said " << text);
    CHECK(console.code == code);
    for (const auto& word : all) {
      INFO(word);
      CHECK(text.find(word) != text.npos);
    }
    return text;
  };
  const auto id = to_text(parked[2]);
  says("sagas --state parked", 0, {id, "undo debit_wallet", "unreachable", "ann"});
  CHECK(says("sagas --state parked -o jsonl", 0, {}).find("}\n{") != std::string::npos);
  says("sagas --state completed", 0, {"no saga is like that"});
  says("saga " + id.substr(0, 4), 0,
       {id, "parked", "take_stock", "in effect", "souk admin retry", "no: it walks back"});
  says("saga uuuu", 3, {"no saga begins with"});
  says("saga " + id, 0, {"what it holds", "stock 1 x tea", "take_stock", "product/0"});
  says("locks", 0, {"stock 1 x tea", id, to_text(parked[0]), "order_payment", "never for a saga to let go"});
  says("locks --kind stock --name tea --limit 2", 0, {"stock 1 x tea", "there are more"});
  says("locks --kind seat", 0, {"no saga holds anything like that"});
  says("locks --kind odd", 2, {"kind must be"});
  const auto lines = says("locks --kind stock -o jsonl", 0, {R"("name":"tea")", R"("is":"held")"});
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 5);
  CHECK(nlohmann::json::parse(console.say("locks -o json"))["sagas"] == 5);
  says("retry " + id, 2, {"--reason"});
  says("compensate " + id + " --reason x", 4, {"walks back already"});
  says("retry " + id.substr(0, 4) + " --reason x --dry-run", 0,
       {"nothing is done yet", "undo take_stock", "stock of tea"});
  CHECK(find(parked[2]).parked);
  node.silence_wallets(false);
  says("retry " + id.substr(0, 4) + " --reason 'they are back' --by olga", 0, {"line 1 of the audit log", id});
  REQUIRE(eventually([&] { return find(parked[2]).state == order::state::failed; }));
  says("saga " + id, 0, {"repaired", "retry: they are back (olga)"});
  says("audit", 0, {"olga", "they are back", id});
  says("audit verify", 0, {"1 lines", "the audit log is whole"});
  says("sagas --state compensated " + id.substr(0, 4), 0, {id});

  // Several at once: those that are as the options say, and nobody where they say nothing.
  says("retry --reason x", 2, {"--state parked"});
  says("retry --state running --reason x", 2, {"must be parked"});
  says("retry --state parked --reason x --dry-run", 0,
       {"nothing is done yet", "4 sagas of 4", "if every desk says yes: 4 would end as FAILED", "stock of tea"});
  CHECK(says("retry --state parked --reason x --dry-run -o json", 0, {R"("rehearsed":4)"})
            .find(R"({"product":"tea","now":5,"then":9})") != std::string::npos);
  says("retry --product jug --reason x --dry-run", 0, {"0 sagas of 0"});
  says("sagas --product tea --state parked", 0, {to_text(parked[0])});
  says("sagas --product jug", 0, {"no saga"});
  says("compensate --state parked --reason x", 4, {"4 sagas stand still", "refused 4", "walks back already"});
  says("retry --user ben --reason x", 0, {"0 sagas"});
  says("audit verify", 0, {"1 lines"});
  says("retry --reason-has unreach --design order_payment --user ann --reason 'all of them' -o json", 0,
       {R"("matched":4)", R"("done":4)"});
  for (const auto one : parked) REQUIRE(eventually([&] { return find(one).state == order::state::failed; }));
  says("retry --state parked --reason 'all of them'", 0, {"0 sagas"});
  says("audit verify", 0, {"5 lines", "the audit log is whole"});
  says("sagas --overdue --reason-has 'no such thing'", 0, {"no saga"});

  says("pause order_payment", 2, {"--reason"});
  says("pause odd --reason x", 3, {});
  says("pause refund --reason x", 4, {"follows from a cancellation"});
  says("pause order_payment --reason x --dry-run", 0, {"would be paused"});
  says("pause order_payment --reason 'the bank is away' --by olga", 0, {"is paused", "line 6"});
  says("designs", 0, {"by olga: the bank is away", "by_events"});
  order::place late;
  late.request = "late";
  late.user = {"ann"};
  late.lines = {{{"tea"}, 1, {}}};
  late.at = now;
  CHECK(node.node().front().ask_now(late).why == reason::paused);
  says("drain order_payment --reason x", 0, {"none of it runs"});
  says("resume order_payment --reason 'it is back'", 0, {"is not paused", "line 7"});
  CHECK(ask(late).done());
  says("audit", 0, {"pause", "resume", "order_payment"});
  says("check", 0, {"every ledger chains", "not asked of a running node", "every cancelled sale"});
  says("nodes", 0, {"true"});
  says("actors", 0, {"wallet/0", "commits/s", "p99 us", "open"});
  says("top", 2, {"needs a terminal"});
  says("retry 0/99", 2, {"--reason"});
  says("retry 0/99 --reason x", 3, {});
}

TEST_CASE(
    "tail tells of each order when it comes, when its state is another and when its saga stands still, as far as "
    "the options say",
    "[C.6]") {
  temporary_folder folder;
  doubles::troubled_node node{folder.file("data"), 0};
  const auto ask = [&](command what) { return done_by(node.node(), std::move(what)); };
  const auto now = [&] { return node.node().around().clock->now(); };
  for (const std::string one : {"ann", "bob"}) {
    ask(user::put{{one}, one, now()});
    ask(wallet::charge{"c-" + one, {one}, {1'000}, now()});
  }
  for (const std::string one : {"tea", "jug", "pot"}) ask(product::put{{one}, one, {100}, 9, now()});
  const auto place = [&](const std::string& key, const std::string& what, bool wait, std::int64_t ago_ms = 0) {
    order::place wanted;
    wanted.request = key;
    wanted.user = {what == "pot" ? "bob" : "ann"};
    wanted.lines = {{{what}, 1, {}}};
    wanted.wait = wait;
    wanted.at = now() + -ago_ms;
    return to_text(std::get<order::ticket>(ask(wanted).body).id);
  };
  const auto tail = [&](std::vector<std::string> options) {
    std::vector<std::string> words{SOUK_BINARY, "admin", "--node",  node.address(), "-o",
                                   "jsonl",     "tail",  "--every", "0.05"};
    words.insert(words.end(), options.begin(), options.end());
    return std::make_unique<program>(std::move(words));
  };
  const auto said = [](const nlohmann::json& line) {
    return line["id"].get<std::string>() + ' ' + line["state"].get<std::string>();
  };
  const auto says = [said](program& one) { return said(nlohmann::json::parse(one.line())); };
  const auto sold = place("sold", "tea", true), other = place("other", "jug", true);
  place("old", "pot", true, 3'600'000);
  const auto all = tail({"--since", "10m", "--user", "ann"}), of_tea = tail({"--since", "10m", "--product", "tea"}),
             failed = tail({"--state", "FAILED"}), stuck = tail({"--state", "parked"}),
             of_bob = tail({"--since", "30m", "--user", "bob"}), after = tail({"--since", sold, "--user", "ann"});
  CHECK(says(*all) == sold + " COMPLETED");
  CHECK(says(*all) == other + " COMPLETED");
  CHECK(says(*of_tea) == sold + " COMPLETED");
  CHECK(says(*after) == other + " COMPLETED");
  // What was there before is no news, however often it is looked at.
  std::this_thread::sleep_for(std::chrono::milliseconds{200});
  const auto bobs = place("new", "pot", true);
  auto of_bobs = says(*of_bob);
  if (of_bobs == bobs + " PENDING") of_bobs = says(*of_bob);  // seen on its way
  CHECK(of_bobs == bobs + " COMPLETED");
  node.silence_wallets(true);
  const auto late = place("late", "tea", false);
  for (auto* one : {all.get(), of_tea.get(), after.get()}) {
    CHECK(says(*one) == late + " PENDING");
    auto line = nlohmann::json::parse(one->line());
    if (line["saga"] == "compensating") line = nlohmann::json::parse(one->line());  // seen on its way back
    CHECK(said(line) == late + " PENDING");
    CHECK(line["saga"] == "parked");
  }
  CHECK(says(*stuck) == late + " PENDING");
  node.silence_wallets(false);
  const auto parked = [&] { return std::get<order::view>(ask(order::find{*parse_number(late)}).body).parked; };
  for (int i = 0; std::get<order::view>(ask(order::find{*parse_number(late)}).body).ended.ms == 0; ++i) {
    REQUIRE(i < 12'000);
    order::repair mend{*parse_number(late), order::remedy::retry, "a test"};
    mend.at = now();
    if (parked()) node.node().front().ask_now(mend);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  const auto end = to_text(std::get<order::view>(ask(order::find{*parse_number(late)}).body).id);
  for (auto* one : {all.get(), of_tea.get(), after.get()}) {
    auto line = says(*one);
    while (line == late + " PENDING") line = says(*one);  // as it was mended
    CHECK((line == end + " FAILED" || line == end + " COMPLETED"));
  }
  // An order that fails at once.
  const auto poor = place("poor", "jug", true);
  for (int i = 0; i < 7; ++i) place("more" + std::to_string(i), "tea", true);
  const auto broke = place("broke", "jug", true);
  CHECK(poor != broke);
  for (auto line = says(*failed);; line = says(*failed))
    if (line == broke + " FAILED") break;
  console console{node.address()};
  CHECK(console.say("tail --since odd").find("10m") != std::string::npos);
  CHECK(console.code == 2);
}
