// The engine by thousands of seeded runs: answers lost, doubled and late, over random plans and over the five designs.
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>

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
        bool by_events = false;
        for (std::size_t i = 0; i < kept_.size() && out.empty(); ++i) {
          const auto at = machine_.at(i);
          if (!plan_.stages()[i].by_events) {
            machine_.on_silence(i, {}, out);
          } else if (at == machine::state::running || at == machine::state::undoing) {
            // What an event asks for is never lost: it is heard again.
            by_events = true;
            using kind = order_to_go::kind;
            obey({{at == machine::state::running ? kind::run : kind::undo, static_cast<std::uint8_t>(i), 1}});
          }
        }
        if (!by_events && dice_() % 20 == 0) machine_.on_cancel(out);
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
            if (plan_.is_chain() && !undone_.empty() && position(undone_.back()) < position(one.stage))
              trouble_ = "undoes out of order";
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
                plan_.stages()[i].step != &tells && (plan_.is_chain() || plan_.stages()[i].role != role::insisted) &&
                kept_[i] != effect::done)
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

namespace {

enum class effect : std::uint8_t { none, done, undone };

// What the domains are left with, by the name of the step.
using left = std::map<std::string_view, effect>;

// Which steps would be refused if they were asked.
using inputs = std::set<std::string_view>;

left orchestrated(const plan& of, const inputs& refused) {
  left all;
  machine machine{of};
  machine::moves out;
  machine.begin(out);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto one = out[i];
    if (one.what != order_to_go::kind::run && one.what != order_to_go::kind::undo) continue;
    const auto name = of.stages()[one.stage].step->name;
    const bool undo = one.what == order_to_go::kind::undo;
    const bool no = !undo && refused.contains(name);
    if (!no) all[name] = undo ? effect::undone : effect::done;
    machine.on(one.stage, undo ? outcome::undone : no ? outcome::refused : outcome::done, out);
  }
  return all;
}

// Nobody coordinates: each domain hears every event, in the order of the log, but whenever it likes and some of them
// twice; it makes the moves that are its own, once per key.
left choreographed(const plan& of, const inputs& refused, std::mt19937_64& dice) {
  struct event {
    const reaction* row;
    const step* of;
    outcome how;
  };
  left all;
  std::set<std::pair<const step*, bool>> keys;
  std::vector<event> log;
  std::vector<domain> homes;
  for (const auto& one : of.stages())
    if (one.role != role::afterwards && std::find(homes.begin(), homes.end(), one.step->home) == homes.end())
      homes.push_back(one.step->home);
  std::map<domain, std::size_t> positions;
  const auto act = [&](const move& one) {
    const bool undo = one.verb == verb::undo;
    if (!keys.emplace(one.step, undo).second) return;  // told before
    const bool no = !undo && refused.contains(one.step->name);
    auto& kept = all[one.step->name];
    if (undo && kept == effect::none) keys.emplace(one.step, false);  // a tombstone
    if (!no && (!undo || kept == effect::done)) kept = undo ? effect::undone : effect::done;
    const auto how = undo ? outcome::undone : no ? outcome::refused : outcome::done;
    log.push_back({of.on(of.index_of(one.step), how), one.step, how});
  };
  // Whether all that was done is undone, as far as the case's record has heard.
  const auto all_back = [&](std::size_t heard) {
    const auto has = [&](const step* what, outcome how) {
      const auto upto = log.begin() + static_cast<std::ptrdiff_t>(heard);
      return std::any_of(log.begin(), upto, [&](const auto& one) { return one.of == what && one.how == how; });
    };
    return of.all_back([&](std::size_t stage) {
      const auto* what = of.stages()[stage].step;
      return has(what, outcome::done) && !has(what, outcome::undone);
    });
  };
  for (const auto& one : of.opening()) act(one);
  for (bool anything = true; anything;) {
    anything = false;
    std::shuffle(homes.begin(), homes.end(), dice);
    for (const auto home : homes) {
      auto& position = positions[home];
      anything |= position < log.size();
      if (position == log.size() || dice() % 2) continue;
      const auto event = log[position];
      if (dice() % 4) ++position;  // otherwise it fell before that was written, and hears it again
      if (!event.row || (event.row->all_back && !(home == domain::order && all_back(position)))) continue;
      for (const auto& one : event.row->moves)
        if (one.step && one.step->home == home) act(one);
    }
  }
  std::erase_if(all, [](const auto& one) { return one.second == effect::none; });
  return all;
}

}  // namespace

TEST_CASE("a choreography and the saga of the same steps leave the same behind",
          "[S1.4][S1.5][S3.1][S3.2][S3.3][S3.4][S3.7]") {
  const auto twin_of_events = saga("twin")
                                  .then(verify_user)
                                  .then(take_stock)
                                  .then(empty_cart)
                                  .then(debit_wallet)
                                  .then(approve_payment)
                                  .pivot(complete_order)
                                  .otherwise(fail_order)
                                  .build();
  const auto twin_of_stock_first = saga("twin")
                                       .then(verify_user)
                                       .then(take_stock)
                                       .then(use_coupon)
                                       .then(debit_wallet)
                                       .then(approve_payment)
                                       .pivot(complete_order)
                                       .otherwise(fail_order)
                                       .build();
  for (std::uint64_t seed = 1; seed <= 5'000; ++seed) {
    std::mt19937_64 dice{seed};
    for (const auto& [events, twin] :
         {std::pair{&by_events(), &twin_of_events}, {&stock_first(), &twin_of_stock_first}}) {
      inputs refused;
      for (const auto& one : twin->stages())
        if (one.role != role::insisted && dice() % 8 == 0) refused.insert(one.step->name);
      auto told = choreographed(*events, refused, dice);
      // Only the choreography says these aloud.
      told.erase("announce_order");
      told.erase("cancel_order");
      INFO("seed " << seed << ' ' << events->name());
      REQUIRE(told == orchestrated(*twin, refused));
    }
  }
}
