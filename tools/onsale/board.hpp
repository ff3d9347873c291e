// The board at the entrance: which seats were free a moment ago. One look serves everybody for a while, because a look
// of each visitor at each seat would cost visitors times seats.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tools/onsale/booth.hpp"

namespace souk::onsale {

class board {
public:
  struct look {
    std::vector<std::string> free;
    std::vector<std::string> sold;
    // For good: a seat is shown as sold while its payment runs, and is free again if that is refused, so that nobody
    // may have been paying meanwhile.
    bool sold_out = false;
  };
  // Somebody pays for as long as this lives.
  class payment {
  public:
    explicit payment(board& at) : at_(at) { ++at_.begun_; }
    ~payment() { ++at_.over_; }
    payment(const payment&) = delete;
    payment& operator=(const payment&) = delete;

  private:
    board& at_;
  };
  board(booth& at, std::string schedule, std::size_t seats)
      : booth_(at), schedule_(std::move(schedule)), seats_(seats) {}

  // At most so old. Thread-safe.
  static constexpr std::chrono::milliseconds age_max{100};
  std::shared_ptr<const look> glance();
  // As it is now.
  look read();

private:
  booth& booth_;
  const std::string schedule_;
  const std::size_t seats_;
  std::atomic<std::uint64_t> begun_{0}, over_{0};  // payments
  std::mutex mutex_;
  std::shared_ptr<const look> last_;
  std::chrono::steady_clock::time_point look_again_;
  bool looking_ = false;
};

}  // namespace souk::onsale
