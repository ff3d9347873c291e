// The event log: durable before it is acknowledged, in order for each case, kept until every subscriber is beyond.
#include "actors/domains/event_log.hpp"

#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

constexpr event_log::party shelves{domain::product, 0};
constexpr event_log::party purses{domain::wallet, 0};
constexpr event_log::party order_desk{domain::order, 0};
constexpr std::uint32_t bit(domain which) { return 1U << static_cast<unsigned>(which); }

event_log::event told(std::int64_t seq, domain topic, std::int64_t of) {
  order::brief about;
  about.id = saga(of);
  return {seq, topic, 1, outcome::done, {}, {}, noon, about};
}

// Extra: how long it keeps what everybody has passed.
template <auto... Extra>
struct log_desk_of : seat<domains::event_log, Extra...> {
  std::int64_t append(event_log::party from, std::vector<event_log::event> events) {
    return body<order::position>(this->say(event_log::append{0, from, std::move(events)})).seq;
  }
  event_log::events fetch(event_log::party by, std::uint32_t topics, std::int64_t after, std::int64_t kept = -1,
                          std::uint32_t limit = 100) {
    return body<event_log::events>(
        this->say(event_log::fetch{0, by, topics, after, kept < 0 ? after : kept, subscribers, limit}));
  }
  // The cases of the events of these topics, as they come: "1 2 1"
  std::string cases(event_log::party by, std::uint32_t topics, std::int64_t after = 0) {
    std::string text;
    for (const auto& one : fetch(by, topics, after).list)
      text += (text.empty() ? "" : " ") + std::to_string(one.about->id.value >> 8);
    return text;
  }
  event_log::status status() { return body<event_log::status>(this->say(event_log::find_status{})); }
  std::uint32_t subscribers = 2;
};
using log_desk = log_desk_of<>;

}  // namespace

TEST_CASE("what is appended again is there once, whoever falls in between", "[S3.6]") {
  log_desk desk;
  const std::vector<event_log::event> events{told(1, domain::product, 7), told(2, domain::product, 8)};
  CHECK(desk.append(shelves, events) == 2);
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  CHECK(desk.append(shelves, events) == 2);
  CHECK(desk.append(shelves, {told(2, domain::product, 8), told(3, domain::product, 9)}) == 3);
  CHECK(desk.cases(purses, bit(domain::product)) == "7 8 9");
  CHECK(body<order::position>(desk.say(event_log::find_position{0, shelves})).seq == 3);
}

TEST_CASE("what was not committed was not appended", "[S3.6]") {
  log_desk desk;
  desk.say_in_vain(event_log::append{0, shelves, std::vector{told(1, domain::product, 7)}});
  CHECK(desk.cases(purses, bit(domain::product)).empty());
  CHECK(desk.append(shelves, {told(1, domain::product, 7)}) == 1);
  CHECK(desk.cases(purses, bit(domain::product)) == "7");
}

TEST_CASE("a subscriber hears its topics only, in the order in which they were appended", "[S3.6]") {
  log_desk desk;
  desk.append(shelves, {told(1, domain::product, 1), told(2, domain::product, 2)});
  desk.append(purses, {told(1, domain::wallet, 1)});
  desk.append(shelves, {told(3, domain::product, 3)});
  CHECK(desk.cases(order_desk, bit(domain::product) | bit(domain::wallet)) == "1 2 1 3");
  CHECK(desk.cases(order_desk, bit(domain::wallet)) == "1");
  const auto one = desk.fetch(order_desk, bit(domain::product), 0, 0, 1);
  CHECK(one.list.size() == 1);
  CHECK(desk.cases(order_desk, bit(domain::product), one.upto) == "2 3");
}

TEST_CASE("a subscriber with nothing to hear waits, and is rung by its own topics only", "[S3.6]") {
  log_desk desk;
  desk.fetch(order_desk, bit(domain::wallet), 0);
  REQUIRE(desk.late());
  CHECK(desk.late()->subject == order_desk.id());
  desk.append(shelves, {told(1, domain::product, 1)});
  CHECK(desk.rung_early().empty());
  CHECK(desk.rung().empty());
  desk.append(purses, {told(1, domain::wallet, 1)});
  CHECK(desk.rung_early() == std::vector<std::int64_t>{order_desk.id()});
}

