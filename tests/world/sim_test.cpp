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
  for (std::uint64_t seed = 121; seed <= 168; ++seed) {
    const auto one = sim::play({seed, sim::visits_for(50), {}});
    INFO("souk sim --seed " << seed << " --sagas 50\n" << in_lines(one.broken));
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

TEST_CASE("whatever power loss and disk leave behind, what was acknowledged is there", "[S0.8][S2.7][S4.5][C.3]") {
  sim::situations seen;
  std::int64_t histories = 0;
  for (std::uint64_t seed = 101; seed <= 106; ++seed) {
    // Everything that a disk can do, on top of each other, and otherwise fair weather.
    std::vector<sim::fault> plan{{0, sim::fault_kind::lookers, 60, 3'600}};
    const auto add = [&](std::int64_t at, sim::fault_kind what, std::int64_t much) {
      plan.push_back({at, what, static_cast<std::uint32_t>(seed * 7'919 + static_cast<std::uint64_t>(at) * 31), much});
    };
    for (const std::int64_t at : {300, 900, 1'700, 2'600}) add(at, sim::fault_kind::power_fails, 200);
    add(600, sim::fault_kind::io_error, 0);
    add(1'200, sim::fault_kind::sync_fails, 0);
    add(1'500, sim::fault_kind::power_off, 100);
    add(2'000, sim::fault_kind::disk_full, 400);
    add(2'450, sim::fault_kind::io_error, 150);
    add(3'000, sim::fault_kind::sync_fails, 100);
    add(3'300, sim::fault_kind::power_off, 300);
    const auto one = sim::play({seed, 60, plan});
    INFO("seed " << seed << '\n' << sim::to_text(plan) << in_lines(one.broken));
    CHECK(one.broken.empty());
    CHECK(one.cases > 20);
    seen.add(one.seen);
    histories += one.histories;
  }
  CHECK(histories > 60);
  for (const auto what :
       {sim::situation::power_lost, sim::situation::power_lost_in_a_write, sim::situation::write_failed,
        sim::situation::sync_failed, sim::situation::disk_full, sim::situation::told_the_disk_is_full}) {
    INFO(to_text(what));
    CHECK(seen.times(what) > 0);
  }
}

TEST_CASE("a case is followed from its request to its end, and who follows changes nothing") {
  sim::play_options what{3, sim::visits_for(25), {}};
  const auto first = sim::play(what);
  REQUIRE_FALSE(first.opened_by.empty());
  const auto& [request, opened] = *first.opened_by.begin();
  std::string lines;
  what.follow = {opened.id, request, opened.flow, [&](const std::string& line) { lines += line + '\n'; }};
  CHECK(sim::play(what).trace == first.trace);
  INFO(lines);
  CHECK(lines.find("front -> desk order/0  order::place") != lines.npos);
  CHECK(lines.find("answer: done") != lines.npos);
  CHECK(lines.find("-- all is healed") != lines.npos);
  const std::string by_hand = std::string{SOUK_BINARY} + " sim --seed 3 --sagas 25 --follow ";
  CHECK(said_by(by_hand + request).find(lines) != std::string::npos);
  CHECK(said_by(by_hand + to_text(opened.id)).find(lines) != std::string::npos);
  CHECK(said_by(by_hand + "nobody 2>&1; echo $?").find("has no case nobody\n3") != std::string::npos);
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
