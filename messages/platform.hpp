// Platform: delivery of finished orders to the external data platform, and what is in trouble there.
//
// An event that the platform rejects waits here and is tried again with growing pauses; later events of the same
// order wait behind it; after a bounded number of tries they are dead letters. While the platform is out of reach
// as a whole nothing is recorded: the events simply stay in the outbox.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/grammar/moment.hpp"
#include "messages/order.hpp"

namespace souk::platform {

struct trouble {
  std::uint32_t source = 0;
  order::event event;
  std::int32_t tries = 0;
  moment next;        // not before
  bool dead = false;  // given up: an operator may revive it
  std::string error;  // what the platform said last
  SOUK_FIELDS(trouble, source, event, tries, next, dead, error);
};
struct troubles {
  std::vector<trouble> list;
  SOUK_FIELDS(troubles, list);
};

// The position up to which every event of one outbox was delivered or is in trouble. Answers order::position.
struct find_position {
  std::uint32_t source = 0;
  SOUK_FIELDS(find_position, source);
};

// Which of these may be sent now? Answers order::events without those whose order is in trouble.
struct offer {
  order::events events;
  SOUK_FIELDS(offer, events);
};

struct rejection {
  std::int64_t seq = 0;
  std::string error;
  SOUK_FIELDS(rejection, seq, error);
};

// What became of an offer: all delivered but the rejected ones and those that were held back. Moves the position to the
// last event of the offer.
struct record {
  order::events events;
  std::vector<rejection> rejected;
  moment at;
  SOUK_FIELDS(record, events, rejected, at);
};

// The troubled events whose time has come, the first of each order. Answers troubles.
struct due {
  moment at;
  std::uint32_t limit = 64;
  SOUK_FIELDS(due, at, limit);
};

// What became of one more try. error empty: delivered.
struct tried {
  std::uint32_t source = 0;
  std::int64_t seq = 0;
  std::string error;
  moment at;
  SOUK_FIELDS(tried, source, seq, error, at);
};

struct list_troubles {
  std::uint32_t limit = 100;
  SOUK_FIELDS(list_troubles, limit);
};

// A dead letter gets its tries again.
struct revive {
  std::uint32_t source = 0;
  std::int64_t seq = 0;
  moment at;
  SOUK_FIELDS(revive, source, seq, at);
};

}  // namespace souk::platform
