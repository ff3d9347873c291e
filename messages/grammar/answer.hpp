// What a domain says to a command: done, or refused with a documented reason; what the runtime says
// when there was no answer: lost.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace souk {

enum class verdict : std::uint8_t { done, refused, lost };

// How a step of a saga came out. done: in effect. refused: the domain said no. lost: no answer, or the outside failed,
// so it may have happened. undone: its compensation is in effect.
enum class outcome : std::uint8_t { done, refused, lost, undone };

// The stable names are part of the outside: the `reason` of a refused order, the `type` of a problem.
enum class reason : std::uint8_t {
  none,
  unknown_user,
  unknown_product,
  sold_out,
  coupon_invalid,
  insufficient_funds,
  payment_declined,
  seat_taken,
  hold_expired,
  not_admitted,
  cancelled,        // the caller took the order back before its pivot
  undone,           // the key was undone before or after it was done: a tombstone answers
  key_reused,       // the same key came with other content
  still_running,    // the same key is being worked on
  not_found,        // nothing of that name
  limit_reached,    // a campaign has no coupon left, a sum would leave its range
  not_cancellable,  // the order ended in a state from which there is no way back
  storage_full,     // the store cannot grow: nothing was written
  unreachable,      // nobody answered in time
  called_off,       // an operator turned the saga back
  not_repairable,   // the saga's state does not allow the repair
  paused,           // an operator takes no new orders of this design for now
  outdated,         // a coordinator's word: another one runs the saga since
};

inline constexpr std::array<std::string_view, 23> reason_names{"none",
                                                               "unknown_user",
                                                               "unknown_product",
                                                               "sold_out",
                                                               "coupon_invalid",
                                                               "insufficient_funds",
                                                               "payment_declined",
                                                               "seat_taken",
                                                               "hold_expired",
                                                               "not_admitted",
                                                               "cancelled",
                                                               "undone",
                                                               "key_reused",
                                                               "still_running",
                                                               "not_found",
                                                               "limit_reached",
                                                               "not_cancellable",
                                                               "storage_full",
                                                               "unreachable",
                                                               "called_off",
                                                               "not_repairable",
                                                               "paused",
                                                               "outdated"};

constexpr std::string_view to_text(reason why) { return reason_names[static_cast<std::size_t>(why)]; }

}  // namespace souk
