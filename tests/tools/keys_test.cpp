// Keys as a shop uses them: made at the command line, believed by a running node, taken out of force.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "actors/edge/http.hpp"
#include "tests/catch.hpp"
#include "tests/program.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

std::string said_by(std::vector<std::string> words, int code = 0) {
  words.insert(words.begin(), SOUK_BINARY);
  program one{std::move(words)};
  INFO(one.last_line());
  CHECK(one.wait() == code);
  return one.last_line();
}

std::string new_key(const std::string& data, const std::string& role, const std::string& user = {}) {
  std::vector<std::string> words{"keys", "add", "--data", data, "--role", role};
  if (!user.empty()) words.insert(words.end(), {"--user", user});
  const auto key = said_by(words);
  REQUIRE(key.rfind("souk_", 0) == 0);
  return key;
}

std::uint16_t port_in(const std::string& line) {
  const auto colon = line.rfind(':');
  REQUIRE(colon != line.npos);
  return static_cast<std::uint16_t>(std::stoi(line.substr(colon + 1)));
}

unsigned status_of(std::uint16_t port, const std::string& target, const std::string& key = {}) {
  edge::header_list headers;
  if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
  return edge::http_client{"127.0.0.1", port}.request("GET", target, headers).status;
}

// A node looks at its keys once a second.
bool soon(const std::function<bool()>& holds) {
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};;) {
    if (holds()) return true;
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

}  // namespace

TEST_CASE("a node without keys is open, says so, and closes as soon as the first key is made", "[keys]") {
  temporary_folder folder;
  const auto data = folder.file("data"), log = folder.file("access.log"), config = folder.file("souk.json");
  { std::ofstream{config} << R"({"access_log": ")" << log << R"(", "log": {"format": "json"}})"; }
  program node{{SOUK_BINARY, "serve", "--config", config, "--data", data, "--http", "127.0.0.1:0"}};
  const auto port = node.port();
  CHECK(node.line().rfind("open: nobody needs a key", 0) == 0);
  for (const auto* target : {"/v1/orders", "/v1/admin/actors", "/metrics", "/"}) {
    INFO(target);
    CHECK(status_of(port, target) == 200);
  }

  const auto admin = new_key(data, "admin");
  const auto line = node.line();
  INFO(line);
  REQUIRE(line.rfind("admin on http://127.0.0.1:", 0) == 0);
  const auto admins = port_in(line);
  CHECK(status_of(port, "/v1/orders") == 401);
  CHECK(status_of(port, "/v1/orders", admin) == 200);
  CHECK(status_of(port, "/livez") == 200);
  CHECK(status_of(port, "/v1/admin/actors", admin) == 404);
  CHECK(status_of(admins, "/v1/admin/actors", admin) == 200);
  CHECK(status_of(admins, "/v1/admin/actors") == 401);

  const auto at = "http://127.0.0.1:" + std::to_string(admins);
  CHECK(said_by({"admin", "--node", at, "--key", admin, "-o", "json", "actors"}).front() == '{');
  said_by({"admin", "--node", at, "actors"}, 1);

  const auto anna = new_key(data, "customer", "anna");
  CHECK(soon([&] { return status_of(port, "/v1/orders", anna) == 200; }));
  const auto list = said_by({"keys", "list", "--data", data});
  CHECK(list.find("customer") != list.npos);
  CHECK(list.find(anna.substr(5)) == list.npos);
  said_by({"keys", "revoke", "--data", data, list.substr(0, 12)});
  CHECK(soon([&] { return status_of(port, "/v1/orders", anna) == 401; }));
  CHECK(status_of(port, "/v1/orders", admin) == 200);
  said_by({"keys", "revoke", "--data", data, "000000000000"}, 3);
  CHECK(node.end() == 0);

  std::ifstream in{log};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  CHECK(text.find(R"("method":"GET","route":"/v1/admin/actors","status":401)") != text.npos);
  CHECK(text.find(R"("role":"customer")") != text.npos);
  CHECK(text.find("souk_") == text.npos);
}

TEST_CASE("a node that others could reach does not start without keys, and says what to do", "[keys]") {
  temporary_folder folder;
  const auto data = folder.file("data");
  for (const auto* flag : {"--http", "--admin"}) {
    program refused{{SOUK_BINARY, "serve", "--data", data, "--http", "127.0.0.1:0", flag, "0.0.0.0:0"}};
    CHECK(refused.wait() == 2);
  }
  // Not even its stores were opened.
  CHECK_FALSE(std::filesystem::exists(data));
  new_key(data, "admin");
  program node{{SOUK_BINARY, "serve", "--data", data, "--http", "0.0.0.0:0"}};
  CHECK(node.port() != 0);
  CHECK(node.line().rfind("admin on http://127.0.0.1:", 0) == 0);
  CHECK(node.end() == 0);
}

TEST_CASE("an entrance for admins that nobody named is where one remembers it, unless somebody else is there",
          "[keys]") {
  // A socket of the loopback while it lives.
  struct taken {
    explicit taken(std::uint16_t port) : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
      sockaddr_in at{};
      at.sin_family = AF_INET;
      at.sin_port = htons(port);
      at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      is_ours = ::bind(socket, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 && ::listen(socket, 1) == 0;
    }
    ~taken() { ::close(socket); }
    taken(const taken&) = delete;
    taken& operator=(const taken&) = delete;
    int socket;
    bool is_ours = false;
  };
  std::mt19937 dice{std::random_device{}()};
  std::uint16_t http = 0;
  do http = static_cast<std::uint16_t>(20'000 + dice() % 10'000);
  while (!taken{http}.is_ours || !taken{static_cast<std::uint16_t>(http + 1'000)}.is_ours);
  temporary_folder folder;
  const auto data = folder.file("data");
  new_key(data, "admin");
  const auto admins = [&] {
    program node{{SOUK_BINARY, "serve", "--data", data, "--http", "127.0.0.1:" + std::to_string(http)}};
    CHECK(node.port() == http);
    const auto port = port_in(node.line());
    CHECK(node.end() == 0);
    return port;
  };
  CHECK(admins() == http + 1'000);
  const taken others{static_cast<std::uint16_t>(http + 1'000)};
  REQUIRE(others.is_ours);
  const auto another = admins();
  CHECK(another != http + 1'000);
  CHECK(another != 0);
}

TEST_CASE("a node whose named file of keys is gone does not start open", "[keys]") {
  temporary_folder folder;
  const auto data = folder.file("data"), file = folder.file("keys.json");
  program refused{{SOUK_BINARY, "serve", "--data", data, "--http", "127.0.0.1:0", "--keys", file}};
  CHECK(refused.wait() == 2);
  CHECK_FALSE(std::filesystem::exists(data));
  said_by({"keys", "add", "--file", file, "--role", "admin"});
  program node{{SOUK_BINARY, "serve", "--data", data, "--http", "127.0.0.1:0", "--keys", file}};
  CHECK(status_of(node.port(), "/v1/orders") == 401);
  CHECK(node.end() == 0);
}

TEST_CASE("a customer's key names its user, and no other key does", "[keys]") {
  temporary_folder folder;
  const auto data = folder.file("data");
  said_by({"keys", "add", "--data", data, "--role", "customer"}, 2);
  said_by({"keys", "add", "--data", data, "--role", "staff", "--user", "anna"}, 2);
  said_by({"keys", "add", "--data", data, "--role", "king"}, 2);
  CHECK(said_by({"keys", "list", "--data", data, "-o", "json"}) == R"({"data":[]})");
}
