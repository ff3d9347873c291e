// A payment is approved once per order, cancelled once, and never after it was undone.
#include "actors/domains/payment.hpp"

#include <algorithm>
#include <array>

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

// --- an external provider ---------------------------------------------------------------------

namespace {

using asked_outside = seat<domains::payment, domains::approval::external>;

payment::view seen(asked_outside& desk, std::int64_t n) {
  return body<payment::view>(desk.say(payment::find{saga(n)}));
}
// The open work as text: "1 requested, 2 cancelling".
std::string open(asked_outside& desk, std::int64_t after = 0) {
  std::string text;
  for (const auto& one : body<payment::works>(desk.say(payment::open_work{after})).list)
    text += (text.empty() ? "" : ", ") + std::to_string(one.order.value >> 8) +
            (one.now == state::requested ? " requested" : " cancelling");
  return text;
}
std::string history(asked_outside& desk, std::int64_t n) {
  static constexpr std::array<const char*, 5> names{"requested", "approved", "declined", "cancelled", "cancelling"};
  std::string text;
  for (const auto& one : seen(desk, n).history)
    text += (text.empty() ? "" : ", ") + std::string{names[static_cast<std::size_t>(one.to)]};
  return text;
}
bool rang(const asked_outside& desk, std::int64_t subject) {
  return std::count(desk.rung().begin(), desk.rung().end(), subject) == 1;
}
payment::settle settled(std::int64_t n, payment::outcome what) { return {saga(n), what, noon + 5}; }

}  // namespace

TEST_CASE("a payment that a provider is to approve waits for it, and is answered when it is settled",
          "[S0.2][S1.1][S2.6]") {
  asked_outside desk;
  (void)desk.say(pay(1));
  REQUIRE(desk.late());
  CHECK(desk.late()->subject == saga(1).value);
  CHECK(desk.rung().size() == 1);  // who waits for work hears of it
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  CHECK(open(desk) == "1 requested");
  (void)desk.say(pay(1));
  CHECK(desk.late());  // asked again: it still waits
  CHECK(desk.say(pay(1, 301)).why == reason::key_reused);
  SECTION("captured") {
    CHECK(desk.say(settled(1, payment::outcome::captured)).done());
    CHECK(rang(desk, saga(1).value));
    if (restart) desk.again();
    CHECK(desk.say(pay(1)).done());
    CHECK_FALSE(desk.late());
    CHECK(history(desk, 1) == "requested, approved");
  }
  SECTION("declined") {
    CHECK(desk.say(settled(1, payment::outcome::declined)).done());
    CHECK(rang(desk, saga(1).value));
    if (restart) desk.again();
    const auto again = desk.say(pay(1));
    CHECK(again.why == reason::payment_declined);
    CHECK(again.replayed);            // who heard of it twice tells of it once
    CHECK(desk.say(undo(1)).done());  // of what was refused: nothing
    CHECK_FALSE(desk.late());
    CHECK(history(desk, 1) == "requested, declined");
  }
  CHECK(open(desk) == "");
  CHECK(seen(desk, 1).by_provider);
}

TEST_CASE("a payment whose outcome is unknown is called off, and the answer waits until it is gone", "[S0.5][S1.6]") {
  asked_outside desk;
  const auto approved = GENERATE(false, true);
  (void)desk.say(pay(1));
  if (approved) desk.say(settled(1, payment::outcome::captured));
  (void)desk.say(undo(1));
  REQUIRE(desk.late());
  CHECK(desk.late()->subject == saga(1).value);
  CHECK_FALSE(rang(desk, saga(1).value));
  desk.again();
  CHECK(open(desk) == "1 cancelling");
  // A charge that turns out to stand, or not, changes nothing: it is to be gone.
  CHECK(desk.say(settled(1, payment::outcome::captured)).done());
  CHECK(desk.say(settled(1, payment::outcome::declined)).done());
  CHECK(open(desk) == "1 cancelling");
  // A saga that is run again from its front after a crash must not end before it is.
  (void)desk.say(pay(1));
  CHECK(desk.late());
  for (int i = 0; i < 2; ++i) {
    CHECK(desk.say(settled(1, payment::outcome::gone)).done());
    CHECK(rang(desk, saga(1).value) == (i == 0));
    CHECK(desk.say(undo(1)).done());
    CHECK_FALSE(desk.late());
    CHECK(desk.say(pay(1)).why == reason::undone);
    CHECK_FALSE(desk.late());
    desk.again();
  }
  CHECK(open(desk) == "");
  CHECK(history(desk, 1) ==
        (approved ? "requested, approved, cancelling, cancelled" : "requested, cancelling, cancelled"));
}

