// Works a chain out into its table of reactions, and prints plans.
#include "actors/sagas/plan.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <stdexcept>

#include "actors/sagas/steps.hpp"

namespace souk::sagas {

plan& plan::add(const step& what, role as, bool by_events) {
  if (stages_.size() == stages_max) throw std::logic_error("a plan has at most 15 steps");
  for (const auto& known : stages_)
    if (known.step == &what) throw std::logic_error("a plan names a step twice");
  stages_.push_back({&what, as, by_events});
  return *this;
}

plan& plan::otherwise(const step& what) {
  add(what, role::insisted);
  otherwise_ = &what;
  return *this;
}

plan& plan::start(std::vector<move> moves) {
  opening_ = std::move(moves);
  return *this;
}

plan& plan::when(const step& what, outcome how, std::vector<move> moves) {
  rows_.push_back({{&what, how}, std::move(moves)});
  return *this;
}

static bool can_be_undone(const plan::stage& one) { return one.role == role::compensable && one.step->undo; }

plan& plan::when_all_back(const std::vector<move>& moves) {
  for (const auto& one : stages_)
    if (can_be_undone(one)) rows_.push_back({{one.step, outcome::undone}, moves, true});
  return *this;
}

plan& plan::tell_histories() {
  tells_histories_ = true;
  return *this;
}

bool plan::all_back(const std::function<bool(std::size_t stage)>& in_effect) const {
  for (std::size_t i = 0; i < stages_.size(); ++i)
    if (can_be_undone(stages_[i]) && in_effect(i)) return false;
  return true;
}

std::size_t plan::index_of(const step* what) const {
  for (std::size_t i = 0; i < stages_.size(); ++i)
    if (stages_[i].step == what) return i;
  throw std::logic_error("a step that is not in the plan");
}

plan plan::build() {
  if (chain_) {
    std::vector<stage> line;  // the way there, without the way out and what events carry
    for (const auto& one : stages_)
      if (one.role != role::afterwards && one.step != otherwise_) line.push_back(one);
    if (line.empty()) throw std::logic_error("a saga has at least one step");

    const move give_up = otherwise_ ? run(*otherwise_) : reject();
    const step* to_undo = nullptr;  // the nearest step behind that has something to undo
    for (std::size_t i = 0; i < line.size(); ++i) {
      const step& here = *line[i].step;
      const move onwards = i + 1 < line.size() ? run(*line[i + 1].step) : complete();
      const move back = to_undo ? undo(*to_undo) : give_up;
      when(here, outcome::done, {onwards});
      switch (line[i].role) {
        case role::compensable:
          when(here, outcome::refused, {back});
          // It may have happened: it is undone as well, unless it only looked.
          when(here, outcome::lost, {here.undo ? undo(here) : back});
          if (here.undo) {
            when(here, outcome::undone, {back});
            to_undo = &here;
          }
          break;
        case role::pivot:
          when(here, outcome::refused, {back});
          break;  // lost: its outcome is what it is; it is asked again until it tells
        case role::insisted:
        case role::afterwards: break;
      }
    }
    if (otherwise_) when(*otherwise_, outcome::done, {reject()});
    opening_ = {run(*line.front().step)};
  } else {
    for (const auto& row : rows_)
      for (const auto& one : row.moves)
        if (one.verb == verb::reject) otherwise_ = row.on.step;
  }
  for (auto& per_outcome : index_) per_outcome.fill(-1);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    auto& slot = index_[index_of(rows_[r].on.step)][static_cast<std::size_t>(rows_[r].on.outcome)];
    if (slot >= 0) throw std::logic_error("a plan answers one signal twice");
    slot = static_cast<std::int8_t>(r);
  }
  return *this;
}

namespace {

std::string_view name_of(outcome how) {
  static constexpr std::string_view names[]{"done", "refused", "lost", "undone"};
  return names[static_cast<std::size_t>(how)];
}
std::string_view name_of(role as) {
  static constexpr std::string_view names[]{"compensable", "pivot", "insisted", "afterwards"};
  return names[static_cast<std::size_t>(as)];
}
std::string say(const move& what) {
  switch (what.verb) {
    case verb::run: return "run " + std::string{what.step->name};
    case verb::undo: return "undo " + std::string{what.step->name};
    case verb::complete: return "complete";
    case verb::reject: return "reject";
  }
  std::abort();  // the verbs are listed above
}
std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// What is undone, in order, when this step is refused (or lost): the table followed to its end.
std::vector<const step*> way_back(const plan& of, const step* from, outcome how) {
  std::vector<const step*> undone;
  for (const auto* moves = &of.moves_on(of.index_of(from), how); !moves->empty();) {
    const move next = moves->front();
    if (next.verb == verb::complete || next.verb == verb::reject) break;
    for (const auto& one : *moves)
      if (one.verb == verb::undo) undone.push_back(one.step);
    moves = &of.moves_on(of.index_of(next.step), next.verb == verb::undo ? outcome::undone : outcome::done);
  }
  return undone;
}

std::string list(const std::vector<const step*>& steps, std::string_view none) {
  std::string text;
  for (const auto* one : steps) text += (text.empty() ? "" : ", ") + std::string{one->name};
  return text.empty() ? std::string{none} : text;
}

}  // namespace

