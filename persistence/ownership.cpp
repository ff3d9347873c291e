// Finds the number under which stores are taken.
#include "persistence/ownership.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>

namespace souk::persistence {

std::int64_t owner_in(const owner_bytes& at) { return std::int64_t{at[0]} << 24 | at[1] << 16 | at[2] << 8 | at[3]; }

std::int64_t next_owner(const std::filesystem::path& data) {
  using namespace std::chrono;
  constexpr sys_days first{2025y / January / 1};  // 31 bits of seconds reach until 2093
  std::int64_t newest = duration_cast<seconds>(system_clock::now() - first).count();
  if (std::filesystem::is_directory(data))
    for (const auto& one : std::filesystem::directory_iterator{data}) {
      if (one.path().extension() != ".db") continue;
      std::ifstream in{one.path(), std::ios::binary};
      owner_bytes id{};
      if (in.seekg(owner_at) && in.read(reinterpret_cast<char*>(id.data()), id.size()))
        newest = std::max(newest, owner_in(id) + 1);
    }
  return newest;
}

}  // namespace souk::persistence
