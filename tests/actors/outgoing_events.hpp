// Events for tests of sinks.
#pragma once

#include <cstdint>

#include "messages/order.hpp"
#include "tests/actors/seat.hpp"

namespace souk::tests {

inline order::event outgoing(std::int64_t seq, std::int64_t subject, order::kind what = order::kind::completed) {
  return {seq, saga(subject), what, noon, {"ann"}, {{{"cup"}, 2, {600}}}, {}, {}, noon};
}

}  // namespace souk::tests
