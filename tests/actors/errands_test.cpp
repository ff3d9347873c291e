// Errands to a payment provider: what it is asked in which order, and what is known afterwards.
#include "actors/runtime/errands.hpp"

#include <atomic>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;

using payment::state;
using runtime::charge_state;

namespace {

// Says what it was told to say, in this order, and writes down what it was asked.
struct scripted final : runtime::provider {
  explicit scripted(const std::vector<charge_state>& states) : answers(states.begin(), states.end()) {}
  said charge(const std::string&, const user_id&, money) override { return next("charge"); }
  said find(const std::string&) override { return next("find"); }
  said forbid(const std::string&) override { return next("forbid"); }
  said refund(const std::string&) override { return next("refund"); }
  said next(const std::string& what) {
    asked += (asked.empty() ? "" : " ") + what;
    if (answers.empty()) throw std::logic_error("nobody expected this");
    const auto now = answers.front();
    answers.pop_front();
    return {now, now == charge_state::unknown ? "silence" : ""};
  }
  std::deque<charge_state> answers;
  std::string asked;
};

}  // namespace

TEST_CASE("an errand asks before it does again what may have happened, and refunds only what was captured",
          "[S0.5][S0.6][S1.6]") {
  using s = charge_state;
  struct row {
    state now;
    bool doubtful;
    std::vector<charge_state> says;
    const char* asks;
    std::optional<payment::outcome> ends;
  };
  constexpr auto nobody_knows = std::nullopt;
  const std::vector<row> rows{
      {state::requested, false, {s::captured}, "charge", payment::outcome::captured},
      {state::requested, false, {s::declined}, "charge", payment::outcome::declined},
      {state::requested, false, {s::voided}, "charge", payment::outcome::declined},
      {state::requested, false, {s::refunded}, "charge", payment::outcome::declined},
      {state::requested, false, {s::processing}, "charge", nobody_knows},
      {state::requested, false, {s::unknown}, "charge", nobody_knows},
      {state::requested, true, {s::captured}, "find", payment::outcome::captured},
      {state::requested, true, {s::processing}, "find", nobody_knows},
      {state::requested, true, {s::unknown}, "find", nobody_knows},
      {state::requested, true, {s::missing, s::captured}, "find charge", payment::outcome::captured},
      {state::requested, true, {s::missing, s::unknown}, "find charge", nobody_knows},
      {state::cancelling, false, {s::captured, s::refunded}, "find refund", payment::outcome::gone},
      {state::cancelling, true, {s::captured, s::unknown}, "find refund", nobody_knows},
      {state::cancelling, true, {s::refunded}, "find", payment::outcome::gone},
      {state::cancelling, true, {s::declined}, "find", payment::outcome::gone},
      {state::cancelling, true, {s::voided}, "find", payment::outcome::gone},
      {state::cancelling, true, {s::unknown}, "find", nobody_knows},
      {state::cancelling, true, {s::missing, s::voided}, "find forbid", payment::outcome::gone},
      {state::cancelling, true, {s::missing, s::unknown}, "find forbid", nobody_knows},
      {state::cancelling, true, {s::missing, s::missing}, "find forbid", nobody_knows},
      {state::cancelling, true, {s::processing, s::voided}, "find forbid", payment::outcome::gone},
      {state::cancelling, true, {s::processing, s::processing}, "find forbid", nobody_knows},
      // it was captured between looking and forbidding
      {state::cancelling, true, {s::missing, s::captured, s::refunded}, "find forbid refund", payment::outcome::gone},
      {state::cancelling, true, {s::missing, s::captured, s::captured}, "find forbid refund", nobody_knows},
  };
  for (const auto& one : rows) {
    scripted at{one.says};
    const auto back = runtime::run_errand(at, {{saga(1), {"ann"}, {300}, one.now, 7}, one.doubtful, {}, {}});
    INFO((one.now == state::requested ? "charging" : "calling off")
         << (one.doubtful ? " in doubt: " : ": ") << one.asks);
    CHECK(at.asked == one.asks);
    CHECK(at.answers.empty());
    CHECK(back.outcome == one.ends);
    CHECK(back.work.turn == 7);
  }
}

TEST_CASE("a provider whose code breaks has said nothing", "[S0.6]") {
  scripted at{{}};
  const auto back = runtime::run_errand(at, {{saga(1), {"ann"}, {300}, state::requested, 1}, false, {}, {}});
  CHECK_FALSE(back.outcome);
  CHECK(back.trouble == "nobody expected this");
}

namespace {

// Keeps everybody who charges until so many are there.
struct meeting final : runtime::provider {
  meeting(std::shared_ptr<std::atomic<int>> of, int wanted) : here(std::move(of)), enough(wanted) {}
  said charge(const std::string&, const user_id&, money) override {
    ++*here;
    while (*here < enough) std::this_thread::yield();
    return {charge_state::captured, {}};
  }
  said find(const std::string&) override { return {charge_state::voided, {}}; }
  said forbid(const std::string&) override { return {}; }
  said refund(const std::string&) override { return {}; }
  std::shared_ptr<std::atomic<int>> here;
  int enough;
};

runtime::errand errand(std::int64_t n, state now) { return {{saga(n), {"ann"}, {300}, now, n}, false, {}, {}}; }

// What came back, in its order: "1 captured, 2 gone".
struct doorstep {
  runtime::errands::on_back hear() {
    return [this](runtime::errand&& back) {
      const std::lock_guard hold{mutex};
      text += (text.empty() ? "" : ", ") + std::to_string(back.work.order.value >> 8) +
              (back.outcome == payment::outcome::captured ? " captured"
               : back.outcome == payment::outcome::gone   ? " gone"
                                                          : " unknown");
      if (++n == wanted) all.set_value();
    };
  }
  bool wait() { return all.get_future().wait_for(std::chrono::seconds{60}) == std::future_status::ready; }
  std::mutex mutex;
  std::string text;
  int n = 0, wanted = 2;
  std::promise<void> all;
};

}  // namespace

TEST_CASE("errands go several at once: a provider that is slow with one keeps nobody else", "[S0.6]") {
  const auto here = std::make_shared<std::atomic<int>>(0);
  doorstep door;
  runtime::errand_threads errands{2, [here] { return std::make_unique<meeting>(here, 2); }, door.hear()};
  errands.send(errand(1, state::requested));
  errands.send(errand(2, state::requested));
  CHECK(door.wait());
}

TEST_CASE("a charge that waits for its turn is never made when it is called off meanwhile", "[S1.3][S1.6]") {
  const auto here = std::make_shared<std::atomic<int>>(0);
  doorstep door;
  runtime::errand_threads errands{1, [here] { return std::make_unique<meeting>(here, 2); }, door.hear()};
  errands.send(errand(1, state::requested));
  errands.send(errand(2, state::requested));
  while (*here == 0) std::this_thread::yield();
  errands.change(errand(2, state::cancelling));
  errands.change(errand(1, state::cancelling));  // is out already
  ++*here;
  REQUIRE(door.wait());
  CHECK(door.text == "1 captured, 2 gone");
}
