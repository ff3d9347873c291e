// The commit that the source was at when this was built, so that a failure says where to look for it.
#pragma once

#include <string_view>

namespace souk::tools {

// As git describes it, with -dirty when something was changed; "unknown" where git does not say. Its definition is
// written by the build (tools/cmake/source_commit.cmake).
std::string_view source_commit();

}  // namespace souk::tools
