// souk check: audits the stores of a stopped node and says which invariants hold.
#pragma once

namespace CLI {
class App;
}

namespace souk::tools {

// Adds `check DIR... [-o json]`. When it was run, exit_code is 0 if every invariant holds, 1 if one is broken or the
// node still runs, 3 if DIR has no store, 65 if a store is damaged.
void add_check(CLI::App& app, int& exit_code);

}  // namespace souk::tools
