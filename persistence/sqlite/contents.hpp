// What is in a store, as one text: equal stores have equal texts.
#pragma once

#include <string>

#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

// Every row of every table.
std::string contents(store_file& file);

}  // namespace souk::persistence
