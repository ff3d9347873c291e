// Looks for an order that explains what clients saw of one thing whose changes have no numbers: a shelf, a coupon, a
// seat.
//
// A history is linearizable when all that was done and seen can be put in one order, one at a time, in which each is
// where it was done: after it was asked and before it was told. Only what is told decides; it is searched for then.
// To find such an order is easy mostly, to know that there is none may take all ways: so a quick search comes first.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace souk::sim {

// A thing, told by a few numbers: what it is, whose, until when. What they mean is up to the deeds.
struct thing {
  std::int64_t what = 0, whose = 0, until = 0;
  friend auto operator<=>(const thing&, const thing&) = default;
};

enum class need : std::uint8_t {
  must,     // it was done
  may,      // it was done, or it never will be
  follows,  // it was done exactly when the deed was that it comes after
};

struct deed {
  static constexpr std::int64_t never = INT64_MAX;  // it was not told when

  std::string words;
  std::int64_t asked_us = 0, told_us = never;
  need how = need::must;
  int after = -1;                      // the place of the deed that comes before it
  std::function<bool(thing&)> happen;  // false: not as things stand
  bool looks = false;                  // it changes nothing, must be done, and no other deed depends on it
  bool rarely = false;                 // it can be done at few moments: a hint, which decides nothing
  std::int64_t alike = 0;              // those of one number, if any, do the same, and no other deed depends on them
};

struct search_result {
  enum class end : std::uint8_t { explained, contradiction, too_wide };
  end how = end::explained;
  std::string words;  // what cannot be explained, and how things could have stood
};

// too_wide: at some moment there were more ways than `widest` in which things could have come about.
search_result find_order(const std::vector<deed>& all, thing first, std::size_t widest = 20'000);

}  // namespace souk::sim
