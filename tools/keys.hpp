// souk keys: makes, lists and revokes the keys with which callers show who they are.
#pragma once

namespace CLI {
class App;
}

namespace souk::tools {

// `keys add|list|revoke [--data DIR|--file FILE]`. Exit codes: 0; 1 failed; 2 usage; 3 no key of that id.
void add_keys(CLI::App& app, int& exit_code);

}  // namespace souk::tools
