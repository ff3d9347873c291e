# Writes a source file that says which commit the source is; leaves it alone when it says so already.
execute_process(COMMAND git describe --always --dirty --abbrev=12 WORKING_DIRECTORY "${SOURCE_DIR}"
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
if(failed OR NOT commit)
  set(commit "unknown")
endif()
set(content "// Written by the build.
#include \"tools/commit.hpp\"

namespace souk::tools {
std::string_view source_commit() { return \"${commit}\"; }
}  // namespace souk::tools
")
set(there "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" there)
endif()
if(NOT there STREQUAL content)
  file(WRITE "${OUTPUT}" "${content}")
endif()
