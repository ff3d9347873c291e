// The stage: plays a whole node in one thread, on a clock of its own, from a seed.
//
// Whoever may do something is on the list; the dice say who is next. When nobody is, time moves on to the next moment
// at which something is due: a letter that arrives, a sweep, or whatever the play has put on the agenda. The same seed
// gives the same play, in every process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/runtime/surroundings.hpp"
#include "actors/runtime/wire.hpp"

namespace souk::runtime {

// What the link does to letters, in percent of them.
struct weather {
  unsigned lost = 0;
  unsigned doubled = 0;
  unsigned late = 0;
  std::int64_t late_us_max = 0;
};

// A letter as the link carries it. Of the three, one is there.
struct passage {
  enum class fate : std::uint8_t { arrives, lost, cut };  // cut: a partition lies between
  std::string_view from, to;
  const envelope* letters = nullptr;
  const responses* answers = nullptr;
  const souk::begin* cases = nullptr;
  fate becomes{};
  unsigned copies = 1;
  std::int64_t sent_us = 0;
  std::int64_t held_us = 0;  // on its way, by what stands still between them
};

class stage {
public:
  explicit stage(std::uint64_t seed);
  ~stage();
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  // What a node takes from outside when it plays here. One node at a time.
  surroundings around() const;

  // One thing happens. False: nothing will ever happen any more.
  bool step();

  std::int64_t now_us() const { return now_us_; }
  moment now() const;
  // Sets the wall clock, and it alone.
  void jump(std::int64_t ms);
  // The last time at which the wall clock showed it; never: it will, or never did.
  std::int64_t last_us(moment shown, std::int64_t never) const;
  std::int64_t wall_off_ms() const { return wall_off_ms_; }

  // Who does it: the process forgets what it was about to do when it is killed, the world does not.
  enum class who : std::uint8_t { process, world };
  void after(std::int64_t us, who does, std::function<void()> what);

  weather sky;
  // Letters from the first to the second do not arrive; names are those of the actors, or how they begin.
  std::set<std::pair<std::string, std::string>> cuts;
  // Those are held up until then, and come soon after it, in any order: what was sent into a silence is carried out
  // late when it ends.
  std::map<std::pair<std::string, std::string>, std::int64_t> stalls;
  // How much longer a letter is to take that is on its way.
  std::function<std::int64_t(const passage&)> hold;
  std::function<void(const passage&)> watch;  // at departure
  std::function<void(const passage&)> watch_arrival;

  // Has the process ended in the midst of something? A node that is starting looks, and goes.
  std::function<bool()> over = [] { return false; };

  // A fingerprint of everything that was carried so far: when, from whom, to whom, and what.
  std::uint64_t trace() const { return trace_; }
  void add_to_trace(std::string_view what);
  std::int64_t carried() const { return carried_; }
  std::int64_t last_arrival_us() const { return last_arrival_us_; }  // of all that is on its way

private:
  struct own_clock;
  struct own_link;
  struct own_driver;
  class own_scheduler;
  struct due {
    who does{};
    std::function<void()> what;
  };

  void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what);
  void deliver(const caf::strong_actor_ptr& from, const caf::actor& to, const caf::message& what, std::int64_t sent_us);
  std::string_view known_name(const caf::strong_actor_ptr& who);
  passage passage_of(const caf::strong_actor_ptr& from, const caf::actor& to, const caf::message& what);
  bool is_cut(std::string_view from, std::string_view to) const;
  std::int64_t stalled_us(std::string_view from, std::string_view to) const;
  caf::actor who_sits_there(const caf::actor& meant);
  void let_time_pass(std::int64_t until_us);
  void forget_the_process();

  std::mt19937_64 order_, fate_;  // who is next; what becomes of letters
  std::int64_t now_us_ = 0;
  std::int64_t wall_off_ms_ = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> clock_set_;  // when, and how it was off until then
  std::int64_t turn_ = 0;
  std::map<std::pair<std::int64_t, std::int64_t>, due> agenda_;  // by moment, then in the order of writing
  own_scheduler* scheduler_ = nullptr;                           // of the node that plays
  std::unordered_map<caf::actor_id, std::string> names_;         // of this process
  std::map<std::string, caf::actor_addr, std::less<>> sitting_;  // desks by name, as of the newest letter to each
  std::uint64_t trace_ = 0xcbf29ce484222325ULL;
  std::int64_t carried_ = 0;
  std::int64_t last_arrival_us_ = 0;
  std::shared_ptr<own_clock> clock_;
  std::shared_ptr<own_link> link_;
  std::shared_ptr<own_driver> driver_;
};

}  // namespace souk::runtime
