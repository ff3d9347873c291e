// Examine: a stretch of one store is looked through for what is broken, while its desk works.
//
// It is a question, asked of each desk in turn and at leisure. What stands in one row, or in rows that hang together by
// their keys, can be told so; what is a sum over a store, or lies in several, needs them at one instant (`souk check`).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/event_log.hpp"

namespace souk {

// Answers examined.
struct examine {
  event_log::party at;
  std::uint32_t walk = 0;  // of those that the domain's store has
  std::int64_t after = INT64_MIN;
  std::uint32_t rows = 256;
  SOUK_FIELDS(examine, at, walk, after, rows);
};

struct examined {
  struct flaw {
    std::string invariant;
    std::string row;  // explained
    SOUK_FIELDS(flaw, invariant, row);
  };
  std::vector<flaw> flaws;
  std::int64_t rows = 0;   // that were looked at
  std::uint32_t walk = 0;  // where to go on
  std::int64_t after = INT64_MIN;
  bool through = false;  // there is no further
  SOUK_FIELDS(examined, flaws, rows, walk, after, through);
};

}  // namespace souk
