// Asks a payment provider over HTTP.
#include "actors/edge/providers.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "actors/edge/http.hpp"

namespace souk::edge {

namespace {

using nlohmann::json;
using runtime::charge_state;

struct name_of_state {
  std::string_view name;
  charge_state state;
};
constexpr std::array<name_of_state, 5> states{{{"processing", charge_state::processing},
                                               {"captured", charge_state::captured},
                                               {"declined", charge_state::declined},
                                               {"voided", charge_state::voided},
                                               {"refunded", charge_state::refunded}}};

charge_state state_in(const std::string& body) {
  const auto said = json::parse(body, nullptr, false);
  if (!said.is_object()) return charge_state::unknown;
  const auto found = said.find("state");
  if (found == said.end() || !found->is_string()) return charge_state::unknown;
  for (const auto& one : states)
    if (one.name == found->get_ref<const std::string&>()) return one.state;
  return charge_state::unknown;
}

class http_provider final : public runtime::provider {
public:
  http_provider(const url& where, provider_options options)
      : target_(where.target), client_(where.host, where.port), options_(std::move(options)) {
    while (target_.ends_with('/')) target_.pop_back();
  }

  said charge(const std::string& key, const user_id& user, money amount) override {
    const json body{{"user", user.text}, {"amount", amount.minor}, {"currency", options_.currency}};
    return ask("PUT", key, "", body.dump());
  }
  said find(const std::string& key) override { return ask("GET", key, "", {}); }
  said forbid(const std::string& key) override { return ask("PUT", key, "/void", "{}"); }
  said refund(const std::string& key) override { return ask("PUT", key, "/refund", "{}"); }

private:
  said ask(std::string_view method, const std::string& key, const std::string& what, const std::string& body) {
    try {
      header_list headers;
      if (!body.empty()) headers = {{"content-type", "application/json"}, {"idempotency-key", key + what}};
      const auto answer = client_.request(method, target_ + "/charges/" + key + what, headers, body, options_.timeout);
      if (answer.status == 404 && method == "GET") return {charge_state::missing, {}};
      // 402 and 409 are about this charge; whatever else is no success is about the endpoint or about us.
      const bool about_it = answer.status / 100 == 2 || answer.status == 402 || answer.status == 409;
      const auto state = about_it ? state_in(answer.body) : charge_state::unknown;
      if (state != charge_state::unknown) return {state, {}};
      return {state, "it answers " + std::to_string(answer.status) + ' ' + answer.body.substr(0, 200)};
    } catch (const http_unreachable& trouble) {
      return {charge_state::unknown, trouble.what()};
    }
  }

  std::string target_;
  http_client client_;
  provider_options options_;
};

}  // namespace

runtime::provider_maker make_provider_maker(const std::string& where, provider_options options) {
  if (where == "internal") return {};
  const auto to = parse_url(where);
  // What is appended to a path must not end up in a query.
  if (!to || to->target.find('?') != to->target.npos)
    throw std::invalid_argument("the payment provider '" + where + "' is neither internal nor http://HOST:PORT/PATH");
  return [to = *to, options] { return std::make_unique<http_provider>(to, options); };
}

}  // namespace souk::edge
