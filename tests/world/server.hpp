// A server that a test starts, asks over HTTP, and ends.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/program.hpp"

namespace souk::tests {

class server {
public:
  // words: the executable and its flags.
  explicit server(std::vector<std::string> words) : program_(std::move(words)), port_(program_.port()) {}

  std::uint16_t port() const { return port_; }
  std::string get(const std::string& target) const;
  void control(const std::string& json) const;  // POST /control

private:
  program program_;
  std::uint16_t port_;
};

}  // namespace souk::tests
