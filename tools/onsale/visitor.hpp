// The visitors of an on-sale: who they are, what they are like, and what came of it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/onsale/hall.hpp"

namespace souk::onsale {

struct storm_options;

enum class habit : std::uint8_t {
  plain,
  vanishes,      // is let in, and leaves
  holds_a_seat,  // is let in, takes a seat, and leaves
  pays_again,    // with another payment for the same seat
  repeats,       // sends the same payment twice
  too_poor,
  dawdles,  // pays when the hold is over
};

struct visitor {
  std::string id;
  habit is{};
  std::int64_t funds = 0;
  std::uint64_t dice = 0;
  // where he is
  int attempt = 0;
  std::string token;
  std::int64_t place = 0;     // of the token
  bool was_never_in = false;  // with this token, as far as is known
  // what came of it
  std::string end;                                           // empty: nothing yet
  std::vector<std::pair<std::string, std::int64_t>> bought;  // seat and price
  std::int64_t first_place = 0;
  std::int64_t left = 0;  // in the wallet
};

// The same for the same options and hall.
std::vector<visitor> crowd(const hall& in, const storm_options& options);

}  // namespace souk::onsale
