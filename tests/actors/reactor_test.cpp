// Reactors: a desk does what the events that it hears ask of its domain, once in effect, and tells what came of it.
#include "actors/runtime/reactor.hpp"

#include "actors/domains/order.hpp"
#include "actors/domains/payment.hpp"
#include "actors/domains/product.hpp"
#include "actors/domains/wallet.hpp"
#include "actors/sagas/plans.hpp"
#include "actors/sagas/steps.hpp"
#include "tests/actors/seat.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

const auto& plan = sagas::by_events();
std::uint8_t index_of(const sagas::step& step) { return static_cast<std::uint8_t>(plan.index_of(&step)); }

order::brief sale(std::int64_t n) {
  order::brief about;
  about.id = saga(n);
  about.flow = order::flow::by_events;
  about.user = {"ann"};
  about.lines = {{{"tea"}, 2, {}}};
  about.placed = noon;
  about.by_events = true;
  return about;
}

// A domain with its reactor, as a desk seats them.
template <class Domain>
class desk {
public:
  explicit desk(domain which, const sagas::plan& of = sagas::by_events()) : which_(which), plan_(of) { again(); }

  answer say(const command& what) {
    auto& file = brain_->file();
    file.begin();
    auto said = reactor_->decide(what);
    if (!said) said = brain_->decide(what);
    if (file.writes() || reactor_->has_told()) {
      brain_->before_commit();
      reactor_->before_commit();
    }
    file.commit();
    (void)brain_->put_off();
    (void)brain_->rung();
    (void)reactor_->put_off();
    return *std::move(said);
  }
  event_log::heard hear(std::vector<event_log::event> events, bool again = false) {
    const auto upto = events.back().seq;
    return body<event_log::heard>(say(event_log::react{{which_, 0}, 0, {upto, std::move(events)}, again}));
  }
  // What was told: "done take_stock, refused debit_wallet"
  std::string told() {
    std::string text;
    for (const auto& one : body<event_log::events>(say(event_log::collect{{which_, 0}, seen_, 100})).list) {
      static constexpr std::string_view outcomes[]{"done", "refused", "lost", "undone"};
      text += (text.empty() ? "" : ", ") + std::string{outcomes[static_cast<std::size_t>(one.how)]} + ' ' +
              std::string{one.step == event_log::placed ? "placed" : plan_.stages()[one.step].step->name};
      seen_ = one.seq;
      last_ = one;
    }
    return text;
  }
  const event_log::event& last() const { return last_; }
  void again() {
    reactor_.reset();
    brain_.reset();
    persistence::open_options options;
    options.path = folder_.file("store.db");
    if constexpr (std::is_constructible_v<Domain, const persistence::open_options&, std::uint32_t>)
      brain_ = std::make_unique<Domain>(options, 0);
    else
      brain_ = std::make_unique<Domain>(options);
    reactor_ = std::make_unique<runtime::reactor>(*brain_, runtime::directory::place{which_, 0}, where_,
                                                  std::make_shared<runtime::surroundings>());
  }
  // As its copy does that was restored from a backup.
  void goes_on_from(std::int64_t last, std::int64_t next) {
    brain_->file().begin();
    brain_->file().prepare("INSERT INTO told_acknowledged VALUES(-1,?1),(-2,?2)").run(last, next);
    brain_->file().commit();
    again();
  }

private:
  temporary_folder folder_;
  domain which_;
  const sagas::plan& plan_;
  std::shared_ptr<const runtime::directory> where_ = std::make_shared<runtime::directory>(one_each(), 1);
  std::unique_ptr<Domain> brain_;
  std::unique_ptr<runtime::reactor> reactor_;
  std::int64_t seen_ = 0;
  event_log::event last_;
};

event_log::event happened(std::int64_t seq, const sagas::step& step, outcome how, const order::brief& about) {
  return {seq, step.home, index_of(step), how, {}, {}, noon, about};
}

struct shelves : desk<domains::product> {
  shelves() : desk{domain::product} { say(product::put{{"tea"}, "Tea", {250}, 5, noon}); }
  std::int64_t stock() { return body<product::view>(say(product::find{{"tea"}})).stock; }
};