TEST_CASE("a life of the log hands on before it commits, once it numbers where none before it did", "[S3.6]") {
  log_desk desk;
  const auto waits_at = [&](std::int64_t after) { desk.fetch(order_desk, bit(domain::product), after); };
  const auto rings = [&] {
    return std::pair{desk.rung_early() == std::vector<std::int64_t>{order_desk.id()},
                     desk.rung() == std::vector<std::int64_t>{order_desk.id()}};
  };
  constexpr std::pair early{true, false}, late{false, true};
  waits_at(0);
  desk.append(shelves, {told(1, domain::product, 1)});
  CHECK(rings() == late);
  waits_at(1);
  desk.append(shelves, {told(2, domain::product, 2)});
  CHECK(rings() == early);
  // The next is heard, and lost.
  waits_at(2);
  std::int64_t heard = 0;
  const auto hear = [&] {
    CHECK(desk.brain().rung_early() == std::vector<std::int64_t>{order_desk.id()});
    const auto said = desk.brain().decide(event_log::fetch{0, order_desk, bit(domain::product), 2, 2, 2});
    REQUIRE(body<event_log::events>(said).list.size() == 1);
    heard = body<event_log::events>(said).upto;
  };
  desk.say_in_vain(event_log::append{0, shelves, std::vector{told(3, domain::product, 3)}}, hear);
  CHECK(heard == 3);
  // Another comes first to the log's next life, which must not give it the number that was heard.
  waits_at(heard);
  desk.append(purses, {told(1, domain::wallet, 4)});
  desk.append(shelves, {told(3, domain::product, 3)});
  CHECK(desk.cases(order_desk, bit(domain::product) | bit(domain::wallet), heard) == "4 3");
  CHECK(desk.status().subscribers[0].lag == 2);
  const auto next = desk.fetch(order_desk, bit(domain::product), heard);
  REQUIRE(next.list.size() == 1);
  CHECK(next.upto > heard);
  desk.again();
  waits_at(next.upto);
  desk.append(shelves, {told(4, domain::product, 5)});
  CHECK(rings() == late);
}

TEST_CASE("what came of an event that the log has lost stands behind it", "[S3.6]") {
  log_desk desk;
  desk.append(shelves, {told(1, domain::product, 1)});
  event_log::event heard;
  const std::vector lost{told(2, domain::product, 2)};
  desk.say_in_vain(event_log::append{0, shelves, lost}, [&] {
    const auto said = desk.brain().decide(event_log::fetch{0, purses, bit(domain::product), 1, 1, 2});
    const auto& list = body<event_log::events>(said).list;
    REQUIRE(list.size() == 1);
    heard = *list.begin();
  });
  REQUIRE(heard.early == event_log::told_as{shelves.id(), 2});
  auto effect = told(2, domain::wallet, 2);
  effect.early = heard.early;
  const event_log::append effects{0, purses,
                                  std::vector{told(1, domain::wallet, 9), effect, told(3, domain::wallet, 8)}};
  const auto all = [&] { return desk.cases(order_desk, bit(domain::product) | bit(domain::wallet)); };
  desk.say(effects);
  REQUIRE(desk.late());
  const auto then = *desk.late();
  CHECK(all() == "1 9");
  const auto restart = GENERATE(false, true);
  if (restart) {
    desk.again();
    desk.say(effects);
    CHECK(desk.late()->subject == then.subject);
  }
  desk.append(order_desk, {told(1, domain::order, 5)});
  CHECK(desk.rung() == std::vector<std::int64_t>{then.subject});
  desk.say(then.then);
  CHECK(desk.late());
  // Or it is gone, because this log was restored from before it came.
  const auto gone = GENERATE(false, true);
  if (gone)
    desk.say(event_log::append{0, shelves, {}, 2});
  else
    desk.append(shelves, lost);
  CHECK(desk.rung() == std::vector<std::int64_t>{then.subject});
  CHECK(body<order::position>(desk.say(then.then)).seq == 3);
  CHECK_FALSE(desk.late());
  CHECK(all() == (gone ? "1 9 2 8" : "1 9 2 2 8"));
  for (const auto& one : desk.fetch(order_desk, bit(domain::wallet), 0).list) CHECK_FALSE(one.early);
}

