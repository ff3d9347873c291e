// The state machine of one saga: signals in, moves out; pure, small, and the same for every plan.
//
//   idle -> running -> done | refused | lost        lost and done may be undone:  -> undoing -> undone
//
// A signal counts only when its step waits for it, so late, doubled and stale answers have no effect. Silence is
// answered with patience: a step before the pivot is asked again a few times and then counts as lost; the pivot, what
// comes after it, and every compensation is asked again with growing, jittered pauses until its tries are used up, then
// the saga is parked for an operator: never silently dropped, never retried for ever.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "actors/sagas/plan.hpp"

namespace souk::sagas {

struct patience {
  int tries_before_lost = 4;     // of a compensable step
  int tries_before_parked = 12;  // of an insisted step or a compensation
  std::int64_t pause_ms_first = 50;
  std::int64_t pause_ms_max = 30'000;

  // The pause before try number n (the first is 0), between half and the whole of its doubled length. random: any 64
  // bits.
  std::int64_t pause_ms(int tries, std::uint64_t random) const;
  // How long a step is asked at most until it is lost or the saga is parked: each try waits for its answer, and pauses.
  std::int64_t asked_for_ms_max(bool is_parked_then, std::int64_t answer_ms) const;
};

// What the coordinator is to do next.
struct order_to_go {
  enum class kind : std::uint8_t { run, undo, complete, reject, park };
  kind what{};
  std::uint8_t stage = 0;
  std::uint8_t tries = 0;  // more than 0: again, after a pause
  friend bool operator==(const order_to_go&, const order_to_go&) = default;
};

class machine {
public:
  enum class state : std::uint8_t { idle, running, done, refused, lost, undoing, undone };
  using moves = std::vector<order_to_go>;

  machine() = default;  // of no plan: it waits for one to be put in its place
  // may_have_run: somebody may have run it before, further than it is now. Then a step without an answer is asked again
  // and never counts as lost: what came after it may be in effect, and the way back from here would pass it by. What
  // was refused then is refused again, so that it turns back where it turned back before.
  explicit machine(const plan& of, bool may_have_run = false) : plan_(&of), may_have_run_(may_have_run) {}

  void begin(moves& out);
  // Instead: it was decided before that it walks back, and nobody knows how far it came. All that may be in effect is
  // undone; what never was is forbidden, and first a pivot that another domain than that of the case decides.
  void walk_back(moves& out);
  void on(std::size_t stage, outcome how, moves& out);
  // No answer in time, or nobody to ask.
  void on_silence(std::size_t stage, const patience& patience, moves& out);
  // Somebody wants it back: what is being asked counts as lost. No effect from the pivot on, where the domain that
  // keeps the case decides, nor on the way back, nor if it may have run before: then it is turned back at the pivot.
  void on_cancel(moves& out);
  // An operator wants a parked saga to try again.
  void resume(moves& out);

  const plan& its_plan() const { return *plan_; }
  bool may_have_run() const { return may_have_run_; }
  state at(std::size_t stage) const { return states_[stage]; }
  bool ended() const { return ended_; }
  bool parked() const { return parked_; }
  bool walking_back() const { return walking_back_; }

private:
  void make(const std::vector<move>& wanted, moves& out);
  void undo_all(moves& out);
  bool all_back() const;  // nothing that could be undone is in effect

  const plan* plan_ = nullptr;
  std::array<state, plan::stages_max> states_{};
  std::array<std::uint8_t, plan::stages_max> tries_{};
  bool ended_ = false;
  bool parked_ = false;
  bool walking_back_ = false;
  bool may_have_run_ = false;
};

}  // namespace souk::sagas
