// Hours without the platform, by a clock that is handed in: nothing is lost, nobody is blamed, orders go on.
#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "persistence/logs/troubles.hpp"
#include "tests/catch.hpp"
#include "tests/sanitizer.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

constexpr std::int64_t second = 1'000, hour = 3'600 * second;
constexpr std::chrono::milliseconds glance{looks_for_races ? 100 : 3};

struct virtual_clock final : runtime::clock {
  moment now() const override { return {ms}; }
  std::int64_t steady_ms() const override { return ms; }
  std::atomic<std::int64_t> ms{runtime::wall_clock{}.now().ms};
};

// How the platform is at the moment, and what it has seen.
class endpoint {
public:
  enum class mood : std::uint8_t { well, gone, failing };  // failing: it answers, and takes nothing

  explicit endpoint(std::shared_ptr<const virtual_clock> clock) : clock_(std::move(clock)) {}
  runtime::sink_maker maker() {
    return [this] { return std::make_unique<door>(*this); };
  }
  void be(mood how) {
    const std::lock_guard hold{mutex_};
    mood_ = how;
    tries_.clear();
  }
  std::string poison;  // a user whose events it always fails at; set before the first order
  bool sure = true;    // and says that it is for good

  std::size_t distinct() {
    const std::lock_guard hold{mutex_};
    return known_.size();
  }
  bool in_order() {
    const std::lock_guard hold{mutex_};
    return in_order_;
  }
  int blamed() {
    const std::lock_guard hold{mutex_};
    return blamed_;
  }
  std::vector<std::int64_t> tries() {  // of this mood, the moments
    const std::lock_guard hold{mutex_};
    return tries_;
  }

private:
  struct door final : runtime::sink {
    explicit door(endpoint& of) : of_(of) {}
    runtime::delivery deliver(const order::events& events) override { return of_.take(events); }
    endpoint& of_;
  };

  runtime::delivery take(const order::events& events) {
    const std::lock_guard hold{mutex_};
    runtime::delivery done;
    tries_.push_back(clock_->now().ms);
    if (mood_ == mood::gone) {
      done.outage = "nobody answers";
      return done;
    }
    std::set<std::int64_t> held;
    for (const auto& one : events.list) {
      ++done.tried;
      if (held.contains(one.subject.value)) {
        done.rejected.push_back({one.seq, {}});
      } else if (mood_ == mood::failing || one.user.text == poison) {
        if (mood_ == mood::well) ++blamed_;
        done.rejected.push_back({one.seq, "I fail", mood_ == mood::failing || !sure});
        held.insert(one.subject.value);
      } else if (known_.insert(one.seq).second) {
        auto& last = last_[one.subject.value];
        in_order_ = in_order_ && last < one.seq;
        last = one.seq;
      }
    }
    return done;
  }

  std::shared_ptr<const virtual_clock> clock_;
  std::mutex mutex_;
  mood mood_ = mood::well;
  std::set<std::int64_t> known_;
  std::map<std::int64_t, std::int64_t> last_;  // of each order
  std::vector<std::int64_t> tries_;
  bool in_order_ = true;
  int blamed_ = 0;
};

