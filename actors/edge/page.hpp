// The console's page as it stands in actors/edge/page/: built into the executable, so that a node needs no files.
#pragma once

#include <string_view>

namespace souk::edge::pages {

extern const std::string_view html;
extern const std::string_view css;
extern const std::string_view js;
extern const std::string_view svg;

}  // namespace souk::edge::pages
