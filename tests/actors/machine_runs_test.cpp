// The engine by thousands of seeded runs: answers lost, doubled and late, over random plans and over the five designs.
#include <algorithm>
#include <deque>
#include <memory>
#include <random>

#include "actors/sagas/machine.hpp"
#include "actors/sagas/plans.hpp"
#include "actors/sagas/steps.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::sagas;

namespace {

void say_nothing(const scene&, std::vector<command>&) {}

// Steps that only have a name: the engine knows no more of them.
const step looks{"looks", domain::user, say_nothing};
const step first{"first", domain::product, say_nothing, say_nothing};
const step second{"second", domain::coupon, say_nothing, say_nothing};
const step third{"third", domain::wallet, say_nothing, say_nothing};
const step fourth{"fourth", domain::payment, say_nothing, say_nothing};
const step decides{"decides", domain::order, say_nothing};
const step tells{"tells", domain::order, say_nothing};
const step goes_on{"goes_on", domain::ranking, say_nothing};
const step gives_up{"gives_up", domain::order, say_nothing};

// The five designs in the plan's own words: the engine needs nothing more.
plan stock_first() {  // S1: stock at once, the rest reacts to events
  return choreography("stock_first")
      .with(first, role::compensable)
      .with(second, role::compensable)
      .with(third, role::compensable)
      .with(fourth, role::compensable)
      .with(decides, role::pivot)
      .start({run(first)})
      .when(first, outcome::done, {run(second)})
      .when(first, outcome::refused, {reject()})
      .when(first, outcome::lost, {undo(first)})
      .when(first, outcome::undone, {reject()})
      .when(second, outcome::done, {run(third)})
      .when(second, outcome::refused, {undo(first)})
      .when(second, outcome::lost, {undo(second)})
      .when(second, outcome::undone, {undo(first)})
      .when(third, outcome::done, {run(fourth)})
      .when(third, outcome::refused, {undo(second)})
      .when(third, outcome::lost, {undo(third)})
      .when(third, outcome::undone, {undo(second)})
      .when(fourth, outcome::done, {run(decides)})
      .when(fourth, outcome::refused, {undo(third)})
      .when(fourth, outcome::lost, {undo(fourth)})
      .when(fourth, outcome::undone, {undo(third)})
      .when(decides, outcome::done, {complete()})
      .when(decides, outcome::refused, {undo(fourth)})
      .build();
}
plan by_events() {  // S3: stock, cart, money, no coordinator
  return choreography("by_events")
      .with(first, role::compensable)
      .with(second, role::compensable)
      .with(third, role::compensable)
      .with(decides, role::pivot)
      .with(tells, role::insisted)
      .start({run(first)})
      .when(first, outcome::done, {run(second)})
      .when(first, outcome::refused, {run(tells)})
      .when(first, outcome::lost, {undo(first)})
      .when(first, outcome::undone, {run(tells)})
      .when(second, outcome::done, {run(third)})
      .when(second, outcome::refused, {undo(first)})
      .when(second, outcome::lost, {undo(second)})
      .when(second, outcome::undone, {undo(first)})
      .when(third, outcome::done, {run(decides)})
      .when(third, outcome::refused, {undo(second)})
      .when(third, outcome::lost, {undo(third)})
      .when(third, outcome::undone, {undo(second)})
      .when(decides, outcome::done, {complete()})
      .when(decides, outcome::refused, {undo(third)})
      .when(tells, outcome::done, {reject()})
      .build();
}

plan random_plan(std::mt19937_64& dice) {
  std::vector<const step*> there{&looks, &first, &second, &third, &fourth};
  std::shuffle(there.begin(), there.end(), dice);
  there.resize(1 + dice() % there.size());
  auto made = saga("random");
  for (const auto* one : there) made.then(*one);
  if (dice() % 4) made.pivot(decides);
  if (dice() % 2) made.insist(tells);
  if (dice() % 2) made.otherwise(gives_up);
  return made.build();
}

// A world of participants that keep outcomes by key, behind a network that loses, doubles and delays.
class world {
public:
  world(const plan& of, std::uint64_t seed) : plan_(of), machine_(of), dice_(seed), kept_(of.stages().size()) {}

