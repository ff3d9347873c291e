// Works through the mail of a domain, one transaction a batch.
#include "actors/runtime/desk.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>

#include "messages/grammar/crash_point.hpp"
#include "messages/grammar/planted.hpp"
#include "persistence/audit/inspection.hpp"

namespace souk::runtime {

measured figures_of(const desk_counts& counts) {
  const auto took = counts.took.all();
  return {counts.letters,
          counts.batches,
          counts.commits,
          counts.waiting,
          counts.restarts,
          counts.full,
          {took.begin(), took.end()}};
}

desk::desk(caf::actor_config& config, desk_papers papers)
    : caf::event_based_actor(config),
      papers_(std::move(papers)),
      name_("desk " + std::string{to_text(papers_.at.domain)} + '/' + std::to_string(papers_.at.shard)) {}

caf::behavior desk::make_behavior() {
  // Opening may throw (a damaged store): then the actor ends and the supervisor hears why.
  try {
    seat();
    after_commit();
  } catch (const std::exception& trouble) {
    spdlog::error("desk {}/{} cannot open: {}", to_text(papers_.at.domain), papers_.at.shard, trouble.what());
    quit(caf::exit_reason::unhandled_exception);
    return {};
  }
  flush_is_due_ = has_mail();
  if (flush_is_due_) send(this, souk::flush{});
  return {
      [this](envelope& mail) {
        let_in({current_sender(), std::move(mail.letters)});
        // Commands that come while the flush is on its way join the batch.
        if (!flush_is_due_) send(this, souk::flush{});
        flush_is_due_ = true;
      },
      [this](souk::flush) {
        flush_is_due_ = false;
        work();
      },
      [this](souk::sweep) {
        sweep_is_due_ = false;
        go_on();
        work();
      },
  };
}

void desk::on_exit() {
  papers_.counts->by_events = 0;  // it may go on at another node
  reactor_.reset();
  brain_.reset();
  later_.clear();
  now_put_off_.clear();
}

void desk::seat() {
  reactor_.reset();
  brain_.reset();  // the store has one owner at a time
  brain_ = papers_.make_brain();
  if (brain_->exchange())
    reactor_ = std::make_unique<reactor>(*brain_, papers_.at, papers_.where, papers_.around, &papers_.counts->passed);
}

void desk::work() {
  try {
    while (has_mail()) {
      auto parcels = next_batch();
      for (const auto& one : parcels) papers_.counts->waiting -= static_cast<std::int64_t>(one.letters.size());
      try {
        batch(parcels);
        may_crash(crash_point::before_answer);
        after_commit();
      } catch (const persistence::store_full&) {
        bundles_.clear();
        now_put_off_.clear();
        one_by_one(parcels);
      }
      answer_all();
      count(parcels);
      may_crash(crash_point::answered);
    }
  } catch (const std::exception& trouble) {
    // Unknown outcome or broken code: nothing of this batch is answered, the keys will tell.
    spdlog::error("desk {}/{} ends: {}", to_text(papers_.at.domain), papers_.at.shard, trouble.what());
    if (brain_) brain_->file().rollback();
    if (planted(bug::memory_outlives_rollback)) return bundles_.clear();
    quit(caf::exit_reason::unhandled_exception);
  }
}

// Questions see what is committed, so they need not wait for the disk together with what is to be written.
void desk::let_in(parcel one) {
  auto& all = one.letters;
  papers_.counts->waiting += static_cast<std::int64_t>(all.size());
  const auto asks = [](const letter& it) { return is_question(it.command); };
  if (planted(bug::reads_uncommitted) || std::none_of(all.begin(), all.end(), asks))
    return parcels_.push_back(std::move(one));
  const auto rest = std::stable_partition(all.begin(), all.end(), std::not_fn(asks));
  questions_.push_back({one.from, {std::make_move_iterator(rest), std::make_move_iterator(all.end())}, one.came});
  all.erase(rest, all.end());
  if (!all.empty()) parcels_.push_back(std::move(one));
}

// Questions first. Then all that waits, but at most so many letters: a crowd that moved from desk to desk as one block
// would keep one desk busy at a time; in two blocks some compute while others are being synced. 256 was best of 64 to
// 512 with 512 in flight.
std::vector<desk::parcel> desk::next_batch() {
  if (!questions_.empty()) return std::exchange(questions_, {});
  constexpr std::size_t letters_max = 256;
  std::vector<parcel> batch;
  for (auto left = letters_max; left > 0 && !parcels_.empty();) {
    auto& first = parcels_.front();
    auto& all = first.letters;
    if (all.size() <= left) {
      left -= all.size();
      batch.push_back(std::move(first));
      parcels_.pop_front();
      continue;
    }
    const auto upto = all.begin() + static_cast<std::ptrdiff_t>(left);
    batch.push_back({first.from, {std::make_move_iterator(all.begin()), std::make_move_iterator(upto)}, first.came});
    all.erase(all.begin(), upto);
    break;
  }
  return batch;
}

void desk::batch(std::vector<parcel>& parcels) {
  auto& file = brain_->file();
  file.begin();
  may_crash(crash_point::transaction_begun);
  std::int64_t n = 0;
  for (auto& parcel : parcels)
    for (auto& what : parcel.letters) decide(parcel, what), ++n;
  if (planted(bug::answers_before_commit)) answer_all();
  answer_early();
  commit();
  papers_.counts->letters += n;
  papers_.counts->batches += 1;
  papers_.counts->commits = file.commits();
}

// The disk is full. The batch was rolled back as a whole and the domain's memory with it; now each letter has a
// transaction of its own, so that reads are answered and only what cannot be written is told so. What goes on here by
// itself is tried again after a pause: else the desk would try for as long as the disk is full, and hear nobody.
void desk::one_by_one(std::vector<parcel>& parcels) {
  const auto is_full = [this] {
    papers_.counts->full = true;
    seat();
    if (!std::exchange(sweep_is_due_, true)) delayed_send(this, std::chrono::seconds{1}, souk::sweep{});
  };
  is_full();
  for (auto& parcel : parcels) {
    for (auto& what : parcel.letters) {
      const auto ticket = what.ticket;
      try {
        auto& file = brain_->file();
        file.begin();
        decide(parcel, what);
        commit();
        after_commit();
      } catch (const persistence::store_full&) {
        // Drop what this letter said before its commit failed.
        for (auto& bundle : bundles_)
          if (bundle.to == parcel.from)
            std::erase_if(bundle.answers.list, [&](const auto& said) { return said.ticket == ticket; });
        now_put_off_.clear();
        is_full();
        say(parcel, ticket, lose(reason::storage_full));
      }
    }
  }
}

void desk::decide(const parcel& of, letter& what) {
  if (const auto* wanted = std::get_if<examine>(&what.command))
    return say(of, what.ticket, reply_with(persistence::look_through(brain_->file(), *wanted)));
  if (std::holds_alternative<measure>(what.command))
    return say(of, what.ticket, reply_with(figures_of(*papers_.counts)));
  if (reactor_) {
    if (auto said = reactor_->decide(what.command))
      return answer_or_wait(of, what.ticket, *std::move(said), reactor_->put_off());
  }
  auto said = brain_->decide(what.command);
  auto later = brain_->put_off();
  if (planted(bug::reads_uncommitted) && is_question(what.command) && !later) {
    auto others = std::exchange(bundles_, {});
    say(of, what.ticket, std::move(said));
    answer_all();
    bundles_ = std::move(others);
    return;
  }
  answer_or_wait(of, what.ticket, std::move(said), std::move(later));
}

void desk::answer_or_wait(const parcel& of, std::uint64_t ticket, answer said, std::optional<domains::later> later) {
  if (!later) return say(of, ticket, std::move(said));
  now_put_off_.emplace_back(later->subject, put_off{of.from, {ticket, std::move(later->then)}});
}

void desk::count(const std::vector<parcel>& answered) {
  using std::chrono::microseconds;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& one : answered)
    papers_.counts->took.add(std::chrono::duration_cast<microseconds>(now - one.came).count(),
                             static_cast<std::int64_t>(one.letters.size()));
}

