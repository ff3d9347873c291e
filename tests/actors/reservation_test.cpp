// A seat is held by one user until a moment, confirmed once, and what was confirmed stays: whatever the clocks do.
#include "actors/domains/reservation.hpp"

#include <map>
#include <random>

#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;
using reservation::state;

namespace {

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t hour = 60 * minute;
constexpr moment opened{1'789'999'000'000};

// A date with four seats; holds last five minutes.
struct hall : seat<domains::reservation> {
  explicit hall(moment sales_open = opened) { REQUIRE(say(on_sale(4, sales_open)).done()); }

  static reservation::open on_sale(int seats, moment sales_open = opened) {
    reservation::open open{{"mon"}, {"gala"}, sales_open, 5 * minute, {}};
    for (int i = 1; i <= seats; ++i)
      open.seats.push_back({{"A" + std::to_string(i)}, "A", "1", std::to_string(i), "I", {5'000}});
    return open;
  }
  static token_id token_of(const std::string& user) {
    return {static_cast<std::int64_t>(fingerprint(user) & 0xffffffff) + 1};
  }
  reservation::hold holding(const std::string& user, const std::string& seat, moment at = noon) {
    return {"hold-" + std::to_string(++requests), {user}, reservation::spot{{"mon"}, {seat}}, token_of(user), at};
  }
  answer hold(const std::string& user, const std::string& seat, moment at = noon) {
    return say(holding(user, seat, at));
  }
  reservation_id held(const std::string& user, const std::string& seat, moment at = noon) {
    return body<reservation::view>(hold(user, seat, at)).reservation;
  }
  answer confirm(std::int64_t n, const std::string& user, reservation_id what, moment at = noon) {
    return say(confirming(n, user, what, at));
  }
  static reservation::confirm confirming(std::int64_t n, const std::string& user, reservation_id what,
                                         moment at = noon) {
    return {{saga(n), 2}, {user}, what, token_of(user), at};
  }
  answer undo(std::int64_t n, reservation_id what, moment at = noon) {
    return say(reservation::undo_confirm{{saga(n), 2}, what, at});
  }
  // "A1 held, A2 available, ..."
  std::string shown(moment at = noon) {
    static constexpr std::string_view names[]{"available", "held", "reserved"};
    std::string text;
    for (const auto& one : body<reservation::page>(say(reservation::read{{"mon"}, {}, 100, at})).seats)
      text += (text.empty() ? "" : ", ") + one.what.seat.text + ' ' + std::string{names[static_cast<int>(one.now)]};
    return text;
  }
  int requests = 0;
};

}  // namespace

TEST_CASE("a seat is available, held until a moment, and reserved once it is paid for", "[S2.2][S2.3]") {
  hall desk;
  CHECK(desk.shown() == "A1 available, A2 available, A3 available, A4 available");
  const auto said = body<reservation::view>(desk.hold("ann", "A2"));
  CHECK(said.now == state::held);
  CHECK(said.until == noon + 5 * minute);
  CHECK(said.price.minor == 5'000);
  CHECK(said.reservation > said.token);  // the fencing number grows
  CHECK(desk.shown() == "A1 available, A2 held, A3 available, A4 available");
  const auto told = desk.confirm(1, "ann", said.reservation);
  CHECK(std::get<reservation::confirmed>(told.body) == reservation::confirmed{4, opened});
  CHECK(desk.shown() == "A1 available, A2 reserved, A3 available, A4 available");
  desk.again();
  CHECK(desk.shown(noon + 1'000 * hour) == "A1 available, A2 reserved, A3 available, A4 available");
}

TEST_CASE("a request that found its hold there holds nothing when a copy of it comes late", "[S2.2]") {
  hall desk;
  const auto mine = desk.held("ann", "A1");
  const auto second = desk.holding("ann", "A1");
  CHECK(body<reservation::view>(desk.say(second)).reservation == mine);
  CHECK(desk.say(reservation::release{mine, noon}).done());
  CHECK(desk.say(second).replayed);
  CHECK(desk.shown().starts_with("A1 available"));
}

TEST_CASE("two users never hold or own one seat", "[S2.2]") {
  hall desk;
  const auto first = desk.held("ann", "A1");
  CHECK(desk.hold("bob", "A1").why == reason::seat_taken);
  CHECK(desk.confirm(1, "bob", first).why == reason::hold_expired);  // nobody pays for another's hold
  CHECK(desk.confirm(2, "ann", first).done());
  CHECK(desk.hold("bob", "A1").why == reason::seat_taken);
  CHECK(desk.hold("bob", "A1", noon + hour).why == reason::seat_taken);
  CHECK(desk.hold("bob", "A9").why == reason::not_found);
  auto elsewhere = desk.holding("bob", "A1");
  elsewhere.where->schedule = {"tue"};
  CHECK(desk.say(elsewhere).why == reason::not_found);
}

TEST_CASE("a hold that expired is available again, by the moment and also after a restart", "[S2.2]") {
  hall desk;
  const auto ann = desk.held("ann", "A1");
  desk.again();
  CHECK(desk.hold("bob", "A1", noon + 5 * minute + -1).why == reason::seat_taken);
  CHECK(desk.shown(noon + 5 * minute) == "A1 available, A2 available, A3 available, A4 available");
  const auto bob = desk.held("bob", "A1", noon + 5 * minute);
  CHECK(bob > ann);
  CHECK(desk.confirm(1, "ann", ann, noon + 5 * minute).why == reason::hold_expired);
  CHECK(desk.confirm(2, "bob", bob, noon + 6 * minute).done());
}

TEST_CASE("a payment in time keeps the seat, one that is late is refused, and the clock may step back and forth",
          "[S2.2][S2.3]") {
  hall desk;
  const auto in_time = desk.held("ann", "A1");
  CHECK(desk.confirm(1, "ann", in_time, noon + 5 * minute + -1).done());
  CHECK(desk.confirm(1, "ann", in_time, noon + hour).replayed);  // asked again when the hold would be over
  CHECK(desk.hold("bob", "A1", noon + hour).why == reason::seat_taken);

  const auto late = desk.held("cid", "A2");
  CHECK(desk.confirm(2, "cid", late, noon + 5 * minute).why == reason::hold_expired);
  const auto again = desk.confirm(2, "cid", late, noon);  // the clock has stepped back: the first answer stands
  CHECK(again.why == reason::hold_expired);
  CHECK(again.replayed);

  // An hour ahead somebody takes over; back again, the old hold is in its time and still worth nothing.
  const auto old = desk.held("dan", "A3");
  const auto newer = desk.held("eve", "A3", noon + hour);
  CHECK(newer > old);
  CHECK(desk.confirm(3, "dan", old, noon + minute).why == reason::hold_expired);
  CHECK(desk.confirm(4, "eve", newer, noon + minute).done());
  CHECK(desk.undo(3, old).done());
  CHECK(desk.shown(noon).find("A3 reserved") != std::string::npos);
}

TEST_CASE("a seat is confirmed once per key, and one hold is paid for by one payment", "[S2.6]") {
  hall desk;
  const auto hold = desk.held("ann", "A1");
  const auto other = desk.held("bob", "A2");
  CHECK_FALSE(desk.confirm(1, "ann", hold).replayed);
  CHECK(desk.confirm(1, "ann", hold).replayed);
  CHECK(desk.confirm(1, "bob", other).why == reason::key_reused);
  const auto second = desk.confirm(2, "ann", hold);
  CHECK(second.why == reason::seat_taken);
  CHECK(desk.undo(2, hold).done());  // of what was refused: nothing is taken from the first
  CHECK(desk.shown().find("A1 reserved") == 0);
  CHECK(desk.confirm(3, "ann", {4711}).why == reason::hold_expired);
}

TEST_CASE("a confirmation that is undone frees the seat once, and before it came it never will", "[S2.4][S1.6]") {
  hall desk;
  const auto ann = desk.held("ann", "A1");
  CHECK(desk.confirm(1, "ann", ann).done());
  CHECK(desk.undo(1, ann).done());
  CHECK(desk.shown().find("A1 available") == 0);
  const auto bob = desk.held("bob", "A1");
  CHECK(desk.confirm(2, "bob", bob).done());
  CHECK(desk.undo(1, ann).done());
  CHECK(desk.shown().find("A1 reserved") == 0);
  CHECK(desk.confirm(1, "ann", ann).why == reason::undone);

  const auto cid = desk.held("cid", "A2");
  CHECK(desk.undo(3, cid).done());
  CHECK(desk.confirm(3, "cid", cid).why == reason::undone);
  CHECK(desk.shown().find("A2 held") != std::string::npos);
}

TEST_CASE("a hold is made once per key, and the same key with another seat is found out", "[S2.6]") {
  hall desk;
  const auto wish = desk.holding("ann", "A1");
  const auto first = body<reservation::view>(desk.say(wish));
  auto later = wish;
  later.at = noon + minute;
  later.admitted = false;  // the token is of no use any more: the first answer is
  const auto again = desk.say(later);
  CHECK(again.replayed);
  CHECK(body<reservation::view>(again) == first);
  auto other = wish;
  other.where->seat = {"A2"};
  CHECK(desk.say(other).why == reason::key_reused);
  auto shut_out = desk.holding("bob", "A2");
  shut_out.admitted = false;
  CHECK(desk.say(shut_out).why == reason::not_admitted);
  CHECK(desk.shown() == "A1 held, A2 available, A3 available, A4 available");
}

TEST_CASE("a token has one seat at a time, and may give it back for another", "[S2.8][S2.2]") {
  hall desk;
  const auto first = desk.held("ann", "A1");
  CHECK(desk.hold("ann", "A2").why == reason::not_admitted);
  CHECK(body<reservation::view>(desk.hold("ann", "A1")).reservation == first);
  CHECK(desk.say(reservation::release{first, noon}).done());
  CHECK(desk.say(reservation::release{first, noon}).done());
  CHECK(desk.confirm(1, "ann", first).why == reason::hold_expired);
  const auto second = desk.held("ann", "A2");
  CHECK(second > first);
  CHECK(desk.confirm(2, "ann", second).done());
  CHECK(desk.say(reservation::release{second, noon}).why == reason::not_cancellable);
  CHECK(desk.hold("ann", "A3", noon + hour).why == reason::not_admitted);
  CHECK(desk.say(reservation::release{{4711}, noon}).why == reason::not_found);
  CHECK(desk.shown() == "A1 available, A2 reserved, A3 available, A4 available");
}

TEST_CASE("a paid seat that is refunded is available again, once", "[S2.2][S1.6]") {
  hall desk;
  const auto ann = desk.held("ann", "A1");
  CHECK(desk.confirm(1, "ann", ann).done());
  CHECK(desk.say(reservation::give_back{{saga(9), 3}, ann, saga(1), noon}).done());
  CHECK(desk.shown().find("A1 available") == 0);
  const auto bob = desk.held("bob", "A1");
  CHECK(desk.confirm(2, "bob", bob).done());
  CHECK(desk.say(reservation::give_back{{saga(9), 3}, ann, saga(1), noon}).replayed);
  CHECK(desk.shown().find("A1 reserved") == 0);
}

TEST_CASE("seats put on sale twice are there once, and more of them may follow", "[S2.1]") {
  hall desk{moment{}};
  const auto ann = desk.held("ann", "A1", noon + 7);
  auto more = hall::on_sale(6, {});
  for (auto& one : more.seats) one.price = {6'000};
  CHECK(desk.say(more).done());
  CHECK(desk.say(more).done());
  const auto page = body<reservation::page>(desk.say(reservation::read{{"mon"}, {}, 5, noon + 7}));
  CHECK(page.seats.size() == 5);
  CHECK(page.more);
  CHECK(page.seats[0].now == state::held);
  const auto rest = body<reservation::page>(desk.say(reservation::read{{"mon"}, page.seats[4].what.seat, 5, noon}));
  REQUIRE(rest.seats.size() == 1);
  CHECK(rest.seats[0].what.seat.text == "A6");
  // A hold keeps its price; without a given opening the first hold is the opening.
  CHECK(body<reservation::view>(desk.say(reservation::find{ann, noon + 7})).price.minor == 5'000);
  CHECK(std::get<reservation::confirmed>(desk.confirm(1, "ann", ann, noon + 8).body) ==
        reservation::confirmed{6, noon + 7});
  auto stolen = hall::on_sale(1);
  stolen.concert = {"other"};
  CHECK(desk.say(stolen).why == reason::key_reused);
  CHECK(desk.say(reservation::read{{"tue"}, {}, 5, noon}).why == reason::not_found);
  CHECK(desk.say(reservation::read{{"mon"}, {"Z"}, 5, noon}).why == reason::not_found);
}

TEST_CASE("what a payment is told of its hold is told once per key, and only to its user", "[S2.6]") {
  hall desk;
  const auto ann = desk.held("ann", "A1");
  const auto other = desk.held("bob", "A2");
  const reservation::check_out out{"k", {"ann"}, "p1", ann, noon};
  CHECK(body<reservation::view>(desk.say(out)).seat.text == "A1");
  CHECK(desk.say(out).replayed);
  CHECK(desk.say(reservation::check_out{"k", {"ann"}, "p2", ann, noon}).why == reason::key_reused);
  CHECK(desk.say(reservation::check_out{"l", {"ann"}, "p2", other, noon}).why == reason::not_found);
  CHECK(desk.say(reservation::check_out{"l", {"ann"}, "p2", {4711}, noon}).why == reason::not_found);
}

TEST_CASE("what was not committed of a seat never happened", "[S0.8][S4.5]") {
  hall desk;
  desk.say_in_vain(desk.holding("ann", "A1"));
  CHECK(desk.shown().find("A1 available") == 0);
  const auto bob = desk.held("bob", "A1");
  desk.say_in_vain(hall::confirming(1, "bob", bob));
  CHECK(desk.shown().find("A1 held") == 0);
  CHECK_FALSE(desk.confirm(1, "bob", bob).replayed);
}

TEST_CASE("thousands of payments race the expiry of their holds, with clocks an hour off, and no seat goes twice",
          "[S2.2][S2.3][S2.4]") {
  const auto seed = GENERATE(1U, 2U, 3U);
  INFO("seed " << seed);
  std::mt19937_64 dice{seed};
  hall desk;
  struct wish {
    std::string user;
    reservation_id hold;
    std::int64_t saga;
  };
  std::vector<wish> open;
  std::map<std::string, std::int64_t> owner;  // seat to saga
  std::map<std::int64_t, std::string> seat_of;
  std::int64_t sagas = 0, now = 0, won = 0, lost = 0;
  for (int i = 0; i < 6'000; ++i) {
    now += static_cast<std::int64_t>(dice() % minute);
    const auto at = noon + now + static_cast<std::int64_t>(dice() % 3) * hour + -hour;
    if (dice() % 50 == 0) desk.again();
    if (dice() % 2) {
      const auto user = "u" + std::to_string(i);
      const auto seat = "A" + std::to_string(1 + dice() % 4);
      auto said = desk.hold(user, seat, at);
      if (owner.count(seat)) REQUIRE(said.why == reason::seat_taken);
      if (said.done()) open.push_back({user, body<reservation::view>(said).reservation, ++sagas});
    } else if (!open.empty()) {
      const auto n = dice() % open.size();
      const auto one = open[n];
      const auto said = desk.confirm(one.saga, one.user, one.hold, at);
      REQUIRE((said.done() || said.why == reason::hold_expired || said.why == reason::undone));
      if (said.done() && !said.replayed) {
        const auto seat = body<reservation::view>(desk.say(reservation::find{one.hold, at})).seat.text;
        REQUIRE(owner.emplace(seat, one.saga).second);
        seat_of[one.saga] = seat;
        ++won;
      }
      lost += said.why == reason::hold_expired;
      // Some of them are too poor, and some that own a seat give it back: it is sold again.
      if (dice() % 3 == 0) {
        CHECK(desk.undo(one.saga, one.hold, at).done());
        if (const auto mine = seat_of.find(one.saga); mine != seat_of.end() && owner[mine->second] == one.saga)
          owner.erase(mine->second);
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(n));
      }
    }
    if (i % 500 == 0)
      for (const auto& [seat, sale] : owner) REQUIRE(desk.shown(at).find(seat + " reserved") != std::string::npos);
  }
  CHECK(won > 100);
  CHECK(lost > 100);
}
