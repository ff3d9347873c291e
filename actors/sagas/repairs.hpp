// What an operator may do for a saga that stands still, and why not the rest: it follows from the plan alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "actors/sagas/plan.hpp"
#include "messages/letter.hpp"

namespace souk::sagas {

// Where a saga stands: at a step of its plan, or at that step's compensation.
struct stand {
  const plan& of;
  std::size_t stage = 0;
  bool undoing = false;
};

// Empty: it may be done.
std::string_view why_not(order::remedy what, const stand& at);
// A bit for each remedy that may be done.
std::uint8_t allowed_at(const stand& at);

std::string_view to_text(order::remedy what);  // retry, compensate, skip, fail

// Where a case may have left something: one key of a step at one desk.
struct key_at {
  std::size_t stage = 0;
  event_log::party desk;
  souk::once once;
};
// The desks of a domain that commands go to, each once: several where goods lie in several shards.
std::vector<event_log::party> desks_of(const std::vector<command>& all, domain home, const shard_counts& shards);
// What a step of a case asks for, or its undoing.
std::vector<command> said_by(const order::brief& about, std::size_t stage, bool undo);
// The desks that it asks. None: as far as is known it has nothing to ask.
std::vector<event_log::party> desks_of_step(const order::brief& about, std::size_t stage, bool undo,
                                            const shard_counts& shards);
// All of them, in the order of the plan: of steps that can be undone, or are insisted upon.
std::vector<key_at> keys_of(const order::brief& about, const plan& of, const shard_counts& shards);

// How a step ended, if that is what happened.
std::optional<outcome> outcome_of(order::mark what);
// The step that a saga is at, by what is known of it: asked for, or to be undone. None: it has ended, or nobody knows.
const step* step_at(const plan& of, const std::vector<order::happening>& story);

}  // namespace souk::sagas
