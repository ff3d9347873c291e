// Which life of the node its events come from.
#pragma once

#include <string>

namespace souk::edge {

// Before the first event. A restored node counts its events again from where its backup was: under the old source they
// would be taken for those that were told before. The source of an event is then /souk/order/<shard>/<incarnation>.
void set_incarnation(const std::string& incarnation);

}  // namespace souk::edge
