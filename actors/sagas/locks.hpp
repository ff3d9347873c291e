// What a running saga holds that others may want, its semantic locks, and what it waits for: from its plan and its
// story.
//
// A step that is in effect and can be undone holds what its compensation would give back, until the pivot has decided.
// Whoever wants the same meanwhile waits for nobody: its desk gives what is left, or refuses, at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/sagas/plan.hpp"
#include "messages/letter.hpp"

namespace souk::sagas {

struct key_at;  // repairs.hpp

enum class thing : std::uint8_t {
  order,    // not decided yet
  stock,    // units off a shelf
  coupon,   // in use
  money,    // out of a wallet
  payment,  // approved, or being
  cart,     // its goods taken out
  place,    // in the waiting room, used up
  seat,
};
std::string_view to_text(thing what);
std::optional<thing> find_thing(std::string_view name);

enum class grip : std::uint8_t {
  held,
  in_doubt,    // it was asked for, and nobody has heard whether it came to pass
  going_back,  // its compensation is asked for
  for_a_time,  // a seat, before its step: by its hold alone, which has a deadline
};
std::string_view to_text(grip how);

struct lock {
  thing what{};
  std::string name;        // which: a product, a coupon, a user; empty for a seat, which the case names
  std::int64_t units = 0;  // of stock
  money amount;            // of money, if it is known
  std::size_t stage = 0;   // of the plan; what is no step's is the order itself
  event_log::party desk;
  grip is{};
  std::int64_t since_ms = 0;  // since the case was placed: from when it may be in effect
};
// Nothing when it has passed its pivot. story: as far as it is known.
std::vector<lock> locks_of(const order::brief& about, const std::vector<order::happening>& story,
                           const shard_counts& shards);
// What a desk has said of a key counts more than the story.
void learn(std::vector<lock>& of, const key_at& key, const recorded& what);

// A saga that has asked, or is to hear: for whom it waits, and what becomes of it if there is no answer.
struct wait {
  std::size_t stage = 0;
  bool undoing = false;
  bool by_events = false;  // nobody asks: it is heard of
  std::int64_t since_ms = 0;
  int times = 0;  // it was asked
  std::vector<event_log::party> desks;
  bool turns_back = false;  // else it is parked
};
// Nothing when it has ended, or nobody knows.
std::optional<wait> wait_of(const order::brief& about, const std::vector<order::happening>& story,
                            const shard_counts& shards);
// What it would get from the step that it waits for, as locks_of names it.
std::vector<lock> wanted_by(const order::brief& about, const wait& by, const shard_counts& shards);

}  // namespace souk::sagas
