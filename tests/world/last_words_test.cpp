// Last words: a play that takes the process with it.
#include "tools/sim/last_words.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "tests/catch.hpp"

using namespace souk;

TEST_CASE("whatever ends the process, it says first which play that was", "[C.5]") {
  for (const int signal : {SIGABRT, SIGSEGV}) {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    const auto child = fork();
    if (child == 0) {
      std::signal(signal, SIG_DFL);  // not the test's own handler
      if (dup2(ends[1], STDERR_FILENO) < 0) _exit(1);
      sim::last_words words;
      words.are("seed 6\n");
      words.are("seed 7\n");
      raise(signal);
      _exit(0);
    }
    close(ends[1]);
    std::string said(64, ' ');
    const auto n = read(ends[0], said.data(), said.size());
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(said.substr(0, n > 0 ? static_cast<std::size_t>(n) : 0) == "seed 7\n");
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal);
  }
}
