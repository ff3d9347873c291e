// The sinks that the platform's events can go to: a file of JSON lines, or an HTTP endpoint.
#pragma once

#include <string>

#include "actors/runtime/sink.hpp"

namespace souk::edge {

// file:PATH appends one JSON object a line, on disk before it counts; http://HOST:PORT/PATH posts one CloudEvent a
// request (application/cloudevents+json). Empty: none. Throws std::invalid_argument naming what is wrong.
runtime::sink_maker make_sink_maker(const std::string& where);

}  // namespace souk::edge