void desk::commit() {
  const bool writes = brain_->file().writes() || (reactor_ && reactor_->has_told());
  if (writes) {
    brain_->before_commit();
    if (reactor_) reactor_->before_commit();
  }
  brain_->file().commit();
  if (writes) papers_.counts->full = false;
}

// What was put off here and may be done now.
void desk::go_on() {
  if (!reactor_) return;
  for (auto& one : reactor_->go_on()) let_in({nullptr, {{0, std::move(one)}}});
}

void desk::wait_for(std::int64_t subject, put_off&& one) {
  // Who asks again because it takes long waits once.
  const auto [from, to] = later_.equal_range(subject);
  const bool waits = std::any_of(from, to, [&](const auto& other) {
    return other.second.from == one.from && other.second.what.ticket == one.what.ticket;
  });
  if (!waits) later_.emplace(subject, std::move(one));
}

std::vector<desk::parcel> desk::no_longer_waiting(const std::vector<std::int64_t>& rung) {
  for (auto& [subject, one] : std::exchange(now_put_off_, {})) wait_for(subject, std::move(one));
  std::vector<parcel> may_be_done;
  for (const auto subject : rung) {
    const auto [from, to] = later_.equal_range(subject);
    for (auto at = from; at != to; ++at) {
      if (may_be_done.empty() || may_be_done.back().from != at->second.from)
        may_be_done.push_back({std::move(at->second.from), {}});
      may_be_done.back().letters.push_back(std::move(at->second.what));
    }
    later_.erase(from, to);
  }
  return may_be_done;
}

