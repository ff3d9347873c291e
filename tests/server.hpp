// A server that a test starts, asks over HTTP, and ends.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "actors/edge/http.hpp"
#include "tests/program.hpp"

namespace souk::tests {

class server {
public:
  // words: the executable and its flags.
  explicit server(std::vector<std::string> words) : program_(std::move(words)), port_(program_.port()) {}

  std::uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string get(const std::string& target) const {
    return edge::http_client{"127.0.0.1", port_}.request("GET", target).body;
  }
  void control(const std::string& json) const {
    const auto said = edge::http_client{"127.0.0.1", port_}.request("POST", "/control", {}, json);
    if (said.status != 200) throw std::runtime_error(said.body);
  }
  int end(int signal) { return program_.end(signal); }

private:
  program program_;
  std::uint16_t port_;
};

}  // namespace souk::tests
