// A payment is approved once per order, cancelled once, and never after it was undone.
#include "actors/domains/payment.hpp"
#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;
using payment::state;

namespace {
using payments = seat<domains::payment>;
payment::pay pay(std::int64_t n, std::int64_t amount = 300) { return {{saga(n), 4}, {"ann"}, {amount}, noon}; }
payment::undo_pay undo(std::int64_t n) { return {{saga(n), 4}, noon + 1}; }
payment::view view(payments& desk, std::int64_t n) { return body<payment::view>(desk.say(payment::find{saga(n)})); }
}  // namespace

TEST_CASE("a payment that is asked for twice is one payment, with its history", "[S4.5][S2.6]") {
  payments desk;
  CHECK(desk.say(pay(1)).done());
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  CHECK(desk.say(pay(1)).replayed);
  CHECK(desk.say(pay(1, 301)).why == reason::key_reused);
  CHECK(view(desk, 1).now == state::approved);
  CHECK(view(desk, 1).history.size() == 2);
}

TEST_CASE("a payment that was undone before it came is refused when it comes", "[S1.6]") {
  payments desk;
  CHECK(desk.say(undo(1)).done());
  desk.again();
  CHECK(desk.say(pay(1)).why == reason::undone);
  CHECK(desk.say(undo(1)).done());
  CHECK(desk.say(payment::find{saga(1)}).why == reason::not_found);  // nobody ever paid
}

TEST_CASE("pay and undo, both twice and with restarts in between, leave a cancelled payment", "[S1.6]") {
  payments desk;
  for (int i = 0; i < 2; ++i) {
    desk.say(pay(1));
    desk.again();
  }
  for (int i = 0; i < 2; ++i) {
    CHECK(desk.say(undo(1)).done());
    desk.again();
  }
  CHECK(view(desk, 1).now == state::cancelled);
  CHECK(view(desk, 1).history.size() == 3);
  CHECK(desk.say(pay(1)).why == reason::undone);
}

TEST_CASE("what orders paid from their wallets is booked from their events, each once", "[S1.1][S4.2][S2.6]") {
  payments desk;
  order::event sold{1, saga(1), order::kind::completed, noon + 5, {"ann"}, {{{"cup"}, 2, {600}}}, {60}, {}, noon};
  for (int i = 0; i < 2; ++i) {
    CHECK(body<order::position>(desk.say(payment::book{{0, {sold}}})).seq == 1);
    desk.again();
  }
  CHECK(view(desk, 1).amount.minor == 540);
  CHECK(view(desk, 1).now == state::approved);
  CHECK(view(desk, 1).history == std::vector<payment::change>{{state::requested, noon}, {state::approved, noon + 5}});
  auto cancelled = sold;
  cancelled.seq = 2;
  cancelled.what = order::kind::cancelled;
  for (int i = 0; i < 2; ++i) desk.say(payment::book{{0, {sold, cancelled}}});
  CHECK(view(desk, 1).now == state::cancelled);
  CHECK(view(desk, 1).history.size() == 3);
  CHECK(body<order::position>(desk.say(payment::find_position{0})).seq == 2);
}

TEST_CASE("a payment that was approved before its order was completed is not booked again", "[S0.2][S2.6]") {
  payments desk;
  desk.say(pay(1));
  desk.say(
      payment::book{{0, {{1, saga(1), order::kind::completed, noon, {"ann"}, {{{"cup"}, 1, {300}}}, {}, {}, noon}}}});
  CHECK(view(desk, 1).history.size() == 2);
  CHECK(desk.say(pay(1)).replayed);
}