class long_night {
public:
  long_night() : clock(std::make_shared<virtual_clock>()), told(clock), shop_(options()) {
    for (const auto* user : {"ann", "eve"}) shop_.user(user, 1'000'000);
    shop_.product("tea", 10, 100'000);
  }
  // Steps that are short beside the pauses, and slow enough for everybody to look at the clock in between: who hears
  // nothing for so long asks again.
  void pass(std::int64_t ms) {
    constexpr std::int64_t step = 10 * second;
    for (const auto end = clock->ms + ms; clock->ms < end;) {
      clock->ms += std::min<std::int64_t>(step, end - clock->ms);
      std::this_thread::sleep_for(glance);
    }
  }
  bool in_the_end(const std::function<bool()>& holds) {
    for (int i = 0; i < 20'000 && !holds(); ++i) pass(second);
    return holds();
  }
  // An order, and every second time another event of it: that it was taken back.
  void buy(const std::string& user, int n) {
    for (int i = 0; i < n; ++i) {
      const auto ticket = shop_.buy({user, {{{"tea"}, 1, {}}}, {}});
      REQUIRE(ticket.state == order::state::completed);
      ++events;
      if (i % 2) continue;
      REQUIRE(shop_.ask(order::cancel{ticket.id, true, shop_.now()}).done());
      ++events;
    }
  }
  std::vector<platform::trouble> troubles() {
    return std::get<platform::troubles>(shop_.ask(platform::list_troubles{100}).body).list;
  }
  shop& the_shop() { return shop_; }

  std::shared_ptr<virtual_clock> clock;
  endpoint told;
  std::size_t events = 0;

private:
  runtime::node_options options() {
    auto wanted = shop::impatient();
    wanted.around.clock = clock;
    wanted.around.sweep_ms = 1;
    wanted.around.patience.tries_before_lost = 1'000'000;  // hours use patience up
    wanted.around.patience.tries_before_parked = 1'000'000;
    wanted.make_sink = told.maker();
    return wanted;
  }
  shop shop_;
};

}  // namespace

TEST_CASE("hours without the platform lose nothing: it is asked less and less often, and told all in order at last",
          "[S2.7][S2.10][S0.6]") {
  const auto how = GENERATE(endpoint::mood::gone, endpoint::mood::failing);
  long_night night;
  night.buy("ann", 5);
  REQUIRE(night.in_the_end([&] { return night.told.distinct() == night.events; }));
  const auto before = night.told.distinct();
  night.told.be(how);
  for (int h = 0; h < 4; ++h) {
    night.buy("ann", 5);
    night.pass(hour);
  }
  CHECK(night.told.distinct() == before);
  CHECK(night.troubles().empty());
  const auto tries = night.told.tries();
  // Quickly at first, then about half a minute apart.
  REQUIRE(tries.size() > 2);
  CHECK(tries[2] - tries[0] < 60 * second);
  CHECK(tries.size() < 4 * hour / (15 * second) + 20);
  CHECK(tries.size() > 4 * hour / (120 * second));
  night.told.be(endpoint::mood::well);
  CHECK(night.in_the_end([&] { return night.told.distinct() == night.events; }));
  CHECK(night.told.in_order());
  CHECK(night.troubles().empty());
  CHECK(night.the_shop().broken_invariants() == "");
}

TEST_CASE("an event that the platform fails at is given up after its tries, of which an outage of hours takes none",
          "[S2.10][S0.6]") {
  long_night night;
  night.told.poison = "eve";
  night.told.sure = GENERATE(true, false);
  using troubles = persistence::troubles<platform::trouble>;
  night.buy("ann", 1);
  night.buy("eve", 1);
  night.buy("ann", 1);
  const std::size_t of_eve = 2;
  REQUIRE(night.in_the_end(
      [&] { return night.troubles().size() == of_eve && night.told.distinct() == night.events - of_eve; }));
  const auto how = GENERATE(endpoint::mood::gone, endpoint::mood::failing);
  night.told.be(how);
  const auto tries = night.troubles().front().tries;
  REQUIRE(tries < troubles::tries_max - 2);
  night.pass(3 * hour);
  // One that was under way, and one more: of an outage that has just begun it cannot be known that it is one.
  CHECK(night.troubles().front().tries <= tries + 2);
  for (const auto& one : night.troubles()) CHECK_FALSE(one.dead);
  CHECK(night.told.distinct() == night.events - of_eve);
  night.told.be(endpoint::mood::well);
  // Others arrive meanwhile: that tells an event that is to blame from a platform that is.
  REQUIRE(night.in_the_end([&] {
    if (night.clock->ms % (60 * second) < second) night.buy("ann", 1);
    const auto all = night.troubles();
    return std::any_of(all.begin(), all.end(), [](const auto& one) { return one.dead; });
  }));
  // A doubtful failure counts for nothing until others have arrived, so there may be more of them.
  CHECK(night.told.blamed() >= troubles::tries_max - 2);
  if (night.told.sure) CHECK(night.told.blamed() <= troubles::tries_max + 1);
  CHECK(night.in_the_end([&] { return night.told.distinct() == night.events - of_eve; }));
  CHECK(night.told.in_order());
  CHECK(night.the_shop().broken_invariants() == "");
}
