// What events do in the ranking and on their way to the platform: each once, in the order of its order, none lost.
#include <algorithm>

#include "actors/domains/platform.hpp"
#include "actors/domains/ranking.hpp"
#include "actors/domains/user.hpp"
#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

using order::kind;

order::event event(std::int64_t seq, std::int64_t subject, kind what,
                   const std::vector<product::line>& lines = {{{"cup"}, 2, {600}}, {{"gift"}, 1, {0}}}) {
  return {seq, saga(subject), what, noon, {"ann"}, lines, {}, {}, noon};
}
std::string board(seat<domains::ranking>& desk, bool net = false) {
  std::string text;
  for (const auto& one : body<ranking::board>(desk.say(ranking::best{10, net})).sellers)
    text += one.product.text + ' ' + std::to_string(one.units) + ' ' + std::to_string(one.net) + ' ';
  return text;
}

std::string seqs(const std::vector<order::event>& events) {
  std::string text;
  for (const auto& one : events) text += std::to_string(one.seq) + ' ';
  return text;
}
struct deliveries : seat<domains::platform> {
  std::string may_go(const std::vector<order::event>& list) {
    platform::offer offer{0, {}};
    for (const auto& one : list) offer.headings.push_back({one.seq, one.subject});
    const auto held = body<platform::not_now>(say(offer));
    std::vector<order::event> free;
    for (const auto& one : list)
      if (one.seq > held.upto && std::find(held.waiting.begin(), held.waiting.end(), one.seq) == held.waiting.end())
        free.push_back(one);
    return seqs(free);
  }
  std::string due(moment at) {
    std::vector<order::event> events;
    for (const auto& one : body<platform::troubles>(say(platform::due{at})).list) events.push_back(one.event);
    return seqs(events);
  }
};

}  // namespace

TEST_CASE("sales are counted exactly once, however often they are told, and cancelled ones subtracted",
          "[S4.2][S2.11]") {
  seat<domains::ranking> desk;
  const auto sold = event(1, 1, kind::completed);
  desk.say(ranking::count{{0, {sold, event(2, 2, kind::completed, {{{"plate"}, 5, {10}}})}}});
  CHECK(board(desk) == "plate 5 5 cup 2 2 ");  // free goods do not sell themselves
  desk.again();
  desk.say(
      ranking::count{{0, {sold, event(2, 2, kind::completed), event(3, 3, kind::returned, {{{"plate"}, 4, {8}}})}}});
  CHECK(board(desk) == "plate 5 1 cup 2 2 ");
  CHECK(board(desk, true) == "cup 2 2 plate 5 1 ");
  desk.say(ranking::count{{0, {event(4, 1, kind::cancelled)}}});
  CHECK(board(desk) == "plate 5 1 cup 0 0 ");
  // Another outbox has positions of its own.
  desk.say(ranking::count{{1, {sold}}});
  CHECK(board(desk) == "plate 5 1 cup 2 2 ");
  CHECK(body<order::position>(desk.say(ranking::find_position{0})).seq == 4);
  CHECK(body<order::position>(desk.say(ranking::find_position{1})).seq == 1);
}

TEST_CASE("a batch that was not committed is counted when it comes again", "[S4.5][S0.8]") {
  seat<domains::ranking> desk;
  const ranking::count count{{0, {event(1, 1, kind::completed)}}};
  desk.say_in_vain(count);
  CHECK(board(desk) == "");
  desk.say(count);
  CHECK(board(desk) == "cup 2 2 ");
}

