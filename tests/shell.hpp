// What the shell says to a command, and how it ends.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace souk::tests {

struct spoken {
  std::string text;
  int code = -1;  // a signal's: -1
};

inline spoken said_by(const std::string& command) {
  auto* pipe = ::popen(command.c_str(), "r");
  if (!pipe) throw std::runtime_error("no pipe for " + command);
  spoken all;
  std::array<char, 4096> part{};
  while (const auto n = std::fread(part.data(), 1, part.size(), pipe)) all.text.append(part.data(), n);
  const auto status = ::pclose(pipe);
  if (WIFEXITED(status)) all.code = WEXITSTATUS(status);
  return all;
}

}  // namespace souk::tests
