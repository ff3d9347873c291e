// Runs errands to a payment provider.
#include "actors/runtime/errands.hpp"

#include <exception>

namespace souk::runtime {

namespace {

using payment::outcome;

// What is known of a payment that is to be charged, from what the provider says of its key.
std::optional<outcome> charged(charge_state now) {
  switch (now) {
    case charge_state::captured: return outcome::captured;
    case charge_state::declined:
    case charge_state::voided:
    case charge_state::refunded: return outcome::declined;
    case charge_state::unknown:
    case charge_state::missing:
    case charge_state::processing: break;
  }
  return std::nullopt;
}

provider::said charge(provider& at, const errand& what, const std::string& key) {
  if (what.doubtful)
    if (auto said = at.find(key); said.state != charge_state::missing) return said;
  return at.charge(key, what.work.user, what.work.amount);
}

provider::said call_off(provider& at, const std::string& key) {
  auto said = at.find(key);
  if (said.state == charge_state::missing || said.state == charge_state::processing) said = at.forbid(key);
  if (said.state == charge_state::captured) said = at.refund(key);
  return said;
}

bool is_gone(charge_state now) {
  return now == charge_state::declined || now == charge_state::voided || now == charge_state::refunded;
}

}  // namespace

errand run_errand(provider& at, errand what) {
  const auto key = to_text(what.work.order);
  try {
    if (what.work.now == payment::state::cancelling) {
      const auto said = call_off(at, key);
      if (is_gone(said.state)) what.outcome = outcome::gone;
      what.trouble = said.trouble;
    } else {
      const auto said = charge(at, what, key);
      what.outcome = charged(said.state);
      what.trouble = said.trouble;
    }
  } catch (const std::exception& broken) {
    what.outcome.reset();
    what.trouble = broken.what();
  }
  return what;
}

errand_threads::errand_threads(unsigned threads, const provider_maker& make, on_back back) : back_(std::move(back)) {
  for (unsigned i = 0; i < threads; ++i)
    threads_.emplace_back([this, at = std::shared_ptr<provider>{make()}] { work(*at); });
}

errand_threads::~errand_threads() {
  {
    const std::lock_guard hold{mutex_};
    closing_ = true;
  }
  more_.notify_all();
  for (auto& one : threads_) one.join();
}

void errand_threads::send(errand what) {
  {
    const std::lock_guard hold{mutex_};
    waiting_.push_back(std::move(what));
  }
  more_.notify_one();
}

void errand_threads::change(const errand& what) {
  const std::lock_guard hold{mutex_};
  for (auto& one : waiting_)
    if (one.work.order == what.work.order) one = what;
}

void errand_threads::work(provider& at) {
  for (;;) {
    errand mine;
    {
      std::unique_lock hold{mutex_};
      more_.wait(hold, [this] { return closing_ || !waiting_.empty(); });
      if (closing_) return;  // what waits stays open at the desk
      mine = std::move(waiting_.front());
      waiting_.pop_front();
    }
    back_(run_errand(at, std::move(mine)));
  }
}

}  // namespace souk::runtime
