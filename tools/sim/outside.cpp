// Plays the platform and the provider.
#include "tools/sim/outside.hpp"

#include <algorithm>
#include <deque>

namespace souk::sim {

using runtime::charge_state;
using runtime::stage;

struct data_platform::line final : runtime::sink {
  explicit line(data_platform& to) : its(to) {}
  runtime::delivery deliver(const order::events& events) override { return its.take(events); }
  data_platform& its;
};

runtime::sink_maker data_platform::maker() {
  return [this] { return std::make_unique<line>(*this); };
}

runtime::delivery data_platform::take(const order::events& events) {
  runtime::delivery done;
  std::set<std::int64_t> rejected;
  for (const auto& one : events.list) {
    if (now.down || percent(now.never_hears)) {
      done.outage = "connection refused";
      seen_.saw(situation::platform_out_of_reach);
      return done;
    }
    // An event behind a rejected one of its order is held back by whoever delivers.
    if (rejected.contains(one.subject.value)) {
      done.rejected.push_back({one.seq, {}});
    } else if (percent(now.refuses)) {
      rejected.insert(one.subject.value);
      ever_rejected_.insert(one.subject.value);
      done.rejected.push_back({one.seq, "422 not today"});
      seen_.saw(situation::event_rejected);
    } else {
      keep(events.source, one);
      if (percent(now.forgets_to_answer)) {
        done.outage = "connection reset";
        seen_.saw(situation::event_taken_without_answer);
        return done;
      }
    }
    ++done.tried;
  }
  return done;
}

void data_platform::keep(std::uint32_t source, const order::event& event) {
  const auto print = fingerprint(pack(event));
  const auto [known, fresh] = prints_.emplace(std::pair{source, event.seq}, print);
  if (!fresh) {
    seen_.saw(situation::event_told_twice);
    if (known->second != print) wrong_.push_back("event " + std::to_string(event.seq) + " came with two contents");
    return;
  }
  auto& newest = newest_[{source, event.subject.value}];
  if (event.seq < newest)
    wrong_.push_back("event " + std::to_string(event.seq) + " of " + to_text(event.subject) + " came after event " +
                     std::to_string(newest));
  newest = std::max(newest, event.seq);
  const bool of_a_step = event.what == order::kind::wallet_debited || event.what == order::kind::payment_approved;
  if (of_a_step && told_.contains({event.subject.value, order::kind::completed}) &&
      !ever_rejected_.contains(event.subject.value))
    wrong_.push_back(to_text(event.subject) + " was completed before its histories came");
  if (!told_.emplace(event.subject.value, event.what).second)
    wrong_.push_back(to_text(event.subject) + " ended in the same way by two events");
}

class till::desk final : public runtime::provider {
public:
  explicit desk(till& of) : its_(of) {}

  said charge(const std::string& key, const user_id&, money amount) override {
    if (its_.now.down || its_.percent(its_.now.never_hears)) return silence();
    const auto [found, fresh] = its_.charges_.try_emplace(key, till::charge{charge_state::processing, amount});
    auto& mine = found->second;
    if (!fresh) {
      if (mine.amount != amount && mine.amount.minor) return {charge_state::unknown, "another amount under this key"};
      return {mine.state, {}};
    }
    if (its_.percent(its_.now.takes_its_time)) {
      its_.seen_.saw(situation::charge_captured_late);
      its_.stage_.after(static_cast<std::int64_t>(its_.dice_() % 3'000'000), stage::who::world, [&its = its_, key] {
        its.capture(key);
        // News may come twice, or not at all.
        for (auto n = its.dice_() % 3; n > 0 && its.call_back; --n) its.call_back(key);
      });
      return its_.percent(50) ? said{charge_state::processing, {}} : silence();
    }
    if (its_.percent(its_.now.refuses)) {
      mine.state = charge_state::declined;
      its_.seen_.saw(situation::charge_declined);
    } else {
      its_.capture(key);
    }
    if (its_.percent(its_.now.forgets_to_answer)) {
      its_.seen_.saw(situation::charge_without_answer);
      return silence();
    }
    return {mine.state, {}};
  }

  said find(const std::string& key) override {
    if (its_.now.down || its_.percent(its_.now.never_hears)) return silence();
    const auto found = its_.charges_.find(key);
    return {found == its_.charges_.end() ? charge_state::missing : found->second.state, {}};
  }

  said forbid(const std::string& key) override {
    if (its_.now.down || its_.percent(its_.now.never_hears)) return silence();
    auto& mine = its_.charges_[key];
    if (mine.state == charge_state::unknown || mine.state == charge_state::processing) {
      mine.state = charge_state::voided;
      its_.seen_.saw(situation::charge_forbidden);
    }
    if (its_.percent(its_.now.forgets_to_answer)) return silence();
    return {mine.state, {}};
  }

  said refund(const std::string& key) override {
    if (its_.now.down || its_.percent(its_.now.never_hears)) return silence();
    auto& mine = its_.charges_[key];
    if (mine.state == charge_state::captured) {
      mine.state = charge_state::refunded;
      ++mine.refunds;
      its_.seen_.saw(situation::charge_refunded);
    }
    if (its_.percent(its_.now.forgets_to_answer)) return silence();
    return {mine.state, {}};
  }

private:
  static said silence() { return {charge_state::unknown, "no answer in time"}; }
  till& its_;
};

// Two pauses an errand: before it is run, and before it is back. In either the process may be killed.
class till::runner final : public runtime::errands {
public:
  runner(till& of, std::unique_ptr<runtime::provider> at, on_back back)
      : its_(of), at_(std::move(at)), back_(std::make_shared<on_back>(std::move(back))) {}

  void send(runtime::errand what) override {
    waiting_->push_back(std::move(what));
    later([this, waiting = std::weak_ptr{waiting_}] {
      const auto mine = waiting.lock();
      if (!mine || mine->empty()) return;  // its cashier fell meanwhile
      auto next = std::move(mine->front());
      mine->pop_front();
      auto done = runtime::run_errand(*at_, std::move(next));
      later([back = std::weak_ptr{back_}, done]() mutable {
        if (const auto tell = back.lock()) (*tell)(std::move(done));
      });
    });
  }
  void change(const runtime::errand& what) override {
    for (auto& one : *waiting_)
      if (one.work.order == what.work.order) one = what;
  }

private:
  void later(std::function<void()> what) {
    its_.stage_.after(200 + static_cast<std::int64_t>(its_.dice_() % 60'000), stage::who::process, std::move(what));
  }

  till& its_;
  std::unique_ptr<runtime::provider> at_;
  std::shared_ptr<on_back> back_;
  std::shared_ptr<std::deque<runtime::errand>> waiting_ = std::make_shared<std::deque<runtime::errand>>();
};

runtime::provider_maker till::maker() {
  return [this] { return std::make_unique<desk>(*this); };
}

runtime::errands_maker till::errands_maker() {
  return
      [this](const runtime::provider_maker& make, runtime::errands::on_back back) -> std::unique_ptr<runtime::errands> {
        return std::make_unique<runner>(*this, make(), std::move(back));
      };
}

void till::capture(const std::string& key) {
  auto& mine = charges_[key];
  if (mine.state != charge_state::processing) return;  // forbidden meanwhile
  mine.state = charge_state::captured;
  ++mine.captures;
  if (at_capture) at_capture();
}

}  // namespace souk::sim
