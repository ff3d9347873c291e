// Says which repairs are safe where.
//
// Nothing here may ever undo what did not happen, or take back what was promised: a sale is promised by its pivot,
// which the order desk decides itself, a return and a refund with what they have begun.
#include "actors/sagas/repairs.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <variant>

#include "actors/sagas/plans.hpp"
#include "actors/sagas/steps.hpp"

namespace souk::sagas {

namespace {

using order::remedy;

constexpr std::array<std::string_view, order::remedies + 3> names{"retry", "compensate", "skip",  "fail",
                                                                  "pause", "resume",     "replay"};

const plan::stage& stage_of(const stand& at) { return at.of.stages()[at.stage]; }
bool is_on_its_way_back(const stand& at) { return at.undoing || stage_of(at).step == at.of.rejection(); }

// The pivot and what the saga knows of it; a saga may have run further than where it stands now.
enum class pivot : std::uint8_t { none, ahead, in_doubt, passed };
pivot pivot_of(const stand& at) {
  for (std::size_t i = 0; i < at.of.stages().size(); ++i) {
    if (at.of.stages()[i].role != role::pivot) continue;
    if (at.undoing && at.stage == i) return pivot::in_doubt;  // it is to be forbidden, and may have happened
    if (is_on_its_way_back(at)) return pivot::ahead;          // it was never in effect
    if (at.stage > i) return pivot::passed;
    // What the order desk decides is not in effect while the case is open.
    return at.of.stages()[i].step->home == domain::order ? pivot::ahead : pivot::in_doubt;
  }
  return pivot::none;
}

std::string_view why_not_turned(const stand& at) {
  switch (pivot_of(at)) {
    case pivot::none: return "it has no way back: retry it, or skip what is settled otherwise";
    case pivot::in_doubt: return "whether its pivot is in effect is not known: retry it";
    case pivot::passed: return "it has passed its pivot: retry it, or skip what is settled otherwise";
    case pivot::ahead: break;
  }
  return {};
}

std::string_view why_not_skipped(const stand& at) {
  const auto& here = stage_of(at);
  if (at.undoing) return here.role == role::pivot ? "whether its pivot is in effect is not known: retry it" : "";
  if (here.step->home == domain::order) return "the order desk decides it itself: retry it";
  if (here.role != role::insisted) return "what it would bring is needed further on: retry or compensate it";
  return {};
}

}  // namespace

std::string_view why_not(remedy what, const stand& at) {
  switch (what) {
    case remedy::retry: break;
    case remedy::compensate:
      if (is_on_its_way_back(at)) return "it walks back already: retry it";
      return why_not_turned(at);
    case remedy::skip: return why_not_skipped(at);
    case remedy::fail: return why_not_turned(at);
    case remedy::pause:
    case remedy::resume: return "it is for a design, not for one saga";
    case remedy::replay: return "it is for a dead letter, not for a saga";
  }
  return {};
}

std::uint8_t allowed_at(const stand& at) {
  unsigned bits = 0;
  for (std::size_t i = 0; i < order::remedies; ++i)
    if (why_not(static_cast<remedy>(i), at).empty()) bits |= 1U << i;
  return static_cast<std::uint8_t>(bits);
}

std::vector<event_log::party> desks_of(const std::vector<command>& all, domain home, const shard_counts& shards) {
  std::vector<event_log::party> desks;
  const auto pool = std::max<std::uint32_t>(shards[static_cast<std::size_t>(home)], 1);
  const auto add = [&](slice part) {
    const event_log::party desk{home, part % pool};
    if (std::find(desks.begin(), desks.end(), desk) == desks.end()) desks.push_back(desk);
  };
  for (const auto& what : all)
    std::visit(
        [&](const auto& one) {
          if constexpr (over_lines<std::decay_t<decltype(one)>>)
            for (const auto& line : one.lines) add(slice_of(line.product.text));
          else
            add(address_of(what).slice);
        },
        what);
  return desks;
}

std::vector<command> said_by(const order::brief& about, std::size_t stage, bool undo) {
  std::vector<command> out;
  const auto& step = *plan_of(about.flow).stages()[stage].step;
  const souk::once once{about.id, static_cast<std::uint8_t>(stage)};
  if (const auto say = undo ? step.undo : step.run) say({about, once, {}, {}, {}, {}}, out);
  return out;
}

std::vector<event_log::party> desks_of_step(const order::brief& about, std::size_t stage, bool undo,
                                            const shard_counts& shards) {
  auto asked = said_by(about, stage, undo);
  // An amount may not be known here, without which some have nothing to ask.
  if (asked.empty()) asked = said_by(about, stage, true);
  return desks_of(asked, plan_of(about.flow).stages()[stage].step->home, shards);
}

std::vector<key_at> keys_of(const order::brief& about, const plan& of, const shard_counts& shards) {
  std::vector<key_at> keys;
  std::vector<command> asked;
  for (std::size_t i = 0; i < of.stages().size(); ++i) {
    const auto& [step, as, by_events] = of.stages()[i];
    const bool leaves_something = step->undo || as == role::insisted || as == role::pivot;
    if (!leaves_something || step->home == domain::order) continue;
    asked.clear();
    const souk::once once{about.id, static_cast<std::uint8_t>(i)};
    (step->undo ? step->undo : step->run)({about, once, {}, {}, {}, {}}, asked);
    for (const auto& desk : desks_of(asked, step->home, shards)) keys.push_back({i, desk, once});
  }
  return keys;
}

std::optional<outcome> outcome_of(order::mark what) {
  using order::mark;
  switch (what) {
    case mark::done: return outcome::done;
    case mark::refused: return outcome::refused;
    case mark::lost: return outcome::lost;
    case mark::undone: return outcome::undone;
    default: return std::nullopt;
  }
}

const step* step_at(const plan& of, const std::vector<order::happening>& story) {
  using order::mark;
  const auto next = [&](const std::vector<move>& moves) { return moves.empty() ? nullptr : moves.front().step; };
  for (auto at = story.rbegin(); at != story.rend(); ++at) {
    if (at->step >= of.stages().size()) continue;
    switch (at->what) {
      case mark::began:
      case mark::recovered: return next(of.opening());
      case mark::asked:
      case mark::undoing:
      case mark::parked: return of.stages()[at->step].step;
      case mark::ended: return nullptr;
      default:
        if (const auto how = outcome_of(at->what)) return next(of.moves_on(at->step, *how));
    }
  }
  return nullptr;
}

std::string_view to_text(remedy what) { return names[static_cast<std::size_t>(what)]; }

}  // namespace souk::sagas
