// A program that a test starts, listens to for its port, and ends.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace souk::tests {

class program {
public:
  // words: the executable and its flags. It says where it listens in its first line.
  explicit program(std::vector<std::string> words);
  ~program();
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  std::uint16_t port() const { return port_; }
  std::string get(const std::string& target) const;
  void control(const std::string& json) const;  // POST /control

private:
  pid_t process_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace souk::tests
