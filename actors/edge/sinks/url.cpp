// Reads the URLs of clusters.
#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "actors/edge/sinks/all.hpp"

namespace souk::edge::sinks {

void refuse(const std::string& where, const std::string& why) {
  throw std::invalid_argument("the platform's sink '" + where + "' is " + why);
}

static bool is_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return false;
  const auto host = text.substr(0, colon), port = text.substr(colon + 1);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
  if (error != std::errc{} || end != port.data() + port.size() || value < 1 || value > 65'535) return false;
  const bool in_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return std::all_of(host.begin(), host.end(), [&](char c) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    return plain || c == '_' || (in_brackets && (c == ':' || c == '[' || c == ']'));
  });
}

cluster_url parse_cluster(const std::string& where, std::string_view scheme) {
  const auto start = std::string{scheme} + "://";
  const auto slash = where.starts_with(start) ? where.find('/', start.size()) : where.npos;
  if (slash == where.npos) refuse(where, "not like " + start + "HOST:PORT/...");
  cluster_url out{where.substr(start.size(), slash - start.size()), where.substr(slash + 1)};
  for (std::size_t at = 0; at <= out.hosts.size();) {
    const auto comma = std::min(out.hosts.find(',', at), out.hosts.size());
    if (const auto one = out.hosts.substr(at, comma - at); !is_address(one))
      refuse(where, "no list of HOST:PORT: '" + one + "' is none");
    at = comma + 1;
  }
  return out;
}

}  // namespace souk::edge::sinks
