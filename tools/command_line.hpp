// The command line of a program with subcommands.
#pragma once

#include <CLI/CLI.hpp>

namespace souk::tools {

// Does what the words say, and answers the exit code: what the subcommand left in `exit_code`, 2 for wrong usage, 1 for
// trouble, which is said under the program's name.
int run(CLI::App& app, int argc, char** argv, const int& exit_code);

}  // namespace souk::tools
