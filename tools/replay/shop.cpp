// Asks the desks of a node in this process.
#include "tools/replay/shop.hpp"

#include <atomic>
#include <chrono>
#include <latch>

#include "actors/runtime/front.hpp"

namespace souk::replay {

namespace {

// Generous: a desk that is being restarted, or a slow disk, is no reason to give an order up.
constexpr runtime::ask_options patience{{}, 30'000, 5'000};

class desks_in_process final : public shop {
public:
  explicit desks_in_process(runtime::front& desks) : desks_(desks) {}

  // Each of in_flight lanes asks the next as soon as its last one is answered, on the front's own thread.
  void ask_all(std::size_t count, unsigned in_flight, const make_command& make, const on_answer& hear) override {
    using steady = std::chrono::steady_clock;
    std::atomic<std::size_t> next{0};
    std::latch lanes{static_cast<std::ptrdiff_t>(in_flight)};
    std::function<void()> ask_next = [&] {
      const auto i = next.fetch_add(1);
      if (i >= count) return lanes.count_down();
      const auto asked = steady::now();
      desks_.ask(make(i), patience, [&, i, asked](answer&& said) {
        hear(i, std::move(said), std::chrono::duration<double, std::milli>(steady::now() - asked).count());
        ask_next();
      });
    };
    for (unsigned lane = 0; lane < in_flight; ++lane) ask_next();
    lanes.wait();
  }

private:
  runtime::front& desks_;
};

}  // namespace

std::unique_ptr<shop> shop_in_process(runtime::front& desks) { return std::make_unique<desks_in_process>(desks); }

}  // namespace souk::replay
