// Starts programs and asks them over HTTP.
#include "tests/world/program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "actors/edge/http.hpp"

extern char** environ;

namespace souk::tests {

program::program(std::vector<std::string> words) {
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

program::~program() {
  ::kill(process_, SIGKILL);  // what it would say at its end nobody reads
  ::waitpid(process_, nullptr, 0);
}

std::string program::get(const std::string& target) const {
  return edge::http_client{"127.0.0.1", port_}.request("GET", target).body;
}

void program::control(const std::string& json) const {
  const auto said = edge::http_client{"127.0.0.1", port_}.request("POST", "/control", {}, json);
  if (said.status != 200) throw std::runtime_error(said.body);
}

}  // namespace souk::tests
