// Crowds at a box office: seats are sold once, the poor and the vanished get none, whatever falls.
#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "tests/catch.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

template <class T>
const T* in(const answer& said) {
  return said.done() ? std::get_if<T>(&said.body) : nullptr;
}

struct house {
  int seats = 60;
  std::int64_t admits = 10;
  std::int64_t hold_ms = 60'000;  // and so long a slot is lost to whoever vanishes
  std::int64_t price = 100;
};

// What became of one visitor.
struct visit {
  std::string user;
  std::map<std::string, order::ticket> payments;  // by payment id
  bool same_again = true;                         // who pays twice under one id has paid once
  bool completed() const {
    return std::any_of(payments.begin(), payments.end(),
                       [](const auto& one) { return one.second.state == order::state::completed; });
  }
};

class box_office {
public:
  box_office(shop& of, house is) : shop_(of), is_(is) {
    reservation::open open{{"mon"}, {"gala"}, {}, is.hold_ms, {}};
    for (int i = 0; i < is.seats; ++i) open.seats.push_back({{seat_name(i)}, "S", "R", "N", "I", {is.price}});
    REQUIRE(sure(open).done());
    REQUIRE(sure(queue::open{{"mon"}, {}, is.admits, is.hold_ms}).done());
  }

  // Asked until it is answered: a clock that jumps makes those give up who wait for it.
  answer sure(const command& what) {
    while (true) {
      auto said = shop_.ask(what);
      if (said.what != verdict::lost) return said;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
  }
  moment now() const { return shop_.node().around().clock->now(); }
  static std::string seat_name(int i) { return "A" + std::to_string(i); }

  std::optional<queue::view> admitted(const std::string& user, const std::string& key) {
    auto said = sure(queue::join{key + user, {"mon"}, {user}, now()});
    for (int polls = 1;; ++polls) {
      const auto* token = in<queue::view>(said);
      if (!token || token->now == queue::state::used || token->now == queue::state::expired) return std::nullopt;
      if (token->now == queue::state::admitted) return *token;
      std::this_thread::sleep_for(std::chrono::milliseconds{3});
      if (polls % 16 == 0 && reserved() == is_.seats) return std::nullopt;  // nothing is left to wait for
      said = sure(queue::find{token->token, now()});
    }
  }
  // Any seat that can be had.
  std::optional<reservation::view> hold(const std::string& user, token_id token, std::mt19937_64& dice) {
    const auto from = static_cast<int>(dice() % static_cast<std::uint64_t>(is_.seats));
    for (int i = 0; i < is_.seats; ++i) {
      const auto at = now();
      if (!sure(queue::enter{token, {"mon"}, {user}, at}).done()) return std::nullopt;
      const auto seat = seat_name((from + i) % is_.seats);
      const auto said = sure(reservation::hold{
          user + '-' + std::to_string(++keys_), {user}, reservation::spot{{"mon"}, {seat}}, token, at});
      if (const auto* held = in<reservation::view>(said)) return *held;
    }
    return std::nullopt;
  }
  order::ticket pay(const std::string& payment, const reservation::view& held) {
    order::place place;
    place.request = "seat payment " + payment;
    place.user = held.user;
    place.flow = order::flow::seat_payment;
    place.seat = order::seat_sale{held.schedule, held.seat, held.reservation, held.token, held.price, 0, {}};
    place.wait = true;
    place.at = now();
    const auto said = sure(place);
    const auto* ticket = in<order::ticket>(said);
    return ticket ? *ticket : order::ticket{};
  }
  std::map<std::string, reservation::state> seats() {
    std::map<std::string, reservation::state> all;
    const auto said = sure(reservation::read{{"mon"}, {}, 10'000, now()});
    for (const auto& one : in<reservation::page>(said)->seats) all[one.what.seat.text] = one.now;
    return all;
  }
  std::int64_t reserved() {
    const auto all = seats();
    return std::count_if(all.begin(), all.end(),
                         [](const auto& s) { return s.second == reservation::state::reserved; });
  }

private:
  shop& shop_;
  house is_;
  std::atomic<int> keys_{0};
};

// So many hands at once, each with what is next.
template <class Work>
void all_hands(int hands, std::size_t n, Work work) {
  std::atomic<std::size_t> next{0};
  std::vector<std::thread> crew;
  for (int i = 0; i < hands; ++i)
    crew.emplace_back([&] {
      for (auto at = next++; at < n; at = next++) work(at);
    });
  for (auto& one : crew) one.join();
}

// Fells these desks, one after the other; not so often that the supervisor gives one up.
class feller {
public:
  feller(shop& of, std::vector<runtime::directory::place> desks)
      : thread_([this, &of, desks = std::move(desks)] {
          for (std::size_t i = 0; !done_ && i < 8 * desks.size(); ++i) {
            of.node().fell(desks[i % desks.size()]);
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
          }
        }) {}
  ~feller() {
    done_ = true;
    thread_.join();
  }

private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace

TEST_CASE("hundreds storm sixty seats while desks fall: each seat is sold once, and paid for once",
          "[S2.2][S2.3][S2.4][S2.8][S2.9][C.4]") {
  shop shop;
  constexpr int users = 240;
  box_office office{shop, {60, 10, 1'500, 100}};
  std::vector<visit> visits(users);
  for (int i = 0; i < users; ++i) {
    visits[i].user = "u" + std::to_string(i);
    shop.user(visits[i].user, i % 10 == 3 ? 50 : 300);  // every tenth is too poor
  }
  {
    feller falls{shop, {{domain::reservation, 0}, {domain::queue, 0}, {domain::order, 0}, {domain::wallet, 0}}};
    all_hands(24, users, [&](std::size_t i) {
      auto& mine = visits[i];
      std::mt19937_64 dice{i};
      const auto token = office.admitted(mine.user, "first");
      if (!token) return;
      if (i % 10 == 7 && office.reserved() < 50) return;  // vanishes, and his slot with him
      const auto held = office.hold(mine.user, token->token, dice);
      if (!held) return;
      const auto id = "p-" + mine.user;
      mine.payments[id] = office.pay(id, *held);
      mine.same_again = office.pay(id, *held).id == mine.payments[id].id;
      if (i % 4 == 0) mine.payments[id + "-again"] = office.pay(id + "-again", *held);
    });
  }
  std::int64_t completed = 0;
  for (const auto& one : visits) {
    CHECK(one.same_again);
    std::int64_t mine = 0;
    for (const auto& [id, ticket] : one.payments) mine += ticket.state == order::state::completed;
    INFO(one.user);
    CHECK(mine <= 1);
    completed += mine;
  }
  CHECK(completed > 30);
  CHECK(office.reserved() == completed);
  CHECK(shop.node().figures().supervision->given_up == 0);
  const auto before = completed;
  for (const auto& one : visits) {
    const bool poor = (std::stoi(one.user.substr(1)) % 10) == 3;
    CHECK(shop.balance(one.user) == (poor ? 50 : 300) - (one.completed() ? 100 : 0));
  }
  CHECK(before == completed);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("the last seats of two dates are paid at once, and each date enters the ranking once", "[S2.11]") {
  shop shop;
  box_office office{shop, {8, 50, 60'000, 100}};
  std::vector<reservation::view> held;
  std::mt19937_64 dice{1};
  for (int i = 0; i < 8; ++i) {
    const auto user = "u" + std::to_string(i);
    shop.user(user, 100);
    held.push_back(*office.hold(user, office.admitted(user, "k")->token, dice));
  }
  std::atomic<int> paid{0};
  all_hands(8, held.size(), [&](std::size_t i) {
    paid += office.pay("p" + std::to_string(i), held[i]).state == order::state::completed;
  });
  CHECK(paid == 8);
  const auto full = [&] { return in<ranking::full_houses>(office.sure(ranking::sold_out{10}))->list; };
  REQUIRE(eventually([&] { return full().size() == 1; }));
  CHECK(full()[0].seats == 8);
  CHECK(shop.broken_invariants() == "");
}
