// The console shows the event log of a running node, and gives letters their tries again.
#include "tools/admin.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/catch.hpp"
#include "tests/temporary.hpp"
#include "tools/serve.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

struct redirected {
  redirected(std::ostream& from, std::ostream& to) : from_(from), usual_(from.rdbuf(to.rdbuf())) {}
  ~redirected() { from_.rdbuf(usual_); }
  std::ostream& from_;
  std::streambuf* usual_;
};

struct console {
  explicit console(const std::string& node) : node_(node) {}

  // What it prints; its exit code is left in `code`.
  std::string say(const std::string& words) {
    CLI::App app;
    code = -1;
    tools::add_admin(app, code);
    std::ostringstream out;
    const redirected ours{std::cout, out}, also{std::cerr, out};
    app.parse("admin --node " + node_ + ' ' + words);
    return out.str();
  }
  int code = -1;

private:
  std::string node_;
};

}  // namespace

TEST_CASE("the console shows topics, subscribers with their lag and letters, and has a letter tried again",
          "[S3.6][S0.6][C.6]") {
  temporary_folder folder;
  config::node wanted;
  wanted.data = folder.file("data");
  wanted.http.port = 0;
  wanted.desks = config::desks::scheduled;
  tools::served_node served{wanted};
  const auto ask = [&](command what) {
    auto said = served.node().front().ask_now(std::move(what));
    REQUIRE(said.done());
    return said;
  };
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
  CHECK(console.say("event-log retry " + letter).find(letter) != std::string::npos);
  CHECK(console.code == 0);
  for (const std::string none : {"0-257-99", "9-257-3", "0-257", "x", "0-x-1"}) {
    INFO(none << ": " << console.say("event-log retry " + none));
    CHECK(console.code == 3);
  }
  CHECK_THROWS_AS(console.say("event-log retry"), CLI::ParseError);
}
