// The booth: a node of its own with its gateway, asked over the routes that callers have, without a socket.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "actors/edge/gateway.hpp"
#include "actors/runtime/node.hpp"

namespace souk::onsale {

// The node did not answer, however often it was asked.
struct no_answer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct said {
  unsigned status = 0;
  nlohmann::json body;
  bool replayed = false;

  bool well() const { return status < 300; }
  std::string reason() const { return body.value("reason", std::string{}); }
};

class booth {
public:
  explicit booth(const std::filesystem::path& data);
  ~booth();
  booth(const booth&) = delete;
  booth& operator=(const booth&) = delete;

  // Waits for the answer, and asks again while nobody has time. Thread-safe.
  said ask(const std::string& method, const std::string& target, const nlohmann::json& body = {},
           const std::string& key = {});
  said get(const std::string& target) { return ask("GET", target); }

  // Until no payment is under way.
  void come_to_rest();

private:
  std::unique_ptr<runtime::node> node_;
  std::unique_ptr<edge::gateway> gateway_;
};

}  // namespace souk::onsale
