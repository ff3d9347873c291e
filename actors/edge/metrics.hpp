// The figures of a node for Prometheus.
#pragma once

#include <string>
#include <vector>

#include "messages/event_log.hpp"

namespace souk::edge {

class hall;

// In Prometheus' text format, version 0.0.4. log: the partitions that have answered.
std::string metrics_of(edge::hall& from, const std::vector<event_log::status>& log);

}  // namespace souk::edge
