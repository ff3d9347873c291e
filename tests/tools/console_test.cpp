// What the console makes of what a node says: of stores that are silent, lists that go on, and repairs of others.
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "actors/edge/http.hpp"
#include "tests/catch.hpp"
#include "tests/tools/console.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// A node that says what it was told to say: to each question one answer after the other, and the last one for ever.
class parrot {
public:
  struct words {
    std::string body;
    unsigned status = 200;
  };
  explicit parrot(std::map<std::string, std::vector<words>> script)
      : script_(std::move(script)),
        server_({}, [this](edge::http_request&& asked, edge::responder to) { to.send(answer(asked)); }) {}

  std::string address() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  // "POST /a/path its body"
  std::vector<std::string> heard() {
    const std::lock_guard hold{mutex_};
    return heard_;
  }

private:
  edge::http_response answer(const edge::http_request& asked) {
    const std::lock_guard hold{mutex_};
    const auto what = asked.method + ' ' + asked.target;
    heard_.push_back(what + (asked.body.empty() ? "" : ' ' + asked.body));
    auto& all = script_[what];
    if (all.empty()) return {404, {}, "application/json", R"({"title":"nobody taught me )" + what + "\"}"};
    const auto said = all.front();
    if (all.size() > 1) all.erase(all.begin());
    return {said.status, {}, "application/json", said.body};
  }

  std::mutex mutex_;
  std::map<std::string, std::vector<words>> script_;
  std::vector<std::string> heard_;
  edge::http_server server_;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("first letters name a saga only if the search went through and every store has answered", "[S0.6][C.6]") {
  const std::string sagas = "GET /v1/admin/sagas?limit=10&prefix=";
  const auto lonely = R"({"id":"abcd456789abc","timeline":[]})";
  parrot node{{
      // The search stops twice on its way, once having found nothing.
      {sagas + "abcd", {{R"({"data":[],"has_more":true,"next":"n1"})"}}},
      {sagas + "abcd&starting_after=n1", {{R"({"data":[{"id":"abcd456789abc"}],"has_more":true,"next":"n2"})"}}},
      {sagas + "abcd&starting_after=n2", {{R"({"data":[],"has_more":false})"}}},
      {"GET /v1/admin/sagas/abcd456789abc", {{lonely}}},
      {sagas + "two", {{R"({"data":[{"id":"two4567890abc"}],"has_more":true,"next":"n3"})"}}},
      {sagas + "two&starting_after=n3", {{R"({"data":[{"id":"two1567890abc"}],"has_more":true,"next":"n4"})"}}},
      {sagas + "one", {{R"({"data":[{"id":"one4567890abc"}],"has_more":false,"silent":["order/1","order/3"]})"}}},
      {sagas + "nix", {{R"({"data":[],"has_more":false,"silent":["order/1"]})"}}},
      {sagas + "no", {{R"({"data":[],"has_more":false})"}}},
  }};
  console console{node.address()};
  CHECK(has(console.say("saga abcd -o json"), lonely));
  CHECK(console.code == 0);
  CHECK(has(console.say("saga two"), "several sagas begin with two: two4567890abc, two1567890abc"));
  CHECK(console.code == 3);
  for (const std::string command : {"saga one", "retry one --reason x", "audit --saga one"}) {
    const auto text = console.say(command);
    INFO(command << ": " << text);
    CHECK(has(text, "order/1, order/3 does not answer"));
    CHECK(has(text, "give the whole id, if it is one4567890abc"));
    CHECK(console.code == 1);
  }
  CHECK(has(console.say("saga nix"), "order/1 does not answer"));
  CHECK(console.code == 1);
  CHECK(has(console.say("saga no"), "no saga begins with no"));
  CHECK(console.code == 3);
}

