// Planted bugs: the simulator notices each; without one everything holds.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "messages/grammar/planted.hpp"
#include "tests/catch.hpp"
#include "tests/program.hpp"

using namespace souk;

namespace {

struct ending {
  int exit_code = 0;
  nlohmann::json figures;  // null: it printed none
};

ending run(const std::string& program, const std::vector<std::string>& words) {
  std::vector<std::string> line{program};
  line.insert(line.end(), words.begin(), words.end());
  tests::program one{line};
  const auto code = one.wait();
  return {code, nlohmann::json::parse(one.last_line(), nullptr, false)};
}

}  // namespace

TEST_CASE("every planted bug is noticed within 500 seeds", "[C.5][S0.8][S1.6][S2.7]") {
  std::vector<ending> ends(std::size(planted_bugs));
  std::atomic<std::size_t> next{0};
  const auto look_for_some = [&] {
    for (std::size_t i = 0; (i = next++) < ends.size();)
      ends[i] = run(SOUK_WITH_BUGS, {"sim", "--plant", std::string{planted_bugs[i].name}, "--seeds", "500",
                                     "--until-broken", "-o", "json"});
  };
  std::vector<std::thread> lookers;
  for (auto n = std::max(1U, std::thread::hardware_concurrency()); n > 0; --n) lookers.emplace_back(look_for_some);
  for (auto& one : lookers) one.join();
  for (std::size_t i = 0; i < ends.size(); ++i) {
    const auto& one = planted_bugs[i];
    const auto& end = ends[i];
    INFO(one.name << ": " << one.mistake);
    if (end.exit_code == -SIGABRT) {
      std::cout << one.name << ": it died of an assertion" << std::endl;
      continue;
    }
    CHECK(end.exit_code == 1);
    REQUIRE(end.figures.is_object());
    CHECK(end.figures.at("holds") == false);
    REQUIRE(end.figures.at("broken").size() == 1);
    const auto& first = end.figures.at("broken").at(0);
    std::cout << one.name << ": seed " << first.at("seed") << ", " << first.at("what").at(0).get<std::string>()
              << std::endl;
  }
}

TEST_CASE("a commit that does not wait for the disk is noticed by the sweep too", "[S0.1]") {
  const std::vector<std::string> wallets{"sweep", "--store", "wallet", "--points", "300", "-o", "json"};
  auto planted = wallets;
  planted.insert(planted.end(), {"--plant", "commits_unsynced"});
  CHECK(run(SOUK_WITH_BUGS, planted).exit_code == 1);
  CHECK(run(SOUK_WITH_BUGS, wallets).exit_code == 0);
}

TEST_CASE("without a planted bug the same program holds", "[C.5]") {
  const auto end = run(SOUK_WITH_BUGS, {"sim", "--seeds", "50", "-o", "json"});
  CHECK(end.exit_code == 0);
  REQUIRE(end.figures.is_object());
  CHECK(end.figures.at("plays") == 50);
  CHECK(end.figures.at("cases") > 1'000);
}

TEST_CASE("souk itself has no bugs to plant", "[C.5]") {
  CHECK(run(SOUK_WITH_BUGS, {"--list-planted"}).exit_code == 0);
  CHECK(run(SOUK_BINARY, {"--list-planted"}).exit_code == 2);
  CHECK(run(SOUK_BINARY, {"sim", "--plant", "no_tombstone"}).exit_code == 2);
}
