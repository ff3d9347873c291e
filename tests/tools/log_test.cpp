// The node's own log: lines that a machine can read, which name what they are about.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>

#include "messages/grammar/ids.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"
#include "tools/serve.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// What is written to stderr while it lives goes into a file, and the log is as it was afterwards.
class stderr_to {
public:
  explicit stderr_to(const std::string& file) : log_(spdlog::default_logger()), before_(::dup(STDERR_FILENO)) {
    std::fflush(stderr);
    const int to = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(::dup2(to, STDERR_FILENO) == STDERR_FILENO);
    ::close(to);
  }
  ~stderr_to() {
    std::fflush(stderr);
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    spdlog::set_default_logger(log_);
  }

private:
  std::shared_ptr<spdlog::logger> log_;
  int before_;
};

}  // namespace

TEST_CASE("a line of JSON names the saga or the order that it is about in a member of its own", "[log]") {
  temporary_folder folder;
  const auto file = folder.file("log");
  const auto id = to_text(number{123'456'789});
  {
    const stderr_to here{file};
    tools::log_to_stderr(config::log_format::json);
    spdlog::warn("saga {} is parked at {}: it needs an operator", id, "take_stock");
    spdlog::warn("{} cannot take event {} of order {}: {}", "wallet", 3, id, "\"broken\"\non purpose");
    spdlog::info("draining a saga or an order of nobody");
    tools::log_to_stderr(config::log_format::text);
    spdlog::info("in words");
  }
  std::ifstream in{file};
  std::string line;
  const auto next = [&] {
    REQUIRE(std::getline(in, line));
    return nlohmann::json::parse(line);
  };
  auto said = next();
  CHECK(said["level"] == "warning");
  CHECK(said["saga"] == id);
  CHECK_FALSE(said.contains("order"));
  said = next();
  CHECK(said["order"] == id);
  CHECK_FALSE(said.contains("saga"));
  said = next();
  CHECK(said["message"] == "draining a saga or an order of nobody");
  CHECK(said.size() == 3);
  REQUIRE(std::getline(in, line));
  CHECK(line.find("in words") != line.npos);
  CHECK(line.front() != '{');
}
