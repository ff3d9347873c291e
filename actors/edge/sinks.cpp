// Finds the sink that a URL means.
#include "actors/edge/sinks.hpp"

#include <array>
#include <stdexcept>

#include "actors/edge/sinks/all.hpp"

namespace souk::edge {

runtime::sink_maker make_sink_maker(const std::string& where) {
  struct scheme {
    std::string_view prefix;
    runtime::sink_maker (*make)(const std::string& where);
  };
  static constexpr std::array<scheme, 4> known{{
      {"file:", sinks::file},
      {"http:", sinks::http},
      {"kafka:", sinks::kafka},
      {"mongodb:", sinks::mongodb},
  }};
  if (where.empty()) return {};
  for (const auto& one : known)
    if (where.starts_with(one.prefix)) return one.make(where);
  sinks::refuse(
      where, "none of file:PATH, http://HOST:PORT/PATH, kafka://HOST:PORT/TOPIC and mongodb://HOST:PORT/DB.COLLECTION");
}

}  // namespace souk::edge
