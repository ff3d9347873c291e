// The halls that an on-sale is played in: a small one that is always there, or one from a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace souk::onsale {

struct seat {
  std::string id, section, row, number, category;
  std::int64_t price = 0;  // minor units
};
using hall = std::vector<seat>;

// The file is no hall; the text says which member is wrong.
struct unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Sixty seats: five rows of twelve in three categories.
hall small_hall();

// {"seats": [...]}, each seat as PUT /v1/concerts/{id} wants it.
hall read_hall(const std::filesystem::path& file);

}  // namespace souk::onsale
