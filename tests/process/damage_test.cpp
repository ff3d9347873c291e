// A store of a stopped node rots: every command that reads it says which, and what is to be done, and that helps.
#include <csignal>
#include <fstream>

#include "persistence/sqlite/checked_pages.hpp"
#include "tests/catch.hpp"
#include "tests/server.hpp"
#include "tests/shell.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

spoken souk_says(const std::string& words) { return said_by("timeout 60 " SOUK_BINARY " " + words + " 2>&1"); }

void rot(const std::string& store, std::int64_t page) {
  std::fstream file{store, std::ios::binary | std::ios::in | std::ios::out};
  const auto at = (page - 1) * persistence::checked_page_bytes + 2'000;
  file.seekg(at);
  const auto was = static_cast<char>(file.get());
  file.seekp(at);
  file.put(static_cast<char>(was ^ 0x10));
  REQUIRE(file.good());
}

}  // namespace

TEST_CASE("a store that rotted is named by whoever reads it, with exit code 65 and what is to be done", "[C.3][C.4]") {
  const temporary_folder folder;
  const auto data = folder.file("data"), backup = folder.file("backup"), back = folder.file("back");
  const auto store = data + "/wallet-0.db";
  {
    server node{{SOUK_BINARY, "serve", "--data", data, "--http", "127.0.0.1:0"}};
    edge::http_client client{"127.0.0.1", node.port()};
    REQUIRE(client.request("PUT", "/v1/users/ann", {{"idempotency-key", "a"}}, R"({"name":"Ann"})").status == 201);
    REQUIRE(
        client.request("POST", "/v1/wallets/ann/charges", {{"idempotency-key", "b"}}, R"({"amount":10000})").status ==
        201);
    REQUIRE(node.end(SIGTERM) == 0);
  }
  REQUIRE(souk_says("backup " + data + ' ' + backup).code == 0);
  // Its first page is read by a start too; what is in a table may not be before somebody asks.
  const auto page = GENERATE(1, 3);
  rot(store, page);
  std::vector<std::string> commands{"check " + data, "backup " + data + ' ' + folder.file("another")};
  if (page == 1) commands.push_back("serve --data " + data + " --http 127.0.0.1:0");
  for (const auto& one : commands) {
    const auto said = souk_says(one);
    INFO("souk " << one << ":\n" << said.text);
    CHECK(said.code == 65);
    const auto says = [&](const std::string& what) { return said.text.find(what) != said.text.npos; };
    CHECK(says("a store is damaged: " + store + ": "));
    CHECK(says("page " + std::to_string(page)));
    CHECK(says("start no node on " + data + ","));
    CHECK(says("souk restore BACKUP DIR"));
    for (const auto* noise : {"***", "exclusive", ".partial"}) CHECK_FALSE(says(noise));
  }
  CHECK(souk_says("restore " + backup + ' ' + back).code == 0);
  CHECK(souk_says("check " + back).code == 0);
}
