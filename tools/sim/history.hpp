// The history of what clients saw of a thing whose every change has a number: a wallet and its ledger's entries.
//
// It is linearizable when each look shows a state that the ledger really had, and no look shows an older state than one
// that was told before it was asked; an effect is newer than all of them. With the numbers at hand this takes a sort;
// without them it would take a search.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace souk::sim {

struct sight {
  std::string of;          // whose
  std::int64_t version{};  // how many changes there were
  std::int64_t value{};
  std::int64_t asked_us = 0, told_us = 0;
  bool effect = false;  // no look: this change was asked for then, and in effect when that was told
};

// The value after each change, from the first.
using ledgers = std::map<std::string, std::map<std::int64_t, std::int64_t>>;

// Each in words; empty: the history is linearizable.
std::vector<std::string> contradictions(std::vector<sight> all, const ledgers& truth);

}  // namespace souk::sim
