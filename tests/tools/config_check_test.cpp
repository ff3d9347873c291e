// What the command line says of nodes: who keeps what, what is wrong where, and which stores belong together.
#include <fstream>
#include <nlohmann/json.hpp>

#include "persistence/user.hpp"
#include "tests/catch.hpp"
#include "tests/shell.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

const std::string souk_itself = std::string{SOUK_BINARY} + ' ';
const std::string example = std::string{SOUK_SOURCE_DIR} + "/node-config/cluster.json";

}  // namespace

TEST_CASE("the placement of a configuration is printed before anything is started from it", "[config]") {
  const auto said = said_by(souk_itself + "config check " + example + " -o json");
  CHECK(said.code == 0);
  const auto nodes = nlohmann::json::parse(said.text).at("nodes");
  REQUIRE(nodes.size() == 3);
  CHECK(nodes[0].at("name") == "north");
  CHECK(nodes[0].at("keeps") == nlohmann::json{"user", "wallet/0", "coupon", "order/0", "cart", "coordinator/0"});
  const auto table = said_by(souk_itself + "config check " + example);
  CHECK(table.code == 0);
  CHECK(table.text.find("ranking platform concert reservation queue event_log") != std::string::npos);
}

TEST_CASE("a wrong configuration ends with 2, its file and its line, whoever is given it", "[config]") {
  temporary_folder folder;
  const auto file = folder.file("wrong.json");
  std::ofstream{file} << "{\n \"nodes\": {\n  \"a\": {\"address\": \"127.0.0.1:7001\",\n   \"keeps\": [\"walet\"]}}}";
  const auto where = file + ":4: nodes.a.keeps[0] 'walet' is not known";
  for (const auto& command : {"config check " + file, "serve --config " + file + " --node a"}) {
    const auto said = said_by(souk_itself + command + " 2>&1");
    INFO(said.text);
    CHECK(said.code == 2);
    CHECK(said.text.find(where) != std::string::npos);
  }
}

TEST_CASE("a node that does not say which one it is, or that nobody could trust, does not start", "[config]") {
  const auto nameless = said_by(souk_itself + "serve --config " + example + " 2>&1");
  CHECK(nameless.code == 2);
  CHECK(nameless.text.find("must be one of north, south, west") != std::string::npos);
  // Its name may come from the environment: then it goes on to what is wrong next.
  temporary_folder folder;
  std::string keeps;
  for (const auto name : domain_names) keeps += '"' + std::string{name} + "\", ";
  const auto file = folder.file("far.json");
  std::ofstream{file} << R"({"data": ")" + folder.file("data") +
                             R"(", "nodes": {"a": {"address": "192.0.2.1:7001", "certificate": "/no/a.pem",
    "key": "/no/a.key", "ca": "/no/ca.pem", "keeps": [)" +
                             keeps + R"("coordinator"]}}})";
  const auto far = said_by("SOUK_NODE_NAME=a " + souk_itself + "serve --http 127.0.0.1:0 --config " + file + " 2>&1");
  INFO(far.text);
  CHECK(far.code == 2);
  CHECK(far.text.find("/no/a.pem cannot be read") != std::string::npos);
}

TEST_CASE("directories that have one store twice are not audited together", "[check]") {
  temporary_folder folder;
  for (const std::string name : {"a", "b"}) {
    std::filesystem::create_directory(folder.path() / name);
    persistence::open_options how;
    how.path = folder.file(name + "/user-0.db");
    persistence::user_store store{how};
  }
  const auto said = said_by(souk_itself + "check " + folder.file("a") + ' ' + folder.file("b") + " 2>&1");
  CHECK(said.code == 1);
  CHECK(said.text.find("do not belong together") != std::string::npos);
}
