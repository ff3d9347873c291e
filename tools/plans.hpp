// souk plans: prints the sagas from the code itself.
#pragma once

namespace CLI {
class App;
}

namespace souk::tools {

// `plans [NAME] [-o text|mermaid|json]`. Exit code 3: no such plan.
void add_plans(CLI::App& app, int& exit_code);

}  // namespace souk::tools
