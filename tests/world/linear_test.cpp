// The search for an order: it finds the true ones, and nothing explains a history that was corrupted.
#include "tools/sim/linear.hpp"

#include <random>
#include <utility>

#include "tests/catch.hpp"
#include "tools/sim/histories.hpp"

using namespace souk;
using sim::asking;
using sim::deed;
using sim::find_order;
using sim::histories;
using sim::need;
using sim::thing;
using end_of = sim::search_result::end;

namespace {

deed put(std::int64_t units, std::int64_t asked, std::int64_t told) {
  return {"put", asked, told, need::must, -1, [=](thing& it) {
            it.what += units;
            return it.what >= 0;
          }};
}
deed see(std::int64_t units, std::int64_t asked, std::int64_t told) {
  return {"see", asked, told, need::must, -1, [=](const thing& it) { return it.what == units; }, true};
}
deed perhaps(deed what, need how, int after = -1) {
  what.how = how;
  what.after = after;
  return what;
}

asking at(std::int64_t asked_us, std::int64_t told_us, std::int64_t ms = 0) { return {asked_us, told_us, {ms}, {ms}}; }

answer shelf(std::int64_t stock) { return reply_with(product::view{{"cup"}, "cup", {10}, stock}); }
answer seat(std::int64_t hold, reservation::state now, std::int64_t until) {
  return reply_with(reservation::view{{hold}, {"mon"}, {"A1"}, {"ann"}, {1}, {300}, now, {until}});
}
answer hall(reservation::state now, std::int64_t until) {
  return reply_with(reservation::page{{{{{"A1"}, "S", "R", "N", "I", {300}}, now, {until}}}, false});
}
answer coupon_seen(bool used, std::int64_t by) {
  return reply_with(
      coupon::view{{7}, {"TEN"}, {"ann"}, used ? coupon::state::used : coupon::state::issued, {by}, {}, {}, {}});
}
reservation::hold holding() { return {"h", {"ann"}, reservation::spot{{"mon"}, {"A1"}}, {1}, {}}; }

order::place wish(const std::string& request, std::int64_t units) {
  order::place what;
  what.request = request;
  what.user = {"ann"};
  if (units) what.lines = {{{"cup"}, units, {}}};
  return what;
}
order::view ended(std::int64_t id, order::state state, reason why = reason::none) {
  order::view end;
  end.id = {id};
  end.state = state;
  end.saga = state == order::state::completed ? order::saga_state::completed : order::saga_state::compensated;
  end.why = why;
  return end;
}

}  // namespace

TEST_CASE("what overlaps may have been done in any order, what followed may not", "[S0.7]") {
  CHECK(find_order({}, {}).how == end_of::explained);
  // A look while something is put there may or may not see it.
  CHECK(find_order({put(5, 0, 10), see(0, 1, 9)}, {}).how == end_of::explained);
  CHECK(find_order({put(5, 0, 10), see(5, 1, 9)}, {}).how == end_of::explained);
  CHECK(find_order({put(5, 0, 10), see(0, 11, 12)}, {}).how == end_of::contradiction);
  CHECK(find_order({put(5, 0, 10), see(5, 1, 3), see(0, 4, 6)}, {}).how == end_of::contradiction);
  CHECK(find_order({put(5, 0, 10), put(7, 0, 10), see(7, 1, 3), see(12, 4, 6)}, {}).how == end_of::explained);
  CHECK(find_order({put(5, 0, 10), put(7, 0, 10), see(7, 1, 3), see(5, 4, 6)}, {}).how == end_of::contradiction);
  // Nothing can be taken before it is there: so what was put there came first, though it was told later.
  CHECK(find_order({put(5, 0, 10), put(-5, 1, 3), see(5, 4, 6)}, {}).how == end_of::contradiction);
  CHECK(find_order({put(5, 0, 10), put(-5, 1, 3), see(0, 4, 6)}, {}).how == end_of::explained);
}

