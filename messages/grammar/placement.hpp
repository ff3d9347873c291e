// Which node of a cluster keeps which desk, and runs which coordinator.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "messages/grammar/domain.hpp"
#include "messages/grammar/ids.hpp"

namespace souk {

// Every shard of every domain and every coordinator is at exactly one node. A node is said by its number in `nodes`.
struct placement {
  std::vector<std::string> nodes;
  std::array<std::vector<std::uint32_t>, domain_count> desks;  // by shard
  std::vector<std::uint32_t> coordinators;

  // The number of a node, or how many there are when nobody is called so.
  std::uint32_t find(std::string_view name) const {
    return static_cast<std::uint32_t>(std::find(nodes.begin(), nodes.end(), name) - nodes.begin());
  }

  // The same for the same placement on every machine: nodes that disagree about it must not speak to each other,
  // because each would look for a key at another desk.
  std::uint64_t fingerprint() const {
    std::string all;
    for (const auto& one : nodes) all += one + '\n';
    const auto add = [&](const std::vector<std::uint32_t>& keepers) {
      for (const auto one : keepers) all += std::to_string(one) + ',';
      all += '\n';
    };
    for (const auto& one : desks) add(one);
    add(coordinators);
    return souk::fingerprint(all);
  }
};

}  // namespace souk
