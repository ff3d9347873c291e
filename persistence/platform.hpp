// The store of what is in trouble on its way to the data platform, and of the position up to which all else arrived.
#pragma once

#include "persistence/logs/positions.hpp"
#include "persistence/logs/troubles.hpp"

namespace souk::persistence {

struct platform_store {
  explicit platform_store(const open_options& options);

  store_file file;
  persistence::positions positions;
  persistence::troubles<platform::trouble> troubles;
};

}  // namespace souk::persistence
