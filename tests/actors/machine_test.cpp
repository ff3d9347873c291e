// The engine by scripts: what a saga asks when it is answered so and so; no CAF, no SQL.
#include "actors/sagas/plans.hpp"
#include "tests/actors/script.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::sagas;
using souk::tests::script;

TEST_CASE("an order runs through its steps in order and completes at its pivot", "[S4.1]") {
  script saga{order_payment()};
  CHECK(saga.asks() == "run verify_user");
  CHECK(saga.done(verify_user).asks() == "run take_stock");
  CHECK(saga.done(take_stock).asks() == "run use_coupon");
  CHECK(saga.done(use_coupon).asks() == "run debit_wallet");
  CHECK(saga.done(debit_wallet).asks() == "run complete_order");
  CHECK(saga.done(complete_order).asks() == "complete");
  CHECK(saga.machine().ended());
}

TEST_CASE("the compensation matrix: each refusal undoes what was done before it, in reverse", "[S4.3][S0.3][S0.4]") {
  SECTION("unknown user: nothing to undo") {
    script saga{order_payment()};
    saga.asks();
    CHECK(saga.refused(verify_user).asks() == "run fail_order");
    CHECK(saga.done(fail_order).asks() == "reject");
  }
  SECTION("sold out: nothing to undo") {
    script saga{order_payment()};
    CHECK(saga.after({&verify_user}).refused(take_stock).asks() == "run fail_order");
  }
  SECTION("coupon refused: stock") {
    script saga{order_payment()};
    CHECK(saga.after({&verify_user, &take_stock}).refused(use_coupon).asks() == "undo take_stock");
    CHECK(saga.undone(take_stock).asks() == "run fail_order");
    CHECK(saga.done(fail_order).asks() == "reject");
  }
  SECTION("wallet short: coupon, then stock") {
    script saga{order_payment()};
    CHECK(saga.after({&verify_user, &take_stock, &use_coupon}).refused(debit_wallet).asks() == "undo use_coupon");
    CHECK(saga.undone(use_coupon).asks() == "undo take_stock");
    CHECK(saga.undone(take_stock).asks() == "run fail_order");
  }
  SECTION("cancelled at the pivot: everything") {
    script saga{order_payment()};
    saga.after({&verify_user, &take_stock, &use_coupon, &debit_wallet});
    CHECK(saga.refused(complete_order).asks() == "undo debit_wallet");
    CHECK(saga.undone(debit_wallet).asks() == "undo use_coupon");
    CHECK(saga.undone(use_coupon).asks() == "undo take_stock");
  }
}

TEST_CASE("a seat is paid for: seat, token, money, and back in reverse", "[S2.3][S2.4][S2.5]") {
  SECTION("the way there") {
    script saga{seat_payment()};
    CHECK(saga.asks() == "run verify_user");
    CHECK(saga.done(verify_user).asks() == "run confirm_seat");
    CHECK(saga.done(confirm_seat).asks() == "run use_token");
    CHECK(saga.done(use_token).asks() == "run debit_wallet");
    CHECK(saga.done(debit_wallet).asks() == "run complete_order");
    CHECK(saga.done(complete_order).asks() == "complete");
  }
  SECTION("the hold has expired, or the token is used up: the wallet is never asked") {
    script late{seat_payment()};
    CHECK(late.after({&verify_user}).refused(confirm_seat).asks() == "run fail_order");
    script saga{seat_payment()};
    CHECK(saga.after({&verify_user, &confirm_seat}).refused(use_token).asks() == "undo confirm_seat");
    CHECK(saga.undone(confirm_seat).asks() == "run fail_order");
  }
  SECTION("points short: the seat is free again") {
    script saga{seat_payment()};
    CHECK(saga.after({&verify_user, &confirm_seat, &use_token}).refused(debit_wallet).asks() == "undo use_token");
    CHECK(saga.undone(use_token).asks() == "undo confirm_seat");
    CHECK(saga.undone(confirm_seat).asks() == "run fail_order");
    CHECK(saga.done(fail_order).asks() == "reject");
  }
  SECTION("points deducted, or perhaps deducted, and no payment: points restored first") {
    script saga{seat_payment()};
    saga.after({&verify_user, &confirm_seat, &use_token});
    CHECK(saga.lost(debit_wallet).asks() == "undo debit_wallet");
    CHECK(saga.undone(debit_wallet).asks() == "undo use_token");
    script taken_back{seat_payment()};
    taken_back.after({&verify_user, &confirm_seat, &use_token, &debit_wallet});
    CHECK(taken_back.refused(complete_order).asks() == "undo debit_wallet");
  }
  SECTION("a seat that may have been confirmed is undone as well") {
    script saga{seat_payment()};
    CHECK(saga.after({&verify_user}).lost(confirm_seat).asks() == "undo confirm_seat");
  }
}

