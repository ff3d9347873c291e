// Asks the stores of orders what is open, again and again.
#include "tools/at_rest.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "actors/runtime/front.hpp"

namespace souk::tools {

void wait_until_at_rest(runtime::front& desks) {
  constexpr std::chrono::seconds patience{30};
  constexpr std::chrono::milliseconds between{10};
  const auto rests = [&](std::uint32_t shard) {
    const auto said = desks.ask_now(order::survey{}, {.shard = shard});
    const auto* now = std::get_if<order::overview>(&said.body);
    return now && std::all_of(now->open.begin(), now->open.end(),
                              [](const auto& one) { return one.saga == order::saga_state::parked; });
  };
  const auto end = std::chrono::steady_clock::now() + patience;
  for (std::uint32_t shard = 0; shard < desks.shards(domain::order); ++shard)
    while (!rests(shard) && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(between);
}

}  // namespace souk::tools
