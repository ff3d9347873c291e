// Text for tests: from files, and JSON that stays readable in C++.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace souk::tests {

inline std::string slurp(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// Single quotes for double ones.
inline std::string quoted(std::string text) {
  for (auto& c : text)
    if (c == '\'') c = '"';
  return text;
}

}  // namespace souk::tests
