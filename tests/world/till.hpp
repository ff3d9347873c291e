// A till for tests: the payment provider's own program, started for a test and asked for its ledger.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/runtime/provider.hpp"
#include "tests/server.hpp"

namespace souk::tests {

class till {
public:
  // port 0: any free one
  explicit till(const std::vector<std::string>& flags, std::uint16_t port = 0);

  std::uint16_t port() const { return server_.port(); }
  // How a node is told to use it; impatient by default, so that lost answers cost a test little time.
  runtime::provider_maker maker(std::int64_t timeout_ms = 300) const { return maker_at(port(), timeout_ms); }
  static runtime::provider_maker maker_at(std::uint16_t port, std::int64_t timeout_ms);

  void control(const std::string& json) { server_.control(json); }

  struct charge {
    std::string state;
    std::int64_t amount = 0, captures = 0, refunds = 0;
    std::int64_t kept() const { return amount * (captures - refunds); }
  };
  std::map<std::string, charge> ledger();  // by key
  std::int64_t figure(const std::string& name);

private:
  server server_;
};

}  // namespace souk::tests
