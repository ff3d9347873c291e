// The checker of what clients saw: it believes a true history, and finds every kind of false one.
#include "tools/sim/history.hpp"

#include "tests/catch.hpp"

using souk::sim::contradictions;
using souk::sim::ledgers;
using souk::sim::sight;

namespace {
const ledgers truth{{"ann", {{1, 100}, {2, 70}, {3, 90}}}, {"bob", {{1, 5}}}};
}

TEST_CASE("a history in which each look shows what was, in the order of telling, is believed", "[S2.9]") {
  CHECK(contradictions({}, truth).empty());
  CHECK(contradictions({{"ann", 0, 0, 0, 10}, {"ann", 1, 100, 20, 30}, {"bob", 1, 5, 25, 26}, {"ann", 3, 90, 40, 50}},
                       truth)
            .empty());
  // Two looks at the same time may be told in either order.
  CHECK(contradictions({{"ann", 2, 70, 0, 100}, {"ann", 1, 100, 50, 120}}, truth).empty());
}

TEST_CASE("a balance that never was, a lost update and a look into the past are found", "[S0.7][S2.9]") {
  CHECK(contradictions({{"ann", 2, 71, 0, 10}}, truth).size() == 1);   // another value
  CHECK(contradictions({{"ann", 4, 90, 0, 10}}, truth).size() == 1);   // told, and not in the ledger
  CHECK(contradictions({{"eve", 1, 100, 0, 10}}, truth).size() == 1);  // nobody's
  CHECK(contradictions({{"ann", 0, 1, 0, 10}}, truth).size() == 1);    // out of nothing
  const auto back = contradictions({{"ann", 2, 70, 0, 10}, {"ann", 1, 100, 11, 20}}, truth);
  REQUIRE(back.size() == 1);
  CHECK(back.front().find("older than what was told before") == 0);
  // What others saw of other wallets is no floor.
  CHECK(contradictions({{"ann", 2, 70, 0, 10}, {"bob", 1, 5, 11, 20}}, truth).empty());
}

TEST_CASE("whoever was told of an effect finds it, and nobody saw it before it was asked for", "[S0.7][S2.9]") {
  const sight charge{"ann", 2, 70, 10, 20, true};
  CHECK(contradictions({{"ann", 1, 100, 0, 9}, charge, {"ann", 2, 70, 21, 30}}, truth).empty());
  CHECK(contradictions({charge, {"ann", 1, 100, 15, 30}}, truth).empty());  // a look at the same time
  const auto lost = contradictions({charge, {"ann", 1, 100, 21, 30}}, truth);
  REQUIRE(lost.size() == 1);
  CHECK(lost.front().find("older than what was told before: ann at version 1") == 0);
  CHECK(contradictions({{"ann", 2, 70, 0, 9}, charge}, truth).size() == 1);
}
