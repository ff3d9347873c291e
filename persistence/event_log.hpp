// The store of one partition of the event log: the events, who has appended how far, and who could not take what.
#pragma once

#include "persistence/logs/outbox.hpp"
#include "persistence/logs/positions.hpp"
#include "persistence/logs/troubles.hpp"

namespace souk::persistence {

// More events than one commit can have: where a life of the log begins to number, after the last that is on disk.
inline constexpr std::int64_t log_leap = 1 << 20;

struct event_log_store {
  explicit event_log_store(const open_options& options);

  store_file file;
  outbox<event_log::event> log;
  persistence::positions positions;  // of the outboxes that append, by party::id()
  persistence::troubles<event_log::trouble> troubles;
};

}  // namespace souk::persistence
