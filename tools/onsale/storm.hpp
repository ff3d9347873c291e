// Plays an on-sale: visitors storm one date, wait, hold, pay, or do not, and afterwards everything is counted.
//
// Each visitor's keys follow from the seed alone, so playing again over the same stores, also after a kill at any
// moment, does what was not done and changes nothing that was.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/onsale/booth.hpp"
#include "tools/onsale/hall.hpp"
#include "tools/progress.hpp"

namespace souk::onsale {

struct storm_options {
  unsigned users = 300;
  std::uint64_t seed = 1;
  std::int64_t admits = 0;  // 0: a twentieth of the seats, at least 20
  std::int64_t hold_seconds = 2;
  std::optional<occasion> when;  // else one that is made up
  tools::screen screen;
};

// One promise, and the first thing that breaks it.
struct comparison {
  std::string what;
  std::string differs;  // empty: it holds
  bool holds() const { return differs.empty(); }
};

struct result {
  std::map<std::string, std::int64_t> ends;     // visitors, by what they got: "a seat", "too poor", ...
  std::map<std::string, std::int64_t> refused;  // payments, by reason
  std::int64_t seats = 0;
  std::int64_t sold = 0;
  std::int64_t taken = 0;  // money, minor units
  std::int64_t payments = 0;
  double seconds = 0;
  std::vector<comparison> comparisons;

  bool holds() const;
};

result play(const hall& in, booth& at, const storm_options& options);

}  // namespace souk::onsale
