// The console's prompt: its commands without `souk admin` before them, with completion and a history.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/admin/console.hpp"

namespace souk::tools::admin {

// Until `quit` or the end of the input. Each command is a process of its own: whatever ends one, Ctrl-C too, leaves the
// prompt. `verbs`: the commands that there are. Answers the exit code of the last one.
int prompt(const CLI::App& verbs, const wish& wanted);

// What the last word of a line may become: a command, an option, one of its values, or the id of a saga that is open.
std::vector<std::string> completions(const CLI::App& verbs, const wish& wanted, const std::string& line);

}  // namespace souk::tools::admin
