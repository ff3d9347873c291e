// The watchman: looks, as long as the node runs, for sagas that are late and for books that do not balance.
//
// It asks the desks that this node keeps, one after the other and at leisure, so that it never opens a store and no
// order waits for it. What it can find so stands in rows (persistence/audit/inspection.hpp); sums, and what lies in
// several stores, need all of them at one instant: `souk check` on a stopped node, or on a backup of a running one.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/runtime/console.hpp"
#include "actors/runtime/directory.hpp"
#include "actors/runtime/node_report.hpp"
#include "messages/examine.hpp"
#include "messages/order.hpp"

namespace souk::edge {

class hall;

struct watch_options {
  std::int64_t rows_per_second = 2'000;  // that are looked at; 0: none
  std::int64_t look_ms = 5'000;          // how often late sagas are looked for
};

class watchman {
public:
  using verdict = runtime::audit_verdict;

  watchman(edge::hall& of, watch_options options);
  ~watchman() { stop(); }
  watchman(const watchman&) = delete;
  watchman& operator=(const watchman&) = delete;

  // Nobody is asked any more; before the hall closes.
  void stop();

  // As of its last round through all stores that this node keeps. The other nodes hear of it, too.
  verdict found() const;
  // Sagas that are late now, by design: of the desks of this node.
  std::array<std::int64_t, order::flows> late() const;
  // Events that the platform was told nothing of yet, by store of orders: likewise.
  std::map<std::uint32_t, std::int64_t> untold() const;

private:
  using place = runtime::directory::place;

  // Where it is in its round, and what it has found so far.
  struct round {
    std::vector<place> places;
    std::size_t at = 0;
    examine wanted;
    verdict found;
  };

  std::optional<std::chrono::milliseconds> look();
  std::int64_t go_on();  // one question; how long to rest after it, in ms
  void end_round();
  std::vector<place> desks() const;
  bool is_over() const;
  void look_for_late();

  edge::hall& hall_;
  const watch_options options_;
  mutable std::mutex mutex_;
  bool stopped_ = false;
  std::int64_t rounds_ = 0;
  std::optional<round> round_;
  verdict found_;
  std::array<std::int64_t, order::flows> late_{};
  std::map<std::uint32_t, std::int64_t> untold_;
  std::set<std::int64_t> told_;  // late sagas that stand in the log
  std::int64_t look_at_ms_ = 0;
  std::unique_ptr<runtime::console> console_;
};

}  // namespace souk::edge
