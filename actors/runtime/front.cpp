// Takes questions from threads and hands them to an actor in batches.
#include "actors/runtime/front.hpp"

#include <future>

namespace souk::runtime {

class front::clerk : public caf::event_based_actor {
public:
  clerk(caf::actor_config& config, std::shared_ptr<in_tray> tray, std::shared_ptr<const directory> where,
        std::shared_ptr<const surroundings> around)
      : caf::event_based_actor(config),
        tray_(std::move(tray)),
        around_(around),
        asker_(this, std::move(where), around) {}

  caf::behavior make_behavior() override {
    next_sweep();
    return {
        [this](responses& mail) { asker_.on(mail); },
        [this](souk::wake) { take(); },
        [this](souk::flush) { asker_.on_flush(); },
        [this](souk::sweep) {
          asker_.on_sweep();
          next_sweep();
        },
        [this](const progress& news) {
          const auto found = followed_.find(news.ticket);
          if (found == followed_.end()) return;
          found->second(news);
          if (news.ended) followed_.erase(found);
        },
        [this](souk::drain) {
          asker_.give_up();
          followed_.clear();
          quit();
        },
    };
  }
  const char* name() const override { return "front"; }

private:
  void next_sweep() { delayed_send(this, std::chrono::milliseconds{around_->sweep_ms}, souk::sweep{}); }

  void take() {
    {
      const std::lock_guard hold{tray_->mutex};
      taken_.swap(tray_->wishes);
    }
    for (auto& one : taken_) {
      if (one.progress) {
        followed_.emplace(one.ticket, std::move(one.progress));
        if (const auto who = in_charge_of(one.follow)) tell(who, souk::follow{one.follow, one.ticket});
      } else if (one.ticket) {
        // Another may be in charge by now.
        if (followed_.erase(one.ticket))
          for (std::uint32_t share = 0; share < asker_.where().coordinators(); ++share)
            if (const auto who = asker_.where().coordinator(share)) tell(who, souk::unfollow{one.follow, one.ticket});
      } else {
        asker_.ask(std::move(one.what), one.how, std::move(one.then));
      }
    }
    taken_.clear();
  }

  // The coordinator of its share, or the next in line in sight, who stands in for it.
  caf::actor in_charge_of(number saga) const {
    const auto all = asker_.where().coordinators();
    const auto share = asker_.where().coordinator_of(saga);
    for (std::uint32_t steps = 0; steps < all; ++steps)
      if (auto who = asker_.where().coordinator((share + steps) % all)) return who;
    return {};
  }
  template <class Word>
  void tell(const caf::actor& who, Word what) {
    around_->link->carry(ctrl(), who, caf::make_message(what));
  }

  std::shared_ptr<in_tray> tray_;
  std::shared_ptr<const surroundings> around_;
  asker asker_;
  std::vector<wish> taken_;
  std::unordered_map<std::uint64_t, watch_progress> followed_;
};

front::front(caf::actor_system& system, std::shared_ptr<const directory> where,
             std::shared_ptr<const surroundings> around)
    : where_(where),
      tray_(std::make_shared<in_tray>()),
      clerk_(system.spawn<clerk>(tray_, std::move(where), std::move(around))) {}

front::~front() { caf::anon_send(clerk_, souk::drain{}); }

void front::drop(wish what) {
  bool first = false;
  {
    const std::lock_guard hold{tray_->mutex};
    first = tray_->wishes.empty();
    tray_->wishes.push_back(std::move(what));
  }
  // The clerk empties the tray at once: only the first in an empty tray need wake it.
  if (first) caf::anon_send(clerk_, souk::wake{});
}

void front::ask(command what, const ask_options& how, hear then) { drop({std::move(what), how, std::move(then)}); }

std::uint64_t front::follow(number saga, watch_progress then) {
  const auto ticket = ++tickets_;
  drop({{}, {}, {}, saga, ticket, std::move(then)});
  return ticket;
}

void front::unfollow(number saga, std::uint64_t ticket) {
  if (ticket) drop({{}, {}, {}, saga, ticket, {}});
}

answer front::ask_now(command what, const ask_options& how) {
  auto heard = std::make_shared<std::promise<answer>>();
  auto result = heard->get_future();
  ask(std::move(what), how, [heard](answer&& said) { heard->set_value(std::move(said)); });
  return result.get();
}

}  // namespace souk::runtime