TEST_CASE("who wants only what is on the log's own disk does not hear it early", "[S3.5][S3.6]") {
  log_desk desk;
  desk.append(shelves, {told(1, domain::product, 1)});
  event_log::fetch fetch{0, {domain::platform, 0}, bit(domain::product), 1, 1, 2};
  fetch.committed = true;
  desk.say(fetch);
  desk.append(shelves, {told(2, domain::product, 2)});
  CHECK(desk.rung_early().empty());
  CHECK(desk.rung() == std::vector<std::int64_t>{fetch.by.id()});
}

TEST_CASE("whoever is far behind hears early what has no row yet", "[S3.6]") {
  log_desk desk;
  desk.append(shelves, {told(1, domain::product, 1)});
  desk.again();
  desk.append(shelves, {told(2, domain::product, 2)});
  std::string cases;
  desk.say_in_vain(event_log::append{0, shelves, std::vector{told(3, domain::product, 3)}}, [&] {
    const auto said = desk.brain().decide(event_log::fetch{0, order_desk, bit(domain::product), 0, 0, 2});
    for (const auto& one : body<event_log::events>(said).list) cases += std::to_string(one.about->id.value >> 8);
  });
  CHECK(cases == "123");
}

TEST_CASE("a subscriber that was down finds everything that came meanwhile, also after a restart of the log",
          "[S3.6]") {
  log_desk desk;
  for (std::int64_t n = 1; n <= 2'000; ++n) desk.append(shelves, {told(n, domain::product, n)});
  desk.fetch(order_desk, bit(domain::product), 2'000);  // one is beyond, the other never came
  desk.again();
  std::int64_t after = 0, heard = 0;
  for (auto some = desk.fetch(purses, bit(domain::product), after); !some.list.empty();
       some = desk.fetch(purses, bit(domain::product), after)) {
    for (const auto& one : some.list) REQUIRE(one.about->id == saga(++heard));
    after = some.upto;
  }
  CHECK(heard == 2'000);
}

TEST_CASE("events are deleted when every subscriber is beyond them, and not before all have come", "[S3.6]") {
  log_desk desk;
  for (std::int64_t n = 1; n <= 600; ++n) desk.append(shelves, {told(n, domain::product, n)});
  desk.fetch(order_desk, bit(domain::product), 600);
  CHECK(desk.status().oldest == 1);
  // In effect up to 600, but those after 400 would be wanted again.
  desk.fetch(purses, bit(domain::product), 600, 400);
  // With the next that is written: a question writes nothing.
  CHECK(desk.status().oldest == 1);
  desk.append(shelves, {told(601, domain::product, 601)});
  CHECK(desk.status().oldest == 401);
  desk.again();
  CHECK(desk.status().oldest == 401);
  CHECK(desk.fetch(purses, bit(domain::product), 400).list.size() == 100);
}

TEST_CASE("an event that cannot be taken is tried again, then is a dead letter until an operator revives it",
          "[S0.6][S3.6]") {
  log_desk desk;
  const auto bad = told(5, domain::product, 1);
  desk.say(event_log::set_aside{0, purses, {bad}, "broken", noon});
  desk.say(event_log::set_aside{0, purses, {told(6, domain::product, 1)}, "", noon});
  const auto held = [&](moment at) { return body<event_log::held>(desk.say(event_log::find_held{0, purses, at})); };
  CHECK(held(noon).cases == std::vector<number>{saga(1)});
  CHECK(held(noon).due.empty());
  CHECK(body<event_log::held>(desk.say(event_log::find_held{0, shelves, noon})).cases.empty());
  moment at = noon;
  int tries = 1;
  while (true) {
    at = at + 600'000;
    const auto due = held(at).due;
    REQUIRE(due.size() == 1);
    if (due.front().event.seq != 5) break;  // the first is dead: the next one's turn
    desk.say(event_log::tried{0, purses, 5, "still broken", at});
    REQUIRE(++tries <= 8);
  }
  CHECK(tries == 8);
  desk.again();
  auto troubles = desk.status().troubles;
  REQUIRE(troubles.size() == 2);
  CHECK(troubles.front().dead);
  CHECK(troubles.front().error == "still broken");
  CHECK(desk.say(event_log::revive{0, purses, 5, at}).done());
  CHECK(desk.say(event_log::revive{0, purses, 4, at}).why == reason::not_found);
  CHECK(held(at).due.front().event == bad);
  desk.say(event_log::tried{0, purses, 5, "", at});
  desk.say(event_log::tried{0, purses, 6, "", at});
  CHECK(held(at).cases.empty());
}

TEST_CASE("the log shows its topics, and how far behind each subscriber is", "[S3.6][C.6]") {
  log_desk desk;
  desk.append(shelves, {told(1, domain::product, 1), told(2, domain::product, 2)});
  desk.append(purses, {told(1, domain::wallet, 1)});
  desk.fetch(order_desk, bit(domain::product) | bit(domain::wallet), 1);
  const auto status = desk.status();
  CHECK(status.newest == 3);
  REQUIRE(status.topics.size() == 2);
  CHECK(status.topics[0].events == 1);
  REQUIRE(status.subscribers.size() == 1);
  CHECK(status.subscribers[0].lag == 2);
  // Counted on as events come and as they are taken, also by those who wait, and anew by those who begin again.
  const auto lag = [&] { return desk.status().subscribers[0].lag; };
  const auto all = bit(domain::product) | bit(domain::wallet);
  desk.append(shelves, {told(3, domain::product, 3)});
  CHECK(lag() == 3);
  desk.fetch(order_desk, all, 3);
  CHECK(lag() == 1);
  desk.fetch(order_desk, all, 4);
  CHECK(lag() == 0);
  desk.append(purses, {told(2, domain::wallet, 1)});
  CHECK(lag() == 1);
  desk.fetch(order_desk, all, 4);
  desk.fetch(order_desk, bit(domain::wallet), 0);
  CHECK(lag() == 2);
  desk.again();
  desk.fetch(order_desk, all, 1);
  CHECK(lag() == 4);
  CHECK(desk.status().held == 0);
  desk.say(event_log::set_aside{0, purses, {told(1, domain::product, 1)}, "broken", noon});
  CHECK(desk.status().held == 1);
  CHECK(desk.status().dead == 0);
}

TEST_CASE("what everybody has passed stays for as long as it is to be read, and what somebody has not always stays",
          "[S3.6]") {
  static constexpr std::int64_t an_hour = 3'600'000;
  struct keeping_desk : log_desk_of<an_hour> {
    void tell(std::int64_t from, std::int64_t upto, moment at) {
      for (auto n = from; n <= upto; ++n) {
        auto one = told(n, domain::product, n);
        one.at = at;
        append(shelves, {one});
      }
    }
  };
  SECTION("old, but not passed by everybody") {
    keeping_desk desk;
    desk.tell(1, 600, noon);
    desk.tell(601, 700, noon + 5 * an_hour);
    desk.fetch(order_desk, bit(domain::product), 700);
    desk.fetch(purses, bit(domain::product), 100);
    CHECK(desk.status().oldest == 1);
    desk.fetch(purses, bit(domain::product), 400);
    desk.tell(701, 701, noon + 5 * an_hour);
    CHECK(desk.status().oldest == 401);
  }
  SECTION("passed by everybody, but not old") {
    keeping_desk desk;
    desk.tell(1, 600, noon);
    desk.tell(601, 700, noon + an_hour / 2);
    desk.fetch(order_desk, bit(domain::product), 700);
    desk.fetch(purses, bit(domain::product), 700);
    CHECK(desk.status().oldest == 1);
    // Time is what events say: the next one an hour later lets the first of them go.
    desk.tell(701, 701, noon + an_hour + 1);
    desk.fetch(order_desk, bit(domain::product), 701);
    desk.fetch(purses, bit(domain::product), 701);
    desk.tell(702, 702, noon + an_hour + 1);
    CHECK(desk.status().oldest == 601);
    desk.again();
    CHECK(desk.status().oldest == 601);
  }
}
