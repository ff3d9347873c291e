// Runs sagas: asks, listens, remembers deadlines.
#include "actors/runtime/coordinator.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "actors/sagas/plans.hpp"
#include "actors/sagas/repairs.hpp"
#include "messages/grammar/crash_point.hpp"
#include "messages/grammar/planted.hpp"

namespace souk::runtime {

using order::mark;
using sagas::outcome;
using go_kind = sagas::order_to_go::kind;

namespace {

// A ticket says which question an answer belongs to: generation 23 bits, slot 24, stage 4, undo 1, part 8. Late and
// doubled answers show themselves.
struct ticket_parts {
  std::uint32_t generation, slot, part;
  std::uint8_t stage;
  bool undo;
};
constexpr std::uint64_t join_ticket(const ticket_parts& t) {
  return std::uint64_t{t.generation & 0x7fffff} << 40 | std::uint64_t{t.slot & 0xffffff} << 16 |
         std::uint64_t{t.stage} << 9 | std::uint64_t{t.undo} << 8 | (t.part & 0xff);
}
constexpr ticket_parts split(std::uint64_t ticket) {
  return {static_cast<std::uint32_t>(ticket >> 40), static_cast<std::uint32_t>(ticket >> 16) & 0xffffff,
          static_cast<std::uint32_t>(ticket & 0xff), static_cast<std::uint8_t>((ticket >> 9) & 0xf),
          ((ticket >> 8) & 1) != 0};
}

constexpr std::uint8_t stage_of_way = 15;  // no plan has so many
constexpr std::uint64_t ticket_of_park = ~std::uint64_t{0};
// And the share, and the shard of the orders; questions of a saga have smaller ones.
constexpr std::uint64_t tickets_of_resume = std::uint64_t{1} << 63;
constexpr std::int64_t ask_open_every_ms = 10'000;
constexpr std::size_t timeline_max = 256;  // what a saga that is asked again and again may write down

// Where the case is kept.
directory::place desk_of(const directory& where, number saga) {
  return where.place_of({domain::order, slice_of(saga)});
}

std::ptrdiff_t repairs_in(const std::vector<order::happening>& timeline) {
  return std::count_if(timeline.begin(), timeline.end(), [](const auto& one) { return one.what == mark::repaired; });
}

}  // namespace

coordinator_now now_of(const coordinator_counts& counts) {
  return {counts.share,       counts.running,     counts.parked,  counts.begun,   counts.completed,
          counts.compensated, counts.asked_again, counts.adopted, counts.restarts};
}

coordinator::coordinator(caf::actor_config& config, coordinator_papers papers)
    : caf::event_based_actor(config),
      papers_(std::move(papers)),
      out_(this, papers_.where, papers_.around->link),
      random_(papers_.around->seed + papers_.share) {}

caf::behavior coordinator::make_behavior() {
  papers_.counts->running = 0;
  papers_.counts->parked = 0;
  papers_.counts->knows_open_cases = false;
  papers_.counts->adopted = 0;
  shares_.resize(papers_.where->coordinators());
  for (auto& one : shares_) one.desks.resize(papers_.where->shards(domain::order));
  look_at_the_clock();
  who_ = fingerprint(std::to_string(papers_.around->seed) + '/' + std::to_string(papers_.share) + '/' +
                     std::to_string(papers_.counts->restarts) + '/' + std::to_string(now_.ms) + '/' +
                     std::to_string(steady_ms_));
  // Not now: the cases come to whoever the directory names, and that is announced after the birth, and then it is
  // woken.
  ask_open_at_ms_ = 0;
  delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
  return {
      [this](souk::begin& mail) {
        look_at_the_clock();
        // Of the turn of another, who may be this one's earlier life: what is open is asked for.
        if (mail.who != who_) return ask_soon();
        for (auto& one : mail.cases) on_begin(std::move(one), mail.turn);
      },
      [this](responses& mail) {
        look_at_the_clock();
        for (auto& one : mail.list) on_answer(std::move(one));
      },
      [this](souk::flush) { out_.send(); },
      // It is seated, or another node is there again: what its desks began meanwhile was lost on the way.
      [this](souk::wake) {
        look_at_the_clock();
        look_who_is_absent();
        ask_for_open_cases();
      },
      [this](souk::sweep) {
        look_at_the_clock();
        on_sweep();
        delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
      },
      [this](const souk::follow& wish) { on_follow(wish); },
      [this](const souk::unfollow& wish) { on_unfollow(wish); },
  };
}

// At the start, and now and then: whatever was lost on the way from the desk that keeps it is picked up again.
void coordinator::ask_for_open_cases() {
  asked_open_at_ms_ = steady_ms_;
  ask_open_at_ms_ = steady_ms_ + (papers_.counts->knows_open_cases ? ask_open_every_ms : papers_.around->answer_ms);
  for (std::uint32_t share = 0; share < shares_.size(); ++share)
    if (share == papers_.share || shares_[share].adopted) ask_for_open_cases(share);
  // What is parked here may have ended there: what was asked for in vain came late, and nobody told.
  for (std::uint32_t at = 0; at < slots_.size(); ++at) {
    auto& mine = slots_[at];
    if (!mine.taken || !mine.parked) continue;
    mine.way = slot::way::claiming;
    ask_the_desk(at);
  }
}

void coordinator::ask_for_open_cases(std::uint32_t share) {
  const order::resume all{share, papers_.where->coordinators(), papers_.share, who_, now_};
  for (std::uint32_t shard = 0; shard < shares_[share].desks.size(); ++shard)
    out_.post({domain::order, shard}, {tickets_of_resume + (std::uint64_t{share} << 16) + shard, all});
}

// Before its time, but not while an answer may be under way: each question may cost a desk a write.
void coordinator::ask_soon() {
  ask_open_at_ms_ = std::min(ask_open_at_ms_, asked_open_at_ms_ + papers_.around->answer_ms);
}

// Whoever is next in line behind those that are out of sight stands in for them.
void coordinator::look_who_is_absent() {
  const auto all = static_cast<std::uint32_t>(shares_.size());
  bool is_next = true;
  std::int64_t adopted = 0;
  for (std::uint32_t steps = 1; steps < all; ++steps) {
    const auto share = (papers_.share + all - steps) % all;
    auto& other = shares_[share];
    if (papers_.where->coordinator(share)) {
      other.absent_since_ms = 0;
      other.adopted = is_next = false;
      continue;
    }
    if (!other.absent_since_ms) other.absent_since_ms = steady_ms_;
    // Also no more: who is nearer in line may be there again before it is.
    is_next = is_next && steady_ms_ - other.absent_since_ms >= papers_.around->adopt_ms;
    if (!std::exchange(other.adopted, is_next) && is_next) {
      spdlog::warn("coordinator/{} is out of sight: coordinator/{} adopts its sagas", share, papers_.share);
      ask_for_open_cases(share);
    }
    adopted += other.adopted;
  }
  papers_.counts->adopted = adopted;
}

void coordinator::on_open_cases(std::uint32_t share, std::uint32_t shard, const answer& said) {
  if (share >= shares_.size() || shard >= shares_[share].desks.size()) return;
  auto& desk = shares_[share].desks[shard];
  const auto* all = std::get_if<order::resumed>(&said.body);
  if (all && all->turn >= desk.turn) {
    learn_turn(share, shard, all->turn);
    if (!desk.newest) desk.newest = all->newest.value;
  }
  desk.answered = desk.answered || all || said.why == reason::storage_full;
  const auto& mine = shares_[papers_.share].desks;
  papers_.counts->knows_open_cases =
      std::all_of(mine.begin(), mine.end(), [](const auto& one) { return one.answered; });
}

// In between another may have run what is new here; and it runs now what was run here in an older turn.
void coordinator::learn_turn(std::uint32_t share, std::uint32_t shard, std::uint32_t turn) {
  auto& desk = shares_[share].desks[shard];
  if (turn <= desk.turn) return;
  desk.turn = turn;
  desk.newest.reset();
  const auto& where = out_.directory();
  for (std::uint32_t at = 0; at < slots_.size(); ++at) {
    auto& one = slots_[at];
    if (!one.taken || one.turn >= turn || where.coordinator_of(one.about.id) != share ||
        desk_of(where, one.about.id).shard != shard)
      continue;
    if (one.parked) {
      // It goes on standing still, for an operator: nothing of it is under way.
      one.turn = turn;
      one.generation += 1;
    } else {
      leave(at);
      ask_soon();  // should the letter with all that is open be lost
    }
  }
}

// Numbers grow: whatever is newer than all that was there before, and than all that has begun here, is new. A letter
// that came twice, or overtook another, is not believed to be.
bool coordinator::may_have_run(number saga) {
  if (planted(bug::begins_unclaimed)) return false;
  auto& desks = shares_[out_.directory().coordinator_of(saga)].desks;
  auto& newest = desks[desk_of(out_.directory(), saga).shard].newest;
  if (!newest || saga.value <= *newest) return true;
  newest = saga.value;
  return false;
}

void coordinator::on_begin(order::brief&& about, std::uint32_t turn) {
  const auto share = out_.directory().coordinator_of(about.id);
  const auto shard = desk_of(out_.directory(), about.id).shard;
  if (turn < shares_[share].desks[shard].turn) return;
  learn_turn(share, shard, turn);
  const auto known = by_saga_.find(about.id.value);
  if (known != by_saga_.end()) {
    auto& mine = slots_[known->second];
    if (mine.parked) {
      // Its desk knows whether it is to go on: an operator may have mended it, and the letter that said so be lost.
      mine.about = std::move(about);
      mine.way = slot::way::claiming;
      return ask_the_desk(known->second);
    }
    // Its desk may believe that it stands still, by a word that came late, and an operator have mended it.
    if (mine.way != slot::way::claiming) {
      const auto to = desk_of(out_.directory(), mine.about.id);
      out_.post(to, {join_ticket({mine.generation, known->second, to.shard, stage_of_way, false}),
                     order::claim{mine.about.id, false, mine.turn}});
    }
    if (!about.cancelling || mine.about.cancelling) return;
    mine.about.cancelling = true;
    note(mine, 0, mark::cancel_asked);
    mine.machine.on_cancel(moves_);
    if (!moves_.empty() && mine.why == reason::none) mine.why = reason::cancelled;
    go(known->second);
    return;
  }
  std::uint32_t at = 0;
  if (free_.empty()) {
    at = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    at = free_.back();
    free_.pop_back();
  }
  auto& mine = slots_[at];
  const auto generation = mine.generation + 1;
  auto timeline = std::move(mine.timeline);  // its memory serves again
  timeline.clear();
  mine = slot{};
  mine.timeline = std::move(timeline);
  mine.taken = true;
  mine.generation = generation;
  mine.turn = turn;
  mine.about = std::move(about);
  mine.machine = sagas::machine{sagas::plan_of(mine.about.flow), may_have_run(mine.about.id)};
  by_saga_.emplace(mine.about.id.value, at);
  papers_.counts->begun += 1;
  papers_.counts->running += 1;
  // A case that was opened a while ago was running before: what follows is asked for the second time.
  note(mine, 0, now_.ms - mine.about.placed.ms > papers_.around->answer_ms ? mark::recovered : mark::began);
  if (mine.machine.may_have_run()) return ask_the_desk(at);
  mine.way = slot::way::ahead;
  mine.machine.begin(moves_);
  go(at);
}

// It begins from the front, also after a repair: what is in effect answers by its key.
void coordinator::on_claim(std::uint32_t at, answer& said) {
  auto& mine = slots_[at];
  const bool waits = mine.way == slot::way::claiming;
  if (!said.done()) return waits ? let_go(at) : void();
  auto& claimed = std::get<order::claimed>(said.body);
  if (claimed.parked) {
    // As whoever is stood in for has left it.
    if (waits && !std::exchange(mine.parked, true)) papers_.counts->parked += 1;
    return;
  }
  const bool is_mended = repairs_in(claimed.timeline) > repairs_in(mine.timeline);
  if (!waits && !is_mended) return;
  if (mine.parked || !waits) {
    unpark(mine);
    mine.generation += 1;  // what was asked before it stood still is answered in vain
    mine.machine = sagas::machine{sagas::plan_of(mine.about.flow), true};
    mine.timeline.clear();
    mine.unanswered.reset();
    mine.pausing = 0;
  }
  mine.way = slot::way::ahead;
  mine.why = claimed.why;
  mine.detail = claimed.detail;
  mine.timeline.insert(mine.timeline.begin(), claimed.timeline.begin(), claimed.timeline.end());
  mine.mended.reset();
  if (claimed.written_off || !claimed.skipped.empty()) mine.mended = std::move(claimed);
  if (mine.why == reason::none) {
    mine.machine.begin(moves_);
  } else {
    mine.machine.walk_back(moves_);
  }
  go(at);
}

// Making a move may bring further ones: a step that has nothing to ask is done at once.
void coordinator::go(std::uint32_t at) {
  if (turns_back(at)) return;
  for (std::size_t i = 0; i < moves_.size(); ++i) {
    const auto one = moves_[i];
    make(at, one);
  }
  moves_.clear();
}

// True while the first moves back wait for their decision to be durable.
bool coordinator::turns_back(std::uint32_t at) {
  if (planted(bug::turns_back_unsaid)) return false;
  auto& mine = slots_[at];
  const auto& plan = mine.machine.its_plan();
  const auto is_back = [&](const sagas::order_to_go& one) {
    return one.what == go_kind::undo || (one.what == go_kind::run && plan.stages()[one.stage].step == plan.rejection());
  };
  if (mine.way != slot::way::ahead || std::none_of(moves_.begin(), moves_.end(), is_back)) return false;
  mine.held = std::exchange(moves_, {});
  mine.way = slot::way::turning;
  ask_the_desk(at);
  return true;
}

// May it be run; may it turn back?
void coordinator::ask_the_desk(std::uint32_t at) {
  auto& mine = slots_[at];
  mine.due_ms = steady_ms_ + papers_.around->answer_ms;
  const auto to = desk_of(out_.directory(), mine.about.id);
  const bool turning = mine.way == slot::way::turning;
  const auto ticket = join_ticket({mine.generation, at, to.shard, stage_of_way, turning});
  if (turning) {
    out_.post(to, {ticket, order::give_up{mine.about.id, mine.why, mine.detail, now_, mine.turn}});
  } else {
    out_.post(to, {ticket, order::claim{mine.about.id, mine.parked, mine.turn}});
  }
}

void coordinator::on_turn(std::uint32_t at, const answer& said) {
  auto& mine = slots_[at];
  if (!said.done()) return let_go(at);  // it came to its end otherwise
  may_crash(crash_point::turned_back);
  mine.way = slot::way::back;
  moves_ = std::move(mine.held);
  if (mine.machine.may_have_run()) {
    // Whoever ran it before may be at it still, before a step that was refused here and may be done there: nothing that
    // comes after it may happen any more.
    moves_.clear();
    mine.machine = sagas::machine{mine.machine.its_plan(), true};
    mine.machine.walk_back(moves_);
  }
  go(at);
}

void coordinator::make(std::uint32_t at, const sagas::order_to_go& move) {
  auto& mine = slots_[at];
  switch (move.what) {
    case go_kind::run:
    case go_kind::undo:
      if (mine.machine.its_plan().stages()[move.stage].by_events) return let_go(at);
      if (move.tries == 0) {
        ask(at, move.stage, move.what == go_kind::undo);
      } else {
        mine.pausing = move.tries;
        mine.due_ms = steady_ms_ + papers_.around->patience.pause_ms(move.tries, random_());
      }
      break;
    case go_kind::complete: end(at, true); break;
    case go_kind::reject: end(at, false); break;
    case go_kind::park: park(at); break;
  }
}

void coordinator::ask(std::uint32_t at, std::uint8_t stage, bool undo) {
  auto& mine = slots_[at];
  unpark(mine);
  const auto& step = *mine.machine.its_plan().stages()[stage].step;
  mine.stage = stage;
  mine.undoing = undo;
  mine.worst = verdict::done;
  mine.key_reused = mine.heard_full = false;
  mine.no = reason::none;
  once key{mine.about.id, stage};
  if (planted(bug::new_key_for_a_retry) && mine.pausing && step.home == domain::wallet) key.step = 14;
  mine.pausing = 0;
  mine.unanswered.reset();
  mine.parts = mine.in_effect = 0;
  note(mine, stage, undo ? mark::undoing : mark::asked);
  commands_.clear();
  // A pivot is never undone: on the way back it is forbidden, should somebody still be on the way there.
  const bool forbids = undo && mine.machine.its_plan().stages()[stage].role == sagas::role::pivot;
  const auto say = undo && !forbids ? step.undo : step.run;
  if (say) say({mine.about, key, now_, mine.timeline, mine.why, mine.detail}, commands_);
  if (commands_.empty()) {
    // Nothing to ask: it counts as done, or as undone.
    mine.timeline.pop_back();
    mine.machine.on(stage, undo ? outcome::undone : outcome::done, moves_);
    return;
  }
  may_crash(crash_point::before_step);
  mine.due_ms = steady_ms_ + papers_.around->answer_ms;
  const bool settled = forbids || is_settled(mine, stage, undo);
  const auto post = [&](directory::place to, command&& what) {
    mine.unanswered.set(to.shard);
    ++mine.parts;
    // What is settled otherwise must not happen later on its own.
    if (settled) what = recall{{to.domain, to.shard}, key, true, now_};
    out_.post(to, souk::letter{join_ticket({mine.generation, at, to.shard, stage, undo}), std::move(what)});
  };
  const auto& where = out_.directory();
  for (auto& what : commands_) {
    std::visit(
        [&](auto& one) {
          using T = std::decay_t<decltype(one)>;
          if constexpr (requires { one.turn; }) one.turn = mine.turn;
          if constexpr (over_lines<T>) {
            // An order's goods may lie on the shelves of several shards: each gets its own lines.
            if (const auto shards = where.shards(domain::product); shards > 1) {
              std::vector<T> parts(shards);
              for (auto& line : one.lines) parts[slice_of(line.product.text) % shards].lines.push_back(std::move(line));
              for (std::uint32_t s = 0; s < shards; ++s) {
                if (parts[s].lines.empty()) continue;
                auto lines = std::move(parts[s].lines);
                parts[s] = one;
                parts[s].lines = std::move(lines);
                post({domain::product, s}, command{std::move(parts[s])});
              }
              return;
            }
          }
          const auto to = where.place_of(address_of(what));
          post(to, std::move(what));
        },
        what);
  }
}

void coordinator::on_answer(souk::response&& said) {
  if (said.ticket >= tickets_of_resume) {
    const auto ticket = static_cast<std::uint32_t>(said.ticket);
    return on_open_cases(ticket >> 16, ticket & 0xffff, said.answer);
  }
  const auto t = split(said.ticket);
  if (t.slot >= slots_.size()) return;
  auto& mine = slots_[t.slot];
  const bool of_this_saga = (mine.generation & 0x7fffff) == t.generation || planted(bug::old_answers_believed);
  if (!mine.taken || !of_this_saga) return;  // late, or told twice
  if (said.answer.why == reason::outdated) return on_outdated(t.slot);
  if (t.stage == stage_of_way) {
    if (t.undo && mine.way != slot::way::turning) return;
    if (said.answer.what == verdict::lost) return;  // it is asked again
    return t.undo ? on_turn(t.slot, said.answer) : on_claim(t.slot, said.answer);
  }
  if (mine.stage != t.stage || mine.undoing != t.undo || !mine.unanswered.test(t.part)) return;
  mine.unanswered.reset(t.part);
  auto& heard = said.answer;
  if (heard.what == verdict::done) {
    const auto& stage = mine.machine.its_plan().stages()[t.stage];
    if (!t.undo && stage.step->learn) stage.step->learn(mine.about, heard.body);
    if (t.undo && stage.role == sagas::role::pivot) {
      const auto* found = std::get_if<recorded>(&heard.body);
      mine.in_effect += found && found->what == recorded::effect::done;
    }
  } else {
    mine.worst = std::max(mine.worst, heard.what);
    mine.no = heard.why;
    mine.heard_full |= heard.why == reason::storage_full;
    mine.key_reused |= heard.why == reason::key_reused;
    if (heard.what == verdict::refused && !t.undo && mine.why == reason::none) {
      mine.why = heard.why;
      mine.detail = std::move(heard.detail);
    }
  }
  if (mine.unanswered.none()) all_parts_answered(t.slot);
}

void coordinator::all_parts_answered(std::uint32_t at) {
  may_crash(crash_point::step_answered);
  auto& mine = slots_[at];
  const bool compensable = mine.machine.its_plan().stages()[mine.stage].role == sagas::role::compensable;
  if (mine.in_effect && mine.worst == verdict::done && mine.in_effect == mine.parts) {
    // Whoever ran it before was past its pivot in time: what was promised is kept.
    note(mine, mine.stage, mark::done);
    mine.way = slot::way::ahead;
    mine.why = reason::none;
    mine.detail.clear();
    mine.machine = sagas::machine{mine.machine.its_plan(), true};
    mine.machine.begin(moves_);
  } else if (mine.in_effect) {
    on_silence(mine, reason::unreachable);  // here and not there: an operator has to look
  } else if (mine.worst == verdict::done) {
    const bool settled = is_settled(mine, mine.stage, mine.undoing);
    note(mine, mine.stage, settled ? mark::skipped : mine.undoing ? mark::undone : mark::done);
    mine.machine.on(mine.stage, mine.undoing ? outcome::undone : outcome::done, moves_);
  } else if (mine.worst == verdict::refused && !mine.undoing && mine.parts == 1 && !mine.key_reused) {
    note(mine, mine.stage, mark::refused, mine.why);
    mine.machine.on(mine.stage, outcome::refused, moves_);
  } else if (mine.worst == verdict::refused && !mine.undoing && compensable) {
    // Some shards may have done their part, or the key was used with other content: the step is undone as a whole,
    // and undoing what was refused does nothing.
    note(mine, mine.stage, mark::refused, mine.why);
    mine.machine.on(mine.stage, outcome::lost, moves_);
  } else {
    papers_.counts->asked_again += 1;
    on_silence(mine, mine.heard_full ? reason::storage_full : reason::unreachable);
  }
  go(at);
}

// A step whose patience is used up is lost, and that is why the order fails: also a step that has nothing to undo.
void coordinator::on_silence(slot& in, reason why) {
  const auto stage = in.stage;
  const bool asking = !in.undoing;
  in.machine.on_silence(stage, papers_.around->patience, moves_);
  if (!asking || in.machine.at(stage) == sagas::machine::state::running) return;
  note(in, stage, mark::lost, why);
  if (in.why == reason::none) in.why = why;
}

void coordinator::on_sweep() {
  may_crash(crash_point::timer_fires);
  const auto now = steady_ms_;
  look_who_is_absent();
  for (std::uint32_t at = 0; at < slots_.size(); ++at) {
    auto& mine = slots_[at];
    if (!mine.taken || mine.parked || mine.due_ms > now) continue;
    if (mine.way == slot::way::claiming || mine.way == slot::way::turning) {
      ask_the_desk(at);
      continue;
    }
    if (mine.pausing) {
      papers_.counts->asked_again += 1;
      ask(at, mine.stage, mine.undoing);
      continue;
    }
    mine.unanswered.reset();
    on_silence(mine, reason::unreachable);
    go(at);
  }
  if (now >= ask_open_at_ms_) ask_for_open_cases();
}

bool coordinator::is_settled(const slot& in, std::uint8_t stage, bool undo) {
  if (!in.mended) return false;
  const auto& named = in.mended->skipped;
  return (undo && in.mended->written_off) || std::any_of(named.begin(), named.end(), [&](const auto& one) {
           return one.step == stage && one.undoing == undo;
         });
}

void coordinator::park(std::uint32_t at) {
  auto& mine = slots_[at];
  if (!std::exchange(mine.parked, true)) papers_.counts->parked += 1;
  const auto& plan = mine.machine.its_plan();
  const auto& step = *plan.stages()[mine.stage].step;
  const auto why = mine.no == reason::none ? reason::unreachable : mine.no;
  note(mine, mine.stage, mark::parked, why);
  spdlog::warn("saga {} is parked at {}: it needs an operator", to_text(mine.about.id), step.name);
  const order::standstill where{
      mine.stage, mine.undoing, why, mine.detail, now_, sagas::allowed_at({plan, mine.stage, mine.undoing}), step.home};
  out_.post(desk_of(out_.directory(), mine.about.id),
            {ticket_of_park, order::park{mine.about.id, mine.timeline, now_, where, mine.turn}});
}

void coordinator::unpark(slot& in) {
  if (!std::exchange(in.parked, false)) return;
  papers_.counts->parked -= 1;
}

void coordinator::end(std::uint32_t at, bool completed) {
  note(slots_[at], 0, mark::ended, slots_[at].why);
  (completed ? papers_.counts->completed : papers_.counts->compensated) += 1;
  let_go(at);
}

void coordinator::leave(std::uint32_t at) {
  auto& mine = slots_[at];
  unpark(mine);
  by_saga_.erase(mine.about.id.value);
  mine.taken = false;
  papers_.counts->running -= 1;
  free_.push_back(at);
}

void coordinator::let_go(std::uint32_t at) {
  followers_.erase(slots_[at].about.id.value);
  leave(at);
}

// Its own it asks for at once; of what it has adopted it believes that somebody has come back, until it looks again.
void coordinator::on_outdated(std::uint32_t at) {
  const auto id = slots_[at].about.id;
  const auto share = out_.directory().coordinator_of(id);
  auto& desk = shares_[share].desks[desk_of(out_.directory(), id).shard];
  // Whatever turn it says next is the newest, be its clock as it may.
  if (slots_[at].turn == desk.turn) desk = {0, {}, desk.answered};
  if (share == papers_.share) {
    ask_soon();
    if (slots_[at].parked) return;  // for an operator, whoever stands in meanwhile
  }
  leave(at);
}

void coordinator::note(slot& in, std::uint8_t stage, mark what, reason why) {
  if (const auto how = sagas::outcome_of(what)) papers_.counts->passed.count(in.about.flow, stage, *how);
  // Of a story that is too long the beginning is told and the end; and all repairs, by which the desk knows how far it
  // goes.
  if (in.timeline.size() >= timeline_max) {
    const auto middle = std::find_if(in.timeline.begin() + timeline_max / 2, in.timeline.end(),
                                     [](const auto& one) { return one.what != mark::repaired; });
    if (middle != in.timeline.end()) in.timeline.erase(middle);
  }
  in.timeline.push_back({stage, what, now_.ms - in.about.placed.ms, why});
  if (followers_.empty()) return;
  const auto [from, to] = followers_.equal_range(in.about.id.value);
  for (auto f = from; f != to; ++f)
    if (auto who = caf::actor_cast<caf::actor>(f->second.who))
      papers_.around->link->carry(
          ctrl(), who, caf::make_message(progress{f->second.ticket, in.about.id, in.timeline, what == mark::ended}));
}

void coordinator::on_follow(const souk::follow& wish) {
  progress now{wish.ticket, wish.id, {}, true};
  if (const auto known = by_saga_.find(wish.id.value); known != by_saga_.end()) {
    followers_.emplace(wish.id.value, follower{current_sender(), wish.ticket});
    now.timeline = slots_[known->second].timeline;
    now.ended = false;
  }
  if (auto who = caf::actor_cast<caf::actor>(current_sender()))
    papers_.around->link->carry(ctrl(), who, caf::make_message(std::move(now)));
}

void coordinator::on_unfollow(const souk::unfollow& wish) {
  const auto sender = current_sender();
  const auto [from, to] = followers_.equal_range(wish.id.value);
  for (auto f = from; f != to; ++f)
    if (f->second.ticket == wish.ticket && f->second.who == sender) {
      followers_.erase(f);
      return;
    }
}

}  // namespace souk::runtime
