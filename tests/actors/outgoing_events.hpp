// Events for tests of sinks: every other order was placed by a request that named its trace.
#pragma once

#include <cstdint>

#include "messages/order.hpp"
#include "tests/actors/seat.hpp"

namespace souk::tests {

inline order::event outgoing(std::int64_t seq, std::int64_t subject, order::kind what = order::kind::completed) {
  order::event made{seq, saga(subject), what, noon, {"ann"}, {{{"cup"}, 2, {600}}}, {}, {}, noon};
  if (subject % 2 == 0) made.trace = trace_parent{1, 2, 3, 1};
  return made;
}

}  // namespace souk::tests
