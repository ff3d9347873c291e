// Carries events from desk to log and from log to desk.
#include "actors/runtime/relay.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <bit>
#include <iterator>

#include "actors/sagas/plans.hpp"
#include "actors/sagas/steps.hpp"
#include "messages/grammar/crash_point.hpp"

namespace souk::runtime {

namespace {
// An answer comes when there is something: it is asked for again now and then, in case it was lost.
ask_options patiently(const relay_papers& papers) { return {{}, INT64_MAX / 4, papers.around->answer_ms}; }
// Smaller ones cost commits, larger ones keep one desk busy at a time. Of each topic that one hears: events that were
// told together are not parted, or every round of a crowd would come back in smaller pieces.
constexpr std::uint32_t batch_max = 256;
constexpr std::int64_t troubles_every_ms = 500;
// A late copy of a word may set aside again what is out of trouble, and nobody here knows; nor of a log that was
// restored.
constexpr std::int64_t look_again_every_ms = 30'000;
constexpr std::int64_t pause_ms = 50;
// An event that fells its desk so often, though the desk answers in between, is set aside.
constexpr int silences_max = 2;

constexpr std::uint32_t bit(domain which) { return 1U << static_cast<unsigned>(which); }

// By the partition of their case.
std::vector<event_log::batch> parted(const event_log::batch& all, std::uint32_t partitions) {
  if (partitions == 1) return {all};
  std::vector<std::vector<event_log::event>> parts(partitions);
  for (const auto& one : all) parts[slice_of(one.about->id) % partitions].push_back(one);
  return {std::make_move_iterator(parts.begin()), std::make_move_iterator(parts.end())};
}
}  // namespace

interest interest_of(domain which) {
  interest of;
  // What the log hands on early may come a second time, under another number. Records tell what has happened, in order;
  // and whether there is such a user is not remembered, but looked up each time.
  of.committed = which == domain::order || which == domain::user;
  for (std::size_t f = 0; f < order::flows; ++f) {
    const auto& plan = sagas::plan_of(static_cast<order::flow>(f));
    if (plan.is_chain()) continue;
    const auto read = [&](domain topic, const std::vector<sagas::move>& moves) {
      const auto acts = [&](const auto& one) { return one.step && one.step->home == which; };
      if (which != domain::order && std::none_of(moves.begin(), moves.end(), acts)) return;
      of.topics |= bit(topic);
      of.flows |= 1U << f;
    };
    read(domain::order, plan.opening());
    for (const auto& row : plan.rows()) read(row.on.step->home, row.moves);
  }
  return of;
}

interest interest_in_histories() {
  interest of{bit(domain::wallet) | bit(domain::payment), 0, true};
  for (std::size_t f = 0; f < order::flows; ++f)
    if (sagas::plan_of(static_cast<order::flow>(f)).tells_histories()) of.flows |= 1U << f;
  return of;
}

relay::relay(caf::actor_config& config, relay_papers papers)
    : caf::event_based_actor(config), papers_(std::move(papers)), asker_(this, papers_.where, papers_.around) {}

caf::behavior relay::make_behavior() {
  start();
  delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
  return {
      [this](responses& mail) { asker_.on(mail); },
      [this](souk::flush) { asker_.on_flush(); },
      [this](souk::sweep) {
        asker_.on_sweep();
        const auto now = papers_.around->clock->steady_ms();
        if (resume_at_ms_ && now >= resume_at_ms_) start();
        if (now >= look_back_at_ms_) look_back();
        delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
      },
      [this](souk::drain) { quit(); },
  };
}

hear relay::in_this_run(hear then) const {
  return [this, run = run_, then = std::move(then)](answer&& said) {
    if (run == run_) then(std::move(said));
  };
}

// From the partition that is furthest behind: the others know what they have.
void relay::start() {
  ++run_;
  resume_at_ms_ = 0;
  look_back_at_ms_ = papers_.around->clock->steady_ms() + look_again_every_ms;
  position_ = INT64_MAX;
  const auto partitions = papers_.where->shards(domain::event_log);
  has_.assign(partitions, 0);
  missing_ = partitions;
  for (std::uint32_t p = 0; p < partitions; ++p)
    asker_.ask(event_log::find_position{p, papers_.desk}, patiently(papers_), in_this_run([this, p](answer&& said) {
                 if (const auto* at = std::get_if<order::position>(&said.body)) has_[p] = at->seq;
                 position_ = std::min(position_, has_[p]);
                 if (--missing_ == 0) collect();
               }));
}

void relay::collect() {
  asker_.ask(event_log::collect{papers_.desk, position_, batch_max}, patiently(papers_),
             in_this_run([this](answer&& said) {
               const auto* told = std::get_if<event_log::events>(&said.body);
               told && told->upto > position_ ? append(*told) : collect();
             }));
}

// All partitions are asked, and all answer, before anything else is: while one has no room the others take what is
// theirs, and it is told again after a pause.
void relay::append(const event_log::events& told) {
  may_crash(crash_point::before_append);
  const auto& all = told.list;
  const auto after = all.empty() ? told.upto : all.front().seq - 1;  // in between there is nothing any more
  const auto parts = parted(all, papers_.where->shards(domain::event_log));
  full_ = false;
  missing_ = 0;
  const auto concerns = [&](const auto& part) { return all.empty() || !part.empty(); };
  for (const auto& one : parts) missing_ += concerns(one);
  for (std::uint32_t p = 0; p < parts.size(); ++p) {
    if (!concerns(parts[p])) continue;
    asker_.ask(event_log::append{p, papers_.desk, parts[p], after}, patiently(papers_),
               in_this_run([this, p, upto = told.upto](answer&& said) {
                 may_crash(crash_point::appended);
                 if (const auto* at = std::get_if<order::position>(&said.body)) has_[p] = at->seq;
                 full_ = full_ || !said.done();
                 if (--missing_ > 0) return;
                 if (full_) {
                   resume_at_ms_ = papers_.around->clock->steady_ms() + pause_ms;
                   return;
                 }
                 position_ = upto;
                 collect();
               }));
  }
}

// A log that was restored from a backup is told again what is still there, and what is not: else others might wait for
// it.
void relay::look_back() {
  look_back_at_ms_ = papers_.around->clock->steady_ms() + look_again_every_ms;
  if (missing_ > 0 || resume_at_ms_) return;
  for (std::uint32_t p = 0; p < has_.size(); ++p)
    asker_.ask(event_log::find_position{p, papers_.desk}, {}, in_this_run([this, p](answer&& said) {
                 const auto* at = std::get_if<order::position>(&said.body);
                 if (at && at->seq < has_[p] && missing_ == 0 && !resume_at_ms_) start();
               }));
}

subscriber::subscriber(caf::actor_config& config, relay_papers papers)
    : caf::event_based_actor(config),
      papers_(std::move(papers)),
      asker_(this, papers_.where, papers_.around),
      interest_(interest_of(papers_.desk.domain)) {}

caf::behavior subscriber::make_behavior() {
  start();
  delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
  return {
      [this](responses& mail) { asker_.on(mail); },
      [this](souk::flush) { asker_.on_flush(); },
      [this](souk::sweep) {
        asker_.on_sweep();
        const auto now = papers_.around->clock->steady_ms();
        if (resume_at_ms_ && now >= resume_at_ms_) {
          resume_at_ms_ = 0;
          start();
        }
        if (now >= troubles_at_ms_ && !trying_troubles_ && !resume_at_ms_) {
          try_troubles();
          settle_position();
        }
        // The log may go on keeping for us what we have: nobody else tells it.
        if (!reacting_ && !resume_at_ms_ && told_kept_ < kept_) begin_fetching();
        delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
      },
      [this](souk::drain) { quit(); },
  };
}

void subscriber::start() {
  asker_.ask(event_log::find_held{papers_.partition, papers_.desk, {}}, patiently(papers_), [this](answer&& said) {
    if (const auto* held = std::get_if<event_log::held>(&said.body)) held_ = {held->cases.begin(), held->cases.end()};
    held_.insert(aside_.begin(), aside_.end());
    look_again_at_ms_ = papers_.around->clock->steady_ms() + look_again_every_ms;
    asker_.ask(event_log::find_heard{papers_.desk, papers_.partition}, patiently(papers_), [this](answer&& told) {
      const auto* heard = std::get_if<event_log::heard>(&told.body);
      if (!heard) return pause();
      position_ = heard->upto;
      kept_ = heard->kept;
      settled_ = kept_;  // what was settled may have gone with a desk that fell
      begin_fetching();
    });
  });
}

// What was asked before is not heard any more: never are two batches on their way to the desk, because the second could
// come first.
void subscriber::begin_run() {
  ++run_;
  ready_.reset();
  reacting_ = false;
}
hear subscriber::in_this_run(hear then) const {
  return [this, run = run_, then = std::move(then)](answer&& said) {
    if (run == run_) then(std::move(said));
  };
}

// From what is in effect.
void subscriber::begin_fetching() {
  begin_run();
  fetched_ = position_;
  fetch();
}

void subscriber::fetch() {
  const auto limit =
      fetched_ < careful_until_ ? 1 : batch_max * static_cast<std::uint32_t>(std::popcount(interest_.topics));
  told_kept_ = kept_;
  asker_.ask(event_log::fetch{papers_.partition, papers_.desk, interest_.topics, fetched_, kept_, papers_.subscribers,
                              limit, interest_.flows, interest_.committed},
             patiently(papers_), in_this_run([this](answer&& said) {
               auto* told = std::get_if<event_log::events>(&said.body);
               if (!told) return pause();
               fetched_ = told->upto;
               ready_ = std::move(*told);
               if (!reacting_) next();
             }));
}

// The desk gets the next ones; meanwhile those after them are fetched, because a log that is busy writing answers late.
void subscriber::next() {
  reacting_ = ready_.has_value();
  if (!reacting_) return;
  const auto told = *std::exchange(ready_, std::nullopt);
  handed_ = told.upto;
  fetch();
  hand_over(told);
}

// What belongs to a case in trouble waits behind it.
void subscriber::hand_over(const event_log::events& told) {
  if (held_.empty()) return react(told);
  std::vector<event_log::event> waiting, others;
  for (const auto& one : told.list) (held_.contains(one.about->id) ? waiting : others).push_back(one);
  if (waiting.empty()) return react(told);
  set_aside(std::move(waiting), {}, {told.upto, std::move(others), told.after});
}

// Then the rest may be taken: none of it belongs to these cases.
void subscriber::set_aside(std::vector<event_log::event> events, const std::string& error, event_log::events rest) {
  std::vector<number> cases;
  for (const auto& one : events) cases.push_back(one.about->id);
  aside_.insert(cases.begin(), cases.end());
  ++asides_;
  asker_.ask(
      event_log::set_aside{papers_.partition, papers_.desk, std::move(events), error, papers_.around->clock->now()},
      patiently(papers_), [this, cases, rest, run = run_](answer&& said) {
        for (const auto id : cases) aside_.erase(aside_.find(id));
        ++asides_;
        if (run == run_) said.done() ? react(rest) : pause();
      });
}

void subscriber::react(const event_log::events& told) {
  may_crash(crash_point::before_react);
  const auto answer_ms = papers_.around->answer_ms;
  asker_.ask(event_log::react{papers_.desk, papers_.partition, told}, {{}, 2 * answer_ms, answer_ms},
             in_this_run([this, told](answer&& said) {
               may_crash(crash_point::reacted);
               const auto* heard = std::get_if<event_log::heard>(&said.body);
               if (!heard) return on_silence(told, said.why);
               position_ = heard->upto;
               kept_ = heard->kept;
               if (position_ < settled_) settled_ = kept_;  // another desk than the one that was told
               if (!heard->bad) return position_ < handed_ ? begin_fetching() : next();
               const auto bad = std::find_if(told.list.begin(), told.list.end(),
                                             [&](const auto& one) { return one.seq == heard->bad; });
               bad == told.list.end() ? pause() : skip(*bad, heard->error);
             }));
}

// The desk fell, or is not there, or its disk is full. If one of many events fells it, it is found by handing them over
// one by one; the one that fells it again, though it answered in between, is set aside.
void subscriber::on_silence(const event_log::events& told, reason why) {
  if (why == reason::storage_full || told.list.empty()) return pause();
  if (told.list.size() > 1) {
    careful_until_ = told.upto;
    return pause();
  }
  const auto seq = told.list.front().seq;
  silences_ = seq == suspect_ ? silences_ + 1 : 1;
  suspect_ = seq;
  if (silences_ < silences_max) return pause();
  skip(told.list.front(), "nobody answered: it fells its desk");
}

void subscriber::skip(const event_log::event& bad, const std::string& error) {
  spdlog::warn("{} cannot take event {} of order {}: {}", to_text(papers_.desk.domain), bad.seq, to_text(bad.about->id),
               error);
  held_.insert(bad.about->id);
  set_aside({bad}, error, {bad.seq, {}, position_});
}

void subscriber::pause() {
  begin_run();
  resume_at_ms_ = papers_.around->clock->steady_ms() + pause_ms;
}

// A desk writes its position together with effects. When it has become quiet, what it heard last is written as well:
// else the log would keep it, and all that comes after, until somebody wants something of this desk again.
void subscriber::settle_position() {
  if (reacting_ || kept_ == position_ || settled_ == position_) return;
  settled_ = position_;
  reacting_ = true;
  react({position_, {}, position_});
}

void subscriber::try_troubles() {
  const auto now = papers_.around->clock->steady_ms();
  troubles_at_ms_ = now + troubles_every_ms;
  if (!aside_.empty() || (held_.empty() && now < look_again_at_ms_)) return;
  look_again_at_ms_ = now + look_again_every_ms;
  trying_troubles_ = true;
  asker_.ask(event_log::find_held{papers_.partition, papers_.desk, papers_.around->clock->now()}, {},
             [this, asides = asides_](answer&& said) {
               trying_troubles_ = false;
               auto* held = std::get_if<event_log::held>(&said.body);
               if (!held || asides != asides_) return;
               held_ = {held->cases.begin(), held->cases.end()};
               try_next(std::make_shared<std::vector<event_log::trouble>>(std::move(held->due)), 0);
             });
}

void subscriber::try_next(std::shared_ptr<std::vector<event_log::trouble>> due, std::size_t at) {
  if (at == due->size()) return;
  trying_troubles_ = true;
  const auto& event = (*due)[at].event;
  const auto answer_ms = papers_.around->answer_ms;
  asker_.ask(event_log::react{papers_.desk, papers_.partition, {event.seq, std::vector{event}, 0}, true},
             {{}, 2 * answer_ms, 0}, [this, due, at](answer&& said) {
               trying_troubles_ = false;
               if (said.why == reason::storage_full) return;
               const auto* heard = std::get_if<event_log::heard>(&said.body);
               const auto error = !heard ? "nobody answered: it fells its desk" : heard->bad ? heard->error : "";
               asker_.ask(event_log::tried{papers_.partition, papers_.desk, (*due)[at].event.seq, error,
                                           papers_.around->clock->now()},
                          patiently(papers_), [this, due, at](answer&&) { try_next(due, at + 1); });
             });
}

}  // namespace souk::runtime
