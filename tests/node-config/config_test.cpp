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
  CHECK(all.watch.rows_per_second == 2'000);
  CHECK(all.watch.overdue_seconds[0] == 0);
}

TEST_CASE("the files that come with souk are read", "[config]") {
  for (const auto* name : {"single.json", "test.json", "cluster.json"}) {
    config::node all;
    CHECK_NOTHROW(config::read_file(std::string{SOUK_SOURCE_DIR} + "/node-config/" + name, all));
    CHECK(all.coordinators >= 1);
  }
}

TEST_CASE("every key is read", "[config]") {
  const auto all = read(R"({"data":"/d","http":{"host":"::1","port":0,"threads":3},
    "shards":{"user":2,"wallet":3,"product":4,"coupon":5,"order":6,"payment":1},"coordinators":8,"threads":2,
    "platform":"file:/x","payment_provider":"http://pay:81/v1","desks":"scheduled","currency":"EUR","limits":{"orders_in_flight":9,"connections":10,
    "body_bytes":2048,"header_bytes":4096,"wait_ms":0,"idle_seconds":12},"event_log":{"keep_hours":48},"watch":{"rows_per_second":0,"overdue_seconds":{"by_events":7}},
    "admin":{"host":"::1","port":9},"keys":"/k","access_log":"/a","log":{"format":"json"}})");
  CHECK(all.watch.rows_per_second == 0);
  CHECK(all.watch.overdue_seconds[6] == 7);
  CHECK(all.watch.overdue_seconds[0] == 0);
  CHECK(all.admin.host == "::1");
  CHECK(all.admin.port == 9);
  CHECK(all.keys == "/k");
  CHECK(all.access_log == "/a");
  CHECK(all.log == config::log_format::json);
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

