// The cashier: carries payments to an external provider, and what became of them back to the payment desk.
//
// It asks the desk for what is open, does it by key, and reports. It keeps nothing: after any crash the desk still has
// what is open, and the provider knows each key. What it found open at its start, and whatever was not understood, is
// asked for before anything is done, because it may have happened.
#pragma once

#include <atomic>
#include <caf/event_based_actor.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <unordered_map>
#include <vector>

#include "actors/runtime/asker.hpp"
#include "actors/runtime/errands.hpp"

namespace souk::runtime {

struct cashier_counts {
  std::atomic<std::int64_t> open{0};      // payments that the provider is to say something about
  std::atomic<std::int64_t> captured{0};  // charges that stand
  std::atomic<std::int64_t> declined{0};
  std::atomic<std::int64_t> gone{0};     // charges that were called off or refunded
  std::atomic<std::int64_t> unknown{0};  // times that the provider did not say
  std::atomic<std::int64_t> restarts{0};
};

struct cashier_papers {
  std::shared_ptr<const directory> where;
  std::shared_ptr<const surroundings> around;
  std::shared_ptr<cashier_counts> counts;
  provider_maker make_provider;
  errands_maker make_errands;  // none: by threads
};

class cashier : public caf::event_based_actor {
public:
  cashier(caf::actor_config& config, cashier_papers papers);
  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "cashier"; }

private:
  struct job {
    payment::work work;
    bool doubtful = false;  // it may have been done before: the provider is asked first
    bool out = false;       // an errand, or its report, is on the way
    int tries = 0;
    std::int64_t due_ms = 0;  // while nobody is out
  };

  void read_all(std::int64_t after);
  void wait_for_news();
  void take(const payment::works& news, bool doubtful);
  void send_out(job& one);
  void on_back();
  void report(const errand& done);
  void try_later(const errand& unknown);
  void on_sweep();

  // Where the errands' threads leave what they come back with.
  struct tray {
    std::mutex mutex;
    std::vector<errand> done;
  };

  cashier_papers papers_;
  asker asker_;
  std::mt19937_64 random_;
  std::shared_ptr<tray> back_;
  std::unique_ptr<errands> errands_;
  std::unordered_map<std::int64_t, job> jobs_;  // by order
  std::int64_t turn_ = 0;                       // the newest that was heard of
  std::int64_t read_all_at_ms_ = 0;
  bool reading_ = false;
  bool waiting_ = false;
  bool troubled_ = false;  // the provider did not say anything when it was last asked
};

}  // namespace souk::runtime
