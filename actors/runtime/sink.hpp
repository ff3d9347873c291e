// A sink: where the platform's events go, outside of souk.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "messages/order.hpp"

namespace souk::runtime {

// What became of a delivery. Events are delivered in order; `tried` counts, from the front, those that arrived or are
// named in `rejected`. The rest could not be tried: the sink is out of reach as a whole.
struct delivery {
  std::size_t tried = 0;
  struct rejection {
    std::int64_t seq = 0;
    std::string error;      // empty: not sent, because an earlier event of its order was rejected
    bool doubtful = false;  // nobody can say whether the event is to blame or the platform fails at everything
  };
  std::vector<rejection> rejected;
  std::size_t arrived() const { return tried - rejected.size(); }
  std::string outage;  // why the rest was not tried; empty when nothing is left
};

class sink {
public:
  virtual ~sink() = default;
  // May block. At least once: after a crash the same events come again, told apart by their id.
  virtual delivery deliver(const order::events& events) = 0;
};

using sink_maker = std::function<std::unique_ptr<sink>()>;

}  // namespace souk::runtime
