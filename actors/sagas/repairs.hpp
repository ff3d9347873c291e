// What an operator may do for a saga that stands still, and why not the rest: it follows from the plan alone.
#pragma once

#include <cstdint>
#include <string_view>

#include "actors/sagas/plan.hpp"
#include "messages/order.hpp"

namespace souk::sagas {

// Where a saga stands: at a step of its plan, or at that step's compensation.
struct stand {
  const plan& of;
  std::size_t stage = 0;
  bool undoing = false;
};

// Empty: it may be done.
std::string_view why_not(order::remedy what, const stand& at);
// A bit for each remedy that may be done.
std::uint8_t allowed_at(const stand& at);

std::string_view to_text(order::remedy what);  // retry, compensate, skip, fail

}  // namespace souk::sagas
