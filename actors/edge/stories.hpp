// The stories of sagas that are under way: their coordinators know them, the order desk does not yet.
#pragma once

#include <functional>
#include <vector>

#include "actors/edge/call.hpp"

namespace souk::edge {

// All coordinators are asked at once, and who is silent is left out: then a timeline is as the desk has it, or empty.
// `then` is called once.
void with_stories(const call& c, std::vector<order::view> of, std::function<void(std::vector<order::view>&&)> then);

}  // namespace souk::edge
