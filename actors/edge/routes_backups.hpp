// The route that takes a backup.
#pragma once

#include "actors/edge/call.hpp"

namespace souk::edge::backups {

void take(const asked&, const call&);

}  // namespace souk::edge::backups
