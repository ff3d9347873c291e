// How the node is, once a second, for everybody who looks at the console: asked once however many look, and not at all
// when nobody does.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/edge/http.hpp"
#include "actors/runtime/console.hpp"
#include "actors/runtime/latencies.hpp"
#include "messages/measure.hpp"

namespace souk::edge {

class hall;

class live {
public:
  explicit live(edge::hall& of) : hall_(of) {}
  ~live() { stop(); }
  live(const live&) = delete;
  live& operator=(const live&) = delete;

  // Tells it from now on, until it has gone, or may hear it no more.
  void tell(event_stream to, std::function<bool()> may_hear);
  // Tells the next tick, once.
  void tell(std::function<void(const std::string&)> who);
  // Nobody is told any more; before the hall closes.
  void stop();

private:
  struct sums {  // as they were a tick ago
    std::int64_t steady_ms = 0;
    // By store of orders: each counts from when its desk was seated, and is left out while it is silent.
    std::map<std::uint32_t, std::map<std::string, std::int64_t>> orders;  // placed, and ended by how
    std::map<std::string, measured> desks;
    runtime::latencies::counts took{};
    std::array<std::int64_t, 6> answered{};
  };

  void begin();
  std::optional<std::chrono::milliseconds> look();
  std::string tick();

  edge::hall& hall_;
  std::mutex mutex_;
  struct listener {
    event_stream to;
    std::function<bool()> may_hear;
  };
  std::vector<listener> listeners_;
  std::vector<std::function<void(const std::string&)>> askers_;
  bool runs_ = false;
  bool begins_ = false;
  bool stopped_ = false;
  int quiet_ = 0;  // looks that nobody asked for
  sums before_;
  std::unique_ptr<runtime::console> console_;
};

}  // namespace souk::edge
