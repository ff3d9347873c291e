// Makes the crowd.
#include "tools/onsale/visitor.hpp"

#include <algorithm>
#include <random>

#include "tools/onsale/storm.hpp"

namespace souk::onsale {

static habit habit_of(std::uint64_t roll) {
  struct share {
    habit is;
    std::uint64_t percent;
  };
  static constexpr share shares[]{{habit::vanishes, 6}, {habit::holds_a_seat, 4}, {habit::pays_again, 12},
                                  {habit::repeats, 12}, {habit::too_poor, 8},     {habit::dawdles, 8}};
  auto left = roll % 100;
  for (const auto& one : shares) {
    if (left < one.percent) return one.is;
    left -= one.percent;
  }
  return habit::plain;
}

std::vector<visitor> crowd(const hall& in, const storm_options& options) {
  const auto [cheapest, dearest] =
      std::minmax_element(in.begin(), in.end(), [](const auto& a, const auto& b) { return a.price < b.price; });
  std::vector<visitor> all(options.users);
  std::mt19937_64 dice{options.seed};
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto& one = all[i];
    one.id = "visitor-" + std::to_string(options.seed) + '-' + std::to_string(i);
    one.is = habit_of(dice());
    one.dice = dice();
    one.funds = one.is == habit::too_poor ? std::max<std::int64_t>(cheapest->price - 1, 0) : dearest->price;
  }
  return all;
}

}  // namespace souk::onsale
