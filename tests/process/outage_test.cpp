// The platform is down for a whole shopping day, whatever it answers, and the node dies meanwhile: nothing is lost.
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "tests/catch.hpp"
#include "tests/server.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::tests;
using nlohmann::json;

namespace {

const std::string day = std::string{SOUK_SOURCE_DIR} + "/tools/replay/online-retail-2010-12-01.csv";
constexpr int documents = 136 + 6;  // orders and returns of that day

struct platform : server {
  explicit platform(const char* status) : server({SOUK_PLATFORM_MOCK, "--port", "0", "--down", "--status", status}) {}
  std::int64_t stat(const std::string& name) const { return json::parse(get("/stats")).at(name); }
};

struct node : server {
  node(const std::string& data, const platform& platform)
      : server({SOUK_BINARY, "serve", "--data", data, "--http", "127.0.0.1:0", "--platform",
                platform.url() + "/events"}) {}
  bool blames_no_event() const { return json::parse(get("/v1/admin/outbox")).at("data").empty(); }
};

bool within_a_minute(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  return true;
}

}  // namespace

TEST_CASE("a platform that is down for a whole day of orders gets each event once when it is back, in order",
          "[S2.7][S2.10][S4.2]") {
  // Some endpoints say that they are not there, others fail at whatever they are given.
  const auto status = GENERATE("503", "500", "404");
  INFO("the platform answers " << status);
  temporary_folder folder;
  const auto data = folder.file("data");
  platform platform{status};
  {
    node shop{data, platform};
    program replay{{SOUK_BINARY, "replay", day, "--node", shop.url(), "--quiet", "-o", "json"}};
    REQUIRE(replay.wait() == 0);
    const auto said = json::parse(replay.last_line());
    CHECK(said.at("reconciled") == true);
    CHECK(said.at("completed").get<int>() + said.at("returns_completed").get<int>() == documents);
    REQUIRE(within_a_minute([&] { return platform.stat("rejected") >= 3; }));
    CHECK(shop.blames_no_event());
    CHECK(shop.end(SIGKILL) == -SIGKILL);
  }
  CHECK(platform.stat("distinct") == 0);
  node shop{data, platform};
  // At first it keeps some events without saying so: those come again.
  platform.control(R"({"down": false, "status": 503, "lose_percent": 10})");
  REQUIRE(within_a_minute([&] { return platform.stat("distinct") >= documents / 2; }));
  platform.control(R"({"lose_percent": 0})");
  REQUIRE(within_a_minute([&] { return platform.stat("distinct") == documents; }));
  CHECK(platform.stat("out_of_order") == 0);
  // What it kept without saying so is tried once more.
  REQUIRE(within_a_minute([&] { return shop.blames_no_event(); }));
  CHECK(shop.end(SIGTERM) == 0);
  CHECK(platform.stat("distinct") == documents);
  CHECK(platform.stat("received") - platform.stat("duplicates") == documents);
  program check{{SOUK_BINARY, "check", data, "-o", "json"}};
  CHECK(check.wait() == 0);
}

TEST_CASE("of an order by events the platform hears its histories first and its end last, though two sources tell them",
          "[S2.10][S3.5]") {
  temporary_folder folder;
  const auto data = folder.file("data");
  platform platform{"503"};
  node shop{data, platform};
  program replay{{SOUK_BINARY, "replay", day, "--flow", "by_events", "--node", shop.url(), "--quiet", "-o", "json"}};
  REQUIRE(replay.wait() == 0);
  CHECK(json::parse(replay.last_line()).at("reconciled") == true);
  const auto untold = [&] {
    std::int64_t n = 0;
    const auto outbox = json::parse(shop.get("/v1/admin/outbox"));
    for (const auto& one : outbox.at("untold")) n += one.at("events").get<std::int64_t>();
    return n;
  };
  CHECK(untold() == documents);
  CHECK(platform.stat("distinct") == 0);
  platform.control(R"({"down": false, "lose_percent": 10})");
  REQUIRE(within_a_minute([&] { return untold() == 0; }));
  std::istringstream told{platform.get("/events")};
  std::map<std::string, std::string> newest;  // type, by order
  for (std::string line; std::getline(told, line);) {
    const auto event = json::parse(line);
    newest[event.at("subject")] = event.at("type");
  }
  CHECK(newest.size() == documents);
  for (const auto& [order, type] : newest) CHECK((type.starts_with("souk.order.") || type == "souk.goods.returned"));
  CHECK(platform.stat("out_of_order") == 0);
  CHECK(shop.end(SIGTERM) == 0);
}
