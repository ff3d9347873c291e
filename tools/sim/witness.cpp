// Counts what it sees.
#include "tools/sim/witness.hpp"

#include <type_traits>
#include <utility>

namespace souk::sim {

namespace {
template <class T, class... Ts>
constexpr bool is_one_of = (std::is_same_v<T, Ts> || ...);
template <class T>
constexpr bool is_a_step = is_one_of<T, wallet::debit, product::take, coupon::use, payment::pay, reservation::confirm,
                                     queue::use, cart::take_out>;
template <class T>
constexpr bool is_an_undo = is_one_of<T, wallet::undo_debit, product::undo_take, coupon::undo_use, payment::undo_pay,
                                      reservation::undo_confirm, queue::undo_use, cart::undo_take_out>;
}  // namespace

void witness::departs(const runtime::passage& it) {
  using fate = runtime::passage::fate;
  if (it.becomes == fate::lost) seen_.saw(situation::letters_lost);
  if (it.becomes == fate::cut) seen_.saw(situation::letters_cut);
  if (it.copies > 1) seen_.saw(situation::letters_doubled);
  if (it.becomes != fate::arrives && it.answers && it.from.starts_with("desk"))
    seen_.saw(situation::answer_lost_after_commit);
}

void witness::arrives(const runtime::passage& it) {
  if (!it.letters) return;
  for (const auto& letter : it.letters->letters) {
    std::visit(
        [&](const auto& one) {
          using T = std::decay_t<decltype(one)>;
          if constexpr (is_a_step<T> || is_an_undo<T>) {
            const std::pair key{address_of(letter.command).domain, one.once.key()};
            if constexpr (is_a_step<T>) {
              if (!done_.insert(key).second) seen_.saw(situation::step_asked_again);
              if (undone_.contains(key)) seen_.saw(situation::step_after_its_compensation);
            } else if (undone_.insert(key).second && !done_.contains(key)) {
              seen_.saw(situation::compensation_before_its_step);
              if (at_tombstone) std::exchange(at_tombstone, nullptr)(key.first);
            }
          }
        },
        letter.command);
  }
}

}  // namespace souk::sim
