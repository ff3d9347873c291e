// Every input that was kept is taken again by what it was tried on: a mended bug stays mended, without a fuzzer.
#include <cstdio>
#include <filesystem>
#include <set>

#include "tests/catch.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/text.hpp"

namespace fs = std::filesystem;

TEST_CASE("every kept input is read or refused, and no promise is broken by it") {
  const fs::path corpora = fs::path{SOUK_SOURCE_DIR} / "tests/fuzz/corpus";
  std::set<std::string> known;
  for (const auto& target : souk::fuzz::targets()) {
    known.insert(target.name);
    std::size_t inputs = 0;
    // In an order that is everywhere the same: what one input leaves behind the next one may find.
    std::set<fs::path> paths;
    for (const auto& one : fs::directory_iterator{corpora / target.name}) paths.insert(one.path());
    for (const auto& path : paths) {
      INFO(path);
      ++inputs;
      try {
        target.take(souk::tests::slurp(path));
      } catch (const std::exception& broken) {
        FAIL_CHECK(broken.what());
      }
    }
    std::printf("%s: %zu inputs\n", target.name, inputs);
    CHECK(inputs >= 5);
  }
  for (const auto& one : fs::directory_iterator{corpora}) {
    INFO(one.path() << " belongs to nothing that is tried");
    CHECK(known.count(one.path().filename().string()) == 1);
  }
  CHECK(known.size() == 9);
}