TEST_CASE("an event that is rejected holds back the later events of its order, and no others", "[S2.10][S4.2]") {
  deliveries desk;
  const std::vector<order::event> first{event(1, 1, kind::completed), event(2, 2, kind::completed)};
  CHECK(desk.may_go(first) == "1 2 ");
  desk.say(platform::record{0, 2, {{first[0], "500 no"}}, noon});
  CHECK(desk.may_go(first) == "");  // told again: they are recorded
  const std::vector<order::event> next{event(3, 1, kind::cancelled), event(4, 2, kind::cancelled)};
  CHECK(desk.may_go(next) == "4 ");
  desk.say(platform::record{0, 4, {{next[0], {}}}, noon});
  desk.again();
  CHECK(body<order::position>(desk.say(platform::find_position{0})).seq == 4);
  // The first of its order goes first, after a pause.
  CHECK(desk.due(noon) == "");
  CHECK(desk.due(noon + 10'000) == "1 ");
  desk.say(platform::tried{0, 1, "", noon + 10'000});
  CHECK(desk.due(noon + 10'000) == "3 ");
  desk.say(platform::tried{0, 3, "", noon + 10'000});
  CHECK(desk.due(noon + 1'000'000) == "");
  CHECK(body<platform::troubles>(desk.say(platform::list_troubles{})).list.empty());
}

TEST_CASE("an event that is rejected too often is a dead letter, until somebody revives it", "[S0.6][S2.10]") {
  deliveries desk;
  desk.say(platform::record{0, 1, {{event(1, 1, kind::completed), "422"}}, noon});
  auto at = noon;
  int tries = 1;
  for (; tries < 100; ++tries) {
    at = at + 400'000;
    if (desk.due(at) == "") break;
    desk.say(platform::tried{0, 1, "still 422", at});
    desk.again();
  }
  CHECK(tries == persistence::troubles<platform::trouble>::tries_max);
  const auto listed = body<platform::troubles>(desk.say(platform::list_troubles{})).list;
  REQUIRE(listed.size() == 1);
  CHECK(listed[0].dead);
  CHECK(listed[0].error == "still 422");
  // It is given up: later events of its order need not wait for ever.
  CHECK(desk.may_go({event(2, 1, kind::cancelled)}) == "2 ");
  CHECK(desk.say(platform::revive{0, 1, at}).done());
  CHECK(desk.due(at) == "1 ");
  CHECK(desk.say(platform::revive{0, 99, at}).why == reason::not_found);
}

TEST_CASE("a try that is told twice counts once", "[S0.6]") {
  deliveries desk;
  desk.say(platform::record{0, 1, {{event(1, 1, kind::completed), "422"}}, noon});
  const auto tries = [&] { return body<platform::troubles>(desk.say(platform::list_troubles{})).list.front().tries; };
  CHECK(tries() == 1);
  for (int told = 0; told < 3; ++told) desk.say(platform::tried{0, 1, "still 422", noon + 5'000});
  CHECK(tries() == 2);
  desk.say(platform::tried{0, 1, "still 422", noon + 20'000});
  CHECK(tries() == 3);
}

TEST_CASE("pauses between tries grow and are bounded", "[S0.6]") {
  for (std::int64_t seq = 1; seq < 50; ++seq)
    for (std::int32_t tries = 0; tries < 40; ++tries) {
      const auto pause = persistence::troubles<platform::trouble>::pause_ms(tries, seq);
      CHECK(pause >= 500);
      CHECK(pause <= 300'000);
      if (tries > 1 && tries < 8)
        CHECK(pause * 4 >= persistence::troubles<platform::trouble>::pause_ms(tries - 1, seq) * 2);
    }
}

TEST_CASE("users are registered, renamed, found and verified", "[S1.1][S4.1]") {
  seat<domains::user> desk;
  CHECK(desk.say(user::verify{{"ann"}}).why == reason::unknown_user);
  CHECK(desk.say(user::put{{"ann"}, "Ann", noon}).done());
  desk.say(user::put{{"ann"}, "Anne", noon + 1});
  desk.again();
  CHECK(desk.say(user::verify{{"ann"}}).done());
  CHECK(body<user::view>(desk.say(user::find{{"ann"}})) == user::view{{"ann"}, "Anne", noon});
  CHECK(desk.say(user::find{{"Ann"}}).why == reason::unknown_user);
}
