// The witness: sees every letter of a play, and counts the situations that only the order of letters shows.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "actors/runtime/stage.hpp"
#include "tools/sim/situations.hpp"

namespace souk::sim {

class witness {
public:
  explicit witness(situations& seen) : seen_(seen) {}

  std::function<void(domain)> at_tombstone;  // the next who is asked to undo what he never saw
  // The next coordinator that takes back what it asked for in vain, and of which saga. Answers how late that comes.
  std::function<std::int64_t(number)> at_turn;

  void departs(const runtime::passage& it);
  // How much longer the letter is to take, in us.
  std::int64_t holds(const runtime::passage& it);
  void arrives(const runtime::passage& it);

private:
  using key = std::pair<domain, std::int64_t>;
  using keys = std::set<key>;

  situations& seen_;
  keys done_, undone_;
  std::map<key, int> asked_;
};

}  // namespace souk::sim
