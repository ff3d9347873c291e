// Plays a story through the plan, and reads off the compensations what each step holds.
#include "actors/sagas/locks.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <variant>

#include "actors/sagas/plans.hpp"
#include "actors/sagas/repairs.hpp"
#include "actors/sagas/steps.hpp"

namespace souk::sagas {

namespace {

using order::mark;

constexpr std::array<std::string_view, 8> things{"order",   "stock", "coupon", "money",
                                                 "payment", "cart",  "place",  "seat"};
constexpr std::array<std::string_view, 4> grips{"held", "in doubt", "going back", "held for a time"};

// What its compensation gives back, by the compensation's own type: a step that can be undone and is not named here
// would hold nothing, and a test asks every plan.
struct teller {
  const order::brief& about;
  const std::size_t stage;
  const shard_counts& shards;
  std::vector<lock>& out;

  void add(thing what, std::string name, const command& of, std::int64_t units = 0, money amount = {}) const {
    const auto to = address_of(of);
    out.push_back({what, std::move(name), units, amount, stage, desk_of(to.domain, to.slice), {}, 0});
  }
  event_log::party desk_of(domain home, slice at) const {
    return {home, at % std::max<std::uint32_t>(shards[static_cast<std::size_t>(home)], 1)};
  }
  money due() const {
    const auto total = about.total().minor;
    return {total > about.discount.minor ? total - about.discount.minor : 0};
  }

  void operator()(const product::undo_take& one) const {
    for (const auto& line : one.lines)
      out.push_back({thing::stock,
                     line.product.text,
                     line.quantity,
                     {},
                     stage,
                     desk_of(domain::product, slice_of(line.product.text)),
                     {},
                     0});
  }
  void operator()(const coupon::undo_use& one) const { add(thing::coupon, souk::to_text(one.coupon), one); }
  void operator()(const wallet::undo_debit& one) const { add(thing::money, one.user.text, one, 0, due()); }
  void operator()(const payment::undo_pay& one) const {
    add(thing::payment, souk::to_text(one.once.saga), one, 0, due());
  }
  void operator()(const cart::undo_take_out& one) const { add(thing::cart, one.user.text, one); }
  void operator()(const queue::undo_use& one) const { add(thing::place, souk::to_text(one.token), one); }
  void operator()(const reservation::undo_confirm& one) const { add(thing::seat, {}, one); }
  template <class Other>
  void operator()(const Other&) const {}
};

std::vector<lock> given_back_by(const order::brief& about, std::size_t stage, const shard_counts& shards) {
  std::vector<lock> out;
  for (const auto& what : said_by(about, stage, true)) std::visit(teller{about, stage, shards, out}, what);
  return out;
}

bool can_be_undone(const plan::stage& one) { return one.role == role::compensable && one.step->undo; }

// What is known of a step.
struct known {
  enum class state : std::uint8_t { nothing, in_doubt, held, going_back, gone } is{};
  std::int64_t since_ms = 0;
  bool only_because_it_ran_before = false;
};

class reader {
public:
  reader(const order::brief& about, const shard_counts& shards)
      : plan_(plan_of(about.flow)), steps_(plan_.stages().size()) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      std::vector<event_log::party> desks;
      if (can_be_undone(plan_.stages()[i]))
        for (const auto& one : given_back_by(about, i, shards))
          if (std::find(desks.begin(), desks.end(), one.desk) == desks.end()) desks.push_back(one.desk);
      parts_.push_back(desks.size());
    }
  }

  void read(const order::happening& one) {
    if (one.what == mark::ended) decided_ = true;
    if (one.what == mark::recovered) return forget();
    if (one.step >= steps_.size()) return;
    auto& here = steps_[one.step];
    using enum known::state;
    switch (one.what) {
      case mark::asked:
        if (here.is == nothing) here = {in_doubt, one.ms};
        break;
      case mark::done:
        if (here.is == nothing) here.since_ms = one.ms;
        here.is = held;
        if (plan_.stages()[one.step].role == role::pivot) decided_ = true;
        break;
      case mark::refused:
        // One shelf of several says no for itself: what the others did is undone.
        here.is = parts_[one.step] > 1 && here.is != nothing ? in_doubt : gone;
        turned_ = true;
        // And nothing that follows has ever been asked for: what was refused once was refused before.
        for (auto& later : steps_)
          if (&later > &here && later.only_because_it_ran_before) later.is = gone;
        break;
      case mark::undoing:
        turned_ = true;
        if (here.is != nothing && here.is != gone) here.is = going_back;
        break;
      case mark::undone:
      case mark::skipped: here.is = gone; break;
      case mark::lost:
        turned_ = true;
        if (here.is == nothing) here = {in_doubt, one.ms};
        break;
      case mark::began:
      case mark::parked:
      case mark::ended:
      case mark::recovered:
      case mark::cancel_asked:
      case mark::repaired: return;
    }
    if (here.is != nothing) here.only_because_it_ran_before = false;
  }

