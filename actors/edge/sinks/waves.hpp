// A sink that sends many events at once, and still none of an order before an earlier one of it has arrived.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "actors/runtime/sink.hpp"

namespace souk::edge::sinks {

// What became of one event of a wave.
struct fate {
  enum class is : std::uint8_t {
    unknown,  // it may have arrived or not, the sink is out of reach: all from here on is sent again
    arrived,
    rejected,  // because of itself
    doubtful,  // rejected together with others, and only one of them need be the reason: it is tried alone
  };
  is what = is::unknown;
  std::string error;
};

// Cuts what is to be delivered into waves in which no order occurs twice. Events of different orders need no order
// among themselves; a second event of an order waits for the wave after.
class wave_sink : public runtime::sink {
public:
  runtime::delivery deliver(const order::events& events) final;

protected:
  using wave = std::span<const order::event* const>;
  // Sends all of them and waits until each has its fate; `into` has their size, all unknown. Answers why some are
  // still unknown; empty: none is.
  virtual std::string send(wave events, std::uint32_t source, std::span<fate> into) = 0;
};

}  // namespace souk::edge::sinks
