// What a domain that takes part in choreographies keeps beside its own: the events that it tells, and how far it has
// heard each partition of the event log. Outbox and inbox share the store with what they are about.
#pragma once

#include <string>

#include "persistence/logs/outbox.hpp"
#include "persistence/logs/positions.hpp"

namespace souk::persistence {

struct exchange {
  static std::string schema() { return outbox<event_log::event>::schema("told") + positions::schema("heard"); }
  explicit exchange(store_file& file) : told(file, "told", 1), heard(file, "heard") {}

  void tell(event_log::event what) { told.write(std::move(what)); }

  outbox<event_log::event> told;
  positions heard;
};

}  // namespace souk::persistence
