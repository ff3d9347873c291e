// Waits until no saga of a node in this process is under way any more.
#pragma once

namespace souk::runtime {
class front;
}

namespace souk::tools {

// Whoever was refused has heard so before all was given back. What takes longer than half a minute goes on when the
// node is started again; what is parked waits for an operator.
void wait_until_at_rest(runtime::front& desks);

}  // namespace souk::tools
