// souk backup and souk restore: copies of a node's stores that belong together.
#pragma once

#include <string>
#include <vector>

#include "persistence/sqlite/store_file.hpp"

namespace CLI {
class App;
}

namespace souk::tools {

// `backup FROM TO`, where FROM is a stopped node's data directory or a running node's URL, and `restore BACKUP DIR`.
// Exit codes: 0; 1 it failed; 2 usage; 4 something is in the way; 5 the node cannot be reached; 65 a store is damaged.
void add_backup(CLI::App& app, int& exit_code);

// What every command says of a store that is damaged, and of what is to be done with the directories it was found in.
// Answers the exit code, 65.
int say_damaged(const std::string& command, const std::vector<std::string>& data,
                const persistence::store_damaged& damage);

}  // namespace souk::tools
