// Asks the desks of this node whether anything is late or broken.
#include "actors/edge/watchman.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <optional>

#include "actors/edge/call.hpp"
#include "actors/edge/json_of.hpp"

namespace souk::edge {

namespace {

constexpr std::int64_t answer_ms = 2'000;  // who says nothing for so long is passed over
constexpr std::uint32_t rows_a_question = 256;
constexpr std::int64_t between_questions_ms = 20;
constexpr std::int64_t between_rounds_ms = 1'000;
constexpr std::uint32_t late_told_max = 200;  // at a look

// One answer, waited for; nothing when none came, or nobody waits any more.
template <class Body, class Over>
std::optional<Body> ask(edge::hall& of, command what, std::uint32_t shard, const Over& is_over) {
  struct waiting {
    std::mutex mutex;
    std::condition_variable came;
    bool over = false;
    std::optional<Body> body;
  };
  const auto it = std::make_shared<waiting>();
  const bool asked = of.ask(std::move(what), {shard, answer_ms, 0}, [it](answer&& said) {
    const std::lock_guard hold{it->mutex};
    if (auto* body = std::get_if<Body>(&said.body)) it->body = std::move(*body);
    it->over = true;
    it->came.notify_all();
  });
  if (!asked) return std::nullopt;
  std::unique_lock hold{it->mutex};
  for (const auto end = of.steady_ms() + 2 * answer_ms; !it->over && of.steady_ms() < end && !is_over();)
    it->came.wait_for(hold, std::chrono::milliseconds{50});
  return std::move(it->body);
}

}  // namespace

watchman::watchman(edge::hall& of, watch_options options) : hall_(of), options_(options) {
  hall_.with_node([this](runtime::node& node) { console_ = node.employ("watchman", [this] { return look(); }); });
  if (console_) console_->wake();
}

void watchman::stop() {
  {
    const std::lock_guard hold{mutex_};
    stopped_ = true;
  }
  console_.reset();
}

watchman::verdict watchman::found() const {
  const std::lock_guard hold{mutex_};
  return found_;
}

std::array<std::int64_t, order::flows> watchman::late() const {
  const std::lock_guard hold{mutex_};
  return late_;
}

std::map<std::uint32_t, std::int64_t> watchman::untold() const {
  const std::lock_guard hold{mutex_};
  return untold_;
}

bool watchman::is_over() const {
  const std::lock_guard hold{mutex_};
  return stopped_;
}

// Late sagas are looked for between two questions, so that a long round does not hide them.
std::optional<std::chrono::milliseconds> watchman::look() {
  if (is_over()) return std::nullopt;
  if (hall_.steady_ms() >= look_at_ms_) {
    look_at_ms_ = hall_.steady_ms() + options_.look_ms;
    look_for_late();
  }
  return std::chrono::milliseconds{options_.rows_per_second ? go_on() : options_.look_ms};
}

std::int64_t watchman::go_on() {
  if (!round_) {
    round_ = round{desks(), 0, {}, {}};
    round_->found.began = hall_.now();
  }
  auto& [places, at, wanted, found] = *round_;
  if (at == places.size()) {
    end_round();
    return between_rounds_ms;
  }
  const auto [domain, shard] = places[at];
  wanted.at = {domain, shard};
  wanted.rows = rows_a_question;
  const auto said = ask<examined>(hall_, wanted, shard, [this] { return is_over(); });
  if (!said) found.silent.push_back(name_of({domain, shard}));
  if (said) {
    found.rows += said->rows;
    found.flaws += static_cast<std::int64_t>(said->flaws.size());
    for (const auto& one : said->flaws)
      if (found.first.size() < verdict::flaws_max) found.first.push_back(one);
    wanted.walk = said->walk;
    wanted.after = said->after;
    if (!said->through) return std::max(between_questions_ms, said->rows * 1'000 / options_.rows_per_second);
  }
  ++at;
  wanted = {};
  return 0;
}

void watchman::end_round() {
  auto found = std::move(round_->found);
  round_.reset();
  found.ended = hall_.now();
  found.rounds = ++rounds_;
  hall_.with_node([&](runtime::node& node) { node.figures().audit->put(found); });
  const std::lock_guard hold{mutex_};
  if (found.flaws && !found_.flaws)
    // Not the row: it names people and what they have.
    spdlog::error("the books do not balance: {}: souk admin check says where", found.first.front().invariant);
  found_ = std::move(found);
}

std::vector<watchman::place> watchman::desks() const {
  std::vector<place> all;
  hall_.with_node([&](runtime::node& node) {
    for (const auto& [at, counts] : node.desks_here()) all.push_back(at);
  });
  return all;
}

void watchman::look_for_late() {
  std::array<std::int64_t, order::flows> late{};
  std::map<std::uint32_t, std::int64_t> untold;
  std::set<std::int64_t> still;
  bool all_seen = true;
  const auto late_before = hall_.late_before();
  for (const auto& [domain, shard] : desks()) {
    if (domain != souk::domain::order) continue;
    const auto overview = ask<order::overview>(hall_, order::survey{late_before}, shard, [this] { return is_over(); });
    if (!overview) {
      all_seen = false;
      continue;
    }
    untold[shard] = overview->untold;
    std::int64_t here = 0;
    for (const auto& one : overview->open) {
      late[static_cast<std::size_t>(one.flow)] += one.late;
      here += one.late;
    }
    if (!here) continue;
    order::list_sagas wanted;
    wanted.late_before = late_before;
    wanted.limit = late_told_max;
    const auto page = ask<order::page>(hall_, wanted, shard, [this] { return is_over(); });
    all_seen = all_seen && page && !page->more;
    if (!page) continue;
    const auto now = hall_.now();
    for (const auto& one : page->orders) {
      still.insert(one.id.value);
      if (!told_.insert(one.id.value).second) continue;
      spdlog::warn("saga {} is late: {} is {} for {} s, its limit is {} s", souk::to_text(one.id), to_text(one.flow),
                   to_text(one.saga), (now.ms - one.placed.ms) / 1'000,
                   hall_.options().late_ms[static_cast<std::size_t>(one.flow)] / 1'000);
    }
  }
  if (all_seen) told_ = std::move(still);
  const std::lock_guard hold{mutex_};
  late_ = late;
  untold_ = std::move(untold);
}

}  // namespace souk::edge
