// A dry run of a repair: what a saga has in effect at which desk, and what would become of money and stock.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "actors/edge/call.hpp"
#include "actors/edge/json_of.hpp"
#include "actors/sagas/repairs.hpp"

namespace souk::edge {

// As much of it as a view has.
order::brief brief_of(const order::view& of);

// What one key of a saga left at one desk.
struct trace {
  sagas::key_at key;
  std::optional<recorded> what;  // none: the desk did not answer
};
// At every desk that it may have been at. `then` is called once.
void ask_for_traces(const call& c, const order::view& of, std::function<void(std::vector<trace>&&)> then);
json json_of_traces(const order::view& of, const std::vector<trace>& all);

// Answers the call with what this repair would do to a saga that is parked, if every desk says yes.
void rehearse(const call& c, order::view of, order::remedy what);

}  // namespace souk::edge
