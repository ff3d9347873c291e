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

TEST_CASE("the payment of a refunded order is cancelled once", "[S1.1][S4.3]") {
  payments desk;
  desk.say(pay(1));
  for (int i = 0; i < 2; ++i) CHECK(desk.say(payment::cancel{saga(1), noon}).done());
  CHECK(view(desk, 1).history.size() == 3);
  CHECK(desk.say(payment::cancel{saga(2), noon}).why == reason::not_found);
}
