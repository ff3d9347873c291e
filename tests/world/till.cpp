// Starts and asks the payment provider's program.
#include "tests/world/till.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "actors/edge/http.hpp"
#include "actors/edge/providers.hpp"

extern char** environ;

namespace souk::tests {

till::till(const std::vector<std::string>& flags, std::uint16_t port) {
  std::vector<std::string> words{SOUK_PAYMENT_PROVIDER, "--port", std::to_string(port)};
  words.insert(words.end(), flags.begin(), flags.end());
  std::vector<char*> line;
  for (auto& one : words) line.push_back(one.data());
  line.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  const int failed = ::posix_spawn(&process_, line[0], &actions, nullptr, line.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string said;
  for (char c = 0; !failed && ::read(ends[0], &c, 1) == 1 && c != '\n';) said += c;
  ::close(ends[0]);
  const auto colon = said.rfind(':');
  if (failed || colon == said.npos) throw std::runtime_error(words[0] + " did not start: " + said);
  port_ = static_cast<std::uint16_t>(std::stoi(said.substr(colon + 1)));
}

till::~till() {
  ::kill(process_, SIGKILL);  // what it would say at its end nobody reads
  ::waitpid(process_, nullptr, 0);
}

runtime::provider_maker till::maker_at(std::uint16_t port, std::int64_t timeout_ms) {
  return edge::make_provider_maker("http://127.0.0.1:" + std::to_string(port),
                                   {"GBP", std::chrono::milliseconds{timeout_ms}});
}

void till::control(const std::string& json) {
  const auto said = edge::http_client{"127.0.0.1", port_}.request("POST", "/control", {}, json);
  if (said.status != 200) throw std::runtime_error(said.body);
}

std::map<std::string, till::charge> till::ledger() {
  std::map<std::string, charge> all;
  const auto said = nlohmann::json::parse(get("/ledger"));
  for (const auto& one : said["charges"])
    all[one["key"]] = {one["state"], one["amount"], one["captures"], one["refunds"]};
  return all;
}

std::int64_t till::figure(const std::string& name) { return nlohmann::json::parse(get("/stats")).at(name); }

std::string till::get(const std::string& target) {
  return edge::http_client{"127.0.0.1", port_}.request("GET", target).body;
}

}  // namespace souk::tests