order::place placing(order::flow flow) {
  order::place place;
  place.request = "r";
  place.user = {"ann"};
  place.lines = {{{"tea"}, 2, {}}};
  place.flow = flow;
  place.at = noon;
  return place;
}

}  // namespace

TEST_CASE("a domain acts on the event that its row names, and tells what it learned", "[S3.1][S3.7]") {
  shelves desk;
  desk.hear({happened(1, sagas::verify_user, outcome::done, sale(1))});
  CHECK(desk.stock() == 3);
  CHECK(desk.told() == "done take_stock");
  CHECK(desk.last().about->lines.front().amount.minor == 500);
  // What its rows do not name it lets pass.
  desk.hear({happened(2, sagas::take_stock, outcome::done, sale(1))});
  CHECK(desk.told().empty());
}

TEST_CASE("an event that is heard twice, with a restart in between, is in effect once and told once", "[S3.6][S1.6]") {
  shelves desk;
  const auto event = happened(1, sagas::verify_user, outcome::done, sale(1));
  desk.hear({event});
  CHECK(desk.told() == "done take_stock");
  const auto restart = GENERATE(false, true);
  if (restart) desk.again();
  CHECK(desk.hear({event}).upto == 1);
  // Also when it comes as one that was in trouble.
  desk.hear({event}, true);
  CHECK(desk.stock() == 3);
  CHECK(desk.told().empty());
}

TEST_CASE("a domain says no by an event that carries the reason", "[S3.2][S3.4]") {
  shelves desk;
  auto greedy = sale(1);
  greedy.lines.front().quantity = 6;
  desk.hear({happened(1, sagas::verify_user, outcome::done, greedy)});
  CHECK(desk.told() == "refused take_stock");
  CHECK(desk.last().why == reason::sold_out);
  CHECK(desk.last().detail == "tea");
  CHECK(desk.stock() == 5);
}

TEST_CASE("a domain undoes only what it did: the event that cancels raises no stock that was never taken",
          "[S1.5][S1.6][S3.7]") {
  shelves desk;
  desk.hear({happened(1, sagas::empty_cart, outcome::undone, sale(1))});
  CHECK(desk.stock() == 5);
  // And what comes late does nothing: that it is undone has been said.
  desk.hear({happened(2, sagas::verify_user, outcome::done, sale(1))});
  CHECK(desk.told() == "undone take_stock");
  CHECK(desk.stock() == 5);
  desk.hear({happened(3, sagas::verify_user, outcome::done, sale(2))});
  desk.hear({happened(4, sagas::empty_cart, outcome::undone, sale(2))});
  CHECK(desk.stock() == 5);
}

