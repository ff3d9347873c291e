// What may be done for a saga that stands still, and that the order desk does it once and writes it down.
#include "actors/sagas/repairs.hpp"

#include <sstream>

#include "actors/domains/order.hpp"
#include "actors/sagas/plans.hpp"
#include "actors/sagas/steps.hpp"
#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;
using order::remedy;
using order::saga_state;
using order::state;

namespace {

std::string allowed(const sagas::plan& of, const sagas::step& at, bool undoing = false) {
  std::string text;
  const auto bits = sagas::allowed_at({of, of.index_of(&at), undoing});
  for (std::size_t i = 0; i < order::remedies; ++i)
    if (bits >> i & 1) text += (text.empty() ? "" : " ") + std::string{sagas::to_text(static_cast<remedy>(i))};
  return text;
}

order::standstill standing(const sagas::plan& of, const sagas::step& at, bool undoing = false) {
  const auto stage = of.index_of(&at);
  return {static_cast<std::uint8_t>(stage),        undoing, reason::unreachable, {}, noon,
          sagas::allowed_at({of, stage, undoing}), at.home};
}

struct orders : seat<domains::order> {
  number placed(order::flow flow = order::flow::order_payment) {
    order::place place;
    place.request = "r" + std::to_string(++requests);
    place.user = {"ann"};
    place.lines = {{{"cup"}, 2, {600}}};
    place.agreed = true;
    place.flow = flow;
    place.at = noon;
    return body<order::ticket>(say(place)).id;
  }
  number parked(const sagas::step& at = sagas::debit_wallet, bool undoing = false) {
    const auto id = placed();
    say(order::park{id,
                    {{0, order::mark::began, 0, {}}, {3, order::mark::parked, 7, reason::unreachable}},
                    noon + 7,
                    standing(sagas::order_payment(), at, undoing)});
    return id;
  }
  answer repair(number id, remedy what, const std::string& request = {}, bool dry = false) {
    return say(order::repair{id, what, "because", request, "olga", dry, noon + 9});
  }
  order::view view(number id) { return body<order::view>(say(order::find{id})); }
  std::vector<order::audit_line> log() { return body<order::audit_page>(say(order::read_audit{})).lines; }
  int requests = 0;
};

}  // namespace

TEST_CASE("what may be done for a saga that stands still follows from where it stands", "[S0.6][S1.6]") {
  using namespace sagas;
  // Before the pivot of a sale everything but skipping a step whose outcome is needed.
  for (const auto* plan : {&order_payment(), &balance_first(), &seat_payment()}) {
    INFO(plan->name());
    CHECK(allowed(*plan, verify_user) == "retry compensate fail");
    CHECK(allowed(*plan, debit_wallet) == "retry compensate fail");
    // The pivot is the order desk's own: as long as the case is open it is not in effect.
    CHECK(allowed(*plan, complete_order) == "retry compensate fail");
    CHECK(allowed(*plan, debit_wallet, true) == "retry skip fail");
    CHECK(allowed(*plan, fail_order) == "retry fail");
  }
  CHECK(allowed(stock_first(), announce_order) == "retry compensate fail");
  // A return has promised its money with the goods; nobody knows whether a pivot that is silent has happened.
  CHECK(allowed(take_back(), take_in_stock) == "retry");
  CHECK(allowed(take_back(), verify_user) == "retry");
  CHECK(allowed(take_back(), credit_wallet) == "retry skip");
  CHECK(allowed(take_back(), close_case) == "retry");
  for (const auto* step : {&credit_wallet, &take_in_stock, &give_back_coupon, &release_seat})
    CHECK(allowed(refund(), *step) == "retry skip");
  CHECK(allowed(refund(), close_case) == "retry");
}

TEST_CASE("a repair that may not be made says why", "[S0.6]") {
  using namespace sagas;
  const auto why = [](remedy what, const plan& of, const step& at, bool undoing = false) {
    return std::string{why_not(what, {of, of.index_of(&at), undoing})};
  };
  CHECK(why(remedy::compensate, take_back(), credit_wallet).find("passed its pivot") != std::string::npos);
  CHECK(why(remedy::compensate, take_back(), take_in_stock).find("not known") != std::string::npos);
  CHECK(why(remedy::compensate, refund(), credit_wallet).find("no way back") != std::string::npos);
  CHECK(why(remedy::compensate, order_payment(), debit_wallet, true).find("walks back already") != std::string::npos);
  CHECK(why(remedy::skip, order_payment(), take_stock).find("needed") != std::string::npos);
  CHECK(why(remedy::skip, order_payment(), complete_order).find("order desk") != std::string::npos);
  CHECK(why(remedy::retry, refund(), close_case) == "");
}

