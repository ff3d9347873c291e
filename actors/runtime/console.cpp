// Looks around as often as it was told to.
#include "actors/runtime/console.hpp"

#include <spdlog/spdlog.h>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <exception>
#include <utility>

#include "actors/runtime/wire.hpp"

namespace souk::runtime {

class console::looker : public caf::event_based_actor {
public:
  looker(caf::actor_config& config, const char* name, look around, std::promise<void> gone)
      : caf::event_based_actor(config), name_(name), around_(std::move(around)), gone_(std::move(gone)) {}

  caf::behavior make_behavior() override {
    return {
        [this](souk::wake) {
          if (!std::exchange(looks_, true)) go_on();
        },
        [this](souk::sweep) { go_on(); },
        [this](souk::drain) { quit(); },
    };
  }
  const char* name() const override { return name_; }
  void on_exit() override { gone_.set_value(); }

private:
  void go_on() {
    std::optional<std::chrono::milliseconds> rest{1'000};
    try {
      rest = around_();
    } catch (const std::exception& trouble) {
      spdlog::error("{}: {}", name_, trouble.what());
    }
    looks_ = rest.has_value();
    if (rest) delayed_send(this, *rest, souk::sweep{});
  }

  const char* name_;
  look around_;
  std::promise<void> gone_;
  bool looks_ = false;
};

console::console(caf::actor_system& system, const char* name, look around) {
  std::promise<void> gone;
  gone_ = gone.get_future();
  // It waits for answers, which may take seconds: nobody else's letters are to wait behind that.
  looker_ = system.spawn<looker, caf::detached>(name, std::move(around), std::move(gone));
}

console::~console() {
  caf::anon_send(looker_, souk::drain{});
  gone_.wait();
}

void console::wake() { caf::anon_send(looker_, souk::wake{}); }

}  // namespace souk::runtime
