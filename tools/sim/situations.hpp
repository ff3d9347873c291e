// Situations: what a simulator is there to run into. Each has a name and is counted; a campaign in which one never
// occurred has proved less than it says.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace souk::sim {

enum class situation : std::uint8_t {
  // outside of souk
  platform_out_of_reach,
  event_rejected,
  event_taken_without_answer,
  event_told_twice,
  charge_declined,
  charge_without_answer,
  charge_captured_late,
  charge_forbidden,
  charge_refunded,
  killed_after_capture,  // the process, before the provider's answer was heard
  // on the way
  letters_lost,
  letters_doubled,
  letters_cut,
  answer_lost_after_commit,
  compensation_before_its_step,  // the undo arrives first: a tombstone
  step_after_its_compensation,   // the late command finds the tombstone
  // those who fall
  desk_fell,
  desk_threw,
  coordinator_fell,
  process_killed,
  killed_with_sagas_running,
  killed_with_answers_owed,  // somebody was waiting for an answer
  clock_set_forward,
  clock_set_back,
  // sagas
  step_asked_again,
  step_lost,
  saga_walked_back,
  order_cancelled_in_time,
  order_cancelled_after_its_end,
  cancel_came_too_late,  // the order had failed
  sold_out,
  too_poor,
  coupon_refused,
  payment_refused,
  // requests
  request_repeated,
  request_repeated_after_kill,
  request_given_up,
  key_reused,
  // seats
  token_waited,
  token_replayed,
  hold_expired,
  hold_expired_before_its_payment,
  seat_taken,
  seat_sold,
  seat_paid_twice,
  // the disk and the power
  power_lost,
  power_lost_in_a_write,  // or another operation
  power_lost_after_stop,  // the process had let go of its stores
  read_failed,
  write_failed,  // or an open, a truncation, a removal
  sync_failed,
  disk_full,
  told_the_disk_is_full,  // somebody heard so
  // and again those who fall
  commit_failed,
  fell_at_tombstone,  // the desk forgot what it kept in memory before the late command came
  ended_while_starting,
  letters_stalled,
  fell_at_turn,  // the coordinator, when it had just taken back what it had asked for in vain
  // those who mend
  saga_parked,
  saga_parked_again,
  saga_retried,
  saga_compensated,
  step_skipped,
  saga_written_off,
  repair_rehearsed,
  repair_told_twice,
  repair_key_reused,
  repair_not_allowed,    // where it stood
  repair_came_too_late,  // it moved or ended meanwhile
  fell_after_repair,     // its desk, its coordinator or the process, before it went on
  // those who stand in for others
  sagas_adopted,
  outdated_word,  // of whoever ran a saga before another
  // designs that take nothing new for a while
  refused_while_paused,
  fell_while_paused,
};
inline constexpr std::array<std::string_view, 74> situation_names{
    "platform_out_of_reach",
    "event_rejected",
    "event_taken_without_answer",
    "event_told_twice",
    "charge_declined",
    "charge_without_answer",
    "charge_captured_late",
    "charge_forbidden",
    "charge_refunded",
    "killed_after_capture",
    "letters_lost",
    "letters_doubled",
    "letters_cut",
    "answer_lost_after_commit",
    "compensation_before_its_step",
    "step_after_its_compensation",
    "desk_fell",
    "desk_threw",
    "coordinator_fell",
    "process_killed",
    "killed_with_sagas_running",
    "killed_with_answers_owed",
    "clock_set_forward",
    "clock_set_back",
    "step_asked_again",
    "step_lost",
    "saga_walked_back",
    "order_cancelled_in_time",
    "order_cancelled_after_its_end",
    "cancel_came_too_late",
    "sold_out",
    "too_poor",
    "coupon_refused",
    "payment_refused",
    "request_repeated",
    "request_repeated_after_kill",
    "request_given_up",
    "key_reused",
    "token_waited",
    "token_replayed",
    "hold_expired",
    "hold_expired_before_its_payment",
    "seat_taken",
    "seat_sold",
    "seat_paid_twice",
    "power_lost",
    "power_lost_in_a_write",
    "power_lost_after_stop",
    "read_failed",
    "write_failed",
    "sync_failed",
    "disk_full",
    "told_the_disk_is_full",
    "commit_failed",
    "fell_at_tombstone",
    "ended_while_starting",
    "letters_stalled",
    "fell_at_turn",
    "saga_parked",
    "saga_parked_again",
    "saga_retried",
    "saga_compensated",
    "step_skipped",
    "saga_written_off",
    "repair_rehearsed",
    "repair_told_twice",
    "repair_key_reused",
    "repair_not_allowed",
    "repair_came_too_late",
    "fell_after_repair",
    "sagas_adopted",
    "outdated_word",
    "refused_while_paused",
    "fell_while_paused",
};
inline constexpr std::size_t situation_count = situation_names.size();
constexpr std::string_view to_text(situation s) { return situation_names[static_cast<std::size_t>(s)]; }

class situations {
public:
  void saw(situation what, std::int64_t times = 1) { counts_[static_cast<std::size_t>(what)] += times; }
  std::int64_t times(situation what) const { return counts_[static_cast<std::size_t>(what)]; }
  void add(const situations& other) {
    for (std::size_t i = 0; i < situation_count; ++i) counts_[i] += other.counts_[i];
  }
  std::vector<std::string> never_seen() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < situation_count; ++i)
      if (counts_[i] == 0) names.emplace_back(situation_names[i]);
    return names;
  }

private:
  std::array<std::int64_t, situation_count> counts_{};
};

}  // namespace souk::sim
