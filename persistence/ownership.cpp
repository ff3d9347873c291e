// Finds the number under which stores are taken.
#include "persistence/ownership.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>

namespace souk::persistence {

std::int64_t owner_in(const owner_bytes& at) { return std::int64_t{at[0]} << 24 | at[1] << 16 | at[2] << 8 | at[3]; }

std::int64_t owner_of(const std::filesystem::path& store) {
  std::ifstream in{store, std::ios::binary};
  owner_bytes id{};
  const bool read = in.seekg(owner_at) && in.read(reinterpret_cast<char*>(id.data()), id.size());
  return read ? owner_in(id) : 0;
}

std::int64_t next_owner(const std::filesystem::path& data) {
  using namespace std::chrono;
  constexpr sys_days first{2025y / January / 1};  // 31 bits of seconds reach until 2093
  std::int64_t newest = duration_cast<seconds>(system_clock::now() - first).count();
  if (std::filesystem::is_directory(data))
    for (const auto& one : std::filesystem::directory_iterator{data}) {
      if (one.path().extension() != ".db") continue;
      if (const auto owner = owner_of(one.path())) newest = std::max(newest, owner + 1);
    }
  return newest;
}

}  // namespace souk::persistence