TEST_CASE("balance first: wallet, stock, payment, and back in reverse", "[S0.2][S0.3][S0.4][S0.5]") {
  SECTION("the way there") {
    script saga{balance_first()};
    CHECK(saga.asks() == "run verify_user");
    CHECK(saga.done(verify_user).asks() == "run quote_prices");
    CHECK(saga.done(quote_prices).asks() == "run debit_wallet");
    CHECK(saga.done(debit_wallet).asks() == "run take_stock");
    CHECK(saga.done(take_stock).asks() == "run approve_payment");
    CHECK(saga.done(approve_payment).asks() == "run complete_order");
    CHECK(saga.done(complete_order).asks() == "complete");
  }
  SECTION("wallet short: stock and payment are never asked") {
    script saga{balance_first()};
    CHECK(saga.after({&verify_user, &quote_prices}).refused(debit_wallet).asks() == "run fail_order");
  }
  SECTION("sold out: the wallet is credited back") {
    script saga{balance_first()};
    saga.after({&verify_user, &quote_prices, &debit_wallet});
    CHECK(saga.refused(take_stock).asks() == "undo debit_wallet");
    CHECK(saga.undone(debit_wallet).asks() == "run fail_order");
  }
  SECTION("payment declined: stock, then wallet") {
    script saga{balance_first()};
    saga.after({&verify_user, &quote_prices, &debit_wallet, &take_stock});
    CHECK(saga.refused(approve_payment).asks() == "undo take_stock");
    CHECK(saga.undone(take_stock).asks() == "undo debit_wallet");
    CHECK(saga.undone(debit_wallet).asks() == "run fail_order");
    CHECK(saga.done(fail_order).asks() == "reject");
  }
}

TEST_CASE("a step that was lost may have happened: it is undone as well", "[S1.6][S0.6]") {
  script saga{order_payment()};
  saga.after({&verify_user, &take_stock, &use_coupon});
  CHECK(saga.silent(debit_wallet, 3).asks() ==
        "run debit_wallet again, run debit_wallet again, run debit_wallet again");
  CHECK(saga.silent(debit_wallet).asks() == "undo debit_wallet");
  CHECK(saga.done(debit_wallet).asks() == "");  // too late
  CHECK(saga.undone(debit_wallet).asks() == "undo use_coupon");
  CHECK(saga.undone(debit_wallet).asks() == "");  // told twice
}

TEST_CASE("a lost look at a user has nothing to undo", "[S1.6]") {
  script saga{order_payment()};
  saga.asks();
  CHECK(saga.lost(verify_user).asks() == "run fail_order");
}

TEST_CASE("a saga that may have run before loses no step: what came after it may be in effect", "[S1.6][C.4]") {
  const patience patience;
  machine saga{order_payment(), true};
  machine::moves moves;
  saga.begin(moves);
  for (int tries = 1; tries < patience.tries_before_parked; ++tries) {
    moves.clear();
    saga.on_silence(0, patience, moves);
    REQUIRE(moves.size() == 1);
    CHECK(moves[0] == order_to_go{order_to_go::kind::run, 0, static_cast<std::uint8_t>(tries)});
  }
  moves.clear();
  saga.on_cancel(moves);
  CHECK(moves.empty());  // it is turned back at the pivot
  saga.on_silence(0, patience, moves);
  CHECK(moves == machine::moves{{order_to_go::kind::park, 0, 0}});
  // What was refused before is refused again, and goes the way back that it went before.
  moves.clear();
  saga.resume(moves);
  saga.on(0, outcome::done, moves);
  moves.clear();
  saga.on(1, outcome::refused, moves);
  CHECK(moves ==
        machine::moves{{order_to_go::kind::run, static_cast<std::uint8_t>(order_payment().index_of(&fail_order)), 0}});
}

TEST_CASE("what turns back without knowing how far it came takes all back, and forbids what cannot be taken back",
          "[S1.6][C.4]") {
  script sale{order_payment(), script::way::back};
  CHECK(sale.asks() == "undo debit_wallet");
  CHECK(sale.undone(debit_wallet).asks() == "undo use_coupon");
  CHECK(sale.undone(use_coupon).asks() == "undo take_stock");
  CHECK(sale.undone(take_stock).asks() == "run fail_order");
  // The case's own domain decides a sale's pivot; goods are taken in elsewhere.
  script back{take_back(), script::way::back};
  CHECK(back.asks() == "undo take_in_stock");
  CHECK(back.silent(take_in_stock).asks() == "undo take_in_stock again");
  CHECK(back.undone(take_in_stock).asks() == "run fail_order");
  CHECK(back.done(fail_order).asks() == "reject");
}

