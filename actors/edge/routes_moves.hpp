// The route that has a shard moved from one node to another.
#pragma once

#include "actors/edge/call.hpp"

namespace souk::edge::moves {

void order(const asked&, const call&);

}  // namespace souk::edge::moves
