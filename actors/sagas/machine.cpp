// Moves a saga from signal to signal.
#include "actors/sagas/machine.hpp"

#include <algorithm>

#include "actors/sagas/steps.hpp"
#include "messages/grammar/planted.hpp"

namespace souk::sagas {

namespace {
std::int64_t whole_pause_ms(const patience& of, int tries) {
  return std::min(of.pause_ms_first << std::min(tries, 20), of.pause_ms_max);
}
}  // namespace

std::int64_t patience::pause_ms(int tries, std::uint64_t random) const {
  const auto whole = whole_pause_ms(*this, tries);
  return whole / 2 + static_cast<std::int64_t>(random % static_cast<std::uint64_t>(whole / 2 + 1));
}

std::int64_t patience::asked_for_ms_max(bool is_parked_then, std::int64_t answer_ms) const {
  std::int64_t ms = 0;
  for (int tries = 0; tries < (is_parked_then ? tries_before_parked : tries_before_lost); ++tries)
    ms += answer_ms + whole_pause_ms(*this, tries);
  return ms;
}

void machine::begin(moves& out) { make(plan_->opening(), out); }

void machine::walk_back(moves& out) {
  for (std::size_t i = 0; i < plan_->stages().size(); ++i) {
    if (plan_->stages()[i].role != role::pivot || plan_->stages()[i].step->home == domain::order) continue;
    states_[i] = state::undoing;
    walking_back_ = true;
    return out.push_back({order_to_go::kind::undo, static_cast<std::uint8_t>(i), 0});
  }
  undo_all(out);
}

void machine::undo_all(moves& out) {
  std::size_t last = states_.size();
  for (std::size_t i = 0; i < plan_->stages().size(); ++i) {
    if (plan_->stages()[i].role != role::compensable || plan_->stages()[i].by_events) continue;
    states_[i] = state::done;
    last = i;
    if (planted(bug::undone_from_the_front)) break;
  }
  if (last == states_.size()) return begin(out);
  states_[last] = state::running;
  on(last, outcome::lost, out);
}

void machine::on(std::size_t stage, outcome how, moves& out) {
  auto& here = states_[stage];
  if (ended_ || here != (how == outcome::undone ? state::undoing : state::running)) return;
  if (how == outcome::undone && plan_->stages()[stage].role == role::pivot) {
    here = state::undone;
    tries_[stage] = 0;
    return undo_all(out);
  }
  const auto* row = plan_->on(stage, how);
  if (!row) {
    // The table has no way on: an insisted step was refused. Only an operator can help.
    parked_ = true;
    out.push_back({order_to_go::kind::park, static_cast<std::uint8_t>(stage), 0});
    return;
  }
  static constexpr std::array<state, 4> becomes{state::done, state::refused, state::lost, state::undone};
  here = becomes[static_cast<std::size_t>(how)];
  tries_[stage] = 0;
  parked_ = false;
  if (!row->all_back || all_back()) make(row->moves, out);
}

bool machine::all_back() const {
  return plan_->all_back([this](std::size_t at) {
    return states_[at] != state::idle && states_[at] != state::refused && states_[at] != state::undone;
  });
}

void machine::on_silence(std::size_t stage, const patience& patience, moves& out) {
  const auto here = states_[stage];
  if (ended_ || parked_ || (here != state::running && here != state::undoing)) return;
  const bool may_be_lost = here == state::running && plan_->stages()[stage].role == role::compensable && !may_have_run_;
  const int tries = ++tries_[stage];
  if (tries < (may_be_lost ? patience.tries_before_lost : patience.tries_before_parked)) {
    out.push_back({here == state::running ? order_to_go::kind::run : order_to_go::kind::undo,
                   static_cast<std::uint8_t>(stage), static_cast<std::uint8_t>(tries)});
  } else if (may_be_lost) {
    on(stage, outcome::lost, out);
  } else {
    parked_ = true;
    out.push_back({order_to_go::kind::park, static_cast<std::uint8_t>(stage), 0});
  }
}

void machine::on_cancel(moves& out) {
  if (may_have_run_) return;
  for (std::size_t i = 0; i < plan_->stages().size(); ++i)
    if (states_[i] == state::running && plan_->stages()[i].role == role::compensable) on(i, outcome::lost, out);
}

void machine::resume(moves& out) {
  if (!parked_) return;
  parked_ = false;
  for (std::size_t i = 0; i < plan_->stages().size(); ++i) {
    if (states_[i] != state::running && states_[i] != state::undoing) continue;
    tries_[i] = 0;
    out.push_back({states_[i] == state::running ? order_to_go::kind::run : order_to_go::kind::undo,
                   static_cast<std::uint8_t>(i), 0});
  }
}

void machine::make(const std::vector<move>& wanted, moves& out) {
  for (const auto& one : wanted) {
    switch (one.verb) {
      case verb::complete:
      case verb::reject:
        ended_ = true;
        out.push_back({one.verb == verb::complete ? order_to_go::kind::complete : order_to_go::kind::reject, 0, 0});
        break;
      case verb::run: {
        const auto stage = plan_->index_of(one.step);
        if (states_[stage] != state::idle) break;  // a choreography may be told twice
        if (one.step == plan_->rejection()) walking_back_ = true;
        states_[stage] = state::running;
        out.push_back({order_to_go::kind::run, static_cast<std::uint8_t>(stage), 0});
        break;
      }
      case verb::undo: {
        const auto stage = plan_->index_of(one.step);
        if (states_[stage] != state::done && states_[stage] != state::lost) break;
        walking_back_ = true;
        states_[stage] = state::undoing;
        out.push_back({order_to_go::kind::undo, static_cast<std::uint8_t>(stage), 0});
        break;
      }
    }
  }
}

}  // namespace souk::sagas
