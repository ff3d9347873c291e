// The witness: sees every letter of a play, and counts the situations that only the order of letters shows.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <utility>

#include "actors/runtime/stage.hpp"
#include "tools/sim/situations.hpp"

namespace souk::sim {

class witness {
public:
  explicit witness(situations& seen) : seen_(seen) {}

  std::function<void(domain)> at_tombstone;  // the next who is asked to undo what he never saw

  void departs(const runtime::passage& it);
  void arrives(const runtime::passage& it);

private:
  using keys = std::set<std::pair<domain, std::int64_t>>;

  situations& seen_;
  keys done_, undone_;
};

}  // namespace souk::sim
