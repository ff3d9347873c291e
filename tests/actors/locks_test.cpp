// What a saga holds, and for whom it waits, follows from its plan and its story.
#include "actors/sagas/locks.hpp"

#include "actors/sagas/plans.hpp"
#include "actors/sagas/repairs.hpp"
#include "actors/sagas/steps.hpp"
#include "tests/catch.hpp"

using namespace souk;
using order::mark;
using sagas::thing;

namespace {

order::brief about(order::flow flow) {
  order::brief out;
  out.id = {123 << 8 | 7};
  out.flow = flow;
  out.user = {"ann"};
  out.lines = {{{"cup"}, 2, {600}}, {{"pot"}, 1, {900}}};
  out.coupon = {77 << 8};
  if (flow == order::flow::seat_payment) {
    out.lines.clear();
    out.seat.emplace() = {{"gala"}, {"A1"}, {99}, {88}, {1'000}};
  }
  return out;
}

struct story {
  const sagas::plan& of;
  std::vector<order::happening> all{};
  std::int64_t ms = 0;

  story& say(mark what) {
    all.push_back({0, what, ms += 10});
    return *this;
  }
  story& say(mark what, const sagas::step& step) {
    all.push_back({static_cast<std::uint8_t>(of.index_of(&step)), what, ms += 10});
    return *this;
  }
  story& done(const sagas::step& step) { return say(mark::asked, step).say(mark::done, step); }
};

std::string text(const std::vector<sagas::lock>& locks) {
  std::string out;
  for (const auto& one : locks) {
    out.append(out.empty() ? "" : ", ").append(sagas::to_text(one.what));
    if (one.units) out += ' ' + std::to_string(one.units) + ' ' + one.name;
    out.append(" ").append(sagas::to_text(one.is));
  }
  return out;
}
std::string held(const order::brief& by, const story& so_far, const shard_counts& shards = one_each()) {
  return text(sagas::locks_of(by, so_far.all, shards));
}

}  // namespace

TEST_CASE("whatever step can be undone holds something, in every design", "[C.6]") {
  for (const auto* plan : sagas::all_plans()) {
    const auto flow = *sagas::find_flow(plan->name());
    for (const auto& stage : plan->stages()) {
      INFO(plan->name() << ' ' << stage.step->name);
      story alone{*plan};
      alone.say(mark::began).done(*stage.step);
      const auto locks = sagas::locks_of(about(flow), alone.all, one_each());
      const bool named = std::any_of(locks.begin(), locks.end(), [&](const auto& one) {
        return one.what != thing::order && one.is == sagas::grip::held && one.desk.domain == stage.step->home;
      });
      CHECK(named == (stage.role == sagas::role::compensable && stage.step->undo != nullptr));
    }
  }
}

TEST_CASE("a saga holds what is in effect and can be undone, from when it may be so, until it is undone or decided",
          "[C.6][S1.6]") {
  using namespace sagas;
  const auto by = about(order::flow::order_payment);
  story it{order_payment()};
  CHECK(held(by, it) == "order held");  // nothing is known yet
  it.say(mark::began).done(verify_user);
  CHECK(held(by, it) == "order held");
  it.say(mark::asked, take_stock);
  CHECK(held(by, it) == "order held, stock 2 cup in doubt, stock 1 pot in doubt");
  const auto asked_ms = it.ms;
  it.say(mark::asked, take_stock).say(mark::done, take_stock);
  CHECK(held(by, it) == "order held, stock 2 cup held, stock 1 pot held");
  CHECK(locks_of(by, it.all, one_each())[1].since_ms == asked_ms);
  it.done(use_coupon).say(mark::asked, debit_wallet);
  CHECK(held(by, it) == "order held, stock 2 cup held, stock 1 pot held, coupon held, money in doubt");
  const auto money = locks_of(by, it.all, one_each()).back();
  CHECK(money.name == "ann");
  CHECK(money.amount.minor == 1'500);

  SECTION("the pivot has decided: nothing is held any more") {
    it.say(mark::done, debit_wallet).say(mark::asked, complete_order);
    CHECK(held(by, it) == "order held, stock 2 cup held, stock 1 pot held, coupon held, money held");
    CHECK(held(by, it.say(mark::done, complete_order)).empty());
  }
  SECTION("refused: it goes back, in reverse") {
    it.say(mark::refused, debit_wallet);
    CHECK(held(by, it) == "order going back, stock 2 cup held, stock 1 pot held, coupon held");
    it.say(mark::undoing, use_coupon);
    CHECK(held(by, it) == "order going back, stock 2 cup held, stock 1 pot held, coupon going back");
    it.say(mark::undone, use_coupon).say(mark::undoing, take_stock);
    CHECK(held(by, it) == "order going back, stock 2 cup going back, stock 1 pot going back");
    it.say(mark::undone, take_stock).say(mark::asked, fail_order);
    CHECK(held(by, it) == "order going back");
    CHECK(held(by, it.say(mark::ended)).empty());
  }
  SECTION("lost: it may be in effect until it is undone") {
    it.say(mark::lost, debit_wallet);
    CHECK(held(by, it).ends_with("money in doubt"));
    it.say(mark::undoing, debit_wallet);
    CHECK(held(by, it).ends_with("money going back"));
    // Parked there, and an operator says that it is settled otherwise.
    it.say(mark::parked, debit_wallet);
    CHECK(held(by, it).ends_with("money going back"));
    it.say(mark::repaired, debit_wallet).say(mark::skipped, debit_wallet);
    CHECK(held(by, it).ends_with("coupon held"));
  }
  SECTION("whoever ran it before may have come further than was told") {
    story again{order_payment()};
    again.say(mark::recovered);
    const std::string all = "stock 2 cup in doubt, stock 1 pot in doubt, coupon in doubt, money in doubt";
    CHECK(held(by, again) == "order held, " + all);
    again.done(verify_user).done(take_stock);
    CHECK(held(by, again) == "order held, stock 2 cup held, stock 1 pot held, coupon in doubt, money in doubt");
    // What is refused was refused before, so that nothing after it was ever asked.
    again.say(mark::asked, use_coupon).say(mark::refused, use_coupon);
    CHECK(held(by, again) == "order going back, stock 2 cup held, stock 1 pot held");
  }
}

TEST_CASE("one shelf of several that says no leaves the others in doubt until the step is undone", "[C.6]") {
  using namespace sagas;
  const auto by = about(order::flow::order_payment);
  auto shards = one_each();
  auto& shelves = shards[static_cast<std::size_t>(domain::product)];
  for (shelves = 2; slice_of("cup") % shelves == slice_of("pot") % shelves;) ++shelves;
  story it{order_payment()};
  it.say(mark::began).done(verify_user).say(mark::asked, take_stock).say(mark::refused, take_stock);
  CHECK(held(by, it) == "order going back");
  CHECK(held(by, it, shards) == "order going back, stock 2 cup in doubt, stock 1 pot in doubt");
  const auto locks = locks_of(by, it.all, shards);
  CHECK(locks[1].desk != locks[2].desk);
  it.say(mark::undoing, take_stock).say(mark::undone, take_stock);
  CHECK(held(by, it, shards) == "order going back");
}

TEST_CASE("a seat is the user's for a time, and the saga's from its confirmation on", "[C.6]") {
  using namespace sagas;
  const auto by = about(order::flow::seat_payment);
  story it{seat_payment()};
  it.say(mark::began).done(verify_user);
  CHECK(held(by, it) == "order held, seat held for a time");
  it.done(confirm_seat).done(use_token);
  CHECK(held(by, it) == "order held, seat held, place held");
  it.say(mark::asked, debit_wallet).say(mark::refused, debit_wallet);
  it.say(mark::undoing, use_token).say(mark::undone, use_token);
  it.say(mark::undoing, confirm_seat).say(mark::undone, confirm_seat);
  CHECK(held(by, it) == "order going back");
}

TEST_CASE("a return holds nothing but its order, a refund nothing at all: they only give", "[C.6]") {
  using namespace sagas;
  story back{take_back()};
  back.say(mark::began).done(verify_user);
  CHECK(held(about(order::flow::take_back), back) == "order held");
  CHECK(held(about(order::flow::take_back), back.done(verify_products).done(take_in_stock)).empty());
  story gives{refund()};
  CHECK(held(about(order::flow::refund), gives.say(mark::began).done(credit_wallet)).empty());
}

TEST_CASE("what runs by events is known by what was heard", "[C.6]") {
  using namespace sagas;
  const auto by = about(order::flow::by_events);
  story it{by_events()};
  it.say(mark::began).say(mark::done, verify_user).say(mark::done, take_stock).say(mark::done, empty_cart);
  CHECK(held(by, it) == "order held, stock 2 cup held, stock 1 pot held, cart held");
  it.say(mark::refused, debit_wallet).say(mark::undone, empty_cart);
  CHECK(held(by, it) == "order going back, stock 2 cup held, stock 1 pot held");
}

TEST_CASE("what its desk says of a key counts more than the story", "[C.6]") {
  using namespace sagas;
  const auto by = about(order::flow::order_payment);
  story it{order_payment()};
  it.say(mark::recovered);
  auto locks = locks_of(by, it.all, one_each());
  const auto told = [&](const step& what, recorded::effect is, std::int64_t amount = 0) {
    learn(locks, {order_payment().index_of(&what), {what.home, 0}, {}}, {is, {amount}, {}});
    return text(locks);
  };
  CHECK(told(take_stock, recorded::effect::done) ==
        "order held, stock 2 cup held, stock 1 pot held, coupon in doubt, money in doubt");
  CHECK(told(use_coupon, recorded::effect::none) == "order held, stock 2 cup held, stock 1 pot held, money in doubt");
  CHECK(told(debit_wallet, recorded::effect::done, -1'234) ==
        "order held, stock 2 cup held, stock 1 pot held, money held");
  CHECK(locks.back().amount.minor == 1'234);
  CHECK(told(debit_wallet, recorded::effect::undone) == "order held, stock 2 cup held, stock 1 pot held");
}

TEST_CASE("a saga waits for the desk that it has asked, since it asked first, and the plan says what then", "[C.6]") {
  using namespace sagas;
  const auto by = about(order::flow::order_payment);
  const auto wait = [&](const story& so_far) { return wait_of(by, so_far.all, one_each()); };
  story it{order_payment()};
  CHECK_FALSE(wait(it));
  it.say(mark::began).done(verify_user).say(mark::asked, take_stock);
  const auto asked_ms = it.ms;
  it.say(mark::asked, take_stock).say(mark::asked, take_stock);
  const auto first = wait(it);
  REQUIRE(first);
  CHECK(first->stage == order_payment().index_of(&take_stock));
  CHECK_FALSE(first->undoing);
  CHECK(first->since_ms == asked_ms);
  CHECK(first->times == 3);
  CHECK(first->turns_back);
  CHECK(first->desks == std::vector<event_log::party>{{domain::product, 0}});
  CHECK(text(wanted_by(by, *first, one_each())) == "stock 2 cup held, stock 1 pot held");
  it.say(mark::lost, take_stock).say(mark::undoing, take_stock).say(mark::undoing, take_stock);
  const auto back = wait(it);
  REQUIRE(back);
  CHECK(back->undoing);
  CHECK(back->times == 2);
  CHECK_FALSE(back->turns_back);  // what is owed is insisted upon
  CHECK(wanted_by(by, *back, one_each()).empty());
  it.say(mark::undone, take_stock);
  CHECK(wait(it)->stage == order_payment().index_of(&fail_order));
  CHECK_FALSE(wait(it.say(mark::ended)));

  // It may have been done before: nobody may take it for lost.
  story again{order_payment()};
  again.say(mark::recovered).done(verify_user).say(mark::asked, take_stock);
  CHECK_FALSE(wait(again)->turns_back);

  story heard{by_events()};
  heard.say(mark::began).say(mark::done, verify_user);
  const auto event = wait_of(about(order::flow::by_events), heard.all, one_each());
  REQUIRE(event);
  CHECK(event->by_events);
  CHECK(event->stage == by_events().index_of(&take_stock));
  CHECK(event->times == 0);
  CHECK(event->since_ms == heard.ms);
}
