// Lets operators mend what stands still, and compares what they were told with what is.
#include "tools/sim/operators.hpp"

#include <algorithm>

#include "actors/sagas/plans.hpp"
#include "actors/sagas/steps.hpp"

namespace souk::sim {

using order::mark;
using order::state;

namespace {

using effect = recorded::effect;

constexpr std::uint32_t all = 10'000;

sagas::stand where(const order::audit_line& line) { return {sagas::plan_of(line.flow), line.step, line.undoing}; }
bool is_written_off(const order::view& end) {
  return std::any_of(end.repairs.begin(), end.repairs.end(),
                     [](const auto& line) { return line.what == order::remedy::fail; });
}
bool is_skipped(const order::view& end, std::size_t stage) {
  return std::any_of(end.repairs.begin(), end.repairs.end(),
                     [&](const auto& line) { return line.what == order::remedy::skip && line.step == stage; });
}
std::string in_words(const order::audit_line& line) {
  return "the repair " + std::to_string(line.seq) + " (" + std::string{sagas::to_text(line.what)} + ") of " +
         to_text(line.about);
}

}  // namespace

void operators::later(std::uint64_t us, std::function<void()> what) {
  ++underway_;
  stage_.after(static_cast<std::int64_t>(us), runtime::stage::who::world, [this, what = std::move(what)] {
    --underway_;
    what();
  });
}

void operators::come(unsigned visits, std::int64_t over_ms) {
  came_ = true;
  for (; visits > 0; --visits) later(dice(static_cast<std::uint64_t>(over_ms * 1000)), [this] { visit(); });
}

// Mostly to those that are parked; now and then to whatever runs.
void operators::visit() {
  order::list_sagas which;
  if (!percent(10)) which.state = order::saga_state::parked;
  ++underway_;
  counter_.ask(which, [this](const answer& said) {
    --underway_;
    if (const auto* page = std::get_if<order::page>(&said.body); page && !page->orders.empty())
      mend(page->orders[dice(page->orders.size())]);
  });
}

void operators::mend_all() {
  order::list_sagas which;
  which.state = order::saga_state::parked;
  counter_.ask(which, [this](const answer& said) {
    if (const auto* page = std::get_if<order::page>(&said.body))
      for (const auto& one : page->orders) mend(one);
  });
}

void operators::mend(const order::view& one) {
  if (one.parked) {
    seen_.saw(situation::saga_parked);
    if (mended_[one.id.value] > 0) seen_.saw(situation::saga_parked_again);
  }
  std::vector<remedy> choice;
  for (std::size_t i = 0; i < order::remedies; ++i)
    if (one.parked && one.parked->allows(static_cast<remedy>(i))) choice.push_back(static_cast<remedy>(i));
  const bool any = choice.empty() || (came_ && percent(15));
  const auto what = any ? static_cast<remedy>(dice(order::remedies)) : choice[came_ ? dice(choice.size()) : 0];
  const auto name = std::to_string(++wishes_made_);
  order::repair wish{one.id, what, "because " + name, percent(75) ? "repair-" + name : "", "somebody"};
  wish.dry = came_ && percent(10);
  const bool allowed = one.parked && one.parked->allows(what);
  // Whoever thinks about it for a while may find that it moves meanwhile.
  later(percent(40) ? dice(1'500'000) : 0, [this, wish, allowed] { ask(wish, allowed); });
  if (percent(30)) later(dice(2'000'000), [this, wish, allowed] { ask(wish, allowed); });
  if (wish.request.empty() || !percent(15)) return;
  auto other = wish;
  other.reason += ", or not";
  later(dice(2'000'000), [this, other, allowed] { ask(other, allowed); });
}

void operators::ask(const order::repair& what, bool allowed) {
  wishes_[what.reason] = what;
  ++underway_;
  counter_.ask(what, [this, what, allowed](const answer& said) {
    --underway_;
    hear(what, allowed, said);
  });
}

void operators::hear(const order::repair& what, bool allowed, const answer& said) {
  const auto* line = std::get_if<order::audit_line>(&said.body);
  if (said.done() && line) {
    if (what.dry && !said.replayed) return seen_.saw(situation::repair_rehearsed);
    told_.push_back(*line);
    if (said.replayed) return seen_.saw(situation::repair_told_twice);
    static constexpr std::array saw{situation::saga_retried, situation::saga_compensated, situation::step_skipped,
                                    situation::saga_written_off};
    seen_.saw(saw[static_cast<std::size_t>(what.what)]);
    mended_[what.id.value] += 1;
    if (at_repair) std::exchange(at_repair, nullptr)(what.id);
    return;
  }
  switch (said.why) {
    case reason::not_repairable:
      return seen_.saw(allowed ? situation::repair_came_too_late : situation::repair_not_allowed);
    case reason::key_reused: return seen_.saw(situation::repair_key_reused);
    default: book_.broken("a repair of " + to_text(what.id) + " was refused: " + std::string{to_text(said.why)});
  }
}

// One at a time of each design, so that it is known what holds. Refunds are placed by nobody.
void operators::pause(order::flow which, std::int64_t for_ms) {
  auto* mine = which == order::flow::refund ? nullptr : book_.paused(which, stage_.now_us());
  if (!mine) return;
  const auto name = std::to_string(++wishes_made_);
  const order::pause stop{which, false, "because " + name, "pause-" + name, "somebody"};
  ask(stop, [this, stop, for_ms, mine] {
    mine->told_us = stage_.now_us();
    later(static_cast<std::uint64_t>(for_ms * 1000), [this, stop, mine] {
      auto go_on = stop;
      go_on.resume = true;
      go_on.reason += ", and over";
      go_on.request += ", over";
      mine->resume_asked_us = stage_.now_us();
      ask(go_on, [this, mine] { mine->resumed_us = stage_.now_us(); });
    });
  });
}

void operators::ask(const order::pause& what, std::function<void()> then) {
  wishes_[what.reason] = {{}, what.resume ? remedy::resume : remedy::pause, what.reason, what.request, what.by};
  ++underway_;
  counter_.ask(what, [this, what, then = std::move(then)](const answer& said) {
    --underway_;
    const auto* line = std::get_if<order::audit_line>(&said.body);
    if (!said.done() || !line)
      return book_.broken("a pause of a design was refused: " + std::string{to_text(said.why)});
    told_.push_back(*line);
    then();
  });
}

void operators::look_around() {
  if (wishes_.empty()) return;
  counter_.ask(order::read_audit{{}, 0, all}, [this](const answer& said) {
    if (const auto* page = std::get_if<order::audit_page>(&said.body)) return read_log(page->lines);
    book_.broken("the audit log cannot be read: " + std::string{to_text(said.why)});
  });
}

// What was told stands in it, and nothing that nobody wanted, or twice, or may not be.
void operators::read_log(const lines& log) {
  std::map<std::int64_t, const order::audit_line*> by_number;
  std::map<std::int64_t, lines> by_saga;
  std::map<std::string, std::int64_t> by_request;
  for (auto line = log.rbegin(); line != log.rend(); ++line) {
    by_number[line->seq] = &*line;
    if (line->about.value) by_saga[line->about.value].push_back(*line);
    const auto wish = wishes_.find(line->reason);
    if (wish == wishes_.end() || wish->second.dry || wish->second.id != line->about ||
        wish->second.what != line->what || wish->second.request != line->request)
      book_.broken(in_words(*line) + " was wanted by nobody");
    if (!line->request.empty() && !by_request.emplace(line->request, line->seq).second)
      book_.broken(in_words(*line) + " was made twice");
    if (!line->about.value) continue;  // of a whole design
    if (const auto why = sagas::why_not(line->what, where(*line)); !why.empty())
      book_.broken(in_words(*line) + " is not safe: " + std::string{why});
  }
  for (const auto& one : told_)
    if (const auto found = by_number.find(one.seq); found == by_number.end() || pack(*found->second) != pack(one))
      book_.broken(in_words(one) + " was told, and is not in the audit log");
  for (const auto& [saga, done] : by_saga)
    counter_.ask(order::find{number{saga}}, [this, done = done](const answer& said) {
      if (const auto* end = std::get_if<order::view>(&said.body)) return judge(*end, done);
      book_.broken(in_words(done.front()) + " is of a case that is not there");
    });
}

void operators::judge(const order::view& end, const lines& done) {
  const auto name = "case " + to_text(end.id) + " was mended, and ";
  if (pack(end.repairs) != pack(done)) book_.broken(name + "does not say what the audit log says");
  std::vector<std::uint8_t> told, written;
  for (const auto& one : end.timeline)
    if (one.what == mark::repaired) told.push_back(one.step);
  for (const auto& one : done) written.push_back(one.step);
  if (told != written)
    book_.broken(name + "its timeline has " + std::to_string(told.size()) + " repairs, the audit log " +
                 std::to_string(written.size()));
  if (!end.ended.ms) book_.broken(name + "never ended");
  const bool turned = std::any_of(done.begin(), done.end(), [](const auto& line) {
    return line.what == remedy::compensate || line.what == remedy::fail;
  });
  if (turned && end.state == state::completed) book_.broken(name + "is completed, although it was called off");
  ask_what_is_left(end);
}

void operators::ask_what_is_left(const order::view& end) {
  order::brief about{end.id, end.flow, end.user, end.lines, end.coupon};
  about.discount = end.discount;
  about.seat = end.seat;
  shard_counts shards{};
  shards.fill(1);
  auto mine = std::make_shared<left>(left{end, {}});
  for (auto& key : sagas::keys_of(about, sagas::plan_of(end.flow), shards)) mine->effects.push_back({key, {}});
  mine->missing = mine->effects.size();
  for (auto& [key, found] : mine->effects)
    counter_.ask(recall{key.desk, key.once, false, stage_.now()}, [this, mine, to = &found](const answer& said) {
      if (const auto* what = std::get_if<recorded>(&said.body)) *to = *what;
      if (--mine->missing == 0) judge(*mine);
    });
}

// What is in effect is what the end promises, but for what an operator answered for; that is counted as it is.
void operators::judge(const left& what) {
  const auto& end = what.end;
  const auto& plan = sagas::plan_of(end.flow);
  const bool completed = was_completed(end);
  const bool written_off = is_written_off(end);
  promises::by_hand mine{end.id, {}, {}, {}};
  bool settled = written_off;
  for (const auto& [key, found] : what.effects) {
    const auto& [step, as, by_events] = plan.stages()[key.stage];
    const bool skipped = is_skipped(end, key.stage);
    settled = settled || skipped;
    const bool in_effect = found.what == effect::done;
    const auto name = "case " + to_text(end.id) + " was mended, and its " + std::string{step->name};
    if (!completed && in_effect && !written_off && !skipped) book_.broken(name + " is left in effect");
    if (completed && !in_effect && !skipped && as != sagas::role::compensable && found.what != effect::none)
      book_.broken(name + " is not in effect");
    if (!in_effect) continue;
    if (step->home == domain::wallet) mine.money += found.amount.minor;
    for (const auto& line : found.goods) mine.goods[line.product.text] += line.quantity;
  }
  if (!settled) return;
  if (end.flow != order::flow::refund) return book_.settled(mine);
  for (const auto& [request, wish] : book_.wishes())
    if (wish.end && wish.end->state == state::cancelled && was_completed(*wish.end))
      counter_.ask(order::find_request{"refund of " + to_text(wish.end->id)},
                   [this, mine, sale = wish.end->id](const answer& said) mutable {
                     const auto* refund = std::get_if<order::view>(&said.body);
                     if (!refund || refund->id != mine.id) return;
                     mine.refund_of = sale;
                     book_.settled(mine);
                   });
}

}  // namespace souk::sim
