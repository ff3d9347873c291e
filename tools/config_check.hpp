// souk config: looks at a configuration before anything is started from it.
#pragma once

namespace CLI {
class App;
}

namespace souk::tools {

// Adds `config check FILE [-o json]`, which prints who keeps what. When it was run, exit_code is 0, or 2 if something
// in the file is wrong, which is said with its line.
void add_config(CLI::App& app, int& exit_code);

}  // namespace souk::tools
