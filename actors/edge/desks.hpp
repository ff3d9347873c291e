// How all desks are: those of this node by their counts, those of other nodes as they say when they are asked.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/edge/json_of.hpp"
#include "actors/runtime/latencies.hpp"
#include "messages/measure.hpp"

namespace souk::edge {

class hall;

struct desk_now {
  event_log::party at;
  std::string node;  // that keeps it; empty: there is but this one
  bool sits = false;
  std::optional<measured> is;  // none: it does not say
};
// `then` is called once, from any thread, after half a second at the latest.
void with_desks(edge::hall& of, std::function<void(std::vector<desk_now>&&)> then);

std::string_view state_of(const desk_now& one);  // open, full, away, silent
runtime::latencies::counts took_by(const measured& is);
json json_of(const desk_now& one);

}  // namespace souk::edge
