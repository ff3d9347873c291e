// souk certs: the certificates by which nodes know each other.
#pragma once

namespace CLI {
class App;
}

namespace souk::tools {

// `certs DIR --ca` and `certs DIR NODE...`. Exit codes: 0 made, or there already and right; 1 it failed; 2 usage; 4
// something else is in the way.
void add_certs(CLI::App& app, int& exit_code);

}  // namespace souk::tools
