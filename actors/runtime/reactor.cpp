// Takes events, one after the other, and makes the moves that are its domain's.
#include "actors/runtime/reactor.hpp"

#include <algorithm>

#include "actors/sagas/plans.hpp"
#include "actors/sagas/steps.hpp"
#include "messages/grammar/planted.hpp"

namespace souk::runtime {

using order::mark;
using sagas::verb;

namespace {

// Nothing that could be undone is in effect any more, by the case's own story. Each step says that it is undone, also
// when it was never done: that nothing was heard of it does not say that nothing comes.
bool all_back(const sagas::plan& plan, const std::vector<order::happening>& story) {
  return plan.all_back([&](std::size_t stage) {
    return std::none_of(story.begin(), story.end(),
                        [&](const auto& one) { return one.step == stage && one.what == mark::undone; });
  });
}

// The part of a command over lines that lies on the shelves of one shard; false when there is none.
bool keep_lines(command& what, std::uint32_t shard, std::uint32_t shards) {
  return std::visit(
      [&](auto& one) {
        if constexpr (over_lines<std::decay_t<decltype(one)>>) {
          std::erase_if(one.lines, [&](const auto& line) { return slice_of(line.product.text) % shards != shard; });
          return !one.lines.empty();
        }
        return true;
      },
      what);
}

}  // namespace

reactor::reactor(domains::brain& brain, directory::place at, std::shared_ptr<const directory> where,
                 std::shared_ptr<const surroundings> around, passages* passed)
    : brain_(brain),
      exchange_(*brain.exchange()),
      at_(at),
      where_(std::move(where)),
      around_(std::move(around)),
      passed_(passed) {
  exchange_.teller = [this](event_log::event&& event) { tell(std::move(event)); };
  rung_at_ = exchange_.told.newest();
  for (auto& one : exchange_.waiting()) {
    ready_.insert(one.subject);  // whoever sits down may have missed a ring
    waiting_.emplace(one.subject, std::move(one));
  }
}

std::optional<answer> reactor::decide(const command& what) {
  if (const auto* react = std::get_if<event_log::react>(&what)) return on(*react);
  if (const auto* collect = std::get_if<event_log::collect>(&what)) return on(*collect);
  if (const auto* find = std::get_if<event_log::find_heard>(&what)) return on(*find);
  if (const auto* go_on = std::get_if<event_log::go_on>(&what)) return on(*go_on);
  return std::nullopt;
}

void reactor::after_commit(std::vector<std::int64_t>& rung) {
  for (const auto subject : rung)
    if (waiting_.contains(subject)) ready_.insert(subject);
  if (std::exchange(rung_at_, exchange_.told.newest()) != exchange_.told.newest()) rung.push_back(bell);
}

std::vector<command> reactor::go_on() {
  std::vector<command> now;
  for (const auto subject : std::exchange(ready_, {}))
    now.emplace_back(event_log::go_on{{at_.domain, at_.shard}, subject});
  return now;
}

answer reactor::on(const event_log::go_on& go_on) {
  const auto [from, to] = waiting_.equal_range(go_on.subject);
  for (auto at = from; at != to;) {
    const auto& one = at->second;
    if (auto error = act(one.event, one.step, one.undo, true); !error.empty()) throw std::logic_error(error);
    if (waits_) {
      ++at;
      continue;
    }
    exchange_.drop(one.id);
    at = waiting_.erase(at);
  }
  return {};
}

answer reactor::on(const event_log::collect& collect) {
  exchange_.told.acknowledge(0, collect.after);
  auto told = exchange_.told.after(collect.after, collect.limit);
  // Whoever asks from before numbers that are gone is told so.
  const auto upto = told.empty() ? std::max(collect.after, exchange_.told.newest()) : told.back().seq;
  if (upto == collect.after) later_ = {bell, collect};
  return reply_with(event_log::events{upto, std::move(told)});
}

answer reactor::on(const event_log::find_heard& find) {
  const auto& heard = heard_of(find.partition);
  return reply_with(event_log::heard{heard.upto, heard.kept, 0, {}});
}

answer reactor::on(const event_log::react& react) {
  auto& heard = heard_of(react.partition);
  const bool follows = react.again || react.events.after <= heard.upto;
  if (!follows) return reply_with(event_log::heard{heard.upto, heard.kept, 0, {}});
  for (const auto& event : react.events.list) {
    if (!react.again && event.seq <= heard.upto) continue;
    if (auto error = take(event); !error.empty())
      return reply_with(event_log::heard{heard.upto, heard.kept, event.seq, error});
    if (react.again) continue;
    heard.upto = event.seq;
    if (brain_.story(event.about->id)) first_of_[react.partition].try_emplace(event.seq, event.about->id);
  }
  if (!react.again) heard.upto = std::max(heard.upto, react.events.upto);
  // So that the log can forget; no events at all: there is only the position to be written.
  constexpr std::int64_t unwritten_max = 4096;
  keep(react.partition, react.events.list.empty() ? 1 : unwritten_max);
  return reply_with(event_log::heard{heard.upto, heard.kept, 0, {}});
}

void reactor::before_commit() {
  exchange_.told.write_the_row();
  for (const auto& [partition, heard] : heard_) keep(partition, 1);
}

void reactor::keep(std::uint32_t partition, std::int64_t at_least) {
  auto& heard = heard_of(partition);
  const auto wanted = wanted_from(partition);
  if (wanted - heard.kept < at_least) return;
  exchange_.heard.save(partition, wanted);
  heard.kept = wanted;
}

reactor::position& reactor::heard_of(std::uint32_t partition) {
  const auto known = heard_.find(partition);
  if (known != heard_.end()) return known->second;
  const auto kept = exchange_.heard.of(partition);
  return heard_.emplace(partition, position{kept, kept}).first->second;
}

// What comes after it is heard again when the desk starts anew.
std::int64_t reactor::wanted_from(std::uint32_t partition) {
  auto& firsts = first_of_[partition];
  while (!firsts.empty() && !brain_.story(firsts.begin()->second)) firsts.erase(firsts.begin());
  return firsts.empty() ? heard_of(partition).upto : firsts.begin()->first - 1;
}

std::string reactor::take(const event_log::event& event) {
  if (static_cast<std::size_t>(event.about->flow) >= order::flows) return "it is of a flow that is not known here";
  const auto& plan = sagas::plan_of(event.about->flow);
  const bool placed = event.step == event_log::placed;
  if (!placed && event.step >= plan.stages().size()) return "it is of a step that is not known here";
  brain_.hear(event);
  const auto* row = placed ? nullptr : plan.on(event.step, event.how);
  if (!placed && !row) return {};
  if (row && row->all_back) {
    const auto* story = brain_.story(event.about->id);
    if (!story || !all_back(plan, *story)) return {};
  }
  for (const auto& move : placed ? plan.opening() : row->moves)
    if (move.step && move.step->home == at_.domain)
      if (auto error = act(event, static_cast<std::uint8_t>(plan.index_of(move.step)), move.verb == verb::undo);
          !error.empty())
        return error;
  return {};
}

std::string reactor::act(const event_log::event& event, std::uint8_t stage, bool undo, bool waited) {
  const auto& step = *sagas::plan_of(event.about->flow).stages()[stage].step;
  waits_ = false;
  const auto now = around_->clock->now();
  event_log::event next{0,         at_.domain,   stage, undo ? outcome::undone : outcome::done,
                        event.why, event.detail, now,   event.about,
                        {},        event.early};
  std::vector<order::happening> timeline;
  if (const auto* story = brain_.story(event.about->id)) {
    const auto ms = now.ms - event.about->placed.ms;
    timeline = *story;
    timeline.push_back({stage, mark::done, ms, reason::none});
    timeline.push_back({0, mark::ended, ms, reason::none});
  }
  commands_.clear();
  (undo ? step.undo : step.run)({*event.about, {event.about->id, stage}, now, timeline, event.why, event.detail},
                                commands_);
  if (commands_.empty()) return {};  // whoever told the event has said so
  const auto shards = where_->shards(at_.domain);
  for (auto& what : commands_) {
    if (shards > 1 && (!keep_lines(what, at_.shard, shards) || where_->place_of(address_of(what)) != at_)) continue;
    auto said = brain_.decide(what);
    if (const auto later = brain_.put_off()) {
      waits_ = true;
      if (!waited) put_off(later->subject, event, stage, undo);
      return {};
    }
    if (said.replayed && !waited) return {};  // told in the transaction in which it was done
    // A copy of what was undone since: whoever undid it has said so, or did it when the case was over.
    if (!undo && step.undo && said.why == reason::undone) return {};
    if (const auto* wrote = std::get_if<order::entry>(&said.body)) next.entry = *wrote;
    if (said.what == verdict::refused) {
      if (undo || said.why == reason::key_reused)
        return std::string{step.name} + " is refused: " + std::string{to_text(said.why)} + ' ' + said.detail;
      next.how = outcome::refused;
      if (next.why == reason::none) {
        next.why = said.why;
        next.detail = std::move(said.detail);
      }
    } else if (!undo && step.learn) {
      auto learned = *next.about;
      step.learn(learned, said.body);
      next.about = std::move(learned);
    }
    exchange_.tell(std::move(next));
    return {};
  }
  return {};
}

// A step that then has nothing to ask is done there and then, and told at once: that spares the case a way through the
// log. What is of no interest to anybody is not told: who keeps the case's record knows its own part.
void reactor::tell(event_log::event&& event) {
  const auto& plan = sagas::plan_of(event.about->flow);
  if (passed_) passed_->count(event.about->flow, event.step, event.how);
  const bool placed = event.step == event_log::placed;
  const auto* row = placed ? nullptr : plan.on(event.step, event.how);
  static const std::vector<sagas::move> nothing;
  // Whether all are back is for whoever keeps the case's record to say.
  bool somebody_acts = row && row->all_back;
  const auto& moves = placed ? plan.opening() : row && !somebody_acts ? row->moves : nothing;
  std::vector<event_log::event> done_already;
  for (const auto& move : moves) {
    if (!move.step) continue;
    const bool undo = move.verb == verb::undo;
    const auto stage = static_cast<std::uint8_t>(plan.index_of(move.step));
    asked_.clear();
    (undo ? move.step->undo : move.step->run)(
        {*event.about, {event.about->id, stage}, event.at, {}, event.why, event.detail}, asked_);
    if (!asked_.empty())
      somebody_acts = true;
    else
      done_already.push_back({0,
                              move.step->home,
                              stage,
                              undo ? outcome::undone : outcome::done,
                              event.why,
                              event.detail,
                              event.at,
                              event.about,
                              {},
                              event.early});
  }
  if (at_.domain != domain::order || somebody_acts) exchange_.told.write(std::move(event));
  for (auto& one : done_already) tell(std::move(one));
}

// It is decided again when the subject rings, also after a restart: then it is told.
void reactor::put_off(std::int64_t subject, const event_log::event& event, std::uint8_t stage, bool undo) {
  const auto [from, to] = waiting_.equal_range(subject);
  const auto same = [&](const auto& other) {
    return other.second.event.about->id == event.about->id && other.second.step == stage && other.second.undo == undo;
  };
  if (std::any_of(from, to, same)) return;  // told twice: it waits already
  persistence::exchange::put_off one{0, subject, stage, undo, event};
  if (!planted(bug::waiting_not_written)) one.id = exchange_.put(one);
  waiting_.emplace(subject, std::move(one));
}

}  // namespace souk::runtime