std::string to_text(const plan& of) {
  std::string text{of.name()};
  text += of.is_chain() ? "  (saga)\n" : "  (choreography)\n";
  std::size_t width = 48;
  for (const auto& one : of.stages())
    width = std::max(width, list(way_back(of, one.step, outcome::refused), "-").size() + 2);
  text += "\n  " + pad("step", 18) + pad("domain", 13) + pad("role", 13) + pad("refused: undo", width) + "lost: undo\n";
  for (const auto& one : of.stages()) {
    std::string refused, lost = "-";
    if (one.role == role::compensable || one.role == role::pivot)
      refused = list(way_back(of, one.step, outcome::refused), "-");
    if (one.role == role::compensable) lost = list(way_back(of, one.step, outcome::lost), "-");
    if (one.role == role::pivot) lost = "ask again";
    if (one.role == role::insisted) refused = "park", lost = "ask again";
    if (one.by_events) lost = "ask again";
    text += "  " + pad(std::string{one.step->name}, 18) + pad(std::string{souk::to_text(one.step->home)}, 13) +
            pad(std::string{one.step == of.rejection() ? "way out" : name_of(one.role)}, 13) + pad(refused, width) +
            lost;
    while (text.back() == ' ') text.pop_back();
    text += '\n';
  }
  text += "\n  " + pad("on", 28) + "moves\n";
  std::string first;
  for (const auto& what : of.opening()) first += (first.empty() ? "" : ", ") + say(what);
  text += "  " + pad("begin", 28) + first + '\n';
  for (const auto& row : of.rows()) {
    std::string moves;
    for (const auto& what : row.moves) moves += (moves.empty() ? "" : ", ") + say(what);
    text += "  " + pad(std::string{row.on.step->name} + ' ' + std::string{name_of(row.on.outcome)}, 28) + moves +
            (row.all_back ? "  (when all are undone)\n" : "\n");
  }
  return text;
}

std::string to_mermaid(const plan& of) {
  std::string text = "stateDiagram-v2\n";
  const auto state = [&](const move& what) -> std::string {
    switch (what.verb) {
      case verb::run: return std::string{what.step->name};
      case verb::undo: return "undo_" + std::string{what.step->name};
      case verb::complete: return "completed";
      case verb::reject: return "rejected";
    }
    std::abort();  // the verbs are listed above
  };
  for (const auto& what : of.opening()) text += "  [*] --> " + state(what) + '\n';
  for (const auto& row : of.rows())
    for (const auto& what : row.moves)
      text += "  " + std::string{row.on.outcome == outcome::undone ? "undo_" : ""} + std::string{row.on.step->name} +
              " --> " + state(what) + ": " + std::string{name_of(row.on.outcome)} + '\n';
  for (const auto& one : of.stages())
    if (one.role == role::afterwards) text += "  completed --> " + std::string{one.step->name} + ": event\n";
  text += "  completed --> [*]\n";
  for (const auto& row : of.rows())
    for (const auto& what : row.moves)
      if (what.verb == verb::reject) return text + "  rejected --> [*]\n";
  return text;
}

std::string to_json(const plan& of) {
  const auto quoted = [](std::string_view word) { return '"' + std::string{word} + '"'; };
  std::string text = "{\"name\":" + quoted(of.name()) + ",\"kind\":" + quoted(of.is_chain() ? "saga" : "choreography") +
                     ",\"steps\":[";
  for (const auto& one : of.stages())
    text += (text.back() == '[' ? "" : ",") + std::string{"{\"name\":"} + quoted(one.step->name) +
            ",\"domain\":" + quoted(souk::to_text(one.step->home)) + ",\"role\":" + quoted(name_of(one.role)) +
            ",\"can_undo\":" + (one.step->undo ? "true" : "false") + '}';
  const auto moves = [&](const std::vector<move>& all) {
    std::string out = "[";
    for (const auto& what : all) out += (out.size() > 1 ? "," : "") + quoted(say(what));
    return out + ']';
  };
  text += "],\"begin\":" + moves(of.opening()) + ",\"rows\":[";
  for (const auto& row : of.rows())
    text += (text.back() == '[' ? "" : ",") + std::string{"{\"step\":"} + quoted(row.on.step->name) +
            ",\"outcome\":" + quoted(name_of(row.on.outcome)) + ",\"moves\":" + moves(row.moves) + '}';
  return text + "]}";
}

}  // namespace souk::sagas
