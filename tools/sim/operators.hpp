// Operators: they look at what stands still and mend it as they please; in the end the books must say what they did.
//
// They retry, compensate, skip and write off, rehearse it, ask twice, come too late and want what may not be. They have
// dice of their own: without them all others do what they always did.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "actors/sagas/repairs.hpp"
#include "tools/sim/counter.hpp"
#include "tools/sim/promises.hpp"

namespace souk::sim {

class operators {
public:
  operators(runtime::stage& on, counter& at, promises& book, situations& seen, std::uint64_t seed)
      : stage_(on), counter_(at), book_(book), seen_(seen), dice_(seed) {}

  // The next who is told that his repair counts, and of which saga.
  std::function<void(number)> at_repair;

  // So many visits, spread over so much time.
  void come(unsigned visits, std::int64_t over_ms);
  bool all_done() const { return underway_ == 0; }
  // A design takes nothing new for a while.
  void pause(order::flow which, std::int64_t for_ms);
  // All is healed: whatever stands still is mended, once for each look. Where nobody came before, by a retry.
  void mend_all();
  // Asks what the audit log and the desks say, when all is over; the answers go into the book.
  void look_around();

private:
  using remedy = order::remedy;
  using lines = std::vector<order::audit_line>;
  // What one repaired case has left at each desk.
  struct left {
    order::view end;
    std::vector<std::pair<sagas::key_at, recorded>> effects;
    std::size_t missing = 0;
  };

  std::uint64_t dice(std::uint64_t of) { return dice_() % of; }
  bool percent(unsigned of) { return dice(100) < of; }
  void later(std::uint64_t us, std::function<void()> what);

  void visit();
  void mend(const order::view& one);
  void ask(const order::repair& what, bool allowed);
  void ask(const order::pause& what, std::function<void()> then);
  void hear(const order::repair& what, bool allowed, const answer& said);

  void read_log(const lines& log);
  void judge(const order::view& end, const lines& done);
  void ask_what_is_left(const order::view& end);
  void judge(const left& what);

  runtime::stage& stage_;
  counter& counter_;
  promises& book_;
  situations& seen_;
  std::mt19937_64 dice_;
  int underway_ = 0, wishes_made_ = 0;
  bool came_ = false;
  std::map<std::string, order::repair> wishes_;  // by reason: no two have the same
  lines told_;
  std::map<std::int64_t, int> mended_;  // by saga, how often
};

}  // namespace souk::sim