TEST_CASE("what is wrong is named with its file, its line and its key", "[config]") {
  const std::map<std::string, std::string> cases{
      {R"({"datas":"x"})", "f.json:1: datas is not known"},
      {R"({"http":{"prt":1}})", "f.json:1: http.prt is not known"},
      {R"({"http":{"port":65536}})", "f.json:1: http.port must be a whole number from 0 to 65535"},
      {R"({"http":{"port":"80"}})", "f.json:1: http.port must be a whole number from 0 to 65535"},
      {R"({"http":{"port":80.0}})", "f.json:1: http.port must be a whole number from 0 to 65535"},
      {R"({"http":8080})", "f.json:1: http must be an object"},
      {R"({"shards":{"wallet":0}})", "f.json:1: shards.wallet must be a whole number from 1 to 256"},
      {R"({"shards":{"ranking":2}})", "f.json:1: shards.ranking must be a whole number from 1 to 1"},
      {R"({"shards":{"concert":2}})", "f.json:1: shards.concert must be a whole number from 1 to 1"},
      {R"({"coordinators":18446744073709551615})", "f.json:1: coordinators must be a whole number from 1 to 64"},
      {R"({"data":7})", "f.json:1: data must be text"},
      {R"({"data":""})", "f.json:1: data must name a directory"},
      {R"({"desks":"standing"})", "f.json:1: desks must be detached or scheduled"},
      {R"({"currency":"pounds"})", "f.json:1: currency must be three capital letters (ISO 4217)"},
      {R"({"payment_provider":""})", "f.json:1: payment_provider '' must be internal or http://HOST:PORT/PATH"},
      {R"({"payment_provider":"https://x"})",
       "f.json:1: payment_provider 'https://x' must be internal or http://HOST:PORT/PATH"},
      {R"({"payment_provider":"http:///x"})",
       "f.json:1: payment_provider 'http:///x' must be internal or http://HOST:PORT/PATH"},
      {R"({"payment_provider":1})", "f.json:1: payment_provider must be text"},
      {R"({"event_log":{"keep_hours":-1}})", "f.json:1: event_log.keep_hours must be a whole number from 0 to 87600"},
      {R"({"event_log":{"keep_hours":1.5}})", "f.json:1: event_log.keep_hours must be a whole number from 0 to 87600"},
      {R"({"event_log":{"keep":1}})", "f.json:1: event_log.keep is not known"},
      {R"({"data":"a","data":"b"})", "f.json:1: data is there twice"},
      {R"([])", "f.json:1: the configuration must be an object"},
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

namespace {

// Two nodes; `north` and `south` are what each keeps.
std::string two_nodes(const std::string& north, const std::string& south, const std::string& more = "") {
  return "{\n \"shards\": {\"wallet\": 2},\n \"coordinators\": 2,\n \"nodes\": {\n"
         "  \"north\": {\"address\": \"127.0.0.1:7101\", \"keeps\": [" +
         north + "]},\n  \"south\": {\"address\": \"127.0.0.1:7102\"" + more + ", \"keeps\": [\n   " + south +
         "]}\n }\n}";
}
const std::string most =
    R"("user", "product", "coupon", "order", "payment", "ranking", "platform", "concert", "reservation", "queue",
       "cart", "event_log", "coordinator/0")";

}  // namespace

TEST_CASE("nodes say what each keeps, as whole pools or by the shard", "[config]") {
  auto all = read(two_nodes(most + R"(, "wallet/1")", R"("coordinator/1", "wallet/0")"));
  REQUIRE(all.members.size() == 2);
  CHECK(all.members[0].data == "./.data/north");
  CHECK(all.members[1].port == 7102);
  const auto& placed = all.placement;
  CHECK(placed.nodes == std::vector<std::string>{"north", "south"});
  CHECK(placed.desks[static_cast<std::size_t>(domain::wallet)] == std::vector<std::uint32_t>{1, 0});
  CHECK(placed.desks[static_cast<std::size_t>(domain::cart)] == std::vector<std::uint32_t>{0});
  CHECK(placed.coordinators == std::vector<std::uint32_t>{0, 1});
  const auto other = read(two_nodes(most + R"(, "wallet/0")", R"("coordinator/1", "wallet/1")"));
  CHECK(placed.fingerprint() != other.placement.fingerprint());
  CHECK(placed.fingerprint() ==
        read(two_nodes(R"("wallet/1", )" + most, R"("wallet/0", "coordinator/1")")).placement.fingerprint());

  config::choose_node("south", all);
  CHECK(all.name == "south");
  CHECK(all.data == "./.data/south");
  CHECK_THROWS_WITH(config::choose_node("west", all),
                    "node 'west' is not in the configuration: there are north, south");
  CHECK_THROWS_WITH(config::choose_node("", all),
                    "which node is this? --node or SOUK_NODE_NAME must be one of north, south");
  auto one = read("{}");
  CHECK_NOTHROW(config::choose_node("", one));
  CHECK_THROWS_WITH(config::choose_node("north", one), "node 'north': the configuration names no nodes");
}

TEST_CASE("a placement that leaves something out, or places it twice, is refused with its line", "[config]") {
  const auto wallets = most + R"(, "wallet", "coordinator/1")";
  CHECK(complaint(two_nodes(wallets, "")) == "nothing");
  const std::vector<std::pair<std::string, std::string>> cases{
      {two_nodes(most + R"(, "wallet/1")", R"("coordinator/1")"), "f.json:4: nodes leave wallet/0 to nobody"},
      {two_nodes(most + R"(, "wallet")", ""), "f.json:4: nodes leave coordinator/1 to nobody"},
      {two_nodes(wallets, R"("wallet/1")"), "f.json:8: nodes.south.keeps[0] keeps wallet/1, which north keeps already"},
      {two_nodes(wallets, R"("wallet/2")"),
       "f.json:8: nodes.south.keeps[0] 'wallet/2' is not there: wallet has 2 shards"},
      {two_nodes(wallets, R"("purse")"),
       "f.json:8: nodes.south.keeps[0] 'purse' is not known: it must be a domain or coordinator, with or without "
       "/SHARD"},
      {two_nodes(wallets, "7"), "f.json:8: nodes.south.keeps[0] must be text"},
      {two_nodes(wallets, "", R"(, "adress": "x")"), "f.json:7: nodes.south.adress is not known"},
      {two_nodes(wallets, "", R"(, "data": "./.data/north")"), "f.json:7: nodes.south.data is that of north"},
      {two_nodes(wallets, "", R"(, "address": "x")"), "f.json:7: nodes.south.address is there twice"},
      {R"({"nodes": {"North": {}}})",
       "f.json:1: nodes.North is no node's name: small letters, digits and '-', at most 32"},
      {"{\"nodes\":\n{\"a\":\n{\"address\":\"far\"}}}",
       "f.json:3: nodes.a.address must be HOST:PORT, where the other nodes reach it"},
      {R"({"nodes": {}})", "f.json:1: nodes must name at least one node"},
  };
  for (const auto& [json, text] : cases) CHECK(complaint(json) == text);
}

TEST_CASE("nodes that others could overhear need a certificate, a key and a ca", "[config]") {
  const std::string far = "{\"nodes\": {\"a\":\n {\"address\": \"192.0.2.1:7000\"";
  CHECK(
      complaint(far + "}}}") ==
      "f.json:2: nodes.a.address is not this machine's alone: the node must name its certificate, its key and the ca");
  CHECK(complaint(far + R"(, "certificate": "a.pem", "key": "a.key"}}})").starts_with("f.json:2: nodes.a.address"));
  CHECK(complaint(far + R"(, "certificate": "a.pem", "key": "a.key", "ca": "ca.pem"}}})") ==
        "f.json:1: nodes leave user/0 to nobody");
  CHECK(complaint(R"({"nodes": {"a": {"address": "localhost:1", "key": "a.key"}}})") ==
        "f.json:1: nodes.a.certificate goes together with key and ca: name all of them or none");
}

TEST_CASE("the entrance for admins is on loopback unless a host is named", "[config]") {
  CHECK(read("{}").admin.host.empty());
  CHECK(read(R"({"admin":{}})").admin.host == "127.0.0.1");
  config::node all;
  config::read_admin_address(":7", "--admin", all);
  CHECK(all.admin.host == "127.0.0.1");
  CHECK(all.admin.port == 7);
  CHECK_THROWS_AS(config::read_admin_address("7", "--admin", all), config::wrong);
  CHECK(complaint(R"({"log":{"format":"xml"}})") == "f.json:1: log.format must be automatic, text or json");
}