// Nobody waits for this disk who need not.
void desk::answer_early() {
  const auto subjects = brain_->rung_early();
  if (subjects.empty()) return;  // what was put off here waits only if this commits
  auto rung = no_longer_waiting(subjects);
  auto others = std::exchange(bundles_, {});
  for (auto& parcel : rung)
    for (auto& what : parcel.letters) decide(parcel, what);
  answer_all();
  bundles_ = std::move(others);
  may_crash(crash_point::answered_early);
}

// What rang is answered after the commit that made it ring, from what is committed.
void desk::after_commit() {
  papers_.counts->by_events = brain_->run_by_events();
  auto rung = brain_->rung();
  if (reactor_) reactor_->after_commit(rung);
  if (!sweep_is_due_) go_on();
  for (auto& one : no_longer_waiting(rung)) let_in(std::move(one));
  auto begun = brain_->begun();
  if (begun.empty()) return;
  may_crash(crash_point::before_begin);
  std::vector<souk::begin> shares(papers_.where->coordinators());
  for (auto& share : shares) share.cases.reserve(2 * begun.size() / shares.size());
  for (auto& one : begun) shares[papers_.where->coordinator_of(one.id)].cases.push_back(std::move(one));
  for (std::uint32_t share = 0; share < shares.size(); ++share) {
    auto& mail = shares[share];
    const auto runner = brain_->runner_of(share);
    if (mail.cases.empty() || runner.runs >= shares.size()) continue;
    mail.who = runner.who;
    mail.turn = runner.turn;
    if (const auto who = papers_.where->coordinator(runner.runs))
      papers_.around->link->carry(ctrl(), who, caf::make_message(std::move(mail)));
  }
  // Nobody there: a coordinator that starts asks for the open cases by itself.
}

void desk::say(const parcel& of, std::uint64_t ticket, answer what) {
  const auto found = std::find_if(bundles_.begin(), bundles_.end(), [&](const auto& one) { return one.to == of.from; });
  const bool first = found == bundles_.end();
  auto& bundle = first ? bundles_.emplace_back(desk::bundle{of.from, {}}) : *found;
  if (first) bundle.answers.list.reserve(of.letters.size());
  bundle.answers.list.push_back({ticket, std::move(what)});
}

void desk::answer_all() {
  for (auto& one : bundles_)
    if (auto to = caf::actor_cast<caf::actor>(one.to))
      papers_.around->link->carry(ctrl(), to, caf::make_message(std::move(one.answers)));
  bundles_.clear();
}

}  // namespace souk::runtime
