// Seat plans of others: a seat that is read has a name of its own, and what makes no sense is refused as a whole.
#include <set>

#include "messages/grammar/ids.hpp"
#include "tests/fuzz/target.hpp"
#include "tools/seats/dates.hpp"
#include "tools/seats/hall.hpp"

using namespace souk;
using namespace souk::seats;
using fuzz::must;

SOUK_FUZZ_TARGET(seats) {
  const bool plan = fuzz::chosen(input, 4) != 0;
  try {
    if (!plan) {
      read_dates(input);
      return;
    }
    const auto read = read_hall(input);
    must(!read.seats.empty() || !read.refused.empty(), "a hall has seats, or says why it has none");
    std::set<std::string> ids;
    for (const auto& one : read.seats)
      must(is_name(one.id) && ids.insert(one.id).second, "a seat has an id of its own");
  } catch (const unreadable&) {
  }
}
