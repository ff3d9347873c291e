// A waiting room lets in by the order of places, so many at a time, and a token serves one user, one date, one payment.
#include "actors/domains/queue.hpp"

#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;
using queue::state;

namespace {

constexpr std::int64_t minute = 60'000;
constexpr std::int64_t hour = 60 * minute;

// Two are in at a time, for five minutes.
struct room : seat<domains::queue> {
  explicit room(moment sales_open = {}) { REQUIRE(say(queue::open{{"mon"}, sales_open, 2, 5 * minute}).done()); }

  queue::view join(const std::string& user, moment at = noon) {
    return body<queue::view>(say(queue::join{"of " + user + std::to_string(++requests), {"mon"}, {user}, at}));
  }
  queue::view find(token_id token, moment at = noon) { return body<queue::view>(say(queue::find{token, at})); }
  answer enter(token_id token, const std::string& user, moment at = noon) {
    return say(queue::enter{token, {"mon"}, {user}, at});
  }
  answer use(std::int64_t n, token_id token, const std::string& user, moment at = noon) {
    return say(queue::use{{saga(n), 1}, token, {"mon"}, {user}, at});
  }
  answer undo(std::int64_t n, token_id token, moment at = noon) {
    return say(queue::undo_use{{saga(n), 1}, token, at});
  }
  int requests = 0;
};

}  // namespace

TEST_CASE("places grow, and so many are let in as may be in", "[S2.8]") {
  room desk;
  const auto ann = desk.join("ann"), bob = desk.join("bob"), cid = desk.join("cid"), dan = desk.join("dan");
  CHECK(ann.place == 1);
  CHECK(dan.place == 4);
  CHECK(ann.now == state::admitted);
  CHECK(bob.now == state::admitted);
  CHECK(cid.now == state::waiting);
  CHECK(cid.ahead == 0);
  CHECK(dan.ahead == 1);
  CHECK(desk.enter(ann.token, "ann").done());
  CHECK(desk.enter(cid.token, "cid").why == reason::not_admitted);
  desk.again();
  CHECK(desk.find(cid.token).now == state::waiting);
  // A payment uses a token up and makes room for the next one, in order.
  CHECK(desk.use(1, ann.token, "ann").done());
  CHECK(desk.find(cid.token).now == state::admitted);
  CHECK(desk.find(dan.token).now == state::waiting);
  CHECK(desk.find(dan.token).ahead == 0);
}

TEST_CASE("a token is for its user and its date, and for nobody else", "[S2.8]") {
  room desk;
  CHECK(desk.say(queue::open{{"tue"}, {}, 2, 5 * minute}).done());
  const auto ann = desk.join("ann");
  CHECK(desk.enter(ann.token, "bob").why == reason::not_admitted);
  CHECK(desk.say(queue::enter{ann.token, {"tue"}, {"ann"}, noon}).why == reason::not_admitted);
  CHECK(desk.use(1, ann.token, "bob").why == reason::not_admitted);
  CHECK(desk.say(queue::use{{saga(2), 1}, ann.token, {"tue"}, {"ann"}, noon}).why == reason::not_admitted);
  CHECK(desk.enter({4711}, "ann").why == reason::not_admitted);
  CHECK(desk.use(3, {4711}, "ann").why == reason::not_admitted);
  CHECK(desk.use(4, ann.token, "ann").done());
}

TEST_CASE("who is let in and vanishes frees the slot, for good", "[S2.8]") {
  room desk;
  const auto ann = desk.join("ann"), bob = desk.join("bob"), cid = desk.join("cid");
  CHECK(desk.find(cid.token, noon + 5 * minute + -1).now == state::waiting);
  CHECK(desk.find(cid.token, noon + 5 * minute).now == state::admitted);
  // The clock steps back an hour: whoever made room stays out, or three would be in.
  CHECK(desk.enter(ann.token, "ann", noon + -hour).why == reason::not_admitted);
  CHECK(desk.use(1, bob.token, "bob", noon).why == reason::not_admitted);
  CHECK(desk.find(ann.token, noon).now == state::expired);
  CHECK(desk.enter(cid.token, "cid", noon).done());
  // He may take a new number.
  const auto again = desk.join("ann", noon + 5 * minute);
  CHECK(again.place == 4);
  CHECK(again.token > cid.token);
}

TEST_CASE("a hold that is made in time outlasts the token's stay", "[S2.8]") {
  room desk;
  const auto ann = desk.join("ann");
  CHECK(desk.enter(ann.token, "ann", noon + 4 * minute).done());
  CHECK(desk.find(ann.token, noon + 8 * minute).now == state::admitted);
  CHECK(desk.use(1, ann.token, "ann", noon + 9 * minute + -1).done());
}

