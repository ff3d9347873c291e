// Sends shoppers to the counter.
#include "tools/sim/shoppers.hpp"

#include <algorithm>

#include "actors/sagas/plans.hpp"

namespace souk::sim {

using order::flow;

namespace {
constexpr std::int64_t hold_ms = 1'500;
constexpr int users = 8, products = 6;
constexpr std::uint64_t newcomer = 6;  // a user who is unknown at first
std::string user_name(std::uint64_t i) { return "u" + std::to_string(i); }
std::string product_name(std::uint64_t i) { return "p" + std::to_string(i); }
constexpr std::int64_t poor = 900;  // enough for an order or two
constexpr std::int64_t rich = 40'000;
}  // namespace

shoppers::shoppers(runtime::stage& on, counter& at, promises& book, situations& seen, std::uint64_t seed)
    : stage_(on), counter_(at), book_(book), seen_(seen), dice_(seed), eyes_(~seed) {}

void shoppers::later(std::int64_t us, std::function<void()> what) {
  stage_.after(us, runtime::stage::who::world, std::move(what));
}

std::string shoppers::key(const char* what) { return std::string{what} + '-' + std::to_string(++keys_); }

// Some are there more often than others: hot keys and cold ones.
user_id shoppers::some_user() { return {user_name(percent(40) ? 0 : dice(users))}; }
product_id shoppers::some_product() { return {product_name(percent(40) ? 0 : dice(products))}; }

void shoppers::furnish() {
  const auto at = stage_.now();
  const auto sure = [this](command what) {
    counter_.ask(std::move(what), [this](const answer& said) {
      if (!said.done()) book_.broken("the shop could not be furnished: " + std::string{to_text(said.why)});
    });
  };
  for (std::uint64_t i = 0; i < users; ++i) {
    const auto name = user_name(i);
    if (i != newcomer) sure(user::put{{name}, name, at});
    const money amount{i % 4 == 3 ? poor : rich};
    counter_.ask(wallet::charge{"first-" + name, {name}, amount, at},
                 [this, name, amount](const answer& said) { book_.charged({name}, said, amount, counter_.heard()); });
  }
  for (std::uint64_t i = 0; i < products; ++i) {
    const auto name = product_name(i);
    const std::int64_t stock = i == 1 ? 12 : 60 + 40 * static_cast<std::int64_t>(i);
    const product::put what{{name}, name, {90 + 10 * static_cast<std::int64_t>(i)}, stock, at};
    counter_.ask(what, [this, what, stock](const answer& said) {
      book_.restocked(what.product, said, stock);
      book_.history().shelved(what, said, counter_.heard());
    });
  }
  counter_.ask(coupon::put{{"TEN"}, {{}, 10}, 40, {}, {}}, [this](const answer&) {
    for (int i = 0; i < 6; ++i) issue_coupon();
  });
  reservation::open open{{"mon"}, {"gala"}, {}, hold_ms, {}};
  for (int i = 0; i < 10; ++i) open.seats.push_back({{"A" + std::to_string(i)}, "S", "R", "N", "I", {300}});
  book_.history().opened(open);
  sure(open);
  sure(queue::open{{"mon"}, {}, 4, hold_ms});
}

void shoppers::come(unsigned visits, std::int64_t over_ms) {
  for (unsigned i = 0; i < visits; ++i)
    later(static_cast<std::int64_t>(dice(static_cast<std::uint64_t>(over_ms * 1000))), [this] { visit(); });
  ++underway_;
  later(static_cast<std::int64_t>(dice(static_cast<std::uint64_t>(over_ms * 1000))), [this] {
    const auto name = user_name(newcomer);
    counter_.ask(user::put{{name}, name, stage_.now()}, [this](const answer&) { --underway_; });
  });
}

void shoppers::visit() {
  struct habit {
    unsigned percent;
    void (shoppers::*what)();
  };
  static constexpr habit habits[]{{44, &shoppers::buy},      {18, &shoppers::queue_up}, {7, &shoppers::take_back},
                                  {9, &shoppers::charge},    {6, &shoppers::restock},   {5, &shoppers::issue_coupon},
                                  {5, &shoppers::fill_cart}, {4, &shoppers::look},      {2, &shoppers::reuse_a_key}};
  auto roll = dice(100);
  for (const auto& one : habits) {
    if (roll < one.percent) return (this->*one.what)();
    roll -= one.percent;
  }
}

void shoppers::buy() {
  static constexpr flow flows[]{flow::order_payment, flow::balance_first, flow::stock_first, flow::by_events};
  order::place what;
  what.request = key("order");
  what.user = percent(2) ? user_id{"nobody"} : some_user();
  what.flow = flows[dice(4)];
  for (auto n = 1 + dice(3); n > 0; --n) {
    const auto product = percent(2) ? product_id{"nothing"} : some_product();
    const bool there =
        std::any_of(what.lines.begin(), what.lines.end(), [&](const auto& one) { return one.product == product; });
    if (!there || percent(30)) what.lines.push_back({product, 1 + static_cast<std::int64_t>(dice(4)), {}});
  }
  if (sagas::uses_coupons(what.flow) && !coupons_.empty() && percent(40)) {
    const auto& [owner, coupon] = coupons_[dice(coupons_.size())];
    what.coupon = coupon;
    if (percent(80)) what.user = owner;
  }
  what.wait = percent(60);
  place(what);
}

void shoppers::place(const order::place& what) {
  book_.asked(what, stage_.now_us());
  const auto tell = [this, what](const answer& said) {
    --underway_;
    if (said.what == verdict::lost) return;  // gave up
    if (said.why == reason::paused) return come_again(what);
    book_.told(what.request, said, counter_.heard());
    const auto* ticket = std::get_if<order::ticket>(&said.body);
    if (!ticket) return;
    switch (ticket->why) {
      case reason::sold_out: seen_.saw(situation::sold_out); break;
      case reason::insufficient_funds: seen_.saw(situation::too_poor); break;
      case reason::coupon_invalid: seen_.saw(situation::coupon_refused); break;
      case reason::payment_declined: seen_.saw(situation::payment_refused); break;
      case reason::hold_expired: seen_.saw(situation::hold_expired_before_its_payment); break;
      default: break;
    }
    if (ticket->state == order::state::completed && percent(10)) cancel_soon(what.request);
  };
  ++underway_;
  counter_.ask(what, tell, percent(15) ? 1 + static_cast<int>(dice(2)) : 0);
  // Asked twice, at the same time or a while later, perhaps waiting this time.
  if (percent(25)) {
    ++underway_;
    later(static_cast<std::int64_t>(dice(3'000'000)), [this, again = what, tell]() mutable {
      again.wait = percent(50);
      seen_.saw(situation::request_repeated);
      counter_.ask(again, tell);
    });
  }
  if (percent(15)) cancel_soon(what.request);
}

// It is not taken at present: the same request, when it may be.
void shoppers::come_again(const order::place& what) {
  book_.paused(what, counter_.heard());
  ++underway_;
  later(500'000 + static_cast<std::int64_t>(dice(1'000'000)), [this, what] { ask_until_taken(what); });
}

void shoppers::ask_until_taken(const order::place& what) {
  counter_.ask(what, [this, what](const answer& said) {
    --underway_;
    if (said.why == reason::paused) return come_again(what);
    book_.told(what.request, said, counter_.heard());
  });
}

// The one who takes it back finds it by its request key, if it is there.
void shoppers::cancel_soon(const std::string& request) {
  ++underway_;
  later(static_cast<std::int64_t>(dice(800'000)), [this, request] {
    counter_.ask(order::find_request{request}, [this, request](const answer& said) {
      const auto* view = std::get_if<order::view>(&said.body);
      if (!view) {
        --underway_;
        return;
      }
      book_.cancel_asked(request, stage_.now_us());
      seen_.saw(view->state == order::state::completed ? situation::order_cancelled_after_its_end
                                                       : situation::order_cancelled_in_time);
      counter_.ask(order::cancel{view->id, percent(50), stage_.now()}, [this, request](const answer& told) {
        --underway_;
        book_.cancel_told(request, told);
      });
    });
  });
}

void shoppers::take_back() {
  order::place what;
  what.request = key("return");
  what.user = some_user();
  what.flow = flow::take_back;
  what.agreed = true;
  what.lines.push_back({some_product(), 1 + static_cast<std::int64_t>(dice(2)), {40}});
  what.wait = percent(50);
  book_.asked(what, stage_.now_us());
  ++underway_;
  ask_until_taken(what);
}

void shoppers::charge() {
  const auto user = some_user();
  const money amount{100 + static_cast<std::int64_t>(dice(900))};
  const wallet::charge what{key("charge"), user, amount, stage_.now()};
  underway_ += 2;
  counter_.ask(what, [this, user, amount](const answer& said) {
    --underway_;
    book_.charged(user, said, amount, counter_.heard());
  });
  if (onlookers) look_at(wallet::find{user});
  // Once more by the same key: no second effect.
  later(static_cast<std::int64_t>(dice(2'000'000)),
        [this, what] { counter_.ask(what, [this](const answer&) { --underway_; }); });
}

void shoppers::restock() {
  const auto product = some_product();
  const auto units = 1 + static_cast<std::int64_t>(dice(9));
  const product::restock what{key("restock"), product, units, stage_.now()};
  underway_ += 2;
  counter_.ask(what, [this, what](const answer& said) {
    --underway_;
    book_.restocked(what.product, said, what.quantity);
    book_.history().restocked(what, said, counter_.heard());
  });
  later(static_cast<std::int64_t>(dice(2'000'000)),
        [this, what] { counter_.ask(what, [this](const answer&) { --underway_; }); });
}

void shoppers::issue_coupon() {
  const auto user = some_user();
  ++underway_;
  counter_.ask(coupon::issue{key("coupon"), {"TEN"}, user, stage_.now()}, [this, user](const answer& said) {
    --underway_;
    book_.history().issued(said);
    if (const auto* mine = std::get_if<coupon::view>(&said.body)) coupons_.emplace_back(user, mine->coupon);
  });
}

void shoppers::fill_cart() {
  ++underway_;
  counter_.ask(cart::put{some_user(), some_product(), 1 + static_cast<std::int64_t>(dice(5))},
               [this](const answer&) { --underway_; });
}

void shoppers::look() {
  look_at(percent(70) ? command{wallet::find{some_user()}} : command{product::find{some_product()}});
}

void shoppers::look_at(command what) {
  ++underway_;
  counter_.ask(std::move(what), [this, asked = stage_.now_us()](const answer& said) {
    --underway_;
    book_.saw(said, asked, stage_.now_us());
    book_.history().looked(said, counter_.heard());
  });
}

void shoppers::look_closely(unsigned lookers, std::int64_t over_ms) {
  for (; lookers > 0; --lookers)
    later(static_cast<std::int64_t>(eyes_() % static_cast<std::uint64_t>(over_ms * 1000)), [this] { look_closely(); });
}

void shoppers::look_closely() {
  ++underway_;
  const auto heard = [this](const answer& said) {
    --underway_;
    book_.history().looked(said, counter_.heard());
  };
  const auto roll = eyes_() % 10;
  if (roll < 4) return counter_.ask(reservation::read{{"mon"}, {}, 100, stage_.now()}, heard);
  if (roll < 7 && !coupons_.empty())
    return counter_.ask(coupon::find{coupons_[eyes_() % coupons_.size()].second}, heard);
  // Mostly at those that many want. The compiler does not choose which number is drawn first: a seed is one play.
  const auto among = eyes_() % 2 ? 2 : products;
  counter_.ask(product::find{{product_name(eyes_() % among)}}, heard);
}

// Another body under a key that was used: refused, and nothing moves.
void shoppers::reuse_a_key() {
  const auto user = some_user();
  const wallet::charge first{key("charge"), user, {250}, stage_.now()};
  ++underway_;
  counter_.ask(first, [this, first](const answer& said) {
    book_.charged(first.user, said, first.amount, counter_.heard());
    auto other = first;
    other.amount = {251};
    counter_.ask(other, [this](const answer& told) {
      --underway_;
      if (told.why != reason::key_reused) return book_.broken("a key was used twice with two contents");
      seen_.saw(situation::key_reused);
    });
  });
}

void shoppers::look_around() {
  for (const auto& [request, one] : book_.wishes())
    counter_.ask(order::find_request{request},
                 [this, request = request](const answer& said) { book_.found(request, said, stage_); });
}

}  // namespace souk::sim