  bool decided() const { return decided_; }
  bool turned() const { return turned_; }
  const known& of(std::size_t stage) const { return steps_[stage]; }

private:
  // Whoever ran it before may have come further than he told.
  void forget() {
    turned_ = false;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      auto& one = steps_[i];
      if (!can_be_undone(plan_.stages()[i]) || one.is == known::state::gone) continue;
      one.only_because_it_ran_before = one.is == known::state::nothing;
      one.is = known::state::in_doubt;
    }
  }

  const plan& plan_;
  std::vector<known> steps_;
  std::vector<std::size_t> parts_;  // how many desks each step is asked of
  bool decided_ = false;
  bool turned_ = false;
};

grip grip_of(known::state what) {
  return what == known::state::held ? grip::held : what == known::state::going_back ? grip::going_back : grip::in_doubt;
}

}  // namespace

std::string_view to_text(thing what) { return things[static_cast<std::size_t>(what)]; }
std::string_view to_text(grip how) { return grips[static_cast<std::size_t>(how)]; }
std::optional<thing> find_thing(std::string_view name) {
  const auto found = std::find(things.begin(), things.end(), name);
  return found == things.end() ? std::nullopt : std::optional{static_cast<thing>(found - things.begin())};
}

std::vector<lock> locks_of(const order::brief& about, const std::vector<order::happening>& story,
                           const shard_counts& shards) {
  const auto& plan = plan_of(about.flow);
  const auto& stages = plan.stages();
  const auto pivot =
      std::find_if(stages.begin(), stages.end(), [](const auto& one) { return one.role == role::pivot; });
  reader known{about, shards};
  for (const auto& one : story) known.read(one);
  if (pivot == stages.end() || known.decided()) return {};
  const auto orders = std::max<std::uint32_t>(shards[static_cast<std::size_t>(domain::order)], 1);
  std::vector<lock> out{{thing::order,
                         souk::to_text(about.id),
                         0,
                         {},
                         static_cast<std::size_t>(pivot - stages.begin()),
                         {domain::order, slice_of(about.id) % orders},
                         known.turned() ? grip::going_back : grip::held,
                         0}};
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (!can_be_undone(stages[i])) continue;
    const auto& one = known.of(i);
    for (auto& what : given_back_by(about, i, shards)) {
      if (one.is == known::state::gone) continue;
      if (one.is == known::state::nothing && what.what != thing::seat) continue;
      what.is = one.is == known::state::nothing ? grip::for_a_time : grip_of(one.is);
      what.since_ms = one.since_ms;
      out.push_back(std::move(what));
    }
  }
  return out;
}

void learn(std::vector<lock>& of, const key_at& key, const recorded& what) {
  using enum recorded::effect;
  const auto is_told = [&](const lock& one) {
    return one.stage == key.stage && one.desk == key.desk && one.what != thing::order;
  };
  switch (what.what) {
    case done:
      for (auto& one : of) {
        if (!is_told(one)) continue;
        if (one.is != grip::going_back) one.is = grip::held;
        if (one.what == thing::money && what.amount.minor) one.amount = {std::abs(what.amount.minor)};
      }
      break;
    case open: break;
    case none:
    case refused:
    case undone:
    case forbidden:
      std::erase_if(of, [&](const auto& one) { return is_told(one) && one.is != grip::for_a_time; });
      break;
  }
}

std::optional<wait> wait_of(const order::brief& about, const std::vector<order::happening>& story,
                            const shard_counts& shards) {
  const auto& plan = plan_of(about.flow);
  const auto* at = step_at(plan, story);
  if (!at) return std::nullopt;
  wait out;
  out.stage = plan.index_of(at);
  const auto& stage = plan.stages()[out.stage];
  out.by_events = stage.by_events;
  out.since_ms = story.back().ms;
  bool ran_before = false;
  for (const auto& one : story) {
    ran_before = ran_before || one.what == mark::recovered || one.what == mark::repaired;
    const bool asks = one.what == mark::asked || one.what == mark::undoing;
    if (!asks && one.what != mark::parked && one.what != mark::cancel_asked) out.times = 0;
    if (!asks) continue;
    if (one.step != out.stage || (one.what == mark::undoing) != out.undoing) out.times = 0;
    out.undoing = one.what == mark::undoing;
    if (one.step == out.stage && ++out.times == 1) out.since_ms = one.ms;
  }
  if (!out.times) out.undoing = false;  // what was asked last is answered
  // Nobody gives up what he may have had done before, nor what he has promised.
  out.turns_back = !out.undoing && stage.role == role::compensable && !ran_before && !out.by_events;
  out.desks = desks_of_step(about, out.stage, out.undoing, shards);
  return out;
}

std::vector<lock> wanted_by(const order::brief& about, const wait& by, const shard_counts& shards) {
  if (by.undoing || !can_be_undone(plan_of(about.flow).stages()[by.stage])) return {};
  return given_back_by(about, by.stage, shards);
}

}  // namespace souk::sagas
