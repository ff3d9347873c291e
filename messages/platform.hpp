// Platform: delivery of finished orders, and of the histories of wallets and payments, to the external data platform;
// and what is in trouble there.
//
// An event that the platform rejects waits here and is tried again with growing pauses; later events of the same
// order wait behind it; after a bounded number of tries they are dead letters. While the platform is out of reach
// as a whole nothing is recorded: the events simply stay in the outbox, or in the event log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/event_log.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/order.hpp"

namespace souk::platform {

// Who has the events that are delivered, as one number: the outbox of an order desk by its shard, a partition of the
// event log by its party.
constexpr std::uint32_t source_of(const event_log::party& desk) {
  return desk.domain == domain::order ? desk.shard : desk.id();
}
constexpr event_log::party party_of(std::uint32_t source) {
  return source >> 8 ? event_log::party::of(source) : event_log::party{domain::order, source};
}

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
  // Of all, also of those that are not listed.
  std::int64_t held = 0;  // events that wait to be tried again
  std::int64_t dead = 0;  // dead letters
  SOUK_FIELDS(troubles, list, held, dead);
};

// The position up to which every event of one outbox was delivered or is in trouble. Answers order::position.
struct find_position {
  std::uint32_t source = 0;
  SOUK_FIELDS(find_position, source);
};

// An event without its content.
struct heading {
  std::int64_t seq = 0;
  number subject;
  SOUK_FIELDS(heading, seq, subject);
};

// Which of these may be sent now? Answers not_now.
struct offer {
  std::uint32_t source = 0;
  std::vector<heading> headings;
  SOUK_FIELDS(offer, source, headings);
};
struct not_now {
  std::int64_t upto = 0;              // up to it all was recorded before
  std::vector<std::int64_t> waiting;  // an earlier event of their order is in trouble
  SOUK_FIELDS(not_now, upto, waiting);
};

// An event that was not delivered: rejected with an error, or (none) held back by an earlier one of its order.
struct undelivered {
  order::event event;
  std::string error;
  SOUK_FIELDS(undelivered, event, error);
};

// What became of an offer: everything up to `upto` was delivered, but these. Answers order::position.
struct record {
  std::uint32_t source = 0;
  std::int64_t upto = 0;
  std::vector<undelivered> but;
  moment at;
  SOUK_FIELDS(record, source, upto, but, at);
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

// Dead letters first; those that come after one that was listed.
struct listed {
  bool dead = false;
  std::uint32_t source = 0;
  std::int64_t seq = 0;
  SOUK_FIELDS(listed, dead, source, seq);
};
struct list_troubles {
  std::uint32_t limit = 100;
  std::optional<listed> after;
  SOUK_FIELDS(list_troubles, limit, after);
};

// A dead letter gets its tries again; dry: only says which it is. Answers it as it was, as troubles. Refused:
// not_found.
struct revive {
  std::uint32_t source = 0;
  std::int64_t seq = 0;
  moment at;
  bool dry = false;
  SOUK_FIELDS(revive, source, seq, at, dry);
};

}  // namespace souk::platform
