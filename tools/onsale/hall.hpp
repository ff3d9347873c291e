// The halls that an on-sale is played in, and the occasion: small ones that are always there, or real ones from files.
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

// The file is no hall, or no list of dates; the text says which member is wrong.
struct unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a seat costs by its category, in the order in which the plan names them; seats of further ones cost the least.
using price_list = std::vector<std::int64_t>;
extern const price_list usual_prices;

// Sixty seats: five rows of twelve in three categories.
hall small_hall();

// A seat plan that `souk seats` reads, priced by the list; or {"seats": [...]} as PUT /v1/concerts/{id} wants them.
// Every seat of the file is sold: a plan with one that cannot be is unreadable.
hall read_hall(const std::filesystem::path& file, const price_list& prices = usual_prices);

// What is played in the hall, and when.
struct occasion {
  std::string concert, schedule, name, venue, starts;
};

// One of the dates in a file that `souk seats --dates` reads: always the same for the same number.
occasion read_occasion(const std::filesystem::path& file, std::uint64_t number);

}  // namespace souk::onsale