TEST_CASE("what may have been done explains what was seen, and comes back when it was", "[S1.6]") {
  const std::vector<deed> order{put(5, 0, 1), perhaps(put(-2, 2, 20), need::may),
                                perhaps(put(2, 2, 20), need::follows, 1)};
  const auto with = [&](std::vector<deed> more) {
    auto all = order;
    all.insert(all.end(), more.begin(), more.end());
    return find_order(all, {}).how;
  };
  CHECK(with({see(5, 3, 4), see(5, 30, 31)}) == end_of::explained);
  CHECK(with({see(3, 3, 4), see(5, 5, 6)}) == end_of::explained);
  CHECK(with({see(3, 3, 4), see(5, 5, 6), see(3, 7, 8)}) == end_of::contradiction);
  CHECK(with({see(3, 30, 31)}) == end_of::contradiction);  // not given back
  CHECK(with({see(7, 3, 4)}) == end_of::contradiction);    // given back, and never taken
}

TEST_CASE("too many ways are said to be too many") {
  std::vector<deed> all;
  for (int i = 0; i < 16; ++i) all.push_back(put(1LL << i, 0, 100));
  all.push_back(see(-1, 1, 2));
  CHECK(find_order(all, {}, 1'000).how == end_of::too_wide);
  all.pop_back();
  all.push_back(see((1 << 16) - 1, 101, 102));
  CHECK(find_order(all, {}, 1'000).how == end_of::explained);
}

TEST_CASE("those who only look make no more ways, however many look at once", "[S0.7]") {
  std::vector<deed> all;
  for (int i = 0; i < 4; ++i) all.push_back(put(1LL << i, 0, 100));
  for (int i = 0; i < 40; ++i) all.push_back(see(i % 4 == 3 ? 7 : (1 << i % 4) - 1, 1 + i, 50));  // 0, 1, 3, 7
  CHECK(find_order(all, {}, 100).how == end_of::explained);
  all.push_back(see(2, 1, 50));  // one first, then the other: nobody saw both
  CHECK(find_order(all, {}, 100).how == end_of::contradiction);
  // Asked when things stood so, told long after they did.
  CHECK(find_order({put(5, 0, 1), see(5, 2, 60), put(1, 3, 4), see(6, 5, 6)}, {}).how == end_of::explained);
  CHECK(find_order({put(5, 0, 1), put(1, 3, 4), see(6, 5, 6), see(5, 7, 60)}, {}).how == end_of::contradiction);
}

TEST_CASE("what is known of deeds shortens the search and changes no verdict", "[S0.7]") {
  std::mt19937_64 dice{7};
  const auto roll = [&](std::int64_t of) { return static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(of)); };
  const auto some = [&](std::int64_t units) {
    const auto asked = roll(30);
    auto what = put(units, asked, asked + 1 + roll(20));
    what.alike = units;
    return what;
  };
  int verdicts[2]{};
  for (int n = 0; n < 3'000; ++n) {
    std::vector<deed> all{put(4, 0, 1)};
    for (auto more = 2 + roll(3); more > 0; --more) all.push_back(some(roll(2) ? 1 : -1 - roll(2)));
    for (auto more = roll(3); more > 0; --more) {
      auto taken = perhaps(some(-1 - roll(2)), need::may);
      auto back =
          perhaps(put(-taken.alike, taken.asked_us, taken.told_us), need::follows, static_cast<int>(all.size()));
      back.alike = -std::exchange(taken.alike, 0);
      all.push_back(taken);
      all.push_back(back);
    }
    for (auto more = 1 + roll(3); more > 0; --more) {
      const auto asked = roll(40);
      all.push_back(see(roll(7), asked, asked + 1 + roll(10)));
    }
    const auto asked = roll(20);  // it shows where it came to, as a restock does
    all.push_back(
        {"put 1", asked, asked + 20, need::must, -1, [to = 2 + roll(5)](thing& it) { return ++it.what == to; }});
    all.back().rarely = true;
    auto unknown = all;
    for (auto& one : unknown) one.looks = one.rarely = false, one.alike = 0;
    const auto verdict = find_order(all, {}).how;
    CHECK(verdict == find_order(unknown, {}).how);
    ++verdicts[verdict == end_of::explained];
  }
  CHECK(verdicts[0] > 300);
  CHECK(verdicts[1] > 300);
}

TEST_CASE("a shelf's history with a lost update, or goods sold twice, is found out", "[S0.7][S1.2]") {
  const auto tell = [](std::int64_t restocked, std::int64_t seen, order::state second, reason why) {
    histories all;
    all.shelved({{"cup"}, "cup", {10}, 3, {}}, shelf(3), at(0, 1));
    all.restocked({"r", {"cup"}, 2, {}}, shelf(restocked), at(10, 20));
    const auto one = wish("one", 4), two = wish("two", 2);
    const auto done = ended(1, order::state::completed), other = ended(2, second, why);
    all.ordered({one, done, 30, 40, deed::never, 90, 90});
    all.ordered({two, other, 30, 40, deed::never, 90, 90});
    all.looked(shelf(seen), at(50, 60));
    return all.contradictions().size();
  };
  CHECK(tell(5, 1, order::state::failed, reason::sold_out) == 0);
  CHECK(tell(4, 1, order::state::failed, reason::sold_out) == 1);  // never was
  CHECK(tell(5, 5, order::state::failed, reason::sold_out) == 1);  // the sale is forgotten
  CHECK(tell(5, 1, order::state::completed, reason::none) == 1);   // there were not so many
  CHECK(tell(5, 1, order::state::failed, reason::insufficient_funds) == 0);
}

TEST_CASE("a coupon's history with two uses, or a use that was forgotten, is found out", "[S4.3]") {
  const auto tell = [](order::state second, reason why, bool used, std::int64_t by) {
    histories all;
    all.issued(coupon_seen(false, 0));
    auto one = wish("one", 0), two = wish("two", 0);
    one.coupon = two.coupon = {7};
    const auto done = ended(1, order::state::completed), other = ended(2, second, why);
    all.looked(coupon_seen(false, 0), at(1, 2));
    all.ordered({one, done, 10, 20, deed::never, 90, 90});
    all.ordered({two, other, 15, 30, deed::never, 90, 90});
    all.looked(coupon_seen(used, by), at(40, 50));
    return all.contradictions().size();
  };
  CHECK(tell(order::state::failed, reason::coupon_invalid, true, 1) == 0);
  CHECK(tell(order::state::completed, reason::none, true, 1) == 1);
  CHECK(tell(order::state::failed, reason::coupon_invalid, false, 0) == 1);
  CHECK(tell(order::state::failed, reason::coupon_invalid, true, 2) == 1);
}

TEST_CASE("a seat's history with two owners, or with a hold that is forgotten, is found out", "[S2.2]") {
  using reservation::state;
  const auto sold = [](histories& all, std::int64_t hold, const std::string& request, order::state how,
                       std::int64_t asked) {
    auto pay = wish(request, 0);
    pay.flow = order::flow::seat_payment;
    pay.seat = order::seat_sale{{"mon"}, {"A1"}, {hold}, {1}, {300}, 0, {}};
    const auto end = ended(hold, how);
    all.ordered({pay, end, asked, asked + 5, deed::never, 90, 90});
  };
  const auto tell = [&](std::int64_t second_hold_at_ms, order::state first, order::state second, const answer& seen) {
    histories all;
    all.held(holding(), seat(5, state::held, 1'500), at(0, 5));
    all.held(holding(), refuse(reason::seat_taken), at(6, 8, 1'000));
    sold(all, 5, "first", first, 10);
    all.held(holding(), seat(6, state::held, 9'000), at(20, 25, second_hold_at_ms));
    sold(all, 6, "second", second, 30);
    all.looked(seen, at(40, 45, 3'000));
    return all.contradictions().size();
  };
  const auto yes = order::state::completed, no = order::state::failed;
  CHECK(tell(2'000, no, yes, hall(state::reserved, 0)) == 0);
  CHECK(tell(2'000, no, no, hall(state::held, 9'000)) == 0);
  CHECK(tell(2'000, yes, no, hall(state::reserved, 0)) == 1);   // held although it was sold
  CHECK(tell(2'000, yes, yes, hall(state::reserved, 0)) == 1);  // sold twice
  CHECK(tell(2'000, no, yes, hall(state::available, 0)) == 1);  // the sale is forgotten
  CHECK(tell(2'000, no, no, hall(state::held, 1'500)) == 1);    // the older hold came back

  histories taken;  // held by two at the same time
  taken.held(holding(), seat(5, state::held, 1'500), at(0, 5));
  taken.held(holding(), seat(6, state::held, 1'600), at(6, 9, 1'000));
  CHECK(taken.contradictions().size() == 1);
}
