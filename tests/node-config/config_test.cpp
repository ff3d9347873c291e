// The configuration: what a file may say, and how it is told what it may not.
#include "node-config/config.hpp"

#include <fstream>
#include <map>

#include "tests/catch.hpp"
#include "tests/temporary.hpp"

using namespace souk;

namespace {

config::node read(std::string_view json) {
  config::node all;
  config::read_text(json, "f.json", all);
  return all;
}

std::string complaint(std::string_view json) {
  try {
    read(json);
  } catch (const config::wrong& wrong) {
    return wrong.what();
  }
  return "nothing";
}

}  // namespace

TEST_CASE("what a file does not say stays as it is", "[config]") {
  const auto all = read("{}");
  CHECK(all.data == "./.data");
  CHECK(all.http.host == "127.0.0.1");
  CHECK(all.http.port == 8080);
  CHECK(all.payment_provider == "internal");
  CHECK(all.limits.orders_in_flight == 4096);
  CHECK(all.event_log.keep_hours == 0);
}

TEST_CASE("the files that come with souk are read", "[config]") {
  for (const auto* name : {"single.json", "test.json"}) {
    config::node all;
    CHECK_NOTHROW(config::read_file(std::string{SOUK_SOURCE_DIR} + "/node-config/" + name, all));
    CHECK(all.coordinators >= 1);
  }
}

TEST_CASE("every key is read", "[config]") {
  const auto all = read(R"({"data":"/d","http":{"host":"::1","port":0,"threads":3},
    "shards":{"user":2,"wallet":3,"product":4,"coupon":5,"order":6,"payment":1},"coordinators":8,"threads":2,
    "platform":"file:/x","payment_provider":"http://pay:81/v1","desks":"scheduled","currency":"EUR","limits":{"orders_in_flight":9,"connections":10,
    "body_bytes":2048,"header_bytes":4096,"wait_ms":0,"idle_seconds":12},"event_log":{"keep_hours":48}})");
  CHECK(all.data == "/d");
  CHECK(all.http.host == "::1");
  CHECK(all.http.port == 0);
  CHECK(all.http.threads == 3);
  auto shards = one_each();
  for (std::uint32_t i = 0; i < 5; ++i) shards[i] = i + 2;
  CHECK(all.shards == shards);
  CHECK(all.coordinators == 8);
  CHECK(all.platform == "file:/x");
  CHECK(all.payment_provider == "http://pay:81/v1");
  CHECK(all.desks == config::desks::scheduled);
  CHECK(all.currency == "EUR");
  CHECK(all.limits.wait_ms == 0);
  CHECK(all.limits.idle_seconds == 12);
  CHECK(all.event_log.keep_hours == 48);
}

TEST_CASE("what is wrong is named with its file and its key", "[config]") {
  const std::map<std::string, std::string> cases{
      {R"({"datas":"x"})", "f.json: datas is not known"},
      {R"({"http":{"prt":1}})", "f.json: http.prt is not known"},
      {R"({"http":{"port":65536}})", "f.json: http.port must be a whole number from 0 to 65535"},
      {R"({"http":{"port":"80"}})", "f.json: http.port must be a whole number from 0 to 65535"},
      {R"({"http":{"port":80.0}})", "f.json: http.port must be a whole number from 0 to 65535"},
      {R"({"http":8080})", "f.json: http must be an object"},
      {R"({"shards":{"wallet":0}})", "f.json: shards.wallet must be a whole number from 1 to 256"},
      {R"({"shards":{"ranking":2}})", "f.json: shards.ranking must be a whole number from 1 to 1"},
      {R"({"shards":{"concert":2}})", "f.json: shards.concert must be a whole number from 1 to 1"},
      {R"({"coordinators":18446744073709551615})", "f.json: coordinators must be a whole number from 1 to 64"},
      {R"({"data":7})", "f.json: data must be text"},
      {R"({"data":""})", "f.json: data must name a directory"},
      {R"({"desks":"standing"})", "f.json: desks must be detached or scheduled"},
      {R"({"currency":"pounds"})", "f.json: currency must be three capital letters (ISO 4217)"},
      {R"({"payment_provider":""})", "f.json: payment_provider '' must be internal or http://HOST:PORT/PATH"},
      {R"({"payment_provider":"https://x"})",
       "f.json: payment_provider 'https://x' must be internal or http://HOST:PORT/PATH"},
      {R"({"payment_provider":"http:///x"})",
       "f.json: payment_provider 'http:///x' must be internal or http://HOST:PORT/PATH"},
      {R"({"payment_provider":1})", "f.json: payment_provider must be text"},
      {R"({"event_log":{"keep_hours":-1}})", "f.json: event_log.keep_hours must be a whole number from 0 to 87600"},
      {R"({"event_log":{"keep_hours":1.5}})", "f.json: event_log.keep_hours must be a whole number from 0 to 87600"},
      {R"({"event_log":{"keep":1}})", "f.json: event_log.keep is not known"},
      {R"({"data":"a","data":"b"})", "f.json: data is there twice"},
      {R"([])", "f.json: the configuration must be an object"},
  };
  for (const auto& [json, text] : cases) CHECK(complaint(json) == text);
  CHECK(complaint("{").starts_with("f.json: is not JSON"));
  config::node all;
  CHECK_THROWS_WITH(config::read_file("/no/such/file.json", all), "/no/such/file.json: cannot be read");
}

TEST_CASE("the environment goes over the file, and an address is checked", "[config]") {
  config::node all = read(R"({"data":"/file","http":{"port":1}})");
  const std::map<std::string, std::string> set{{"SOUK_DATA", "/env"},
                                               {"SOUK_HTTP", "[::1]:9090"},
                                               {"SOUK_PLATFORM", ""},
                                               {"SOUK_PAYMENT_PROVIDER", "http://[::1]:81"}};
  const auto look = [&](const char* name) -> const char* {
    const auto found = set.find(name);
    return found == set.end() ? nullptr : found->second.c_str();
  };
  config::read_environment(look, all);
  CHECK(all.data == "/env");
  CHECK(all.http.host == "::1");
  CHECK(all.http.port == 9090);
  CHECK(all.payment_provider == "http://[::1]:81");
  CHECK_THROWS_WITH(config::read_payment_provider("nobody", "--payment-provider", all),
                    "--payment-provider 'nobody' must be internal or http://HOST:PORT/PATH");
  config::read_address(":7", "--http", all);
  CHECK(all.http.host == "::1");
  CHECK(all.http.port == 7);
  for (const auto* bad : {"", "localhost", "localhost:", "localhost:x", "localhost:65536", "localhost:-1", "::1:80"})
    CHECK_THROWS_AS(config::read_address(bad, "--http", all), config::wrong);
}
