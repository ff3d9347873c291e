// Starts and asks the payment provider's program.
#include "tests/world/till.hpp"

#include <nlohmann/json.hpp>

#include "actors/edge/providers.hpp"

namespace souk::tests {

static std::vector<std::string> words(const std::vector<std::string>& flags, std::uint16_t port) {
  std::vector<std::string> all{SOUK_PAYMENT_PROVIDER, "--port", std::to_string(port)};
  all.insert(all.end(), flags.begin(), flags.end());
  return all;
}

till::till(const std::vector<std::string>& flags, std::uint16_t port) : server_(words(flags, port)) {}

runtime::provider_maker till::maker_at(std::uint16_t port, std::int64_t timeout_ms) {
  return edge::make_provider_maker("http://127.0.0.1:" + std::to_string(port),
                                   {"GBP", std::chrono::milliseconds{timeout_ms}});
}

std::map<std::string, till::charge> till::ledger() {
  std::map<std::string, charge> all;
  const auto said = nlohmann::json::parse(server_.get("/ledger"));
  for (const auto& one : said["charges"])
    all[one["key"]] = {one["state"], one["amount"], one["captures"], one["refunds"]};
  return all;
}

std::int64_t till::figure(const std::string& name) { return nlohmann::json::parse(server_.get("/stats")).at(name); }

}  // namespace souk::tests