TEST_CASE("the pivot is insisted upon, then parked, never undone and never lost", "[S0.6]") {
  script saga{order_payment()};
  saga.after({&verify_user, &take_stock, &use_coupon, &debit_wallet});
  for (int i = 0; i < 11; ++i) CHECK(saga.silent(complete_order).asks() == "run complete_order again");
  CHECK(saga.silent(complete_order).asks() == "park at complete_order");
  CHECK(saga.silent(complete_order).asks() == "");
  CHECK(saga.machine().parked());
  CHECK(saga.cancelled().asks() == "");
  CHECK(saga.resumed().asks() == "run complete_order");
  CHECK(saga.done(complete_order).asks() == "complete");
}

TEST_CASE("a compensation is insisted upon with growing pauses, then parked, and an operator sends it on", "[S0.6]") {
  script saga{order_payment()};
  saga.after({&verify_user, &take_stock});
  saga.refused(use_coupon).asks();
  for (int i = 0; i < 11; ++i) CHECK(saga.silent(take_stock).asks() == "undo take_stock again");
  CHECK(saga.silent(take_stock).asks() == "park at take_stock");
  CHECK(saga.resumed().asks() == "undo take_stock");
  CHECK(saga.undone(take_stock).asks() == "run fail_order");
}

TEST_CASE("cancelling counts what is being asked as lost, and does nothing on the way back", "[S1.6]") {
  script saga{order_payment()};
  saga.after({&verify_user, &take_stock});
  CHECK(saga.cancelled().asks() == "undo use_coupon");
  CHECK(saga.cancelled().asks() == "");
  CHECK(saga.undone(use_coupon).asks() == "undo take_stock");
  CHECK(saga.cancelled().asks() == "");
}

TEST_CASE("a return looks first, then goes only forward", "[S4.3]") {
  script saga{take_back()};
  CHECK(saga.asks() == "run verify_user");
  CHECK(saga.done(verify_user).asks() == "run verify_products");
  CHECK(saga.done(verify_products).asks() == "run take_in_stock");
  CHECK(saga.done(take_in_stock).asks() == "run credit_wallet");
  CHECK(saga.refused(credit_wallet).asks() == "park at credit_wallet");
  CHECK(saga.resumed().asks() == "run credit_wallet");
  CHECK(saga.done(credit_wallet).asks() == "run close_case");
  CHECK(saga.done(close_case).asks() == "complete");
}

TEST_CASE("a refund goes only forward: money, goods, coupon, seat", "[S4.3]") {
  script saga{refund()};
  CHECK(saga.asks() == "run credit_wallet");
  CHECK(saga.done(credit_wallet).asks() == "run take_in_stock");
  CHECK(saga.done(take_in_stock).asks() == "run give_back_coupon");
  CHECK(saga.done(give_back_coupon).asks() == "run release_seat");
  CHECK(saga.done(release_seat).asks() == "run close_case");
  CHECK(saga.cancelled().asks() == "");
  CHECK(saga.done(close_case).asks() == "complete");
}

TEST_CASE("pauses grow, are jittered between half and whole, and are bounded", "[S0.6]") {
  const patience patience;
  for (int tries = 0; tries < 40; ++tries) {
    const auto whole = std::min<std::int64_t>(patience.pause_ms_first << std::min(tries, 20), patience.pause_ms_max);
    for (const std::uint64_t dice : {UINT64_C(0), UINT64_C(12345678901), UINT64_MAX}) {
      const auto pause = patience.pause_ms(tries, dice);
      CHECK(pause >= whole / 2);
      CHECK(pause <= whole);
    }
  }
  CHECK(patience.asked_for_ms_max(false, 2'000) == 4 * 2'000 + 50 + 100 + 200 + 400);
  CHECK(patience.asked_for_ms_max(true, 0) > patience.asked_for_ms_max(false, 0));
}

TEST_CASE("a plan that makes no sense is refused when it is built") {
  CHECK_THROWS(saga("empty").build());
  CHECK_THROWS(saga("twice").then(take_stock).then(take_stock));
  CHECK_THROWS(choreography("unclear")
                   .with(take_stock, role::compensable)
                   .when(take_stock, outcome::done, {complete()})
                   .when(take_stock, outcome::done, {reject()})
                   .build());
  CHECK_THROWS(choreography("foreign")
                   .with(take_stock, role::compensable)
                   .when(debit_wallet, outcome::done, {complete()})
                   .build());
}

TEST_CASE("plans print themselves, with every step and its way back", "[S4.3]") {
  const auto text = to_text(order_payment());
  for (const auto& one : order_payment().stages()) CHECK(text.find(one.step->name) != text.npos);
  CHECK(text.find("debit_wallet refused        undo use_coupon") != text.npos);
  CHECK(to_mermaid(order_payment()).find("undo_take_stock --> fail_order: undone") != std::string::npos);
  for (const auto* one : all_plans()) CHECK(find_plan(one->name()) == one);
  CHECK(find_plan("nothing") == nullptr);
}
