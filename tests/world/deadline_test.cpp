// Payments at the very moment at which their holds expire, by a clock that is put an hour forth and back meanwhile.
#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "tests/catch.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// Stands where it is put.
struct put_clock final : runtime::clock {
  moment now() const override { return {at_ms + off_ms}; }
  std::atomic<std::int64_t> at_ms{runtime::wall_clock{}.now().ms};
  std::atomic<std::int64_t> off_ms{0};
};

constexpr int rounds = 25, places = 400;  // 10,000 holds, each paid for within 50 ms of its end
constexpr std::int64_t hold_ms = 60'000, price = 100, window_ms = 50, hour_ms = 3'600'000;

std::string holder(int i) { return "holder-" + std::to_string(i); }
std::string rival(int i) { return "rival-" + std::to_string(i); }
seat_id seat(int i) { return {"A" + std::to_string(i)}; }

struct payment_made {
  schedule_id date;
  std::string user;
  seat_id seat;
  order::ticket end;
};

class race {
public:
  race(shop& of, std::shared_ptr<put_clock> clock) : shop_(of), clock_(std::move(clock)) {
    for (int i = 0; i < places; ++i)
      for (const auto& user : {holder(i), rival(i)}) {
        ask(user::put{{user}, user, now()});
        ask(wallet::charge{"fill", {user}, {rounds * price}, now()});
      }
    settle();
  }

