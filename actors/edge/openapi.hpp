// The OpenAPI 3.1 description: paths from the table of routes, schemas by hand.
#pragma once

#include <string>
#include <string_view>

namespace souk::edge {

std::string openapi_text();

// The schemas as one JSON object, in openapi_schemas.cpp.
extern const std::string_view openapi_schemas;

}  // namespace souk::edge
