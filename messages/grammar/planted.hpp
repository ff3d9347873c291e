// Planted bugs: mistakes that the code could have, each behind a switch, so that the simulator can show that it
// notices.
//
// They are compiled into one executable of their own, souk-planted, where SOUK_PLANTED is defined; everywhere else
// planted() is the constant false, and nothing of them is left. Only .cpp files ask it, those that CMakeLists.txt
// names: what both executables share has to read the same to both.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace souk {

enum class bug : std::uint8_t {
  answers_before_commit,
  reads_uncommitted,
  memory_outlives_rollback,
  position_before_effect,
  events_counted_again,
  key_after_effect,
  no_tombstone,
  tombstones_tidied_away,
  undo_of_nothing,
  coupon_believed,
  seat_believed,
  late_hold_believed,
  timer_not_kept,
  outbox_forgets_early,
  numbers_given_twice,
  effect_before_cause,
  refund_without_key,
  waiting_not_written,
  open_work_forgotten,
  old_answers_believed,
  turns_back_unsaid,
  begins_unclaimed,
  undone_from_the_front,
  new_key_for_a_retry,
  cancelled_yet_completed,
  outdated_believed,
  pause_not_written,
  commits_unsynced,
  none,
};

struct planted_bug {
  std::string_view name;
  std::string_view noticed_by;  // souk sim, or souk sweep
  std::string_view mistake;
};
inline constexpr std::array<planted_bug, static_cast<std::size_t>(bug::none)> planted_bugs{{
    {"answers_before_commit", "sim", "a desk answers when it has decided, and commits afterwards"},
    {"reads_uncommitted", "sim", "a question is answered from the batch that it came with, before that is committed"},
    {"memory_outlives_rollback", "sim", "a desk whose commit failed goes on with what it remembers"},
    {"position_before_effect", "sim", "payments commit how far they have heard before they book what they heard"},
    {"events_counted_again", "sim", "the ranking has no inbox: it counts an event whenever it is told"},
    {"key_after_effect", "sim", "the key of a charge is kept in a transaction after that of its money"},
    {"no_tombstone", "sim", "undoing a debit that never came leaves nothing behind"},
    {"tombstones_tidied_away", "sim", "a store of wallets loses its tombstones when it is opened"},
    {"undo_of_nothing", "sim", "goods that were never taken are put back"},
    {"coupon_believed", "sim", "a coupon is used without a look at whether it is still unused"},
    {"seat_believed", "sim", "a seat is held without a look at whether somebody else holds it"},
    {"late_hold_believed", "sim", "a payment confirms its hold although another holds the seat since"},
    {"timer_not_kept", "sim", "when a hold ends stands in memory only: after a restart it is over"},
    {"outbox_forgets_early", "sim", "an outbox deletes events before all have acknowledged them"},
    {"numbers_given_twice", "sim", "a life of the log numbers on after what is on disk, though more was handed out"},
    {"effect_before_cause", "sim", "the log takes what came of an event that it has lost, before that is told again"},
    {"refund_without_key", "sim", "a refund has no key: asked again it is paid again"},
    {"waiting_not_written", "sim", "a reaction whose answer comes later waits in memory only"},
    {"open_work_forgotten", "sim", "payments do not look for what is open when they start"},
    {"old_answers_believed", "sim", "a coordinator does not see that an answer is of an earlier saga in the same slot"},
    {"turns_back_unsaid", "sim", "a saga undoes its steps before it is durable that it gives up"},
    {"begins_unclaimed", "sim", "a saga that may have run before is begun as if it were new"},
    {"undone_from_the_front", "sim", "a saga that is found walking back undoes its first step, not its last"},
    {"new_key_for_a_retry", "sim", "a step without an answer is asked again under another key"},
    {"cancelled_yet_completed", "sim", "an order is completed although its cancellation was accepted"},
    {"outdated_believed", "sim", "an order's desk acts upon the word of a coordinator that another has followed"},
    {"pause_not_written", "sim", "a design that is paused takes orders again when its desk has fallen"},
    {"commits_unsynced", "sweep", "a commit does not wait for the disk"},
}};

#ifdef SOUK_PLANTED
// In a namespace of its own: what is compiled with bugs and what is compiled without never mean the same function.
inline namespace with_bugs {
inline bug planted_now = bug::none;
inline bool planted(bug which) { return planted_now == which; }
inline void plant(bug which) { planted_now = which; }
}  // namespace with_bugs
#else
inline namespace without_bugs {
constexpr bool planted(bug) { return false; }
}  // namespace without_bugs
#endif

}  // namespace souk
