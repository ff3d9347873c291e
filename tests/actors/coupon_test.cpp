// Coupons: issued up to the limit, valid within their days, used once, given back exactly once.
#include "actors/domains/coupon.hpp"
#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

struct coupons : seat<domains::coupon> {
  coupons() {
    say(coupon::put{{"TEN"}, {{}, 10}, 3, noon, noon + 1'000});
    mine = issue("ann");
  }
  coupon_id issue(const std::string& user) {
    return body<coupon::view>(say(coupon::issue{"for-" + user, {"TEN"}, {user}, noon})).coupon;
  }
  coupon::view view() { return body<coupon::view>(say(coupon::find{mine})); }
  coupon::use use(std::int64_t n, std::int64_t amount = 1'000) { return {{saga(n), 2}, mine, {"ann"}, {amount}, noon}; }
  coupon::undo_use undo(std::int64_t n) { return {{saga(n), 2}, mine, noon}; }
  coupon_id mine;
};

}  // namespace

TEST_CASE("a coupon takes its percentage off, once, and the same key gets the same answer", "[S4.1][S4.5]") {
  coupons desk;
  CHECK(body<coupon::used>(desk.say(desk.use(1))).off.minor == 100);
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  const auto again = desk.say(desk.use(1));
  CHECK(again.replayed);
  CHECK(body<coupon::used>(again).off.minor == 100);
  CHECK(desk.say(desk.use(2)).why == reason::coupon_invalid);
  CHECK(desk.view().used_by == saga(1));
}

TEST_CASE("a use that was undone before it came is refused when it comes", "[S1.6]") {
  coupons desk;
  CHECK(desk.say(desk.undo(1)).done());
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  CHECK(desk.say(desk.use(1)).why == reason::undone);
  CHECK(desk.view().now == coupon::state::issued);
  CHECK(desk.say(desk.use(2)).done());
}

TEST_CASE("use and undo, both twice and with restarts in between, leave the coupon free", "[S1.6][S4.3]") {
  coupons desk;
  for (int i = 0; i < 2; ++i) {
    desk.say(desk.use(1));
    desk.again();
  }
  for (int i = 0; i < 2; ++i) {
    CHECK(desk.say(desk.undo(1)).done());
    desk.again();
  }
  CHECK(desk.view().now == coupon::state::issued);
  CHECK(desk.say(desk.use(1)).why == reason::undone);
  // A late undo of the first order does not take the coupon from the second.
  CHECK(desk.say(desk.use(2)).done());
  CHECK(desk.say(desk.undo(1)).done());
  CHECK(desk.view().used_by == saga(2));
}

TEST_CASE("undoing a use that was refused does not free somebody else's use", "[S1.6][S4.3]") {
  coupons desk;
  CHECK(desk.say(desk.use(1)).done());
  CHECK(desk.say(desk.use(2)).why == reason::coupon_invalid);
  CHECK(desk.say(desk.undo(2)).done());
  CHECK(desk.view().used_by == saga(1));
}

TEST_CASE("a refused use stays refused, and a key with other content is a conflict", "[S2.6]") {
  coupons desk;
  desk.say(desk.use(1));
  CHECK(desk.say(desk.use(2)).why == reason::coupon_invalid);
  desk.say(desk.undo(1));
  CHECK(desk.say(desk.use(2)).replayed);
  CHECK(desk.say(desk.use(2)).why == reason::coupon_invalid);
  desk.say(desk.use(3));
  CHECK(desk.say(desk.use(3, 999)).why == reason::key_reused);
}

TEST_CASE("a coupon counts only for its user, within its days, and only if it exists", "[S1.5][S4.3]") {
  coupons desk;
  auto by_bob = desk.use(1);
  by_bob.user = {"bob"};
  CHECK(desk.say(by_bob).why == reason::coupon_invalid);
  auto early = desk.use(2);
  early.at = {noon.ms - 1};
  CHECK(desk.say(early).why == reason::coupon_invalid);
  auto late = desk.use(3);
  late.at = noon + 1'000;
  CHECK(desk.say(late).why == reason::coupon_invalid);
  auto unknown = desk.use(4);
  unknown.coupon = {42};
  CHECK(desk.say(unknown).why == reason::coupon_invalid);
  CHECK(desk.say(desk.use(5)).done());
}

TEST_CASE("a campaign issues up to its limit, once per request, and only within its days", "[S1.1]") {
  coupons desk;
  CHECK(desk.issue("bob") != desk.mine);
  CHECK(desk.issue("bob") == desk.issue("bob"));
  desk.issue("cid");
  CHECK(desk.say(coupon::issue{"for-dan", {"TEN"}, {"dan"}, noon}).why == reason::limit_reached);
  CHECK(desk.say(coupon::put{{"TEN"}, {{}, 10}, 2, noon, noon + 1'000}).why == reason::limit_reached);
  CHECK(desk.say(coupon::put{{"TEN"}, {{}, 10}, 4, noon, noon + 1'000}).done());
  desk.again();
  CHECK(desk.say(coupon::issue{"for-eve", {"TEN"}, {"eve"}, noon + 1'000}).why == reason::coupon_invalid);
  CHECK(desk.say(coupon::issue{"for-dan", {"TEN"}, {"dan"}, noon}).done());
  CHECK(desk.say(coupon::issue{"x", {"NONE"}, {"dan"}, noon}).why == reason::not_found);
}

TEST_CASE("a refund frees the coupon that its order used, once, and only while it is valid", "[S4.3]") {
  coupons desk;
  desk.say(desk.use(1));
  const coupon::give_back back{{saga(9), 2}, desk.mine, saga(1), noon};
  for (int i = 0; i < 2; ++i) {
    CHECK(desk.say(back).done());
    desk.again();
  }
  CHECK(desk.view().now == coupon::state::issued);
  desk.say(desk.use(2));
  CHECK(desk.say(back).done());  // told again: the coupon is another order's now
  CHECK(desk.view().used_by == saga(2));
  CHECK(desk.say(coupon::give_back{{saga(10), 2}, desk.mine, saga(2), noon + 5'000}).done());
  CHECK(desk.view().now == coupon::state::used);
}
