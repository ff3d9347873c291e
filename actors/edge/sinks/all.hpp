// Every kind of sink, each in a file of its own, by the URL that means it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/sink.hpp"

namespace souk::edge::sinks {

// Each takes the whole URL, checks it, and throws std::invalid_argument when it is wrong. Nothing is opened before the
// first delivery.
runtime::sink_maker file(const std::string& where);
runtime::sink_maker http(const std::string& where);
runtime::sink_maker kafka(const std::string& where);
runtime::sink_maker mongodb(const std::string& where);

// The platform's sink 'WHERE' is WHY.
[[noreturn]] void refuse(const std::string& where, const std::string& why);

// SCHEME://HOST:PORT[,HOST:PORT]/PATH in its parts.
struct cluster_url {
  std::string hosts;  // HOST:PORT,HOST:PORT
  std::string path;   // without the slash
};
cluster_url parse_cluster(const std::string& where, std::string_view scheme);

// How long a delivery may take before it counts as an outage. A node that is told to stop waits for it.
inline constexpr std::chrono::milliseconds patience{8'000};

}  // namespace souk::edge::sinks
