// Finds the letters that are about one case, and says them.
#include "tools/sim/trail.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <typeinfo>

#include "actors/sagas/plans.hpp"
#include "actors/sagas/steps.hpp"

namespace souk::sim {

namespace {

struct whose {
  number id;
  const std::string& request;

  bool operator()(const std::monostate&) const { return false; }
  // Words name a case in these ways; those that carry others are about each of them.
  template <class T>
  bool operator()(const T& one) const {
    bool mine = false;
    if constexpr (requires { one.once.saga; }) mine = mine || one.once.saga == id;
    if constexpr (requires { one.id == id; }) mine = mine || one.id == id;
    if constexpr (requires { one.order == id; }) mine = mine || one.order == id;
    if constexpr (requires { one.subject == id; }) mine = mine || one.subject == id;
    if constexpr (requires { one.refund_of == id; }) mine = mine || one.refund_of == id;
    if constexpr (requires { one.used_by == id; }) mine = mine || one.used_by == id;
    if constexpr (requires { one.sale == id; }) mine = mine || one.sale == id;
    if constexpr (requires { one.about->id; }) mine = mine || one.about->id == id;
    if constexpr (std::is_same_v<T, order::place> || std::is_same_v<T, order::find_request>)
      mine = mine || one.request == request;
    if constexpr (requires { one.list.begin(); }) mine = mine || any(one.list);
    if constexpr (requires { one.events.begin(); }) mine = mine || any(one.events);
    if constexpr (requires { one.events.list; }) mine = mine || any(one.events.list);
    return mine;
  }
  template <class All>
  bool any(const All& all) const {
    return std::any_of(all.begin(), all.end(), *this);
  }
};

template <class T>
std::string name_of() {
  const std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(typeid(T).name(), nullptr, nullptr, nullptr),
                                                    std::free};
  const std::string full = name ? name.get() : typeid(T).name();
  return full.starts_with("souk::") ? full.substr(6) : full;
}

std::string step_name(order::flow flow, std::size_t step) {
  const auto& stages = sagas::plan_of(flow).stages();
  return step < stages.size() ? std::string{stages[step].step->name} : "step " + std::to_string(step);
}

std::string in_seconds(std::int64_t us) {
  auto text = std::to_string(us % 1'000'000);
  text.insert(0, 6 - text.size(), '0');
  return std::to_string(us / 1'000'000) + '.' + text;
}

// "; 1048583 debit_wallet refused: balance_short, early"
std::string in_words(const event_log::event& event, const followed& of) {
  if (event.about->id != of.id) return {};
  constexpr std::string_view outcomes[]{"done", "refused", "lost", "undone"};
  return "; " + std::to_string(event.seq) + ' ' + step_name(of.flow, event.step) + ' ' +
         std::string{outcomes[static_cast<std::size_t>(event.how)]} + (event.early ? ", early" : "");
}

std::string in_words(const command& what, const followed& of) {
  return std::visit(
      [&](const auto& one) {
        auto text = name_of<std::decay_t<decltype(one)>>();
        if constexpr (requires { one.once.step; })
          text += one.once.saga == of.id ? " (" + step_name(of.flow, one.once.step) + ')' : " (of another case)";
        if constexpr (requires { one.events.list.begin()->about->id; })
          for (const auto& event : one.events.list) text += in_words(event, of);
        if constexpr (requires { one.events.begin()->about->id; })
          for (const auto& event : one.events) text += in_words(event, of);
        return text;
      },
      what);
}

std::string in_words(const answer& said) {
  static constexpr std::string_view verdicts[]{"done", "refused", "lost"};
  std::string text{verdicts[static_cast<std::size_t>(said.what)]};
  if (said.why != reason::none) text += " (" + std::string{to_text(said.why)} + ')';
  if (!said.detail.empty()) text += ' ' + said.detail;
  if (said.replayed) text += ", known before";
  if (const auto* ticket = std::get_if<order::ticket>(&said.body)) {
    static constexpr std::string_view states[]{"pending", "completed", "failed", "cancelled"};
    text += ": " + std::string{states[static_cast<std::size_t>(ticket->state)]};
    if (ticket->why != reason::none) text += " (" + std::string{to_text(ticket->why)} + ')';
  }
  return text;
}

constexpr std::int64_t late_us = 500;  // longer than any way that is not late

}  // namespace

std::string name_of(const command& what) {
  return std::visit(
      [](const auto& one) {
        auto text = name_of<std::decay_t<decltype(one)>>();
        if constexpr (requires { text += one.request; }) text += ' ' + one.request;
        if constexpr (requires { to_text(one.id); }) text += ' ' + to_text(one.id);
        return text;
      },
      what);
}

void trail::note(const std::string& what) { of_.tell(in_seconds(stage_.now_us()) + "  -- " + what); }

void trail::departs(const runtime::passage& it) {
  using fate = runtime::passage::fate;
  if (it.becomes == fate::lost) look(it, ": LOST");
  if (it.becomes == fate::cut) look(it, ": CUT OFF");
  if (it.becomes == fate::arrives && it.copies > 1) look(it, ": goes DOUBLED");
}

void trail::arrives(const runtime::passage& it) {
  const auto under_way = stage_.now_us() - it.sent_us;
  look(it, under_way > late_us ? ", LATE by " + in_seconds(under_way) + " s" : "");
}

void trail::look(const runtime::passage& it, const std::string& fate) {
  const auto way = in_seconds(stage_.now_us()) + "  " + std::string{it.from} + " -> " + std::string{it.to} + "  ";
  if (it.letters) look_at_letters(it, way, fate);
  if (it.answers) look_at_answers(it, way, fate);
  if (it.cases && whose{of_.id, of_.request}.any(it.cases->cases)) of_.tell(way + "begin" + fate);
}

void trail::look_at_letters(const runtime::passage& it, const std::string& way, const std::string& fate) {
  for (const auto& one : it.letters->letters) {
    if (!std::visit(whose{of_.id, of_.request}, one.command)) continue;
    asked_.emplace(it.from, it.to, one.ticket);
    of_.tell(way + in_words(one.command, of_) + fate);
  }
}

void trail::look_at_answers(const runtime::passage& it, const std::string& way, const std::string& fate) {
  for (const auto& one : it.answers->list)
    if (asked_.contains({std::string{it.to}, std::string{it.from}, one.ticket}) ||
        std::visit(whose{of_.id, of_.request}, one.answer.body))
      of_.tell(way + "answer: " + in_words(one.answer) + fate);
}

}  // namespace souk::sim
