// The formats of seat plans that are known: how each is recognised, and read into seat records.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tools/seats/hall.hpp"

namespace souk::seats {

// A seat as its file has it, before anybody has judged its id.
struct record {
  seat it;            // its id: the format's first choice
  std::string where;  // the path in the file
  std::string other;  // a second choice for the id, where the format has one
  std::string flaw;   // why it cannot be a seat, whatever its id
};

struct reading {
  hall into;                    // everything but the seats; key: of the first choice
  const char* other = nullptr;  // key of the second choice
  std::vector<record> records;
};

struct format {
  const char* name;
  bool (*recognises)(const json& top);
  reading (*read)(const place& top);
};
std::span<const format> formats();

}  // namespace souk::seats
