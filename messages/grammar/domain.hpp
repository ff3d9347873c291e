// The domains of souk, by the one name that each has in every room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace souk {

enum class domain : std::uint8_t {
  user,
  wallet,
  product,
  coupon,
  order,
  payment,
  ranking,
  platform,
  concert,
  reservation,
  queue,
  cart,
  event_log,
};
inline constexpr std::size_t domain_count = 13;
inline constexpr std::array<std::string_view, domain_count> domain_names{
    "user",         //
    "wallet",       //
    "product",      //
    "coupon",       //
    "order",        //
    "payment",      //
    "ranking",      //
    "platform",     //
    "concert",      //
    "reservation",  //
    "queue",        //
    "cart",         //
    "event_log",    //
};
constexpr std::string_view to_text(domain d) { return domain_names[static_cast<std::size_t>(d)]; }

// How many shards each domain's pool has.
using shard_counts = std::array<std::uint32_t, domain_count>;
constexpr shard_counts one_each() {
  shard_counts all{};
  for (auto& one : all) one = 1;
  return all;
}

}  // namespace souk
