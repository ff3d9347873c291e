// Writes the scripts.
#include "tools/sim/disk/scripts.hpp"

#include "actors/domains/cart.hpp"
#include "actors/domains/concert.hpp"
#include "actors/domains/coupon.hpp"
#include "actors/domains/event_log.hpp"
#include "actors/domains/order.hpp"
#include "actors/domains/payment.hpp"
#include "actors/domains/platform.hpp"
#include "actors/domains/product.hpp"
#include "actors/domains/queue.hpp"
#include "actors/domains/ranking.hpp"
#include "actors/domains/reservation.hpp"
#include "actors/domains/user.hpp"
#include "actors/domains/wallet.hpp"
#include "tools/sim/disk.hpp"

namespace souk::sim {

answer say(domains::brain& brain, const command& what) {
  auto& file = brain.file();
  file.begin();
  auto said = brain.decide(what);
  if (file.writes()) brain.before_commit();
  file.commit();
  brain.put_off();
  brain.rung();
  return said;
}

namespace {

constexpr moment noon{1'790'000'000'000};
constexpr moment later(std::int64_t ms) { return {noon.ms + ms}; }
constexpr once step(std::int64_t saga, std::uint8_t n = 0) { return {{(noon.ms + saga) << 8}, n}; }
const user_id ann{"ann"}, bob{"bob"};

// Plays what it writes on a disk of its own.
class writer {
public:
  explicit writer(script& of) : of_(of), disk_("scripts-of-" + std::string{to_text(of.domain)}) {
    persistence::open_options options;
    options.path = "/store.db";
    options.vfs = disk_.name();
    brain_ = of.seat(options);
  }
  void operator()(const command& what) { ask(what); }
  answer ask(const command& what) {
    of_.commands.push_back(what);
    auto said = say(*brain_, what);
    begun_ = brain_->begun();
    return said;
  }
  template <class T>
  T get(const command& what) {
    return std::get<T>(ask(what).body);
  }
  const std::vector<order::brief>& begun() const { return begun_; }

private:
  script& of_;
  disk disk_;
  std::unique_ptr<domains::brain> brain_;
  std::vector<order::brief> begun_;
};

void users(writer& on) {
  for (int i = 0; i < 6; ++i) on(user::put{{"user" + std::to_string(i % 4)}, "name " + std::to_string(i), later(i)});
  on(user::verify{{"user1"}});
}

void wallets(writer& on) {
  on(wallet::charge{"c1", ann, {10'000}, later(1)});
  on(wallet::charge{"c2", bob, {500}, later(2)});
  on(wallet::charge{"c1", ann, {10'000}, later(3)});
  for (int i = 0; i < 6; ++i) on(wallet::debit{step(i), i % 3 ? ann : bob, {300}, later(10 + i)});
  on(wallet::undo_debit{step(1), ann, later(20)});
  on(wallet::undo_debit{step(1), ann, later(21)});
  on(wallet::undo_debit{step(9), ann, later(22)});  // never came
  on(wallet::debit{step(9), ann, {300}, later(23)});
  on(wallet::credit{step(10, 1), bob, {50}, later(24)});
  on(wallet::debit{step(11), bob, {100'000}, later(25)});
  on(wallet::undo_debit{step(11), bob, later(26)});
  for (const auto n : {1, 9, 10, 11, 12}) on(recall{{domain::wallet, 0}, step(n, n == 10), true, later(27)});
  on(wallet::find{ann});
  on(wallet::read_entries{ann});
}

void products(writer& on) {
  for (const std::string name : {"cup", "plate", "spoon"}) on(product::put{{name}, name, {100}, 20, later(1)});
  on(product::change{{"cup"}, {}, money{120}, later(2)});
  on(product::restock{"r1", {"cup"}, 5, later(3)});
  on(product::restock{"r1", {"cup"}, 5, later(4)});
  const std::vector<product::wanted> some{{0, {"cup"}, 2}, {1, {"plate"}, 3}}, many{{0, {"spoon"}, 21}};
  for (int i = 0; i < 4; ++i) on(product::take{step(i), some, later(10 + i)});
  on(product::take{step(5), many, later(15)});
  on(product::undo_take{step(1), some, later(16)});
  on(product::undo_take{step(1), some, later(17)});
  on(product::undo_take{step(7), some, later(18)});
  on(product::take{step(7), some, later(19)});
  on(product::quote{step(8), some, later(20)});
  on(product::take_in{step(9, 2), {{0, {"plate"}, 1}}, later(21)});
  for (const auto n : {1, 2, 7, 12}) on(recall{{domain::product, 0}, step(n), true, later(22)});
  on(product::find{{"cup"}});
}

void coupons(writer& on) {
  on(coupon::put{{"TEN"}, {{}, 10}, 3, {}, {}});
  on(coupon::put{{"FEW"}, {{50}, 0}, 1, {}, {}});
  const auto first = on.get<coupon::view>(coupon::issue{"i1", {"TEN"}, ann, later(1)}).coupon;
  const auto second = on.get<coupon::view>(coupon::issue{"i2", {"TEN"}, bob, later(2)}).coupon;
  on(coupon::issue{"i1", {"TEN"}, ann, later(3)});
  on(coupon::issue{"i3", {"FEW"}, ann, later(4)});
  on(coupon::issue{"i4", {"FEW"}, bob, later(5)});
  on(coupon::use{step(1), first, ann, {1'000}, later(6)});
  on(coupon::use{step(2), first, ann, {1'000}, later(7)});
  on(coupon::undo_use{step(1), first, later(8)});
  on(coupon::undo_use{step(3), second, later(9)});
  on(coupon::use{step(3), second, bob, {1'000}, later(10)});
  on(coupon::use{step(4), second, bob, {700}, later(11)});
  on(coupon::give_back{step(5, 1), second, step(4).saga, later(12)});
  for (const auto n : {1, 2, 4, 12}) on(recall{{domain::coupon, 0}, step(n), true, later(13)});
  on(coupon::find{first});
}

void orders(writer& on) {
  using order::flow;
  const auto place = [&](const std::string& request, flow by = flow::order_payment) {
    order::place what;
    what.request = request;
    what.user = ann;
    what.lines = {{{"cup"}, 2, {}}, {{"plate"}, 1, {}}};
    what.flow = by;
    what.at = later(static_cast<std::int64_t>(request.size()));
    return on.get<order::ticket>(what).id;
  };
  const std::vector<order::happening> story{{0, order::mark::began, 0, {}}, {1, order::mark::done, 3, {}}};
  const auto sold = place("a");
  const auto failed = place("bb");
  const auto cancelled = place("ccc");
  place("a");
  on(order::complete{sold, {{200}, {100}}, {30}, story, later(20), {}});
  on(order::complete{sold, {{200}, {100}}, {30}, story, later(21), {}});
  on(order::fail{failed, reason::sold_out, "cup", story, later(22)});
  on(order::cancel{cancelled, false, later(23)});
  on(order::complete{cancelled, {{200}, {100}}, {}, story, later(24), {}});
  on(order::fail{cancelled, reason::cancelled, {}, story, later(25)});
  on(order::cancel{sold, false, later(26)});
  const auto refund = on.begun().at(0).id;
  on(order::close{refund, story, later(27)});
  on(order::cancel{sold, false, later(28)});
  const auto back = place("take back", flow::take_back);
  on(order::close{back, story, later(29)});
  const auto told = place("by events", flow::by_events);
  on(order::give_up{told, reason::insufficient_funds, {}, later(30)});
  on(order::fail{told, reason::insufficient_funds, {}, story, later(31)});
  const auto first = place("stock first", flow::stock_first);
  on(order::announce{{first, 2}, {{200}, {100}}, story, later(32)});
  on(order::complete{first, {{200}, {100}}, {}, story, later(33), {}});
  const auto parked = place("parked one");
  const order::standstill where{1, true, reason::unreachable, {}, later(34), 0b1101, domain::product};
  on(order::park{parked, story, later(34), where});
  for (int i = 0; i < 2; ++i) on(order::repair{parked, order::remedy::skip, "by hand", "k", "olga", false, later(35)});
  on(order::claim{parked, true});
  for (const std::uint64_t who : {7, 7, 8}) on(order::resume{0, 2, 0, who});
  on(order::resume{0, 2, 1, 9});
  on(order::claim{parked, true, 2});
  on(order::park{parked, story, later(36), where});
  on(order::repair{parked, order::remedy::fail, "given up", {}, {}, false, later(37)});
  for (int i = 0; i < 2; ++i)
    on(order::pause{flow::balance_first, false, "the bank is away", "p", "olga", false, later(38)});
  order::place turned_away;
  turned_away.request = "turned away";
  turned_away.user = ann;
  turned_away.flow = flow::balance_first;
  on(turned_away);
  on(order::pause{flow::balance_first, true, "it is back", {}, {}, false, later(39)});
  on(order::pause{flow::take_back, false, "the cellar is full", {}, {}, false, later(40)});
  for (const auto who : {order::subscriber::ranking, order::subscriber::platform, order::subscriber::payment})
    on(order::fetch{who, 0, 2});
}

order::events some_events(std::int64_t from, std::int64_t upto) {
  order::events events;
  for (auto seq = from; seq <= upto; ++seq) {
    order::event one;
    one.seq = seq;
    one.subject = step(seq / 2).saga;
    one.what = seq % 2 ? order::kind::cancelled : order::kind::completed;
    one.at = one.placed = later(seq);
    one.user = ann;
    one.lines = {{{"cup"}, 2, {200}}, {{"plate"}, 1, {100}}};
    events.list.push_back(one);
  }
  return events;
}

void payments(writer& on) {
  on(payment::pay{step(1), ann, {300}, later(1)});
  on(payment::pay{step(1), ann, {300}, later(2)});
  on(payment::undo_pay{step(1), later(3)});
  on(payment::undo_pay{step(50), later(4)});
  on(payment::pay{step(50), ann, {300}, later(5)});
  for (const auto n : {1, 50, 51}) on(recall{{domain::payment, 0}, step(n), true, later(6)});
  on(payment::book{some_events(2, 4)});
  on(payment::book{some_events(2, 7)});
  on(payment::find_position{0});
}

void rankings(writer& on) {
  on(ranking::count{some_events(1, 3)});
  on(ranking::count{some_events(2, 6)});
  on(ranking::best{});
}

void platforms(writer& on) {
  const auto events = some_events(1, 6);
  on(platform::record{0, 3, {{events.list[1], "no"}}, later(1)});
  on(platform::tried{0, 2, "again no", later(10'000)});
  on(platform::record{0, 6, {{events.list[4], "no"}}, later(10'001)});
  on(platform::tried{0, 2, {}, later(60'000)});
  for (int i = 0; i < 9; ++i) on(platform::tried{0, 5, "never", later(100'000 * (i + 1))});
  on(platform::revive{0, 5, later(2'000'000)});
  on(platform::list_troubles{});
}

void carts(writer& on) {
  for (int i = 0; i < 4; ++i) on(cart::put{ann, {"p" + std::to_string(i % 3)}, i + 1});
  on(cart::put{ann, {"p2"}, 0});
  on(cart::checkout{"k1", ann, later(1)});
  on(cart::put{ann, {"p5"}, 2});
  on(cart::checkout{"k1", ann, later(2)});
  const std::vector<cart::item> items{{{"p0"}, 2}, {{"p1"}, 2}};
  on(cart::take_out{step(1), ann, items, later(3)});
  on(cart::undo_take_out{step(1), ann, later(4)});
  on(cart::undo_take_out{step(2), ann, later(5)});
  on(cart::take_out{step(2), ann, items, later(6)});
  on(cart::find{ann});
}

void concerts(writer& on) {
  concert::put what{{"gala"}, "Gala", {{{"mon"}, later(1'000), "hall", {}, 2}}};
  on(what);
  what.listed = true;
  on(what);
  what.schedules.push_back({{"tue"}, later(2'000), "hall", {}, 2});
  on(what);
  on(concert::put{{"other"}, "Other", {{{"mon"}, later(1'000), "hall", {}, 2}}});
  on(concert::list{});
}

void reservations(writer& on) {
  reservation::open open{{"mon"}, {"gala"}, {}, 60'000, {}};
  for (const std::string seat : {"A1", "A2", "A3"}) open.seats.push_back({{seat}, "S", "R", "N", "I", {100}});
  on(open);
  const auto hold = [&](const std::string& request, const std::string& seat, std::int64_t token, std::int64_t at) {
    const auto who = token % 2 ? ann : bob;
    const auto said =
        on.ask(reservation::hold{request, who, reservation::spot{{"mon"}, {seat}}, step(token).saga, later(at), true});
    return said.done() ? std::get<reservation::view>(said.body).reservation : reservation_id{};
  };
  const auto first = hold("h1", "A1", 1, 10), second = hold("h2", "A2", 2, 11);
  hold("h1", "A1", 1, 12);
  hold("h3", "A1", 3, 13);
  on(reservation::check_out{"o1", ann, "pay1", first, later(14)});
  on(reservation::confirm{step(20), ann, first, step(1).saga, later(15)});
  on(reservation::confirm{step(20), ann, first, step(1).saga, later(16)});
  on(reservation::release{second, later(17)});
  on(reservation::undo_confirm{step(21), second, later(18)});
  on(reservation::confirm{step(21), bob, second, step(2).saga, later(19)});
  on(reservation::give_back{step(22, 1), first, step(20).saga, later(20)});
  const auto third = hold("h4", "A3", 5, 21);
  on(reservation::confirm{step(23), ann, third, step(5).saga, later(22)});
  on(reservation::undo_confirm{step(23), third, later(23)});
  for (const auto n : {20, 21, 24}) on(recall{{domain::reservation, 0}, step(n), true, later(24)});
  on(reservation::read{{"mon"}, {}, 100, later(24)});
}

void queues(writer& on) {
  on(queue::open{{"mon"}, {}, 2, 60'000});
  std::vector<token_id> tokens;
  for (int i = 0; i < 4; ++i)
    tokens.push_back(
        on.get<queue::view>(queue::join{"j" + std::to_string(i), {"mon"}, {"u" + std::to_string(i)}, later(1 + i)})
            .token);
  on(queue::join{"j1", {"mon"}, {"u1"}, later(6)});
  on(queue::enter{tokens[0], {"mon"}, {"u0"}, later(10)});
  on(queue::enter{tokens[1], {"mon"}, {"u1"}, later(11)});
  on(queue::enter{tokens[3], {"mon"}, {"u3"}, later(12)});
  on(queue::use{step(1), tokens[0], {"mon"}, {"u0"}, later(13)});
  on(queue::use{step(1), tokens[0], {"mon"}, {"u0"}, later(14)});
  on(queue::undo_use{step(1), tokens[0], later(15)});
  on(queue::undo_use{step(2), tokens[1], later(16)});
  on(queue::use{step(2), tokens[1], {"mon"}, {"u1"}, later(17)});
  for (const auto n : {1, 2, 3}) on(recall{{domain::queue, 0}, step(n), true, later(18)});
  on(queue::enter{tokens[2], {"mon"}, {"u2"}, later(70'000)});
  on(queue::find{tokens[3], later(70'001)});
}

void event_logs(writer& on) {
  const event_log::party from{domain::wallet, 0}, by{domain::order, 0};
  const auto told = [](std::int64_t first, std::int64_t last) {
    std::vector<event_log::event> events;
    for (auto seq = first; seq <= last; ++seq) {
      order::brief about;
      about.id = step(seq).saga;
      about.user = ann;
      events.push_back({seq, domain::wallet, 1, outcome::done, {}, {}, later(seq), about});
    }
    return events;
  };
  on(event_log::append{0, from, told(1, 3)});
  on(event_log::append{0, from, told(2, 5)});
  on(event_log::set_aside{0, by, told(2, 2), "no", later(10)});
  on(event_log::tried{0, by, 2, "no", later(20'000)});
  on(event_log::tried{0, by, 2, {}, later(90'000)});
  on(event_log::append{0, from, told(6, 9)});
  on(event_log::find_status{});
}

template <class Domain, auto... Extra>
std::unique_ptr<domains::brain> seated(const persistence::open_options& options) {
  return std::make_unique<Domain>(options, Extra...);
}

}  // namespace

std::vector<script> scripts() {
  struct line {
    souk::domain domain;
    std::unique_ptr<domains::brain> (*seat)(const persistence::open_options&);
    void (*write)(writer&);
  };
  static constexpr line lines[]{
      {domain::user, seated<domains::user>, users},
      {domain::wallet, seated<domains::wallet>, wallets},
      {domain::product, seated<domains::product>, products},
      {domain::coupon, seated<domains::coupon>, coupons},
      {domain::order, seated<domains::order, 0U>, orders},
      {domain::payment, seated<domains::payment, domains::approval::internal>, payments},
      {domain::ranking, seated<domains::ranking>, rankings},
      {domain::platform, seated<domains::platform>, platforms},
      {domain::concert, seated<domains::concert>, concerts},
      {domain::reservation, seated<domains::reservation>, reservations},
      {domain::queue, seated<domains::queue>, queues},
      {domain::cart, seated<domains::cart>, carts},
      {domain::event_log, seated<domains::event_log, 0U>, event_logs},
  };
  static_assert(std::size(lines) == domain_count);
  std::vector<script> all;
  for (const auto& one : lines) {
    auto& made = all.emplace_back(script{one.domain, one.seat, {}});
    writer on{made};
    one.write(on);
  }
  return all;
}

}  // namespace souk::sim
