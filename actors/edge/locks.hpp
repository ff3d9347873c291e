// Semantic locks as the console shows them: what each saga holds, since when, and what it waits for.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "actors/edge/call.hpp"
#include "actors/edge/json_of.hpp"
#include "actors/edge/rehearsal.hpp"
#include "actors/sagas/locks.hpp"

namespace souk::edge {

// What one saga holds.
struct holding {
  order::view of;
  std::vector<sagas::lock> locks;
  std::optional<sagas::wait> waits;
  moment seat_until;     // of a hold that has a deadline
  bool unheard = false;  // its coordinator did not say: nobody knows
};
holding holding_of(const call& c, order::view of);
std::vector<holding> holdings_of(const call& c, std::vector<order::view> of);
// Asks for the deadlines of seats that are held for a time. `then` is called once.
void with_deadlines(const call& c, std::vector<holding> all, std::function<void(std::vector<holding>&&)> then);

// By what is wanted, the sagas that have asked for it and have no answer yet.
using seekers = std::map<std::string, std::vector<number>>;
seekers seekers_of(const call& c, const std::vector<holding>& all);
// Among the newest that run, at the stores of orders that answer soon. `then` is called once.
void ask_for_seekers(const call& c, std::function<void(seekers&&)> then);

json json_of(const sagas::lock& one, const holding& by, const seekers& others, moment now);
json json_of_wait(const call& c, const holding& of, moment now);

}  // namespace souk::edge
