// Money moves once per key, comes back only where it left, and every move is explained.
#include "actors/domains/wallet.hpp"
#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

struct wallets : seat<domains::wallet> {
  explicit wallets(std::int64_t filled = 1'000) {
    if (filled) say(wallet::charge{"fill", {"ann"}, {filled}, noon});
  }
  std::int64_t balance(const std::string& of = "ann") {
    return body<wallet::view>(say(wallet::find{{of}})).balance.minor;
  }
};
wallet::debit debit(std::int64_t n, std::int64_t amount) { return {{saga(n), 3}, {"ann"}, {amount}, noon}; }
wallet::undo_debit undo(std::int64_t n) { return {{saga(n), 3}, {"ann"}, noon}; }

}  // namespace

TEST_CASE("a debit that is asked twice is made once, also after a restart", "[S4.5][S0.6][S2.6]") {
  wallets desk;
  CHECK(desk.say(debit(1, 300)).done());
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  const auto again = desk.say(debit(1, 300));
  CHECK(again.done());
  CHECK(again.replayed);
  CHECK(desk.balance() == 700);
}

TEST_CASE("a debit that was undone before it came is refused when it comes, and raises nothing", "[S1.6]") {
  wallets desk;
  CHECK(desk.say(undo(1)).done());
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  CHECK(desk.say(debit(1, 300)).why == reason::undone);
  CHECK(desk.say(undo(1)).done());
  CHECK(desk.balance() == 1'000);
}

TEST_CASE("debit and undo, both twice and with restarts in between, leave the balance as it was", "[S1.6][S0.4]") {
  wallets desk;
  for (int i = 0; i < 2; ++i) {
    desk.say(debit(1, 300));
    desk.again();
  }
  CHECK(desk.balance() == 700);
  for (int i = 0; i < 2; ++i) {
    CHECK(desk.say(undo(1)).done());
    desk.again();
    CHECK(desk.balance() == 1'000);
  }
  CHECK(desk.say(debit(1, 300)).why == reason::undone);
  CHECK(desk.balance() == 1'000);
}

TEST_CASE("undoing a debit that was refused changes nothing", "[S1.6]") {
  wallets desk;
  CHECK(desk.say(debit(1, 1'001)).why == reason::insufficient_funds);
  CHECK(desk.say(undo(1)).done());
  CHECK(desk.balance() == 1'000);
}

TEST_CASE("a refusal is recorded: more money later does not change the answer to the key", "[S4.5][S0.3]") {
  wallets desk;
  CHECK(desk.say(debit(1, 1'001)).why == reason::insufficient_funds);
  desk.say(wallet::charge{"more", {"ann"}, {5'000}, noon});
  desk.again();
  const auto again = desk.say(debit(1, 1'001));
  CHECK(again.why == reason::insufficient_funds);
  CHECK(again.replayed);
  CHECK(desk.say(debit(2, 1'001)).done());
}

TEST_CASE("the refusal of somebody who never had a wallet is recorded, and stays one once they have it",
          "[S1.6][S4.5]") {
  wallets desk{0};
  CHECK(desk.say(debit(1, 10)).why == reason::insufficient_funds);
  desk.say(wallet::charge{"first", {"ann"}, {100}, noon});
  CHECK(desk.say(debit(1, 10)).why == reason::insufficient_funds);
  CHECK(desk.balance() == 100);
}

TEST_CASE("the same key with another amount or user is a conflict and moves nothing", "[S2.6]") {
  wallets desk;
  desk.say(wallet::charge{"fill", {"bob"}, {1'000}, noon});
  desk.say(debit(1, 300));
  CHECK(desk.say(debit(1, 301)).why == reason::key_reused);
  CHECK(desk.say(wallet::debit{{saga(1), 3}, {"bob"}, {300}, noon}).why == reason::key_reused);
  CHECK(desk.balance() == 700);
  CHECK(desk.balance("bob") == 1'000);
  desk.say(wallet::credit{{saga(2), 0}, {"ann"}, {50}, noon});
  CHECK(desk.say(wallet::credit{{saga(2), 0}, {"ann"}, {51}, noon}).why == reason::key_reused);
  CHECK(desk.balance() == 750);
}

TEST_CASE("a credit is made once", "[S4.5]") {
  wallets desk;
  for (int i = 0; i < 3; ++i) {
    CHECK(desk.say(wallet::credit{{saga(1), 0}, {"ann"}, {50}, noon}).done());
    desk.again();
  }
  CHECK(desk.balance() == 1'050);
}

TEST_CASE("a charge is made once per request of a user, and its first answer is given again", "[S1.1][S2.6]") {
  wallets desk;
  const auto again = desk.say(wallet::charge{"fill", {"ann"}, {1'000}, noon + 5'000});
  CHECK(again.replayed);
  CHECK(body<wallet::view>(again).balance.minor == 1'000);
  CHECK(desk.say(wallet::charge{"fill", {"ann"}, {999}, noon}).why == reason::key_reused);
  CHECK(desk.say(wallet::charge{"fill", {"bob"}, {5}, noon}).done());
  CHECK(desk.balance() == 1'000);
}

TEST_CASE("every entry carries its number, its cause and the balance after it", "[S4.5][S2.9]") {
  wallets desk;
  desk.say(debit(1, 300));
  desk.say(debit(2, 900));  // refused: no entry
  desk.say(undo(1));
  desk.say(wallet::credit{{saga(3), 0}, {"ann"}, {50}, noon});
  const auto page = body<wallet::page>(desk.say(wallet::read_entries{{"ann"}, 0, 3}));
  REQUIRE(page.entries.size() == 3);
  CHECK(page.more);
  CHECK(page.entries[0].what == wallet::kind::credit);
  CHECK(page.entries[0].balance.minor == 1'050);
  CHECK(page.entries[0].cause == saga(3));
  CHECK(page.entries[1].what == wallet::kind::debit_undone);
  CHECK(page.entries[1].amount.minor == 300);
  CHECK(page.entries[2].what == wallet::kind::debit);
  CHECK(page.entries[2].amount.minor == -300);
  CHECK(page.entries[2].balance.minor == 700);
  const auto rest = body<wallet::page>(desk.say(wallet::read_entries{{"ann"}, page.entries[2].id, 3}));
  REQUIRE(rest.entries.size() == 1);
  CHECK(rest.entries[0].number == 1);
  CHECK_FALSE(rest.more);
}

TEST_CASE("a balance never leaves its range", "[S4.5]") {
  wallets desk{0};
  CHECK(desk.say(wallet::charge{"a", {"ann"}, {INT64_MAX / 2}, noon}).done());
  CHECK(desk.say(wallet::charge{"b", {"ann"}, {1}, noon}).why == reason::limit_reached);
  CHECK(desk.balance() == INT64_MAX / 2);
}

TEST_CASE("what was not committed never happened", "[S0.8][S4.5]") {
  wallets desk;
  desk.say_in_vain(debit(1, 300));
  CHECK(desk.balance() == 1'000);
  CHECK_FALSE(desk.say(debit(1, 300)).replayed);
  CHECK(desk.balance() == 700);
}

TEST_CASE("a wallet's row may be behind its entries: whoever opens the store finds the newest balance",
          "[S2.9][S0.7]") {
  wallets desk{100'000};
  const auto restarts = GENERATE(1, 7, 1'000);
  std::int64_t left = 100'000;
  // More commits than a round of the rows; keys of old sagas among new ones.
  for (int i = 1; i <= 300; ++i) {
    const auto of = i % 5 ? 1'000'000'000'000 + i * 40'000 : i;
    CHECK(desk.say(debit(of, i)).done());
    left -= i;
    if (i % 11 == 0) {
      CHECK(desk.say(undo(of)).done());
      left += i;
    }
    if (i % restarts == 0) {
      desk.again();
      REQUIRE(desk.balance() == left);
    }
  }
  CHECK(desk.balance() == left);
  desk.say_in_vain(debit(5'000, 50));
  CHECK(desk.balance() == left);
  const auto entries = body<wallet::page>(desk.say(wallet::read_entries{{"ann"}, {}, 1'000})).entries;
  CHECK(entries.size() == 301 + 27);
  CHECK(entries.front().balance.minor == left);
}