TEST_CASE("a wallet is debited by the event before it, and restored by the event that follows a refusal",
          "[S3.3][S3.4]") {
  desk<domains::wallet> desk{domain::wallet};
  desk.say(wallet::charge{"top-up", {"ann"}, {1'000}, noon});
  auto about = sale(1);
  about.lines.front().amount = {600};
  desk.hear({happened(1, sagas::empty_cart, outcome::done, about)});
  CHECK(body<wallet::view>(desk.say(wallet::find{{"ann"}})).balance.minor == 400);
  desk.hear({happened(2, sagas::approve_payment, outcome::refused, about)});
  CHECK(body<wallet::view>(desk.say(wallet::find{{"ann"}})).balance.minor == 1'000);
  const auto told = *body<event_log::events>(desk.say(event_log::collect{{domain::wallet, 0}, 0, 100})).list;
  REQUIRE(told.size() == 2);
  CHECK(*told[0].entry == order::entry{{600}, money{400}});
  CHECK(*told[1].entry == order::entry{{600}, money{1'000}});
  CHECK(desk.told() == "done debit_wallet, undone debit_wallet");
  CHECK(body<wallet::page>(desk.say(wallet::read_entries{{"ann"}, 0, 10})).entries.size() == 3);
}

TEST_CASE("whoever collects from a desk that was restored hears at once how far nothing will ever come",
          "[S3.6][S0.8]") {
  shelves desk;
  desk.hear({happened(1, sagas::verify_user, outcome::done, sale(1))});
  const auto collect = [&](std::int64_t after) {
    return body<event_log::events>(desk.say(event_log::collect{{domain::product, 0}, after, 100}));
  };
  const auto told = collect(0);
  REQUIRE(told.list.size() == 1);
  CHECK(collect(told.upto).upto == told.upto);
  const auto next = told.upto + 1'000;
  desk.goes_on_from(told.upto, next);
  CHECK(collect(0).upto == told.upto);
  CHECK(collect(told.upto).upto == next);
  CHECK(collect(next).upto == next);
}

TEST_CASE("what moved no money and made no payment tells of no entry", "[S3.5][S1.6]") {
  desk<domains::wallet> wallets{domain::wallet};
  wallets.say(wallet::charge{"top-up", {"ann"}, {1'000}, noon});
  auto gift = sale(1);
  auto dear = sale(2);
  dear.lines.front().amount = {2'000};
  wallets.hear({happened(1, sagas::empty_cart, outcome::done, gift),
                happened(2, sagas::empty_cart, outcome::done, dear),
                happened(3, sagas::approve_payment, outcome::refused, sale(3))});
  for (const auto& one : body<event_log::events>(wallets.say(event_log::collect{{domain::wallet, 0}, 0, 100})).list)
    CHECK_FALSE(one.entry);
  CHECK(wallets.told() == "refused debit_wallet, undone debit_wallet");

  desk<domains::payment> payments{domain::payment};
  payments.hear({happened(1, sagas::debit_wallet, outcome::done, gift)});
  // A payment of nothing is in the book all the same; one that never came is not.
  payments.hear({happened(2, sagas::complete_order, outcome::refused, gift),
                 happened(3, sagas::complete_order, outcome::refused, sale(4))});
  const auto told = *body<event_log::events>(payments.say(event_log::collect{{domain::payment, 0}, 0, 100})).list;
  REQUIRE(told.size() == 3);
  CHECK(*told[0].entry == order::entry{});
  CHECK(*told[1].entry == order::entry{});
  CHECK_FALSE(told[2].entry);
}

TEST_CASE("a copy of what led to a payment undoes nothing when the order was completed and refunded since",
          "[S0.6][S1.6][S3.6]") {
  desk<domains::payment> payments{domain::payment};
  auto about = sale(1);
  about.lines.front().amount = {600};
  payments.hear({happened(1, sagas::debit_wallet, outcome::done, about)});
  CHECK(payments.told() == "done approve_payment");
  order::event refunded;
  refunded.seq = 1;
  refunded.subject = about.id;
  refunded.what = order::kind::cancelled;
  refunded.at = noon;
  payments.say(payment::book{{0, {refunded}}});
  CHECK(body<payment::view>(payments.say(payment::find{about.id})).now == payment::state::cancelled);
  // The log lost it after it had handed it on, and was told anew.
  payments.hear({happened(9, sagas::debit_wallet, outcome::done, about)});
  CHECK(payments.told().empty());
  CHECK(body<payment::view>(payments.say(payment::find{about.id})).history.size() == 3);
}

TEST_CASE("an event that is not understood holds up nothing before it, and says why", "[S0.6][S3.6]") {
  shelves desk;
  auto strange = happened(2, sagas::verify_user, outcome::done, sale(2));
  strange.step = 14;
  const auto heard = desk.hear({happened(1, sagas::verify_user, outcome::done, sale(1)), strange,
                                happened(3, sagas::verify_user, outcome::done, sale(3))});
  CHECK(heard.upto == 1);
  CHECK(heard.bad == 2);
  CHECK(heard.error.find("step") != std::string::npos);
  CHECK(desk.stock() == 3);
  // Whoever hands over the events skips it.
  CHECK(desk.hear({happened(3, sagas::verify_user, outcome::done, sale(3))}).upto == 3);
  CHECK(desk.stock() == 1);
}

TEST_CASE("a desk that has just sat down takes up where it left off, wherever its subscriber is", "[S3.6][S3.3]") {
  desk<domains::order> desk{domain::order};
  (void)desk.say(placing(order::flow::by_events));
  (void)desk.told();
  const auto about = *desk.last().about;
  desk.hear({happened(1, sagas::verify_user, outcome::done, about)});
  desk.again();
  // Nobody asked it: the story of the order lies before what comes now, and would be lost.
  const std::vector<event_log::event> next{happened(2, sagas::take_stock, outcome::done, about)};
  const auto hear = [&] {
    return body<event_log::heard>(desk.say(event_log::react{{domain::order, 0}, 0, {2, next, 1}}));
  };
  CHECK(hear().upto == 0);
  desk.hear({happened(1, sagas::verify_user, outcome::done, about)});
  CHECK(hear().upto == 2);
}

TEST_CASE("an order's record is put together from the events, also after a restart in the middle", "[S3.3][S0.1]") {
  desk<domains::order> desk{domain::order};
  const auto id = body<order::ticket>(desk.say(placing(order::flow::by_events))).id;
  CHECK(desk.told() == "done placed");
  auto about = *desk.last().about;
  CHECK(about.id == id);
  auto first = desk.last();
  first.seq = 10;
  about.lines.front().amount = {500};
  const std::vector<event_log::event> events{first, happened(11, sagas::verify_user, outcome::done, about),
                                             happened(12, sagas::take_stock, outcome::done, about)};
  auto heard = desk.hear(events);
  CHECK(heard.upto == 12);
  CHECK(heard.kept == 0);  // its story is in memory only: it is wanted again after a restart
  const auto restart = GENERATE(false, true);
  if (restart) {
    desk.again();
    CHECK(body<event_log::heard>(desk.say(event_log::find_heard{{domain::order, 0}, 0})).upto == 0);
    desk.hear(events);
  }
  CHECK(body<order::view>(desk.say(order::find{id})).timeline.size() == 3);
  heard = desk.hear({happened(13, sagas::approve_payment, outcome::done, about)});
  CHECK(body<event_log::heard>(desk.say(event_log::find_heard{{domain::order, 0}, 0})).kept == 13);
  CHECK(desk.told().empty());  // nobody acts on its end, and its record is here
  const auto view = body<order::view>(desk.say(order::find{id}));
  CHECK(view.state == order::state::completed);
  CHECK(view.total.minor == 500);
  CHECK(view.timeline.size() == 6);
}

TEST_CASE("what does not follow on what was heard is left alone until the rest has come", "[S3.6]") {
  shelves desk;
  const auto first = happened(1, sagas::verify_user, outcome::done, sale(1));
  const auto second = happened(2, sagas::verify_user, outcome::done, sale(2));
  const auto hear = [&](std::int64_t after, std::vector<event_log::event> events) {
    const auto upto = events.back().seq;
    return body<event_log::heard>(
        desk.say(event_log::react{{domain::product, 0}, 0, {upto, std::move(events), after}}));
  };
  CHECK(hear(1, {second}).upto == 0);
  CHECK(desk.stock() == 5);
  CHECK(hear(0, {first}).upto == 1);
  CHECK(hear(1, {second}).upto == 2);
  CHECK(desk.stock() == 1);
}

TEST_CASE("a step that has nothing to ask is told at once, in place of what it follows on", "[S1.4]") {
  desk<domains::order> desk{domain::order, sagas::stock_first()};
  auto place = placing(order::flow::stock_first);
  place.coupon = GENERATE(coupon_id{}, coupon_id{7});
  const auto id = body<order::ticket>(desk.say(place)).id;
  CHECK(desk.told().empty());
  const auto announced = static_cast<std::uint8_t>(sagas::stock_first().index_of(&sagas::announce_order));
  desk.say(order::announce{{id, announced}, {{500}}, {}, noon});
  CHECK(desk.told() == (place.coupon ? "done announce_order" : "done use_coupon"));
  if (!place.coupon) CHECK(desk.last().topic == domain::coupon);
}
