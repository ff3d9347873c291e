// The coordinator: a supervised actor that holds one state machine per order and does what the machines say.
//
// A saga's durable facts are the case's row (written before anything moves, closed when it ends) and the outcomes that
// the participants keep by key. So a coordinator that starts asks for the open cases of its share and runs them again
// from the front: every step answers with its recorded outcome. A way back survives because it is strictly in reverse:
// the first step found undone means that everything after it is undone too.
//
// One that is out of sight for a while, with its node or without, is stood in for: the next in line asks the stores of
// orders for its open cases. Each store hands them over in a turn of its own and hears no word of an earlier one, so it
// does no harm when the absent one is still at work. It has them back as soon as it asks for them.
#pragma once

#include <atomic>
#include <bitset>
#include <caf/event_based_actor.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <unordered_map>
#include <vector>

#include "actors/runtime/node_report.hpp"
#include "actors/runtime/outgoing.hpp"
#include "actors/runtime/passages.hpp"
#include "actors/sagas/machine.hpp"
#include "actors/sagas/steps.hpp"

namespace souk::runtime {

struct coordinator_counts {
  std::uint32_t share = 0;
  std::atomic<std::int64_t> running{0};
  std::atomic<std::int64_t> parked{0};
  std::atomic<std::int64_t> begun{0};
  std::atomic<std::int64_t> completed{0};
  std::atomic<std::int64_t> compensated{0};
  std::atomic<std::int64_t> asked_again{0};
  std::atomic<std::int64_t> restarts{0};
  std::atomic<std::int64_t> adopted{0};       // shares of others that it stands in for now
  std::atomic<bool> knows_open_cases{false};  // every order desk has said which cases were open
  passages passed;
};
coordinator_now now_of(const coordinator_counts& counts);

struct coordinator_papers {
  std::uint32_t share = 0;
  std::shared_ptr<const directory> where;
  std::shared_ptr<const surroundings> around;
  std::shared_ptr<coordinator_counts> counts;
};

class coordinator : public caf::event_based_actor {
public:
  coordinator(caf::actor_config& config, coordinator_papers papers);
  caf::behavior make_behavior() override;
  const char* name() const override { return "coordinator"; }

private:
  static constexpr std::size_t parts_max = 256;

  // One saga in flight.
  struct slot {
    bool taken = false;
    bool parked = false;
    std::uint32_t generation = 0;
    std::uint32_t turn = 0;  // of its desk
    order::brief about;
    sagas::machine machine;
    std::vector<order::happening> timeline;
    reason why{};
    std::string detail;
    // what is being asked now, in one part per shard
    std::uint8_t stage = 0;
    bool undoing = false;
    std::bitset<parts_max> unanswered;
    std::uint16_t parts = 0;
    std::uint16_t in_effect = 0;  // of a pivot that was to be forbidden
    verdict worst{};
    bool key_reused = false;
    bool heard_full = false;
    reason no{};               // the last that was said instead of yes
    std::int64_t due_ms = 0;   // when to ask again, or when the pause is over
    std::uint8_t pausing = 0;  // tries so far, while a pause lasts
    // What may have run before is claimed first: a letter that says it is to be run may be older than its end. That it
    // turns back is durable before anything is undone: whoever runs it after a fall turns back, too.
    enum class way : std::uint8_t { claiming, ahead, turning, back } way{};
    std::vector<sagas::order_to_go> held;  // the first moves back, while that is asked
    rare<order::claimed> mended;           // by an operator: what is not made any more
  };
  struct follower {
    caf::strong_actor_ptr who;
    std::uint64_t ticket = 0;
  };

  void on_begin(order::brief&& about, std::uint32_t turn);
  void on_answer(souk::response&& said);
  void on_sweep();
  void on_silence(slot& in, reason why);
  void on_follow(const souk::follow& wish);
  void on_unfollow(const souk::unfollow& wish);
  void ask_for_open_cases();
  void ask_for_open_cases(std::uint32_t share);
  void ask_soon();
  void on_open_cases(std::uint32_t share, std::uint32_t shard, const answer& said);
  void learn_turn(std::uint32_t share, std::uint32_t shard, std::uint32_t turn);
  void look_who_is_absent();
  void on_outdated(std::uint32_t at);
  bool may_have_run(number saga);
  void go(std::uint32_t at);
  bool turns_back(std::uint32_t at);
  void ask_the_desk(std::uint32_t at);
  void on_claim(std::uint32_t at, answer& said);
  void on_turn(std::uint32_t at, const answer& said);
  void make(std::uint32_t at, const sagas::order_to_go& move);
  void ask(std::uint32_t at, std::uint8_t stage, bool undo);
  void all_parts_answered(std::uint32_t at);
  static bool is_settled(const slot& in, std::uint8_t stage, bool undo);
  void park(std::uint32_t at);
  void unpark(slot& in);  // it moves again, or has ended
  void end(std::uint32_t at, bool completed);
  void leave(std::uint32_t at);   // to whoever runs it from now on
  void let_go(std::uint32_t at);  // it has ended, or goes on by events
  void note(slot& in, std::uint8_t stage, order::mark what, reason why = reason::none);
  // Once a mail: a clock read for every note of every saga was a fiftieth of the time.
  void look_at_the_clock() {
    now_ = papers_.around->clock->now();
    steady_ms_ = papers_.around->clock->steady_ms();
  }

  coordinator_papers papers_;
  outgoing out_;
  std::mt19937_64 random_;
  std::vector<slot> slots_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<std::int64_t, std::uint32_t> by_saga_;
  std::unordered_multimap<std::int64_t, follower> followers_;
  sagas::machine::moves moves_;  // to be made now; kept, like the next, to save an allocation per step
  std::vector<command> commands_;
  moment now_;
  std::int64_t steady_ms_ = 0;  // of deadlines
  std::int64_t asked_open_at_ms_ = 0, ask_open_at_ms_ = 0;
  // What a desk of orders has said of a share in its newest turn.
  struct heard {
    std::uint32_t turn = 0;
    // The newest case that was there when it began, or that has begun here since: one that is newer has surely never
    // run. None: that is not known.
    std::optional<std::int64_t> newest;
    bool answered = false;  // be it that there is no room to write it down
  };
  struct share {
    std::vector<heard> desks;  // by shard of the orders
    std::int64_t absent_since_ms = 0;
    bool adopted = false;
  };
  std::vector<share> shares_;
  std::uint64_t who_ = 0;  // this one, in this life
};

}  // namespace souk::runtime
