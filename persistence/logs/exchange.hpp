// What a domain that takes part in choreographies keeps beside its own: the events that it tells, how far it has heard
// each partition of the event log, and the reactions whose answer comes later. All share the store with what they are
// about.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "persistence/logs/outbox.hpp"
#include "persistence/logs/positions.hpp"

namespace souk::persistence {

class exchange {
public:
  // What an event asked for and the domain could not say at once; it is decided again when the subject rings.
  struct put_off {
    std::int64_t id = 0;
    std::int64_t subject = 0;
    std::uint8_t step = 0;  // index into the plan's steps
    bool undo = false;
    event_log::event event;
  };

  static std::string schema();
  explicit exchange(store_file& file);

  // Whoever sits beside the domain may have more to say about it.
  void tell(event_log::event what) { teller ? teller(std::move(what)) : told.write(std::move(what)); }
  std::int64_t put(const put_off& what);  // its id
  void drop(std::int64_t id) { drop_.run(id); }
  std::vector<put_off> waiting();

  std::function<void(event_log::event&&)> teller;
  outbox<event_log::event> told;
  positions heard;

private:
  store_file& file_;
  statement put_, drop_, waiting_;
};

}  // namespace souk::persistence