TEST_CASE("who asks for holds again and again keeps his slot for as long as his last hold and no longer", "[S2.8]") {
  room desk;
  const auto ann = desk.join("ann"), bob = desk.join("bob"), cid = desk.join("cid");
  for (int n = 0; n < 5; ++n) {
    if (n == 2) desk.again();
    CHECK(desk.enter(ann.token, "ann", noon + n * minute).done());
    CHECK(desk.enter(bob.token, "bob", noon + n * minute).done());
    CHECK(desk.find(cid.token, noon + n * minute).now == state::waiting);
  }
  // What he held in his fourth minute he may still pay for, and nothing else.
  CHECK(desk.enter(ann.token, "ann", noon + 6 * minute).why == reason::not_admitted);
  CHECK(desk.find(ann.token, noon + 9 * minute + -1).now == state::admitted);
  CHECK(desk.find(cid.token, noon + 9 * minute).now == state::admitted);
  // His own stay is counted from when he came in.
  CHECK(desk.enter(cid.token, "cid", noon + 14 * minute + -1).done());
  CHECK(desk.use(1, cid.token, "cid", noon + 19 * minute + -2).done());
  // And once more from when he comes in again.
  CHECK(desk.undo(1, cid.token, noon + hour).done());
  CHECK(desk.enter(cid.token, "cid", noon + hour + 5 * minute + -1).done());
  CHECK(desk.find(cid.token, noon + hour + 9 * minute).now == state::admitted);
}

TEST_CASE("who holds a seat at the last moment still has the time to pay for it", "[S2.8][S2.2]") {
  room desk;
  const auto ann = desk.join("ann");
  const auto last = noon + 5 * minute + -1;
  CHECK(body<queue::view>(desk.enter(ann.token, "ann", last)).until == last + 5 * minute);
  CHECK(desk.use(1, ann.token, "ann", last + 5 * minute + -1).done());
}

TEST_CASE("a token is used once, and given back it waits first in line", "[S2.8][S2.6][S1.6]") {
  room desk;
  const auto ann = desk.join("ann"), bob = desk.join("bob"), cid = desk.join("cid"), dan = desk.join("dan");
  CHECK_FALSE(desk.use(1, ann.token, "ann").replayed);
  CHECK(desk.use(1, ann.token, "ann").replayed);
  CHECK(desk.use(1, bob.token, "bob").why == reason::key_reused);
  CHECK(desk.use(2, ann.token, "ann").why == reason::not_admitted);
  CHECK(desk.use(2, ann.token, "ann").replayed);
  CHECK(desk.enter(ann.token, "ann").why == reason::not_admitted);
  // cid has the slot meanwhile: never more than two are in.
  CHECK(desk.undo(1, ann.token).done());
  CHECK(desk.undo(1, ann.token).done());
  CHECK(desk.find(ann.token).now == state::waiting);
  CHECK(desk.find(ann.token).ahead == 0);
  CHECK(desk.find(dan.token).ahead == 1);
  CHECK(desk.use(1, ann.token, "ann").why == reason::undone);
  CHECK(desk.use(3, cid.token, "cid").done());
  CHECK(desk.find(ann.token).now == state::admitted);
  CHECK(desk.find(dan.token).now == state::waiting);
  CHECK(desk.undo(4, ann.token).done());
  CHECK(desk.use(4, ann.token, "ann").why == reason::undone);
  CHECK(desk.use(5, ann.token, "ann").done());
}

TEST_CASE("a token that comes back to a user who has another one is worth nothing", "[S2.8]") {
  room desk;
  const auto first = desk.join("ann");
  CHECK(desk.use(1, first.token, "ann").done());
  const auto second = desk.join("ann");
  CHECK(second.token > first.token);
  CHECK(desk.undo(1, first.token).done());
  CHECK(desk.find(first.token).now == state::expired);
  CHECK(desk.find(second.token).now == state::admitted);
}

TEST_CASE("a place is given once per key and once to a user who still waits", "[S2.8][S2.6]") {
  room desk;
  const queue::join wish{"k", {"mon"}, {"ann"}, noon};
  const auto first = body<queue::view>(desk.say(wish));
  auto later = wish;
  later.at = noon + minute;
  CHECK(desk.say(later).replayed);
  CHECK(body<queue::view>(desk.say(later)) == first);
  CHECK(desk.say(queue::join{"k", {"mon"}, {"bob"}, noon}).why == reason::key_reused);
  CHECK(desk.join("ann").token == first.token);
  CHECK(desk.join("bob").place == 2);
  CHECK(desk.say(queue::join{"k", {"never"}, {"ann"}, noon}).why == reason::not_found);
  desk.say_in_vain(queue::join{"l", {"mon"}, {"cid"}, noon});
  CHECK(desk.join("dan").place == 3);
}

TEST_CASE("before sales open nobody is let in, and then those who came first", "[S2.8]") {
  room desk{noon + hour};
  const auto ann = desk.join("ann"), bob = desk.join("bob"), cid = desk.join("cid");
  CHECK(ann.now == state::waiting);
  CHECK(desk.enter(ann.token, "ann", noon + hour + -1).why == reason::not_admitted);
  CHECK(desk.enter(ann.token, "ann", noon + hour).done());
  CHECK(desk.find(bob.token, noon + hour).now == state::admitted);
  CHECK(desk.find(cid.token, noon + hour).now == state::waiting);
  // A larger room lets in more at once.
  CHECK(desk.say(queue::open{{"mon"}, noon + hour, 3, 5 * minute}).done());
  CHECK(desk.find(cid.token, noon + hour).now == state::admitted);
}
