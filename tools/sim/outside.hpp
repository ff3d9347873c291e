// What lies outside of souk in a play: a data platform and a payment provider, and both misbehave.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "actors/runtime/errands.hpp"
#include "actors/runtime/sink.hpp"
#include "actors/runtime/stage.hpp"
#include "tools/sim/situations.hpp"

namespace souk::sim {

// How somebody outside behaves, in percent of what is asked of him.
struct mood {
  bool down = false;
  unsigned forgets_to_answer = 0;  // it is done, and nobody hears
  unsigned never_hears = 0;        // it is not done, and nobody hears
  unsigned refuses = 0;
  unsigned takes_its_time = 0;  // it is done later than its answer
};

// The data platform: keeps what it was told, and what is wrong with that.
class data_platform {
public:
  data_platform(std::uint64_t seed, situations& seen) : dice_(seed), seen_(seen) {}

  mood now;
  runtime::sink_maker maker();

  // Told of this at least once?
  bool knows(number subject, order::kind what) const { return told_.contains({subject.value, what}); }
  std::size_t told() const { return told_.size(); }
  const std::set<std::pair<std::int64_t, order::kind>>& all() const { return told_; }
  const std::vector<std::string>& wrong() const { return wrong_; }

private:
  struct line;
  runtime::delivery take(const order::events& events);
  void keep(std::uint32_t source, const order::event& event);
  bool percent(unsigned of) { return dice_() % 100 < of; }

  std::mt19937_64 dice_;
  situations& seen_;
  std::map<std::pair<std::uint32_t, std::int64_t>, std::uint64_t> prints_;  // by outbox and number: the content
  std::map<std::pair<std::uint32_t, std::int64_t>, std::int64_t> newest_;   // number of each subject of each source
  std::set<std::pair<std::int64_t, order::kind>> told_;
  std::set<std::int64_t> ever_rejected_;
  std::vector<std::string> wrong_;
};

// The payment provider: one charge a key, and at most one refund of it.
class till {
public:
  struct charge {
    runtime::charge_state state{};
    money amount;
    int captures = 0, refunds = 0;
    std::int64_t kept() const { return amount.minor * (captures - refunds); }
  };

  till(runtime::stage& on, std::uint64_t seed, situations& seen) : stage_(on), dice_(seed), seen_(seen) {}

  mood now;
  std::function<void(const std::string& key)> call_back;  // there is news of this key
  runtime::provider_maker maker();
  // Runs errands on the stage: they take their time, and those of a process that is killed never come back.
  runtime::errands_maker errands_maker();
  std::function<void()> at_capture;  // somebody has just been charged: the moment to be killed at

  const std::map<std::string, charge>& ledger() const { return charges_; }

private:
  class desk;
  class runner;
  bool percent(unsigned of) { return dice_() % 100 < of; }
  void capture(const std::string& key);

  runtime::stage& stage_;
  std::mt19937_64 dice_;
  situations& seen_;
  std::map<std::string, charge> charges_;
};

}  // namespace souk::sim
