// Asks the desks of this node whether anything is late or broken.
#include "actors/edge/watchman.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
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
  thread_ = std::thread{[this] { run(); }};
}

void watchman::stop() {
  {
    const std::lock_guard hold{mutex_};
    stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

watchman::verdict watchman::found() const {
  const std::lock_guard hold{mutex_};
  return found_;
}

std::array<std::int64_t, order::flows> watchman::late() const {
  const std::lock_guard hold{mutex_};
  return late_;
}

bool watchman::is_over() const {
  const std::lock_guard hold{mutex_};
  return stopped_;
}

// Also the moment at which late sagas are looked for, so that a long round does not hide them.
bool watchman::rest(std::int64_t ms) {
  if (hall_.steady_ms() >= look_at_ms_) {
    look_at_ms_ = hall_.steady_ms() + options_.look_ms;
    look_for_late();
  }
  std::unique_lock hold{mutex_};
  return !wake_.wait_for(hold, std::chrono::milliseconds{ms}, [this] { return stopped_; });
}

void watchman::run() {
  for (std::int64_t rounds = 0; rest(between_questions_ms);) {
    if (!options_.rows_per_second) {
      if (!rest(options_.look_ms)) return;
      continue;
    }
    verdict now;
    now.began = hall_.now();
    for (const auto& one : desks()) {
      look_through(one, now);
      if (!rest(0)) return;
    }
    now.ended = hall_.now();
    now.rounds = ++rounds;
    hall_.with_node([&](runtime::node& node) { node.figures().audit->put(now); });
    {
      const std::lock_guard hold{mutex_};
      if (now.flaws && !found_.flaws)
        // Not the row: it names people and what they have.
        spdlog::error("the books do not balance: {}: souk admin check says where", now.first.front().invariant);
      found_ = std::move(now);
    }
    if (!rest(between_rounds_ms)) return;
  }
}

std::vector<watchman::place> watchman::desks() const {
  std::vector<place> all;
  hall_.with_node([&](runtime::node& node) {
    for (const auto& [at, counts] : node.desks_here()) all.push_back(at);
  });
  return all;
}

void watchman::look_through(place at, verdict& into) {
  examine wanted{{at.domain, at.shard}};
  wanted.rows = rows_a_question;
  for (;;) {
    const auto said = ask<examined>(hall_, wanted, at.shard, [this] { return is_over(); });
    if (!said) return into.silent.push_back(name_of({at.domain, at.shard}));
    into.rows += said->rows;
    into.flaws += static_cast<std::int64_t>(said->flaws.size());
    for (const auto& one : said->flaws)
      if (into.first.size() < verdict::flaws_max) into.first.push_back(one);
    if (said->through) return;
    wanted.walk = said->walk;
    wanted.after = said->after;
    if (!rest(std::max(between_questions_ms, said->rows * 1'000 / options_.rows_per_second))) return;
  }
}

void watchman::look_for_late() {
  std::array<std::int64_t, order::flows> late{};
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
}

}  // namespace souk::edge
