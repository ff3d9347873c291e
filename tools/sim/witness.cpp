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

// Each step and each compensation among the letters, with the key of its step.
template <class Visit>
void each_key(const envelope& letters, Visit&& visit) {
  for (const auto& letter : letters.letters)
    std::visit(
        [&](const auto& one) {
          using T = std::decay_t<decltype(one)>;
          if constexpr (is_a_step<T> || is_an_undo<T>)
            visit(std::pair{address_of(letter.command).domain, one.once.key()}, one.once.saga, is_an_undo<T>);
        },
        letter.command);
}

constexpr int asked_in_vain = 4;  // the tries of a coordinator
}  // namespace

void witness::departs(const runtime::passage& it) {
  using fate = runtime::passage::fate;
  if (it.becomes == fate::lost) seen_.saw(situation::letters_lost);
  if (it.becomes == fate::cut) seen_.saw(situation::letters_cut);
  if (it.held_us > 0) seen_.saw(situation::letters_stalled);
  if (it.copies > 1) seen_.saw(situation::letters_doubled);
  if (it.becomes != fate::arrives && it.answers && it.from.starts_with("desk"))
    seen_.saw(situation::answer_lost_after_commit);
  if (it.letters && it.from == "coordinator")
    each_key(*it.letters, [&](const key& of, number, bool undo) { asked_[of] += !undo; });
  if (it.answers)
    for (const auto& one : it.answers->list)
      if (one.answer.why == reason::outdated) seen_.saw(situation::outdated_word);
}

std::int64_t witness::holds(const runtime::passage& it) {
  if (!at_turn || !it.letters || it.from != "coordinator") return 0;
  std::int64_t us = 0;
  each_key(*it.letters, [&](const key& of, number saga, bool undo) {
    const auto asked = asked_.find(of);
    if (undo && asked != asked_.end() && asked->second >= asked_in_vain && at_turn)
      us = std::exchange(at_turn, nullptr)(saga);
  });
  return us;
}

void witness::arrives(const runtime::passage& it) {
  if (!it.letters) return;
  for (const auto& one : it.letters->letters)
    if (const auto* all = std::get_if<order::resume>(&one.command); all && all->runs != all->share)
      seen_.saw(situation::sagas_adopted);
  each_key(*it.letters, [&](const key& of, number, bool undo) {
    if (!undo) {
      if (!done_.insert(of).second) seen_.saw(situation::step_asked_again);
      if (undone_.contains(of)) seen_.saw(situation::step_after_its_compensation);
    } else if (undone_.insert(of).second && !done_.contains(of)) {
      seen_.saw(situation::compensation_before_its_step);
      if (at_tombstone) at_tombstone(of.first);
    }
  });
}

}  // namespace souk::sim