TEST_CASE("what a saga may have left is asked for by key, shard by shard", "[C.6]") {
  order::brief about;
  about.id = saga(7);
  about.user = {"ann"};
  about.lines = {{{"cup"}, 1, {100}}, {{"plate"}, 1, {100}}, {{"mug"}, 1, {100}}};
  about.agreed = true;
  auto shards = one_each();
  const auto text = [&](const sagas::plan& of) {
    std::ostringstream out;
    for (const auto& one : sagas::keys_of(about, of, shards))
      out << of.stages()[one.stage].step->name << '@' << to_text(one.desk.domain) << ' ';
    return out.str();
  };
  CHECK(text(sagas::order_payment()) == "take_stock@product debit_wallet@wallet ");
  about.coupon = saga(8);
  CHECK(text(sagas::order_payment()) == "take_stock@product use_coupon@coupon debit_wallet@wallet ");
  CHECK(text(sagas::refund()) == "credit_wallet@wallet take_in_stock@product give_back_coupon@coupon ");
  CHECK(text(sagas::take_back()) == "take_in_stock@product credit_wallet@wallet ");
  shards[static_cast<std::size_t>(domain::product)] = 64;
  std::size_t of_products = 0;
  for (const auto& one : sagas::keys_of(about, sagas::order_payment(), shards))
    of_products += one.desk.domain == domain::product;
  CHECK(of_products == 3);
}

TEST_CASE("a repair and its line in the audit log are one transaction, and twice is once", "[S0.6][C.6]") {
  orders desk;
  const auto id = desk.parked();
  CHECK(desk.view(id).parked->step == 3);
  desk.say_in_vain(order::repair{id, remedy::retry, "because", "", "olga", false, noon + 9});
  CHECK(desk.log().empty());
  CHECK(desk.view(id).saga == saga_state::parked);
  for (int i = 0; i < 3; ++i) {
    const auto said = desk.repair(id, remedy::retry);
    CHECK(said.done());
    CHECK(said.replayed == (i > 0));
    CHECK(desk.begun().size() == (i > 0 ? 0 : 1));  // its coordinator hears of it
    desk.again();
  }
  const auto now = desk.view(id);
  CHECK(now.saga == saga_state::running);
  CHECK_FALSE(now.parked);
  REQUIRE(now.repairs.size() == 1);
  CHECK(now.repairs[0].by == "olga");
  CHECK(now.timeline.back().what == order::mark::repaired);
  CHECK(desk.log().size() == 1);
  // Parked again it is another matter.
  desk.say(order::park{id, now.timeline, noon + 20, standing(sagas::order_payment(), sagas::debit_wallet)});
  CHECK_FALSE(desk.repair(id, remedy::retry).replayed);
  CHECK(desk.log().size() == 2);
}

TEST_CASE("a dry run of a repair says what it would say, and leaves all as it was", "[C.6]") {
  orders desk;
  const auto id = desk.parked();
  CHECK(desk.repair(id, remedy::compensate, {}, true).done());
  CHECK(desk.repair(id, remedy::skip, {}, true).why == reason::not_repairable);
  CHECK(desk.view(id).saga == saga_state::parked);
  CHECK(desk.log().empty());
  CHECK(desk.begun().empty());
}

TEST_CASE("a key of a repair is answered by its first answer, and with another repair a conflict", "[S0.6]") {
  orders desk;
  const auto id = desk.parked();
  CHECK_FALSE(desk.repair(id, remedy::retry, "k1").replayed);
  const auto anew = standing(sagas::order_payment(), sagas::debit_wallet);
  desk.say(order::park{id, {}, noon + 20, anew});  // a copy of the first word, which comes late
  CHECK(desk.view(id).saga == saga_state::running);
  desk.say(order::park{id, {{3, order::mark::repaired, 10}}, noon + 20, anew});
  CHECK(desk.repair(id, remedy::retry, "k1").replayed);  // it is parked anew, but this was said before
  CHECK(desk.view(id).saga == saga_state::parked);
  CHECK(desk.repair(id, remedy::compensate, "k1").why == reason::key_reused);
  CHECK_FALSE(desk.repair(id, remedy::retry, "k2").replayed);
}