  void run(int round) {
    const schedule_id date{"date-" + std::to_string(round)};
    reservation::open offer{date, {"gala"}, {}, hold_ms, {}};
    for (int i = 0; i < places; ++i) offer.seats.push_back({seat(i), "S", "R", std::to_string(i), "I", {price}});
    ask(offer);
    ask(queue::open{date, {}, 2 * places, hold_ms});
    settle();
    std::vector<token_id> of_holder(places), of_rival(places);
    std::vector<reservation::view> held(places);
    for (int i = 0; i < places; ++i) {
      join(date, holder(i), of_holder[i]);
      join(date, rival(i), of_rival[i]);
    }
    settle();
    const auto deadline = now() + hold_ms;
    for (int i = 0; i < places; ++i) {
      ask(queue::enter{of_holder[i], date, {holder(i)}, now()});
      hold(date, i, holder(i), of_holder[i], [&held, i](const reservation::view& mine) { held[i] = mine; });
    }
    settle();
    clock_->at_ms = deadline.ms - window_ms;
    for (int i = 0; i < places; ++i) ask(queue::enter{of_rival[i], date, {rival(i)}, now()});

    std::vector<int> payers(places), rivals(places);
    for (int i = 0; i < places; ++i) payers[i] = rivals[i] = i;
    std::shuffle(payers.begin(), payers.end(), dice_);
    std::shuffle(rivals.begin(), rivals.end(), dice_);
    for (std::int64_t ms = -window_ms; ms <= window_ms; ++ms) {
      clock_->at_ms = deadline.ms + ms;
      clock_->off_ms = off(round, ms);
      // Holders pay all the time, and from the deadline on others are after their seats.
      for (auto n = payers.size() / static_cast<std::size_t>(window_ms - ms + 1); n > 0; --n) {
        pay(date, held[payers.back()]);
        payers.pop_back();
      }
      if (ms >= 0)
        for (auto n = rivals.size() / static_cast<std::size_t>(window_ms - ms + 1); n > 0; --n) {
          const auto i = rivals.back();
          rivals.pop_back();
          hold(date, i, rival(i), of_rival[i], [this, date](const reservation::view& mine) { pay(date, mine); });
        }
      if (ms == round % 20 - 10) shop_.node().fell(felled[static_cast<std::size_t>(round) % felled.size()]);
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    clock_->off_ms = 0;
    settle();
  }

  std::vector<payment_made> payments() {
    const std::lock_guard lock{mutex_};
    return payments_;
  }
  std::set<std::string> reserved(const schedule_id& date) {
    std::set<std::string> all;
    ask(reservation::read{date, {}, places, now()}, [&](const answer& said) {
      for (const auto& one : std::get<reservation::page>(said.body).seats)
        if (one.now == reservation::state::reserved) all.insert(one.what.seat.text);
    });
    settle();
    return all;
  }

private:
  static constexpr std::array<runtime::directory::place, 4> felled{
      {{domain::reservation, 0}, {domain::queue, 0}, {domain::order, 0}, {domain::wallet, 0}}};

  // Every fourth round runs straight; in others the clock is for some ticks an hour early, an hour late, or both.
  static std::int64_t off(int round, std::int64_t ms) {
    const bool early = round % 4 == 1 || round % 4 == 3, late = round % 4 == 2 || round % 4 == 3;
    if (early && ms >= -20 && ms < -10) return -hour_ms;
    if (early && ms >= 5 && ms < 10) return -hour_ms;
    return late && ms >= 20 && ms < 30 ? hour_ms : 0;
  }

  moment now() const { return clock_->now(); }

  // Never gives up, however the clock jumps; what a felled desk loses is asked again.
  void ask(command what, std::function<void(const answer&)> then = {}) {
    ++open_;
    shop_.node().front().ask(std::move(what), {{}, INT64_MAX / 4, 2'000},
                             [this, then = std::move(then)](answer&& said) {
                               if (then) then(said);
                               --open_;
                             });
  }
  void settle() {
    while (open_ > 0) {
      clock_->at_ms += 2;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }
  void join(const schedule_id& date, const std::string& user, token_id& into) {
    ask(queue::join{"join-" + user, date, {user}, now()},
        [&into](const answer& said) { into = std::get<queue::view>(said.body).token; });
  }
  void hold(const schedule_id& date, int i, const std::string& user, token_id token,
            std::function<void(const reservation::view&)> then) {
    ask(reservation::hold{user, {user}, reservation::spot{date, seat(i)}, token, now()},
        [then = std::move(then)](const answer& said) {
          if (const auto* mine = std::get_if<reservation::view>(&said.body); said.done() && mine) then(*mine);
        });
  }
  void pay(const schedule_id& date, const reservation::view& held) {
    order::place place;
    place.request = "seat payment " + date.text + held.user.text;
    place.user = held.user;
    place.flow = order::flow::seat_payment;
    place.seat = order::seat_sale{held.schedule, held.seat, held.reservation, held.token, held.price, 0, {}};
    place.wait = true;
    place.at = now();
    ask(place, [this, date, held](const answer& said) {
      const auto* ticket = std::get_if<order::ticket>(&said.body);
      const std::lock_guard lock{mutex_};
      payments_.push_back({date, held.user.text, held.seat, ticket ? *ticket : order::ticket{}});
    });
  }

  shop& shop_;
  std::shared_ptr<put_clock> clock_;
  std::atomic<int> open_{0};
  std::mutex mutex_;
  std::vector<payment_made> payments_;
  std::mt19937_64 dice_{7};
};

}  // namespace

TEST_CASE("ten thousand payments race the end of their holds while the clock jumps by an hour and desks fall",
          "[S2.2][S2.4][S2.5][S2.6]") {
  const auto clock = std::make_shared<put_clock>();
  auto options = shop::impatient();
  options.around.clock = clock;
  options.around.patience.tries_before_lost = 1'000'000;  // jumps use patience up
  options.around.patience.tries_before_parked = 1'000'000;
  options.around.patience.pause_ms_max = 40;
  shop shop{options};
  race race{shop, clock};
  for (int round = 0; round < rounds; ++round) race.run(round);

  std::map<std::string, std::int64_t> spent;
  std::map<std::string, std::set<std::string>> sold;
  std::map<reason, int> refused;
  const auto all = race.payments();
  for (const auto& one : all) {
    if (one.end.state == order::state::completed) {
      spent[one.user] += price;
      INFO(one.date.text << ' ' << one.seat.text);
      CHECK(sold[one.date.text].insert(one.seat.text).second);  // to nobody else
    } else {
      CHECK(one.end.state == order::state::failed);
      refused[one.end.why] += 1;
    }
  }
  CHECK(all.size() >= rounds * places);
  CHECK(refused[reason::hold_expired] > rounds * places / 20);
  CHECK(refused[reason::none] + refused[reason::unreachable] == 0);
  std::size_t completed = 0;
  for (int round = 0; round < rounds; ++round) {
    const schedule_id date{"date-" + std::to_string(round)};
    CHECK(race.reserved(date) == sold[date.text]);
    completed += sold[date.text].size();
  }
  CHECK(completed > rounds * places / 20);  // so many win and so many lose, or it was no race
  for (int i = 0; i < places; ++i)
    for (const auto& user : {holder(i), rival(i)}) REQUIRE(shop.balance(user) == rounds * price - spent[user]);
  CHECK(shop.node().figures().supervision->given_up == 0);
  CHECK(shop.broken_invariants() == "");
}
