// The sinks that the platform's events can go to.
#pragma once

#include <string>

#include "actors/runtime/sink.hpp"

namespace souk::edge {

// By the scheme of the URL, or none when it is empty:
//   file:PATH                                 one JSON object a line, on disk before it counts
//   http://HOST:PORT/PATH                     one CloudEvent a request (application/cloudevents+json)
//   kafka://HOST:PORT[,HOST:PORT]/TOPIC       CloudEvents in binary mode; the key is the order
//   mongodb://HOST:PORT[,HOST:PORT]/DB.COLLECTION  one document an event; _id is the event's id
// Throws std::invalid_argument naming what is wrong.
runtime::sink_maker make_sink_maker(const std::string& where);

}  // namespace souk::edge
