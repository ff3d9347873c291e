// The command line of a program with subcommands.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

namespace souk::tools {

// Does what the words say, and answers the exit code: what the subcommand left in `exit_code`, 2 for wrong usage, 1 for
// trouble, which is said under the program's name.
int run(CLI::App& app, int argc, char** argv, const int& exit_code);

// --key: with which somebody shows a node who he is; else SOUK_KEY, which other users of the machine do not see.
void add_key_option(CLI::App& app, std::string& into);
// The headers that show it; none for no key.
std::vector<std::pair<std::string, std::string>> headers_with(const std::string& key);

}  // namespace souk::tools
