// A sample of the points at which a store may be struck; `souk sweep` visits them all.
#include "tools/sim/disk/sweep.hpp"

#include <cstdlib>

#include "tests/catch.hpp"

using namespace souk;

TEST_CASE("whatever fails at whatever operation, a store keeps what it acknowledged and nothing by half",
          "[S0.8][C.3][S4.5]") {
  sim::sweep_options options;
  options.points_max = 2'000;
  if (const char* points = std::getenv("SOUK_SWEEP_POINTS")) options.points_max = std::strtoull(points, nullptr, 10);
  if (const char* seed = std::getenv("SOUK_SWEEP_SEED")) options.seed = std::strtoull(seed, nullptr, 10);
  const auto result = sim::sweep_stores(options);
  CHECK(result.struck > result.points / 2);
  for (const auto& one : result.failures) UNSCOPED_INFO(one);
  CHECK(result.failures.empty());
}
