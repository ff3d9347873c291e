// Cases open once per request, end once, and tell of their end in the transaction that ends them.
#include <algorithm>

#include "actors/domains/order.hpp"
#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;
using order::saga_state;
using order::state;

namespace {

struct orders : seat<domains::order> {
  order::place placing(const std::string& request = "r1") {
    order::place place;
    place.request = request;
    place.user = {"ann"};
    place.lines = {{{"cup"}, 2, {}}, {{"plate"}, 1, {}}};
    place.at = noon;
    return place;
  }
  number placed(const std::string& request = "r1") { return body<order::ticket>(say(placing(request))).id; }
  order::complete completing(number id) {
    return {id, {{600}, {700}}, {130}, {{0, order::mark::began, 0, {}}}, noon + 5};
  }
  number completed(const std::string& request = "r1") {
    const auto id = placed(request);
    say(completing(id));
    return id;
  }
  order::view view(number id) { return body<order::view>(say(order::find{id})); }
  std::vector<order::event> events(std::int64_t after = 0) {
    return body<order::events>(say(order::fetch{order::subscriber::ranking, 0, after})).list;
  }
};

}  // namespace

TEST_CASE("an order is PENDING and durable before its saga is begun", "[S0.1][S4.4]") {
  orders desk;
  const auto id = desk.placed();
  CHECK(desk.begun().size() == 1);
  desk.again();
  const auto view = desk.view(id);
  CHECK(view.state == state::pending);
  CHECK(view.saga == saga_state::running);
  CHECK(view.lines.size() == 2);
  // What was open is begun again by whoever sits here next.
  desk.again();
  REQUIRE(desk.begun().size() == 1);
  CHECK(desk.begun()[0].id == id);
  CHECK(desk.begun()[0].lines == view.lines);
}

TEST_CASE("a paused design takes no new orders, whatever falls, and goes on with those that it has", "[C.6][S0.1]") {
  orders desk;
  const auto before = desk.placed("before");
  const order::pause pause{order::flow::order_payment, false, "the bank is away", "p1", "olga", false, noon + 1};
  auto rehearsed = pause;
  rehearsed.dry = true;
  CHECK(body<order::audit_line>(desk.say(rehearsed)).seq == 0);
  CHECK(desk.say(desk.placing("r0")).done());
  desk.say_in_vain(pause);
  CHECK(desk.say(desk.placing("r1")).done());
  const auto line = body<order::audit_line>(desk.say(pause));
  CHECK(line.seq == 1);
  CHECK(line.what == order::remedy::pause);
  for (int i = 0; i < 2; ++i) {
    const auto no = desk.say(desk.placing("r2"));
    CHECK(no.why == reason::paused);
    CHECK(no.detail.find("olga") != std::string::npos);
    CHECK(no.detail.find("the bank is away") != std::string::npos);
    // Who came before is answered as ever, and his order ends.
    CHECK(desk.say(desk.placing("before")).replayed);
    const auto again = desk.say(pause);
    CHECK(again.replayed);
    CHECK(body<order::audit_line>(again) == line);
    auto other = pause;
    other.request = "p2";
    CHECK(desk.say(other).replayed);
    other.request = "p1";
    other.resume = true;
    CHECK(desk.say(other).why == reason::key_reused);
    auto elsewhere = desk.placing("balance " + std::to_string(i));
    elsewhere.flow = order::flow::balance_first;
    CHECK(desk.say(elsewhere).done());
    desk.again();
  }
  CHECK(desk.say(desk.completing(before)).done());
  CHECK(body<order::overview>(desk.say(order::survey{})).paused ==
        std::vector{order::pausing{order::flow::order_payment, "olga", "the bank is away", noon + 1}});
  const order::pause resume{order::flow::order_payment, true, "it is back", {}, "olga", false, noon + 2};
  CHECK(body<order::audit_line>(desk.say(resume)).seq == 2);
  CHECK(desk.say(resume).replayed);
  desk.again();
  CHECK(body<order::overview>(desk.say(order::survey{})).paused.empty());
  CHECK(desk.say(desk.placing("r2")).done());
  CHECK(body<order::audit_state>(desk.say(order::verify_audit{})).troubles.empty());
  CHECK(body<order::audit_page>(desk.say(order::read_audit{})).lines.size() == 2);
}

