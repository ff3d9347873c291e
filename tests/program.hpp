// One of our own programs, really started for a test.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

extern char** environ;

namespace souk::tests {

class program {
public:
  explicit program(std::vector<std::string> words) : name_(words.at(0)) {
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
    out_ = ends[0];
    if (failed) throw std::runtime_error(name_ + " did not start");
  }
  ~program() {
    if (process_) end(SIGKILL);
    ::close(out_);
  }
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  std::string line() {
    std::string said;
    for (char c = 0; ::read(out_, &c, 1) == 1 && c != '\n';) said += c;
    return said;
  }
  // Of a server, which says where it listens: once, before anything else.
  std::uint16_t port() {
    const auto said = line();
    const auto colon = said.rfind(':');
    if (colon == said.npos) throw std::runtime_error(name_ + " did not start: " + said);
    return static_cast<std::uint16_t>(std::stoi(said.substr(colon + 1)));
  }
  // It stands still when this returns, not a moment later.
  void stop() const {
    ::kill(process_, SIGSTOP);
    int status = 0;
    ::waitpid(process_, &status, WUNTRACED);
  }
  void go_on() const { ::kill(process_, SIGCONT); }
  // Ends it, and answers its exit code; the signal that ended it counts as negative.
  int end(int signal = SIGTERM) {
    ::kill(process_, signal);
    return wait();
  }
  // Reads what it says until it ends by itself; the last line is kept.
  int wait() {
    std::string said;
    char part[4096];
    for (ssize_t n = 0; (n = ::read(out_, part, sizeof part)) > 0;) said.append(part, static_cast<std::size_t>(n));
    while (said.ends_with('\n')) said.pop_back();
    last_ = said.substr(said.rfind('\n') + 1);
    int status = 0;
    ::waitpid(process_, &status, 0);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  const std::string& last_line() const { return last_; }

private:
  std::string name_;
  std::string last_;
  pid_t process_ = 0;
  int out_ = -1;
};

}  // namespace souk::tests
