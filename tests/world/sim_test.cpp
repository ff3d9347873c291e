// The simulator: the same play in every process, and plays by seed in which everything goes wrong and nothing is lost.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/catch.hpp"
#include "tests/shell.hpp"
#include "tools/sim/shrink.hpp"

using namespace souk;

namespace {

std::string said_by(const std::string& command) { return tests::said_by(command).text; }

std::string in_lines(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& one : all) text += one + '\n';
  return text;
}

}  // namespace

TEST_CASE("a seed gives the same play in every process, wherever its memory lies", "[C.5]") {
  const std::string play =
      std::string{SOUK_BINARY} + " sim --seed 11 --seeds 2 --sagas 40 --trace-hash 2>&1 | grep trace";
  const auto first = said_by(play);
  CHECK(first.find("seed 12 trace ") != first.npos);
  CHECK(said_by(play) == first);
  CHECK(said_by("setarch -R " + play) == first);
  CHECK(said_by(std::string{SOUK_BINARY} + " sim --seed 13 --sagas 40 --trace-hash 2>&1 | grep trace") != first);
}

TEST_CASE("whatever goes wrong, every saga ends, every book balances, and what was told stands",
          "[S0.1][S0.6][S0.7][S0.8][S1.6][S2.2][S2.6][S2.7][S2.10][S3.6][S4.5][C.4]") {
  sim::situations seen;
  std::int64_t completed = 0, failed = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    const auto one = sim::play({seed, 80, {}});
    INFO("souk sim --seed " << seed << " --sagas 80\n" << in_lines(one.broken));
    CHECK(one.broken.empty());
    seen.add(one.seen);
    completed += one.completed;
    failed += one.failed;
  }
  CHECK(completed > 300);
  CHECK(failed > 100);
  INFO("these never happened:\n" << in_lines(seen.never_seen()));
  CHECK(seen.never_seen().empty());
}

TEST_CASE("a play that once broke something breaks nothing any more", "[S0.8]") {
  const std::filesystem::path scripts{std::string{SOUK_SOURCE_DIR} + "/tests/world/regress"};
  int played = 0;
  for (const auto& file : std::filesystem::directory_iterator{scripts}) {
    std::ifstream in{file.path()};
    std::ostringstream text;
    text << in.rdbuf();
    const auto one = sim::play(sim::read_script(text.str()));
    INFO("souk sim --script " << file.path() << '\n' << in_lines(one.broken));
    CHECK(one.broken.empty());
    CHECK(one.cases > 0);
    ++played;
  }
  CHECK(played > 0);
}

TEST_CASE("a script says what was played, and what is no script is refused by its line") {
  sim::play_options what{7, 30, sim::plan_faults(7, 3'000)};
  REQUIRE(what.faults->size() > 3);
  const auto again = sim::read_script("# a remark\n" + sim::to_script(what));
  CHECK(again.seed == 7);
  CHECK(again.visits == 30);
  CHECK(*again.faults == *what.faults);
  for (const auto* wrong : {"seed x\n", "12 kill 0\n", "12 no_such_fault 0 1\n", "1 kill 0 1 2\n", "visits\n"}) {
    INFO(wrong);
    CHECK_THROWS_AS(sim::read_script(wrong), std::invalid_argument);
  }
}
