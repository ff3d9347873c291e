// Opens the store of the data platform's troubles.
#include "persistence/platform.hpp"

namespace souk::persistence {

static const std::string version_1 = troubles<platform::trouble>::schema() + positions::schema();
static const std::string_view migrations[]{version_1};

platform_store::platform_store(const open_options& options)
    : file(options, migrations), positions(file), troubles(file, true) {}

}  // namespace souk::persistence
