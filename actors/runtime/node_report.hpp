// Node report: what a node says of itself to the others, for their consoles, beyond what can be asked of its desks.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "messages/examine.hpp"
#include "messages/grammar/moment.hpp"

namespace souk::runtime {

// What the last round through all stores that a node keeps has found.
struct audit_verdict {
  static constexpr std::size_t flaws_max = 20;

  std::int64_t rounds = 0;
  moment began, ended;                // of the last
  std::int64_t rows = 0;              // that it looked at
  std::int64_t flaws = 0;             // that it found
  std::vector<examined::flaw> first;  // of them
  std::vector<std::string> silent;    // desks that did not answer: nobody knows about them
  SOUK_FIELDS(audit_verdict, rounds, began, ended, rows, flaws, first, silent);
};

struct coordinator_now {
  std::uint32_t share = 0;
  std::int64_t running = 0, parked = 0;
  std::int64_t begun = 0, completed = 0, compensated = 0, asked_again = 0;
  std::int64_t adopted = 0;  // shares of others that it stands in for
  std::int64_t restarts = 0;
  SOUK_FIELDS(coordinator_now, share, running, parked, begun, completed, compensated, asked_again, adopted, restarts);
};

struct node_report {
  bool ready = false;
  std::int64_t desks = 0;    // that it keeps
  std::int64_t waiting = 0;  // letters, at them
  std::int64_t restarts = 0, given_up = 0;
  std::vector<coordinator_now> coordinators;
  std::vector<std::int64_t> passed;  // as passages::all() has it
  audit_verdict audit;
  SOUK_FIELDS(node_report, ready, desks, waiting, restarts, given_up, coordinators, passed, audit);
};

// The newest of what somebody says again and again, for whoever wants to know. Thread-safe.
template <class T>
class latest {
public:
  void put(T now) {
    const std::lock_guard hold{mutex_};
    now_ = std::move(now);
  }
  T get() const {
    const std::lock_guard hold{mutex_};
    return now_;
  }

private:
  mutable std::mutex mutex_;
  T now_;
};

}  // namespace souk::runtime
