// Measure: how a desk is, said by itself, to whoever cannot look at its counts because it sits at another node.
#pragma once

#include <cstdint>
#include <vector>

#include "messages/event_log.hpp"

namespace souk {

// Answers measured.
struct measure {
  event_log::party at;
  SOUK_FIELDS(measure, at);
};

// Since the process began that the desk sits in.
struct measured {
  std::int64_t letters = 0;
  std::int64_t batches = 0;
  std::int64_t commits = 0;
  std::int64_t waiting = 0;  // letters, now
  std::int64_t restarts = 0;
  bool full = false;               // the store could not grow when it was last tried
  std::vector<std::int64_t> took;  // letters by how long they took, from their coming to their answer: see latencies
  SOUK_FIELDS(measured, letters, batches, commits, waiting, restarts, full, took);
};

}  // namespace souk