TEST_CASE("sagas are found that are older than their design's limit, and by a text in what they stand still for",
          "[C.6]") {
  orders desk;
  const auto old = desk.placed("old");
  auto fresh = desk.placing("fresh");
  fresh.at = noon + 60'000;
  desk.say(fresh);
  std::vector<moment> late_before(order::flows, noon + 30'000);
  order::list_sagas late;
  late.late_before = late_before;
  const auto page = body<order::page>(desk.say(late));
  REQUIRE(page.orders.size() == 1);
  CHECK(page.orders[0].id == old);
  const auto open = body<order::overview>(desk.say(order::survey{late_before})).open;
  REQUIRE(open.size() == 1);
  CHECK(open[0].cases == 2);
  CHECK(open[0].late == 1);
  late_before[0] = noon;
  CHECK(body<order::overview>(desk.say(order::survey{late_before})).open[0].late == 0);
  order::standstill where;
  where.why = reason::unreachable;
  where.detail = "the cellar";
  desk.say(order::park{old, {}, noon + 9, where});
  const auto having = [&](const std::string& text) {
    order::list_sagas wanted;
    wanted.has = text;
    return body<order::page>(desk.say(wanted)).orders.size();
  };
  CHECK(having("cellar") == 1);
  CHECK(having("unreach") == 1);
  CHECK(having("attic") == 0);
}

TEST_CASE("the trace of the request that placed it stays with an order, and is in its events", "[C.6]") {
  orders desk;
  auto place = desk.placing();
  place.trace = parse_trace_parent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").value();
  const auto id = body<order::ticket>(desk.say(place)).id;
  CHECK(desk.begun().at(0).trace == place.trace);
  // A repetition may come by another way: it is the same request.
  auto again = place;
  again.trace = parse_trace_parent("00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-00").value();
  CHECK(desk.say(again).replayed);
  const auto plain = desk.placed("without");
  desk.again();
  CHECK(desk.view(id).trace == place.trace);
  CHECK_FALSE(desk.view(plain).trace);
  desk.say(desk.completing(id));
  desk.say(desk.completing(plain));
  desk.again();
  const auto told = desk.events();
  REQUIRE(told.size() == 2);
  CHECK(told[0].trace == place.trace);
  CHECK_FALSE(told[1].trace);
}

TEST_CASE("the refund of an order that ran by events is run again after a restart like any other", "[S0.1][S3.7]") {
  orders desk;
  auto place = desk.placing();
  place.flow = order::flow::by_events;
  const auto id = body<order::ticket>(desk.say(place)).id;
  CHECK(desk.begun().empty());
  desk.say(desk.completing(id));
  desk.say(order::cancel{id, false, noon + 10});
  REQUIRE(desk.begun().size() == 1);
  const auto refund = desk.begun()[0];
  desk.again();
  REQUIRE(desk.begun().size() == 1);
  CHECK(desk.begun()[0].id == refund.id);
  desk.say(order::resume{0, 1});
  CHECK(desk.begun().size() == 1);
}

TEST_CASE("the idempotency key is committed with the order: both are there or neither", "[S0.8][S4.5][S2.6]") {
  orders desk;
  desk.say_in_vain(desk.placing());
  const auto first = desk.say(desk.placing());
  CHECK_FALSE(first.replayed);
  desk.again();
  auto later = desk.placing();
  later.at = noon + 60'000;  // the moment is no content
  const auto again = desk.say(later);
  CHECK(again.replayed);
  CHECK(body<order::ticket>(again).id == body<order::ticket>(first).id);
  auto other = desk.placing();
  other.lines[0].quantity = 3;
  CHECK(desk.say(other).why == reason::key_reused);
  CHECK(desk.say(desk.placing("r2")).done());
}

TEST_CASE("a completed order knows its prices, and its event is in the same transaction", "[S4.2][S2.7][S0.8]") {
  orders desk;
  const auto id = desk.placed();
  desk.say_in_vain(desk.completing(id));
  CHECK(desk.view(id).state == state::pending);
  CHECK(desk.events().empty());
  CHECK(desk.say(desk.completing(id)).done());
  desk.again();
  CHECK(desk.say(desk.completing(id)).replayed);
  const auto view = desk.view(id);
  CHECK(view.state == state::completed);
  CHECK(view.saga == saga_state::completed);
  CHECK(view.total.minor == 1'300);
  CHECK(view.discount.minor == 130);
  CHECK(view.ended == noon + 5);
  const auto events = desk.events();
  REQUIRE(events.size() == 1);
  CHECK(events[0].seq == 1);
  CHECK(events[0].subject == id);
  CHECK(events[0].what == order::kind::completed);
  CHECK(desk.begun().empty());
}

TEST_CASE("a failed order keeps its reason and tells nobody", "[S4.3][S0.3]") {
  orders desk;
  const auto id = desk.placed();
  for (int i = 0; i < 2; ++i) {
    CHECK(desk.say(order::fail{id, reason::sold_out, "cup", {}, noon + 5}).done());
    desk.again();
  }
  const auto view = desk.view(id);
  CHECK(view.state == state::failed);
  CHECK(view.saga == saga_state::compensated);
  CHECK(view.why == reason::sold_out);
  CHECK(view.detail == "cup");
  CHECK(desk.events().empty());
  CHECK(desk.say(desk.completing(id)).why == reason::undone);
  CHECK(desk.say(order::cancel{id, false, noon}).why == reason::not_cancellable);
}

TEST_CASE("the pivot decides between completing and cancelling, whoever comes second finds the answer",
          "[S1.6][S4.3]") {
  orders desk;
  const auto id = desk.placed();
  CHECK(desk.say(order::cancel{id, false, noon}).done());
  CHECK(desk.begun().size() == 1);
  CHECK(desk.begun()[0].cancelling);
  desk.again();
  CHECK(desk.say(desk.completing(id)).why == reason::cancelled);
  CHECK(desk.say(order::fail{id, reason::cancelled, "", {}, noon}).done());
  CHECK(desk.view(id).state == state::cancelled);
  CHECK(desk.view(id).why == reason::cancelled);
  CHECK(desk.say(order::cancel{id, false, noon}).replayed);
  CHECK(desk.events().empty());
}

TEST_CASE("cancelling a completed order opens one refund, and its end cancels the order and tells of it",
          "[S4.3][S0.5]") {
  orders desk;
  const auto id = desk.completed();
  CHECK(desk.say(order::cancel{id, false, noon + 9}).done());
  REQUIRE(desk.begun().size() == 1);
  const auto refund = desk.begun()[0];
  CHECK(refund.flow == order::flow::refund);
  CHECK(refund.refund_of == id);
  CHECK(refund.total().minor == 1'300);
  CHECK(refund.discount.minor == 130);
  CHECK(slice_of(refund.id) == slice_of(id));
  desk.again();
  desk.say(order::cancel{id, false, noon + 10});
  CHECK(desk.begun().empty());  // twice is once
  CHECK(desk.view(id).state == state::completed);
  for (int i = 0; i < 2; ++i) {
    CHECK(desk.say(order::close{refund.id, {}, noon + 11}).done());
    desk.again();
  }
  CHECK(desk.view(id).state == state::cancelled);
  CHECK(desk.view(refund.id).state == state::completed);
  const auto events = desk.events();
  REQUIRE(events.size() == 2);
  CHECK(events[1].what == order::kind::cancelled);
  CHECK(events[1].subject == id);
  CHECK(desk.say(order::cancel{id, false, noon}).replayed);
  CHECK(desk.say(order::cancel{refund.id, false, noon}).why == reason::not_found);
}

TEST_CASE("a return ends with its goods told of", "[S4.2]") {
  orders desk;
  auto place = desk.placing();
  place.flow = order::flow::take_back;
  place.agreed = true;
  const auto id = body<order::ticket>(desk.say(place)).id;
  CHECK(desk.say(order::cancel{id, false, noon}).why == reason::not_cancellable);
  CHECK(desk.say(order::close{id, {}, noon}).done());
  CHECK(desk.say(order::close{id, {}, noon}).replayed);
  REQUIRE(desk.events().size() == 1);
  CHECK(desk.events()[0].what == order::kind::returned);
}

TEST_CASE("whoever waits is answered when the case ends, not before", "[S4.2]") {
  orders desk;
  auto place = desk.placing();
  place.wait = true;
  const auto id = body<order::ticket>(desk.say(place)).id;
  REQUIRE(desk.late());
  CHECK(desk.late()->subject == id.value);
  desk.say(desk.completing(id));
  CHECK(std::find(desk.rung().begin(), desk.rung().end(), id.value) != desk.rung().end());
  const auto said = desk.say(order::watch{id});
  CHECK_FALSE(desk.late());
  CHECK(body<order::ticket>(said).state == state::completed);
  CHECK(desk.say(order::watch{{42}}).why == reason::not_found);
}

TEST_CASE("a parked saga stays open with its timeline", "[S0.6]") {
  orders desk;
  const auto id = desk.placed();
  desk.say(order::park{id, {{1, order::mark::parked, 7, reason::unreachable}}, noon});
  desk.again();
  CHECK(desk.begun().size() == 1);
  CHECK(desk.view(id).saga == saga_state::parked);
  CHECK(desk.view(id).timeline.size() == 1);
}

TEST_CASE("events keep their order and are forgotten only when every subscriber has them", "[S2.7][S3.6]") {
  orders desk;
  for (int i = 0; i < 700; ++i) desk.completed("r" + std::to_string(i));
  auto events = desk.events();
  REQUIRE(events.size() == 512);
  for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i].seq == static_cast<std::int64_t>(i) + 1);
  CHECK(desk.events(512).size() == 188);
  CHECK(desk.events(700).empty());
  REQUIRE(desk.late());  // answered as soon as there is one
  desk.again();
  // The platform has nothing yet: it gets everything from the first.
  const auto all = body<order::events>(desk.say(order::fetch{order::subscriber::platform, 0, 0})).list;
  CHECK(all.front().seq == 1);
  desk.say(order::fetch{order::subscriber::platform, 0, 700});
  desk.again();
  desk.completed("one more");
  CHECK(body<order::events>(desk.say(order::fetch{order::subscriber::platform, 0, 700})).list.front().seq == 701);
}

TEST_CASE("a coordinator that starts is given the open cases of its share", "[C.4]") {
  orders desk;
  int mine = 0;
  for (int i = 0; i < 40; ++i) mine += slice_of(desk.placed("r" + std::to_string(i))) % 3 == 1;
  desk.completed("done");
  desk.say(order::resume{1, 3});
  CHECK(desk.begun().size() == static_cast<std::size_t>(mine));
}

TEST_CASE("each store hands its cases over in turns, and hears no word of an earlier one", "[C.4][S0.8][S1.4]") {
  orders desk;
  const auto id = desk.placed();
  const auto asks = [&](std::uint32_t runs, std::uint64_t who) {
    return body<order::resumed>(desk.say(order::resume{0, 1, runs, who}));
  };
  const auto first = asks(0, 7);
  CHECK(first.newest == id);
  CHECK(desk.begun().size() == 1);
  CHECK(asks(0, 7).turn == first.turn);  // asked again
  desk.again();
  CHECK(desk.brain().runner_of(0).who == 0);  // this may be an older copy of the store
  CHECK(desk.begun().size() == 1);
  CHECK(asks(0, 7).turn > first.turn);
  // Its next life, and one that stands in for it.
  const auto second = asks(0, 8), third = asks(1, 9);
  CHECK(second.turn > first.turn);
  CHECK(third.turn > second.turn);
  CHECK(desk.brain().runner_of(0).runs == 1);
  CHECK(desk.brain().runner_of(0).who == 9);
  desk.again();
  CHECK(desk.brain().runner_of(0).turn == third.turn);

  auto complete = desk.completing(id);
  complete.turn = first.turn;
  const std::vector<command> late{complete,
                                  order::announce{{id, 2}, {{600}, {700}}, {}, noon + 5, second.turn},
                                  order::give_up{id, reason::unreachable, {}, noon + 5, second.turn},
                                  order::claim{id, false, first.turn},
                                  order::fail{id, reason::unreachable, {}, {}, noon + 5, second.turn},
                                  order::close{id, {}, noon + 5, first.turn},
                                  order::park{id, {}, noon + 5, {}, first.turn}};
  for (const auto& one : late) CHECK(desk.say(one).why == reason::outdated);
  CHECK(desk.view(id).state == state::pending);
  CHECK(desk.view(id).saga == saga_state::running);
  complete.turn = third.turn;
  CHECK(desk.say(complete).done());
  CHECK(desk.view(id).state == state::completed);
}

TEST_CASE("a store that was restored repeats no turn that it gave before", "[C.4]") {
  orders desk;
  desk.placed();
  const auto turn = [&](std::uint64_t who, moment at) {
    return body<order::resumed>(desk.say(order::resume{0, 1, 0, who, at})).turn;
  };
  const auto before = turn(7, noon);
  // Where it was copied it gave some more within the next minute, of which this copy knows nothing.
  CHECK(turn(8, noon + 60'000) >= before + 60);
  CHECK(turn(9, noon + -3'600'000) > before + 60);  // the clock was set back
}

TEST_CASE("who stands in for another finds what is parked as it was, for operators to mend", "[C.4][S0.6]") {
  orders desk;
  const auto id = desk.placed();
  const auto asks = [&](std::uint32_t runs, std::uint64_t who) {
    return body<order::resumed>(desk.say(order::resume{0, 1, runs, who})).turn;
  };
  const auto parked = [&](std::uint32_t turn) {
    return body<order::claimed>(desk.say(order::claim{id, false, turn})).parked;
  };
  const auto first = asks(0, 7);
  desk.say(order::park{id, {}, noon + 5, {2, false, reason::unreachable, {}, noon + 5, 1, domain::wallet}, first});
  CHECK(parked(asks(1, 8)));
  CHECK(desk.view(id).saga == saga_state::parked);
  CHECK_FALSE(parked(asks(0, 9)));  // the next life of its own tries again by itself
  CHECK(desk.view(id).saga == saga_state::running);
}

TEST_CASE("with more coordinators, or fewer, no turn of before counts", "[C.4]") {
  orders desk;
  const auto id = desk.placed();
  const auto turn = [&](std::uint32_t of) {
    return body<order::resumed>(desk.say(order::resume{slice_of(id) % of, of, slice_of(id) % of, 7})).turn;
  };
  std::vector<std::uint32_t> turns;
  for (const std::uint32_t of : {3, 5, 2, 3}) {
    turns.push_back(turn(of));
    CHECK(turn(of) == turns.back());
    desk.again();
    for (const auto before : turns)
      CHECK((desk.say(order::claim{id, false, before}).why == reason::outdated) == (before != turns.back()));
  }
  CHECK(std::is_sorted(turns.begin(), turns.end()));
  CHECK(std::adjacent_find(turns.begin(), turns.end()) == turns.end());
  CHECK(desk.say(order::resume{3, 3, 0, 7}).what == verdict::refused);
  CHECK(desk.say(order::resume{0, 0, 0, 7}).what == verdict::refused);
}

TEST_CASE("what was announced is not taken back by a coordinator's late word", "[S1.4][S1.6]") {
  orders desk;
  auto place = desk.placing();
  place.flow = order::flow::stock_first;
  const auto id = body<order::ticket>(desk.say(place)).id;
  const auto turn = body<order::resumed>(desk.say(order::resume{0, 1, 0, 7})).turn;
  desk.say(order::announce{{id, 2}, {{600}, {700}}, {}, noon + 5, turn});
  if (GENERATE(false, true)) desk.again();
  // Its record says so itself: nobody else need hear of it.
  const auto story = desk.view(id).timeline;
  REQUIRE(story.size() == 1);
  CHECK(story[0].step == 2);
  CHECK(story[0].what == order::mark::done);
  CHECK(desk.say(order::give_up{id, reason::unreachable, {}, noon + 6, turn}).why == reason::outdated);
  CHECK(desk.view(id).state == state::pending);
  // The others say it by an event.
  CHECK(desk.say(order::give_up{id, reason::insufficient_funds, {}, noon + 7}).done());
  CHECK(desk.view(id).state == state::failed);
}

TEST_CASE("what is run again is claimed first, and hears whether it is to be walked back, and why", "[C.4][S0.2]") {
  orders desk;
  const auto claimed = [&](number id) { return desk.say(order::claim{id}); };
  const auto ahead = desk.placed("r1");
  CHECK(body<order::claimed>(claimed(ahead)).why == reason::none);
  const auto unwanted = desk.placed("r2");
  desk.say(order::cancel{unwanted, false, noon + 1});
  CHECK(body<order::claimed>(claimed(unwanted)).why == reason::cancelled);
  const auto given_up = desk.placed("r3");
  desk.say(order::give_up{given_up, reason::insufficient_funds, "ann", noon + 1});
  desk.again();
  CHECK(body<order::claimed>(claimed(given_up)).why == reason::insufficient_funds);
  CHECK(desk.say(desk.completing(given_up)).why == reason::cancelled);
}

TEST_CASE("what has ended, or goes on by events, is not claimed any more", "[C.4][S0.8][S1.4]") {
  orders desk;
  const auto claimed = [&](number id) { return desk.say(order::claim{id}).what; };
  const auto completed = desk.completed("r1");
  CHECK(claimed(completed) == verdict::refused);
  const auto failed = desk.placed("r2");
  desk.say(order::fail{failed, reason::sold_out, "cup", {}, noon + 1});
  CHECK(claimed(failed) == verdict::refused);
  auto place = desk.placing("r3");
  place.flow = order::flow::by_events;
  CHECK(claimed(body<order::ticket>(desk.say(place)).id) == verdict::refused);
  CHECK(claimed({completed.value + 1}) == verdict::refused);
  desk.again();
  CHECK(claimed(failed) == verdict::refused);
}

TEST_CASE("orders are listed newest first, by user and by state") {
  orders desk;
  std::vector<number> all;
  for (int i = 0; i < 6; ++i) all.push_back(desk.completed("r" + std::to_string(i)));
  const auto failed = desk.placed("bad");
  desk.say(order::fail{failed, reason::sold_out, "", {}, noon});
  const auto pending = desk.placed("open");
  desk.again();
  const auto ids = [&](order::list list) {
    std::vector<number> found;
    for (const auto& one : body<order::page>(desk.say(list)).orders) found.push_back(one.id);
    return found;
  };
  CHECK(ids({{}, {}, {}, 2}) == std::vector{pending, failed});
  CHECK(ids({{}, {}, failed, 2}) == std::vector{all[5], all[4]});
  CHECK(ids({user_id{"ann"}, state::failed, {}, 9}) == std::vector{failed});
  CHECK(ids({{}, state::pending, {}, 9}) == std::vector{pending});
  CHECK(ids({user_id{"bob"}, {}, {}, 9}).empty());
  CHECK(ids({user_id{"ann"}, {}, {}, 9}).size() == 8);
}

TEST_CASE("a repetition that waits for the end is answered as a repetition", "[S4.2][S0.7]") {
  orders desk;
  const auto id = desk.placed();
  auto again = desk.placing();
  again.wait = true;
  desk.say(again);
  REQUIRE(desk.late());
  const auto then = desk.late()->then;
  CHECK(desk.late()->subject == id.value);
  desk.say(desk.completing(id));
  const auto said = desk.say(then);
  CHECK(said.replayed);
  CHECK(body<order::ticket>(said).state == state::completed);
}

TEST_CASE("whoever looks for an ended saga among very many is told how far was looked, and goes on from there",
          "[C.6]") {
  constexpr int many = 50'010;
  orders desk;
  const auto oldest = desk.placed("oldest");
  std::vector<number> all;
  desk.say_many(many, [&](int i) { return desk.placing("r" + std::to_string(i)); });
  for (const auto& one : desk.begun()) all.push_back(one.id);
  REQUIRE(all.size() == many);
  all.push_back(oldest);
  desk.say_many(many + 1, [&](int i) { return desk.completing(all[static_cast<std::size_t>(i)]); });
  order::list_sagas wanted;
  wanted.prefix = to_text(oldest);
  const auto first = body<order::page>(desk.say(wanted));
  CHECK(first.orders.empty());
  CHECK(first.more);
  REQUIRE(first.next > oldest);
  wanted.before = first.next;
  const auto second = body<order::page>(desk.say(wanted));
  REQUIRE(second.orders.size() == 1);
  CHECK(second.orders[0].id == oldest);
  CHECK_FALSE(second.more);
  // Page by page each is shown once.
  order::list_sagas ended;
  ended.state = saga_state::completed;
  ended.limit = 20'000;
  std::size_t shown = 0;
  for (bool more = true; more;) {
    const auto page = body<order::page>(desk.say(ended));
    shown += page.orders.size();
    more = page.more;
    CHECK((!ended.before || page.orders.empty() || page.orders.front().id < ended.before));
    ended.before = page.next;
  }
  CHECK(shown == many + 1);
}

TEST_CASE("a store says how many events the platform was not told of yet", "[S2.10][C.6]") {
  orders desk;
  const auto untold = [&] { return body<order::overview>(desk.say(order::survey{})).untold; };
  CHECK(untold() == 0);
  desk.completed("r1");
  desk.completed("r2");
  CHECK(untold() == 2);
  desk.say(order::fetch{order::subscriber::ranking, 0, 2});
  CHECK(untold() == 2);
  desk.say(order::fetch{order::subscriber::platform, 0, 1});
  CHECK(untold() == 1);
  desk.say(order::fetch{order::subscriber::platform, 0, 2});
  CHECK(untold() == 0);
}

TEST_CASE("an audit log whose end was cut off, with its head set back, is given away by what it was about", "[C.6]") {
  const auto cut_after = [](orders& desk, int seq) {
    const auto at = std::to_string(seq);
    desk.brain().file().execute("DELETE FROM audit WHERE seq>" + at + "; UPDATE audit_head SET seq=" + at +
                                ", hash=coalesce((SELECT hash FROM audit WHERE seq=" + at + "),'')");
    return body<order::audit_state>(desk.say(order::verify_audit{})).troubles;
  };
  const order::pause pause{order::flow::order_payment, false, "the bank is away", {}, "olga", false, noon + 1};
  const order::pause resume{order::flow::order_payment, true, "it is back", {}, "olga", false, noon + 2};
  {
    orders desk;
    desk.say(pause);
    desk.say(resume);
    CHECK(body<order::audit_state>(desk.say(order::verify_audit{})).troubles.empty());
    CHECK(cut_after(desk, 1).size() == 1);  // it says that the design is paused
  }
  {
    orders desk;
    desk.say(pause);
    CHECK(cut_after(desk, 0).size() == 1);  // nobody has paused it
  }
  {
    orders desk;
    const auto id = desk.placed();
    order::standstill where;
    where.allowed = 1;
    desk.say(order::park{id, {}, noon + 9, where});
    for (int i = 0; i < 2; ++i) {
      const auto key = "k" + std::to_string(i);
      REQUIRE(desk.say(order::repair{id, order::remedy::retry, "dry again", key, "olga", false, noon + 10 + i}).done());
      REQUIRE(desk.say(order::park{id, desk.view(id).timeline, noon + 20 + i, where}).done());
    }
    CHECK(cut_after(desk, 2).empty());
    CHECK(cut_after(desk, 1).size() == 1);
  }
}