TEST_CASE("only what stands still is repaired: what runs, has ended or runs by events is refused", "[S0.6][S1.6]") {
  orders desk;
  for (const auto what : {remedy::retry, remedy::compensate, remedy::skip, remedy::fail}) {
    INFO(sagas::to_text(what));
    const auto runs = desk.placed();
    CHECK(desk.repair(runs, what).why == reason::not_repairable);
    const auto by_events = desk.placed(order::flow::by_events);
    CHECK(desk.repair(by_events, what).detail.find("event log") != std::string::npos);
    const auto completed = desk.placed();
    desk.say(order::complete{completed, {{600}}, {}, {}, noon + 5});
    CHECK(desk.repair(completed, what).why == reason::not_repairable);
    CHECK(desk.view(completed).state == state::completed);
    const auto failed = desk.placed();
    desk.say(order::fail{failed, reason::sold_out, "cup", {}, noon});
    CHECK(desk.repair(failed, what).why == reason::not_repairable);
    CHECK(desk.repair({12'345}, what).why == reason::not_found);
  }
  CHECK(desk.log().empty());
}

TEST_CASE("a sale that moves on while a late word says that it stands still is not repaired", "[S0.6][S1.6]") {
  orders desk;
  for (const auto what : {remedy::retry, remedy::compensate, remedy::skip, remedy::fail}) {
    INFO(sagas::to_text(what));
    const auto stands = standing(sagas::stock_first(), sagas::announce_order);
    const auto goes_on = desk.placed(order::flow::stock_first);
    desk.say(order::park{goes_on, {}, noon + 7, stands});
    CHECK(desk.view(goes_on).parked);
    CHECK(desk.say(order::announce{{goes_on, stands.step}, {{600}}, {}, noon + 8}).done());
    const auto turns_back = desk.placed(order::flow::stock_first);
    desk.say(order::park{turns_back, {}, noon + 7, stands});
    CHECK(desk.say(order::give_up{turns_back, reason::sold_out, "cup", noon + 8}).done());
    for (const bool anew : {false, true}) {
      if (anew) desk.again();
      for (const auto id : {goes_on, turns_back}) {
        CHECK_FALSE(desk.view(id).parked);
        CHECK(desk.repair(id, what).why == reason::not_repairable);
      }
      CHECK(desk.view(goes_on).saga == saga_state::running);
      CHECK(desk.view(turns_back).saga == saga_state::compensating);
    }
  }
}

TEST_CASE("a sale that an operator turned back cannot be completed any more", "[S1.6][S4.3]") {
  orders desk;
  for (const auto what : {remedy::compensate, remedy::fail}) {
    const auto id = desk.parked();
    CHECK(desk.repair(id, what).done());
    desk.again();
    CHECK(desk.say(order::complete{id, {{600}}, {}, {}, noon + 5}).why == reason::cancelled);
    const auto claimed = body<order::claimed>(desk.say(order::claim{id}));
    CHECK(claimed.why == reason::called_off);
    CHECK(claimed.written_off == (what == remedy::fail));
    CHECK(claimed.timeline.back().what == order::mark::repaired);
    desk.say(order::fail{id, claimed.why, {}, {}, noon + 6});
    CHECK(desk.view(id).state == state::failed);
    CHECK(desk.view(id).why == reason::called_off);
    CHECK(desk.repair(id, what).replayed);
  }
}

TEST_CASE("a story that knows of fewer repairs gets the others behind them, also when the clock was set back",
          "[S1.6]") {
  orders desk;
  const auto id = desk.parked(sagas::debit_wallet, true);
  const auto step_of_debit = desk.view(id).parked->step;
  CHECK(desk.repair(id, remedy::retry).done());
  const auto first = desk.view(id).timeline;
  desk.say(order::claim{id});
  desk.say(order::park{id, first, noon + 12, standing(sagas::order_payment(), sagas::take_stock, true)});
  const auto step_of_stock = desk.view(id).parked->step;
  REQUIRE(step_of_stock != step_of_debit);
  constexpr std::int64_t hour_ms = 3'600'000;
  CHECK(desk.say(order::repair{id, remedy::retry, "again", "k", "olga", false, noon + -hour_ms}).done());
  // Whoever ran it before has undone all, and never heard of the second.
  desk.say(order::fail{id, reason::called_off, {}, first, noon + 13});
  std::vector<std::uint8_t> repaired;
  for (const auto& one : desk.view(id).timeline)
    if (one.what == order::mark::repaired) repaired.push_back(one.step);
  CHECK(repaired == std::vector<std::uint8_t>{step_of_debit, step_of_stock});
}

TEST_CASE("who has parked a saga is told that it waits, and whoever starts anew tries again", "[C.4]") {
  orders desk;
  const auto id = desk.parked(sagas::debit_wallet, true);
  CHECK(body<order::claimed>(desk.say(order::claim{id, true})).parked);
  CHECK(desk.view(id).saga == saga_state::parked);
  desk.again();
  CHECK(desk.view(id).parked->undoing);
  CHECK_FALSE(body<order::claimed>(desk.say(order::claim{id})).parked);
  CHECK(desk.view(id).saga == saga_state::running);
  desk.again();
  CHECK_FALSE(desk.view(id).parked);
  // And whoever has it parked still goes on with it: it was sent on.
  CHECK_FALSE(body<order::claimed>(desk.say(order::claim{id, true})).parked);
}

TEST_CASE("what is skipped is remembered for whoever runs the saga next", "[C.4]") {
  orders desk;
  const auto id = desk.parked(sagas::debit_wallet, true);
  CHECK(desk.repair(id, remedy::skip).done());
  desk.again();
  const auto claimed = body<order::claimed>(desk.say(order::claim{id}));
  REQUIRE(claimed.skipped.size() == 1);
  CHECK(claimed.skipped[0].step == 3);
  CHECK(claimed.skipped[0].undoing);
}

TEST_CASE("sagas of every design are found by state, design, reason, user, age and first letters", "[C.6]") {
  orders desk;
  const auto parked = desk.parked();
  const auto runs = desk.placed();
  const auto back = desk.placed(order::flow::take_back);
  const auto by_events = desk.placed(order::flow::by_events);
  const auto failed = desk.placed();
  desk.say(order::fail{failed, reason::sold_out, "cup", {}, noon});
  const auto ids = [&](order::list_sagas wanted) {
    std::vector<number> found;
    for (const auto& one : body<order::page>(desk.say(wanted)).orders) found.push_back(one.id);
    return found;
  };
  const auto with = [](auto set) {
    order::list_sagas wanted;
    set(wanted);
    return wanted;
  };
  CHECK(ids({}) == std::vector{by_events, back, runs, parked});
  CHECK(ids(with([](auto& w) { w.state = saga_state::parked; })) == std::vector{parked});
  CHECK(ids(with([](auto& w) { w.state = saga_state::compensated; })) == std::vector{failed});
  CHECK(ids(with([](auto& w) { w.flow = order::flow::take_back; })) == std::vector{back});
  CHECK(ids(with([](auto& w) { w.why = reason::unreachable; })) == std::vector{parked});
  CHECK(ids(with([](auto& w) { w.user = user_id{"bob"}; })).empty());
  CHECK(ids(with([](auto& w) { w.product = product_id{"cup"}; })).size() == 4);
  CHECK(ids(with([](auto& w) { w.product = product_id{"jug"}; })).empty());
  CHECK(ids(with([](auto& w) { w.placed_before = noon; })).empty());
  CHECK(ids(with([](auto& w) { w.placed_before = noon + 1; })).size() == 4);
  CHECK(ids(with([&](auto& w) { w.before = runs; })) == std::vector{parked});
  CHECK(ids(with([](auto& w) { w.limit = 2; })) == std::vector{by_events, back});
  for (const auto id : {parked, by_events, failed})
    CHECK(ids(with([&](auto& w) { w.prefix = to_text(id).substr(0, 6); })) == std::vector{id});
  CHECK(ids(with([](auto& w) { w.prefix = "uuuuuu"; })).empty());
}

TEST_CASE("a desk counts how many sagas are open, and how others ended", "[C.6]") {
  orders desk;
  desk.parked();
  desk.placed();
  const auto done = desk.placed();
  desk.say(order::complete{done, {{600}}, {}, {}, noon + 5});
  const auto now = body<order::overview>(desk.say(order::survey{}));
  CHECK(now.placed == 3);
  REQUIRE(now.open.size() == 2);
  CHECK(now.open[0].saga == saga_state::parked);
  REQUIRE(now.ended.size() == 1);
  CHECK(now.ended[0].state == state::completed);
  CHECK(now.ended[0].cases == 1);
}
