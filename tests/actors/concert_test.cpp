// Concerts are listed when all of their parts are there, and a date belongs to one of them.
#include "actors/domains/concert.hpp"

#include <map>

#include "actors/domains/ranking.hpp"
#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;

namespace {
concert::put putting(const std::string& name, std::vector<concert::date> dates, bool listed = true) {
  return {{name}, "The " + name, std::move(dates), listed};
}
}  // namespace

TEST_CASE("a concert is shown once it is listed, with its dates in order", "[S2.1]") {
  seat<domains::concert> desk;
  CHECK(desk.say(concert::find{{"gala"}}).why == reason::not_found);
  const std::vector<concert::date> dates{{{"tue"}, noon + 10, "Hall", noon, 60}, {{"mon"}, noon + 5, "", {}, 40}};
  CHECK(desk.say(putting("gala", dates, false)).done());
  CHECK(desk.say(concert::find{{"gala"}}).why == reason::not_found);
  CHECK(desk.say(putting("gala", dates)).done());
  desk.again();
  const auto found = body<concert::view>(desk.say(concert::find{{"gala"}}));
  CHECK(found.name == "The gala");
  REQUIRE(found.schedules.size() == 2);
  CHECK(found.schedules[0].schedule.text == "mon");
  CHECK(found.schedules[1] == dates[0]);
  // Repeated it is the same, grown it has more.
  CHECK(body<concert::view>(desk.say(putting("gala", dates))) == found);
  const auto grown = body<concert::view>(desk.say(putting("gala", {{{"wed"}, noon + 20, "", {}, 1}})));
  CHECK(grown.schedules.size() == 3);
}

TEST_CASE("a date belongs to the concert that claimed it first", "[S2.1]") {
  seat<domains::concert> desk;
  CHECK(desk.say(putting("gala", {{{"mon"}, noon}}, false)).done());
  const auto refused = desk.say(putting("opera", {{{"tue"}, noon}, {{"mon"}, noon}}));
  CHECK(refused.why == reason::key_reused);
  CHECK(refused.detail == "mon");
  CHECK(desk.say(concert::find{{"opera"}}).why == reason::not_found);
  CHECK(desk.say(putting("opera", {{{"tue"}, noon}})).done());
  CHECK(desk.say(putting("gala", {{{"mon"}, noon}})).done());
  const auto page = body<concert::page>(desk.say(concert::list{{}, 1}));
  REQUIRE(page.concerts.size() == 1);
  CHECK(page.more);
  CHECK(page.concerts[0].concert.text == "gala");
  CHECK(body<concert::page>(desk.say(concert::list{{"gala"}, 5})).concerts.at(0).concert.text == "opera");
}

namespace {

// Events of seats as the outbox of an order desk tells them.
struct board : seat<domains::ranking> {
  void tell(order::kind what, const std::string& schedule, std::int64_t at, std::uint32_t source = 0) {
    order::event event{++seqs[source], saga(100 + seqs[source]), what, noon + at, {"ann"}};
    event.seat = order::seat_sale{{schedule}, {"A1"}, {2}, {1}, {500}, 2, noon};
    last = ranking::count{{source, {event}}};
    CHECK(say(last).done());
  }
  std::string sold_out() {
    std::string text;
    for (const auto& one : body<ranking::full_houses>(say(ranking::sold_out{10})).list)
      text += one.schedule.text + ' ' + std::to_string(one.sold_out.ms - one.opened.ms) + ';';
    return text;
  }
  std::map<std::uint32_t, std::int64_t> seqs;
  ranking::count last;
};

}  // namespace

TEST_CASE("a date enters the ranking with its last seat, the fastest first, and seats are no products",
          "[S2.11][S2.6]") {
  using order::kind;
  board desk;
  desk.tell(kind::completed, "slow", 100);
  CHECK(desk.sold_out().empty());
  desk.tell(kind::completed, "fast", 5);
  desk.tell(kind::completed, "fast", 20);
  CHECK(desk.say(desk.last).done());  // told again: counted once
  CHECK(desk.sold_out() == "fast 20;");
  desk.tell(kind::completed, "slow", 300);
  CHECK(desk.sold_out() == "fast 20;slow 300;");
  desk.again();
  CHECK(desk.sold_out() == "fast 20;slow 300;");
  CHECK(body<ranking::board>(desk.say(ranking::best{10, false})).sellers.empty());
  // A seat that comes back takes the date off the list, until it is sold once more.
  desk.tell(kind::cancelled, "fast", 400);
  CHECK(desk.sold_out() == "slow 300;");
  desk.tell(kind::completed, "fast", 500);
  CHECK(desk.sold_out() == "slow 300;fast 500;");
}

TEST_CASE("two last payments may be told in either order", "[S2.11]") {
  using order::kind;
  board one, other;
  one.tell(kind::completed, "mon", 10, 0);
  one.tell(kind::completed, "mon", 30, 1);
  other.tell(kind::completed, "mon", 30, 1);
  other.tell(kind::completed, "mon", 10, 0);
  CHECK(one.sold_out() == "mon 30;");
  CHECK(other.sold_out() == "mon 30;");
}
