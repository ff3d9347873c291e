# Writes the console's page as constants of a .cpp file: PAGE is the folder, OUTPUT the file.
set(text "// Made from actors/edge/page/ by tools/cmake/embed_page.cmake.\n#include \"actors/edge/page.hpp\"\n\nnamespace souk::edge::pages {\n")
foreach(kind html css js svg)
  file(READ "${PAGE}/console.${kind}" content)
  string(APPEND text "const std::string_view ${kind} = R\"souk_page(${content})souk_page\";\n")
endforeach()
string(APPEND text "}  // namespace souk::edge::pages\n")
file(WRITE "${OUTPUT}" "${text}")
