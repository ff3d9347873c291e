// The figures of a node for Prometheus.
#pragma once

#include <string>

namespace souk::edge {

class hall;

// In Prometheus' text format, version 0.0.4.
std::string metrics_of(edge::hall& from);

}  // namespace souk::edge
