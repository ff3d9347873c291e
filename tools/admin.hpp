// souk admin: the console of a running node, over its HTTP interface.
#pragma once

namespace CLI {
class App;
}

namespace souk::tools {

// `admin [--node URL] [-o text|json|jsonl] COMMAND ...`: see --help.
// Exit codes: 0; 1 the node refused; 2 usage; 3 nothing of that name; 4 conflict; 5 the node cannot be reached.
void add_admin(CLI::App& app, int& exit_code);

}  // namespace souk::tools
