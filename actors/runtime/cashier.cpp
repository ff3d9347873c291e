// Carries payments to the provider and back.
#include "actors/runtime/cashier.hpp"

#include <spdlog/spdlog.h>

#include "messages/grammar/crash_point.hpp"

namespace souk::runtime {

namespace {
constexpr ask_options patiently{{}, INT64_MAX / 4, 2'000};
// News come by themselves: asked for anew now and then, because a desk that falls forgets who waits.
constexpr ask_options until_news{{}, 10'000, 0};
// And everything is read again, in case some were lost on the way.
constexpr std::int64_t read_all_every_ms = 2'000;
constexpr std::uint32_t page = 256;
// So many charges at once. A provider that takes 100 ms then lets 160 orders a second through; more would not help one
// that is out of breath.
constexpr unsigned errands_at_once = 16;
// While the provider does not say what became of a payment: growing, jittered, for as long as it takes.
constexpr sagas::patience unknown_patience{0, 0, 100, 10'000};
}  // namespace

cashier::cashier(caf::actor_config& config, cashier_papers papers)
    : caf::event_based_actor(config),
      papers_(std::move(papers)),
      asker_(this, papers_.where, papers_.around),
      random_(papers_.around->seed ^ 0xca54ULL) {}

caf::behavior cashier::make_behavior() {
  back_ = std::make_shared<tray>();
  // The threads outlive nobody: they are waited for before this actor is gone. It owns them, so they do not own it.
  auto leave_in_tray = [tray = back_, me = address()](errand&& done) {
    bool first = false;
    {
      const std::lock_guard hold{tray->mutex};
      first = tray->done.empty();
      tray->done.push_back(std::move(done));
    }
    if (!first) return;
    if (const auto to = caf::actor_cast<caf::actor>(me)) caf::anon_send(to, souk::wake{});
  };
  if (papers_.make_errands)
    errands_ = papers_.make_errands(papers_.make_provider, std::move(leave_in_tray));
  else
    errands_ = std::make_unique<errand_threads>(errands_at_once, papers_.make_provider, std::move(leave_in_tray));
  papers_.counts->open = 0;
  read_all(0);
  delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
  return {
      [this](responses& mail) { asker_.on(mail); },
      [this](souk::flush) { asker_.on_flush(); },
      [this](souk::wake) { on_back(); },
      [this](souk::sweep) {
        asker_.on_sweep();
        on_sweep();
        delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
      },
  };
}

void cashier::on_exit() {
  errands_.reset();
  jobs_.clear();
}

// What may have been done before, by whoever sat here before: page by page, then again after a while.
void cashier::read_all(std::int64_t after) {
  reading_ = true;
  asker_.ask(payment::open_work{after, page, false}, patiently, [this](answer&& said) {
    const auto* works = std::get_if<payment::works>(&said.body);
    const bool more = works && works->list.size() == page;
    const auto last = more ? works->list.back().turn : 0;
    if (works) take(*works, true);
    if (more) return read_all(last);
    reading_ = false;
    read_all_at_ms_ = papers_.around->clock->steady_ms() + read_all_every_ms;
    if (!waiting_) wait_for_news();
  });
}

void cashier::wait_for_news() {
  waiting_ = true;
  asker_.ask(payment::open_work{turn_, page, true}, until_news, [this](answer&& said) {
    if (const auto* works = std::get_if<payment::works>(&said.body)) take(*works, false);
    wait_for_news();
  });
}

void cashier::take(const payment::works& news, bool doubtful) {
  for (const auto& work : news.list) {
    turn_ = std::max(turn_, work.turn);
    const auto [found, fresh] = jobs_.try_emplace(work.order.value);
    auto& mine = found->second;
    // Turns begin anew with each desk: what is to be done says more than they do.
    if (!fresh && work.turn <= mine.work.turn && work.now == mine.work.now) continue;
    mine.work = work;
    mine.doubtful = doubtful || !fresh;
    mine.tries = 0;
    mine.out ? errands_->change({work, mine.doubtful, {}, {}}) : send_out(mine);
  }
  papers_.counts->open = static_cast<std::int64_t>(jobs_.size());
}

void cashier::send_out(job& one) {
  may_crash(crash_point::before_errand);
  one.out = true;
  errands_->send({one.work, one.doubtful, {}, {}});
}

void cashier::on_back() {
  std::vector<errand> back;
  {
    const std::lock_guard hold{back_->mutex};
    back.swap(back_->done);
  }
  for (const auto& one : back) one.outcome ? report(one) : try_later(one);
}

void cashier::report(const errand& done) {
  may_crash(crash_point::errand_done);
  if (std::exchange(troubled_, false)) spdlog::info("the payment provider answers again");
  auto& counts = *papers_.counts;
  switch (*done.outcome) {
    case payment::outcome::captured: counts.captured += 1; break;
    case payment::outcome::declined: counts.declined += 1; break;
    case payment::outcome::gone: counts.gone += 1; break;
  }
  const auto what = done.work;
  asker_.ask(payment::settle{what.order, *done.outcome, papers_.around->clock->now()}, patiently,
             [this, what](answer&& said) {
               const auto found = jobs_.find(what.order.value);
               if (found == jobs_.end()) return;
               auto& mine = found->second;
               mine.out = false;
               mine.doubtful = true;
               if (!said.done()) {
                 // It could not be written: the provider still knows it, and is asked again.
                 mine.due_ms = papers_.around->clock->steady_ms() + unknown_patience.pause_ms(++mine.tries, random_());
                 return;
               }
               if (mine.work.turn != what.turn) return send_out(mine);  // there was news meanwhile
               jobs_.erase(found);
               papers_.counts->open = static_cast<std::int64_t>(jobs_.size());
             });
}

void cashier::try_later(const errand& unknown) {
  papers_.counts->unknown += 1;
  if (!unknown.trouble.empty() && !std::exchange(troubled_, true))
    spdlog::warn("the payment provider does not say what became of a payment, and is asked again: {}", unknown.trouble);
  const auto found = jobs_.find(unknown.work.order.value);
  if (found == jobs_.end()) return;
  auto& mine = found->second;
  mine.out = false;
  mine.doubtful = true;
  if (mine.work.turn != unknown.work.turn) return send_out(mine);
  mine.due_ms = papers_.around->clock->steady_ms() + unknown_patience.pause_ms(mine.tries++, random_());
}

void cashier::on_sweep() {
  const auto now = papers_.around->clock->steady_ms();
  for (auto& [order, mine] : jobs_)
    if (!mine.out && mine.due_ms <= now) send_out(mine);
  if (!reading_ && now >= read_all_at_ms_) read_all(0);
}

}  // namespace souk::runtime
