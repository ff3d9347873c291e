// Asks servers over HTTP.
#include "tests/world/server.hpp"

#include "actors/edge/http.hpp"

namespace souk::tests {

std::string server::get(const std::string& target) const {
  return edge::http_client{"127.0.0.1", port_}.request("GET", target).body;
}

void server::control(const std::string& json) const {
  const auto said = edge::http_client{"127.0.0.1", port_}.request("POST", "/control", {}, json);
  if (said.status != 200) throw std::runtime_error(said.body);
}

}  // namespace souk::tests
