// The backlog: what was told and has not arrived yet.
//
// Whoever reads an outbox or the event log keeps no promise by being slow, so that nothing else notices one that has
// stopped for ever: the audit expects of the ranking what it has been told, and not a sale more.
#pragma once

#include <string>
#include <vector>

#include "persistence/audit.hpp"

namespace souk::sim {

// Of each consumer by name how far it is behind its producer, and each event in trouble that is not given up for a
// reason; empty: all that was told is in effect. A quiet node leaves nothing here after a while.
std::vector<std::string> backlog(const persistence::store_files& files);

}  // namespace souk::sim