TEST_CASE("nobody asks the provider for a payment that was undone before it came, or for nothing", "[S1.6][S1.3]") {
  asked_outside desk;
  CHECK(desk.say(undo(1)).done());
  CHECK(desk.say(pay(1)).why == reason::undone);
  CHECK(desk.say(pay(2, 0)).done());
  CHECK_FALSE(desk.late());
  CHECK(seen(desk, 2).now == state::approved);
  CHECK(desk.say(undo(2)).done());
  CHECK(seen(desk, 2).now == state::cancelled);
  CHECK(open(desk) == "");
}

TEST_CASE("a payment that a provider took is refunded when its order is cancelled later, and booked ones are not",
          "[S0.5][S1.5]") {
  asked_outside desk;
  (void)desk.say(pay(1));
  desk.say(settled(1, payment::outcome::captured));
  const auto event = [](std::int64_t seq, std::int64_t n, order::kind what) {
    return order::event{seq, saga(n), what, noon, {"ann"}, {{{"cup"}, 1, {300}}}, {}, {}, noon};
  };
  using order::kind;
  desk.say(payment::book{{0, {event(1, 1, kind::completed), event(2, 2, kind::completed)}}});
  CHECK(open(desk) == "");
  const order::events gone{0, {event(3, 1, kind::cancelled), event(4, 2, kind::cancelled)}};
  for (int i = 0; i < 2; ++i) {
    desk.say(payment::book{gone});
    CHECK(open(desk) == "1 cancelling");
    CHECK(seen(desk, 2).now == state::cancelled);
    desk.again();
  }
  desk.say(settled(1, payment::outcome::gone));
  CHECK(history(desk, 1) == "requested, approved, cancelling, cancelled");
}

TEST_CASE("open work is told in pages and as it comes, and news of a payment makes it news again", "[S0.6]") {
  asked_outside desk;
  for (std::int64_t n = 1; n <= 3; ++n) (void)desk.say(pay(n));
  const auto first = body<payment::works>(desk.say(payment::open_work{0, 2, false})).list;
  REQUIRE(first.size() == 2);
  CHECK(open(desk, first.back().turn) == "3 requested");
  const auto last = body<payment::works>(desk.say(payment::open_work{first.back().turn})).list.back().turn;
  (void)desk.say(payment::open_work{last, 2, true});
  REQUIRE(desk.late());  // there is nothing yet
  const auto bell = desk.late()->subject;
  CHECK(desk.say(payment::hasten{saga(2), noon}).done());
  CHECK(rang(desk, bell));
  CHECK(open(desk, last) == "2 requested");
  CHECK(open(desk) == "1 requested, 3 requested, 2 requested");
  (void)desk.say(undo(1));
  CHECK(rang(desk, bell));
  CHECK(open(desk, last) == "2 requested, 1 cancelling");
  CHECK(desk.say(payment::hasten{saga(9), noon}).why == reason::not_found);
  desk.say(settled(2, payment::outcome::captured));
  CHECK(desk.say(payment::hasten{saga(2), noon}).done());  // nothing is open any more: nothing happens
  CHECK(open(desk, last) == "1 cancelling");
  CHECK(desk.say(settled(9, payment::outcome::gone)).why == reason::not_found);
}

TEST_CASE("news of a payment that is off already make it be looked after, and are answered when that is done",
          "[S0.5][S1.6]") {
  asked_outside desk;
  const auto called_off = GENERATE(false, true);
  (void)desk.say(pay(1));
  if (called_off) (void)desk.say(undo(1));
  desk.say(settled(1, called_off ? payment::outcome::gone : payment::outcome::declined));
  const auto before = history(desk, 1);
  for (int i = 0; i < 2; ++i) {
    CHECK(open(desk) == "");
    (void)desk.say(payment::hasten{saga(1), noon + 9});
    REQUIRE(desk.late());
    CHECK(desk.late()->subject == saga(1).value);
    const auto then = desk.late()->then;
    CHECK(open(desk) == "1 cancelling");
    desk.say(settled(1, payment::outcome::gone));
    CHECK(rang(desk, saga(1).value));
    CHECK(desk.say(then).done());
    CHECK_FALSE(desk.late());
  }
  CHECK(history(desk, 1) == before);
  CHECK(desk.say(pay(1)).why == (called_off ? reason::undone : reason::payment_declined));
}

TEST_CASE("a desk that falls before its commit has asked the provider for nothing", "[S4.5]") {
  asked_outside desk;
  desk.say_in_vain(pay(1));
  CHECK(open(desk) == "");
  (void)desk.say(pay(1));
  desk.say_in_vain(settled(1, payment::outcome::captured));
  CHECK(open(desk) == "1 requested");
  desk.say_in_vain(undo(1));
  CHECK(open(desk) == "1 requested");
}