  // "" or what went wrong.
  std::string play() {
    machine::moves out;
    machine_.begin(out);
    obey(out);
    for (int round = 0; ends_ == 0 && trouble_.empty(); ++round) {
      if (round > 5'000) return "never ends";
      out.clear();
      if (!inbox_.empty() && dice_() % 4) {
        const auto at = static_cast<std::ptrdiff_t>(dice_() % inbox_.size());  // out of order
        const auto heard = inbox_[static_cast<std::size_t>(at)];
        inbox_.erase(inbox_.begin() + at);
        if (dice_() % 5 == 0) inbox_.push_back(heard);
        machine_.on(heard.stage, heard.how, out);
      } else if (machine_.parked()) {
        machine_.resume(out);
      } else {
        for (std::size_t i = 0; i < kept_.size() && out.empty(); ++i) machine_.on_silence(i, {}, out);
        if (dice_() % 20 == 0) machine_.on_cancel(out);
      }
      obey(out);
    }
    // Whatever is still on its way has no effect any more.
    for (const auto& heard : inbox_) {
      out.clear();
      machine_.on(heard.stage, heard.how, out);
      if (!out.empty()) return "moves after its end";
    }
    if (trouble_.empty() && ends_ != 1) trouble_ = "ended " + std::to_string(ends_) + " times";
    return trouble_;
  }

private:
  enum class effect : std::uint8_t { none, done, refused, undone, tombstone };
  struct news {
    std::size_t stage;
    outcome how;
  };

  void obey(const machine::moves& out) {
    using kind = order_to_go::kind;
    for (const auto& one : out) {
      if (ends_) trouble_ = "moves after its end";
      const auto& stage = plan_.stages()[one.what == kind::complete || one.what == kind::reject ? 0 : one.stage];
      switch (one.what) {
        case kind::run: {
          if (one.tries == 0) asked_.push_back(one.stage);
          if (dice_() % 5 == 0) break;  // lost on the way there
          auto& kept = kept_[one.stage];
          if (kept == effect::none) kept = may_refuse(stage) && dice_() % 6 == 0 ? effect::refused : effect::done;
          if (dice_() % 5 == 0) break;  // the answer is lost
          if (kept == effect::done) inbox_.push_back({one.stage, outcome::done});
          if (kept == effect::refused) inbox_.push_back({one.stage, outcome::refused});
          break;
        }
        case kind::undo: {
          if (stage.role == role::pivot || stage.role == role::insisted) trouble_ = "undoes what cannot be undone";
          if (std::find(asked_.begin(), asked_.end(), one.stage) == asked_.end())
            trouble_ = "undoes what it never asked";
          if (one.tries == 0) {
            if (!undone_.empty() && position(undone_.back()) < position(one.stage)) trouble_ = "undoes out of order";
            undone_.push_back(one.stage);
          }
          if (dice_() % 5 == 0) break;
          auto& kept = kept_[one.stage];
          if (kept == effect::done) kept = effect::undone;
          if (kept == effect::none) kept = effect::tombstone;
          if (dice_() % 5 == 0) break;
          inbox_.push_back({one.stage, outcome::undone});
          break;
        }
        case kind::complete:
          ++ends_;
          for (std::size_t i = 0; i < kept_.size(); ++i)
            if (plan_.stages()[i].role != role::afterwards && plan_.stages()[i].step != plan_.rejection() &&
                plan_.stages()[i].step != &tells && kept_[i] != effect::done)
              trouble_ = "completes without " + std::string{plan_.stages()[i].step->name};
          break;
        case kind::reject:
          ++ends_;
          for (std::size_t i = 0; i < kept_.size(); ++i)
            if (plan_.stages()[i].step->undo && kept_[i] == effect::done)
              trouble_ = "rejects and leaves " + std::string{plan_.stages()[i].step->name};
          break;
        case kind::park: break;
      }
    }
  }
  std::ptrdiff_t position(std::uint8_t stage) const {
    return std::find(asked_.begin(), asked_.end(), stage) - asked_.begin();
  }
  static bool may_refuse(const plan::stage& stage) {
    return stage.role == role::compensable || stage.role == role::pivot;
  }

  const plan& plan_;
  machine machine_;
  std::mt19937_64 dice_;
  std::vector<effect> kept_;
  std::vector<std::uint8_t> asked_, undone_;
  std::deque<news> inbox_;
  int ends_ = 0;
  std::string trouble_;
};

}  // namespace

TEST_CASE("random plans end exactly once, undo in reverse, and leave nothing half done", "[S1.6][S0.6][C.4]") {
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    std::mt19937_64 dice{seed};
    const auto plan = random_plan(dice);
    const auto trouble = world{plan, seed}.play();
    INFO("seed " << seed << '\n' << to_text(plan));
    REQUIRE(trouble == "");
  }
}

TEST_CASE("the five designs need only definitions, and every one of them ends exactly once", "[S1.6][C.4]") {
  const std::vector<plan> designs{balance_first(), stock_first(), seat_payment(), by_events(), order_payment()};
  for (const auto& plan : designs)
    for (std::uint64_t seed = 1; seed <= 4'000; ++seed) {
      const auto trouble = world{plan, seed}.play();
      INFO("seed " << seed << '\n' << to_text(plan));
      REQUIRE(trouble == "");
    }
}