TEST_CASE("a design is drained when none of it runs in any store, also not in one that is silent", "[C.6]") {
  const auto stands = [](int running, const std::string& silent) {
    return parrot::words{R"({"data":[{"design":"seat_payment","running":)" + std::to_string(running) +
                         R"(,"compensating":0,"parked":0}],"has_more":false)" + silent + "}"};
  };
  const auto deaf = R"(,"silent":["order/2"])";
  parrot node{{{"POST /v1/admin/designs/seat_payment/pause", {{R"({"lines":[]})"}}},
               {"GET /v1/admin/designs", {stands(1'234, ""), stands(0, deaf), stands(0, deaf), stands(0, "")}}}};
  console console{node.address()};
  CHECK(console.say("drain seat_payment --reason x") ==
        "1,234 still run\n"
        "0 still run; order/2 does not answer: nobody knows what runs there\n"
        "seat_payment is paused and none of it runs\n");
  CHECK(console.code == 0);
}

TEST_CASE("a list that is cut says how it goes on, beside the lines if scripts read them", "[C.6]") {
  const auto cut = R"({"data":[{"id":"a"}],"has_more":true,"next":"1:7/x"})";
  parrot node{{{"GET /v1/admin/sagas?limit=100", {{cut}}},
               {"GET /v1/admin/sagas?limit=5&starting_after=1%3A7%2Fx&state=parked",
                {{R"({"data":[],"has_more":true,"next":"n"})"}}},
               {"GET /v1/admin/locks?limit=100&starting_after=n", {{R"({"data":[],"has_more":false})"}}},
               {"GET /v1/admin/audit?limit=100&starting_after=n", {{cut}}},
               {"GET /v1/admin/outbox?limit=100&starting_after=n", {{R"({"data":[],"has_more":false})"}}},
               {"GET /v1/admin/event-log?limit=100", {{R"({"data":[],"has_more":true})"}}},
               {"GET /v1/admin/event-log?limit=1000", {{R"({"data":[],"has_more":true})"}}}}};
  console console{node.address()};
  CHECK(has(console.say("sagas"), "there are more: --after 1:7/x\n"));
  CHECK(console.say("sagas -o json") == std::string{cut} + '\n');
  console.say("sagas -o jsonl");
  CHECK(console.aside == "there are more: --after 1:7/x\n");
  CHECK(console.say("sagas --state parked --limit 5 --after 1:7/x") ==
        "none among those that were looked at\nthere are more: --after n\n");
  CHECK(has(console.say("locks --after n"), "no saga holds"));
  CHECK(has(console.say("audit --after n"), "--after 1:7/x"));
  CHECK(console.say("outbox --after n") == "there are no more\n");
  CHECK(has(console.say("event-log"), "there are more: raise --limit\n"));
  CHECK(has(console.say("event-log --limit 1000"), "there are more\n"));
  console.say("event-log -o jsonl");
  CHECK(console.aside == "there are more: raise --limit\n");
}

TEST_CASE("the outbox says what the platform was told nothing of yet, and is not called empty meanwhile", "[C.6]") {
  parrot node{
      {{"GET /v1/admin/outbox?limit=100",
        {{R"({"data":[],"has_more":false,"untold":[{"desk":"order/0","events":1234},{"desk":"order/1","events":1}]})"},
         {R"({"data":[],"has_more":false,"untold":[],"silent":["order/1"]})"},
         {R"({"data":[],"has_more":false,"untold":[]})"}}}}};
  console console{node.address()};
  CHECK(console.say("outbox") ==
        "no event was rejected\n"
        "order/0: 1,234 events are not told yet: the platform is out of reach, or slow\n"
        "order/1: 1 event is not told yet: the platform is out of reach, or slow\n");
  CHECK(has(console.say("outbox"), "no event was rejected"));
  CHECK(has(console.aside, "order/1 does not answer"));
  CHECK(has(console.say("outbox"), "has taken everything"));
}

TEST_CASE("a repair that somebody made before is said to be his, with his reason", "[S0.6][C.6]") {
  const auto line =
      R"({"line":{"seq":2,"repair":"retry","by":"olga","reason":"the bank is back","hash":"5f0c8ad1e2b4ff"}})";
  parrot node{{{"POST /v1/admin/sagas/abcd456789abc/retry", {{line}}}}};
  console console{node.address()};
  CHECK(has(console.say("retry abcd456789abc --reason mine"),
            "it was done already: retry by olga (the bank is back) is line 2 of the audit log"));
  CHECK(console.code == 0);
  CHECK(has(console.say("retry abcd456789abc --reason 'the bank is back'"), "retry of abcd456789abc is line 2"));
}

TEST_CASE("what several sagas would leave behind as failed is added up and called written off", "[C.6]") {
  const auto would = [](const std::string& user, const std::string& effects) {
    return parrot::words{R"({"moves":["leave debit_wallet","leave take_stock","forbid hold_coupon"],"ends":"FAILED",)"
                         R"("money":[{"user":")" +
                         user + R"(","now":900,"then":900}],"stock":[],"effects":[)" + effects + "]}"};
  };
  const std::string
      debit = R"({"step":"debit_wallet","desk":"wallet/0","is":"in effect","amount":-250},)",
      tea = R"({"step":"take_stock","desk":"product/1","is":"in effect","goods":[{"product":"tea","units":-2}]})";
  parrot node{{{"POST /v1/admin/repairs",
                {{R"({"as_of":"2030-01-01T00:00:00Z","matched":2,"done":2,"repeated":0,"sagas":["a","b"],"refused":[],)"
                  R"("has_more":false})"}}},
               {"POST /v1/admin/sagas/a/fail", {would("ann", debit + tea)}},
               {"POST /v1/admin/sagas/b/fail",
                {would("bob", debit + tea + R"(,{"step":"hold_coupon","desk":"coupon/0","is":"nothing"})")}}}};
  console console{node.address()};
  const auto text = console.say("fail --state parked --reason x --dry-run");
  for (const std::string part : {"money and stock stay as they are", "written off", "money of ann  2.50",
                                 "money of bob  2.50", "units of tea     4"}) {
    INFO(part << " in " << text);
    CHECK(has(text, part));
  }
  const auto said = nlohmann::json::parse(console.say("fail --state parked --reason x --dry-run -o json"));
  CHECK(said["if_every_desk_says_yes"]["written_off"]["stock"] ==
        nlohmann::json::parse(R"([{"product":"tea","units":4}])"));
}

TEST_CASE("all dead letters, or those that are meant, are tried again until none is left that was not", "[S3.6][C.6]") {
  const auto letter = [](const std::string& name, const std::string& who, const std::string& why, bool dead = true) {
    return R"({"letter":")" + name + R"(","subscriber":")" + who + R"(","error":")" + why + R"(","dead":)" +
           (dead ? "true}" : "false}");
  };
  const auto log = [](const std::string& letters) {
    return parrot::words{R"({"data":[{"partition":0,"troubles":[)" + letters + R"(]}],"has_more":false})"};
  };
  const auto one = letter("0-1-7", "wallet/0", "no money"), two = letter("0-2-8", "product/1", "no shelf"),
             later = letter("0-1-9", "wallet/1", "no money"), tried = letter("0-1-6", "wallet/0", "late", false);
  const std::string all = "GET /v1/admin/event-log?limit=1000", again = "POST /v1/admin/event-log/";
  const auto line = R"({"dead":true,"line":{"seq":1}})";
  const auto script = [&] {
    return std::map<std::string, std::vector<parrot::words>>{
        // The one that is dead again had its chance, and those behind come to light.
        {all, {log(one + ',' + tried + ',' + two), log(one + ',' + later), log(one)}},
        {again + "0-1-7/retry", {{line}}},
        {again + "0-2-8/retry", {{R"({"title":"no such letter"})", 404}}},
        {again + "0-1-9/retry", {{line}}},
    };
  };
  const auto asked_for = [](parrot& node) {
    std::string names;
    for (const auto& one_heard : node.heard())
      if (one_heard.starts_with("POST")) names += ' ' + one_heard.substr(25, 5);
    return names;
  };
  {
    parrot node{script()};
    console console{node.address()};
    CHECK(console.say("event-log retry --all --reason x") ==
          "2 dead letters will be tried again, each with a line in the audit log; 1 needed it no more\n");
    CHECK(console.code == 0);
    CHECK(asked_for(node) == " 0-1-7 0-2-8 0-1-9");
  }
  {
    parrot node{script()};
    console console{node.address()};
    CHECK(has(console.say("event-log retry --all --subscriber wallet --error-has money --reason x -o json"),
              R"("letters":["0-1-7","0-1-9"],"done":2,"gone":0)"));
    CHECK(asked_for(node) == " 0-1-7 0-1-9");
  }
  {
    parrot node{script()};
    console console{node.address()};
    CHECK(has(console.say("event-log retry --all --subscriber product/1 --reason x --dry-run"),
              "nothing is done yet. 1 dead letter would be tried again"));
    CHECK(has(console.say("event-log retry --all --error-has odd --reason x"), "no dead letter is like that"));
    CHECK(asked_for(node).empty());
    CHECK(has(console.say("event-log retry --all"), "--reason"));
    CHECK(console.code == 2);
    for (const std::string wrong :
         {"event-log retry --reason x", "outbox retry --reason x", "event-log retry 0-1-7 --all --reason x",
          "event-log retry 0-1-7 --subscriber wallet"})
      CHECK_THROWS_AS(console.say(wrong), CLI::ParseError);
  }
  // A store that goes away meanwhile: what is done is done, and said.
  auto broken = script();
  broken[again + "0-2-8/retry"] = {{R"({"title":"somebody is not at their desk"})", 503}};
  parrot node{broken};
  console console{node.address()};
  CHECK(has(console.say("event-log retry --all --reason x"), "1 dead letter will be tried again; then it went wrong"));
  CHECK(console.code == 1);
  // Those of the outbox, page after page.
  const std::string outbox = "GET /v1/admin/outbox?limit=1000";
  parrot other{{{outbox,
                 {{R"({"data":[{"source":0,"seq":3,"dead":true,"error":"e"}],"has_more":true,"next":"1/0/3"})"},
                  {R"({"data":[],"has_more":false})"}}},
                {outbox + "&starting_after=1%2F0%2F3",
                 {{R"({"data":[{"source":1,"seq":4,"dead":true,"error":"e"}],"has_more":false})"}}},
                {"POST /v1/admin/outbox/0/3/retry", {{line}}},
                {"POST /v1/admin/outbox/1/4/retry", {{line}}}}};
  struct console there {
    other.address()
  };
  CHECK(has(there.say("outbox retry --all --reason x"), "2 dead letters will be tried again"));
  CHECK(has(there.say("outbox retry 1/4 --reason x"), "the letter 1/4 will be tried again"));
}
