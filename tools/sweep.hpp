// souk sweep: strikes the stores at every file operation and looks at what is left.
#pragma once

namespace CLI {
class App;
}

namespace souk::tools {

// `sweep [--store NAME] [--points N] [--seed N] [-o text|json]`. Exit codes: 0 all is well, 1 something is not, 2
// usage.
void add_sweep(CLI::App& app, int& exit_code);

}  // namespace souk::tools
