// Sagas that stand still in a whole node, and every repair of every one of them: once in effect, whatever falls.
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>

#include "actors/sagas/plans.hpp"
#include "actors/sagas/repairs.hpp"
#include "actors/sagas/steps.hpp"
#include "persistence/audit.hpp"
#include "persistence/sqlite/checked_pages.hpp"
#include "tests/catch.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;
using order::remedy;
using order::saga_state;
using order::state;

namespace {

// A shop one of whose domains does not answer some commands, until it is healed.
struct trouble {
  domain where{};
  std::function<bool(const command&)> hits;
  std::shared_ptr<std::atomic<bool>> silent = std::make_shared<std::atomic<bool>>(true);

  runtime::node_options options() const {
    auto options = shop::impatient();
    options.around.patience.tries_before_lost = 2;
    options.around.patience.tries_before_parked = 3;
    options.around.patience.pause_ms_first = 1;
    options.make_brain =
        guarding({where}, [hits = hits, silent = silent](const command& what) -> std::optional<answer> {
          if (!*silent || !hits(what)) return std::nullopt;
          return lose(reason::unreachable);
        });
    return options;
  }
};

template <class... Commands>
std::function<bool(const command&)> any_of() {
  return [](const command& what) { return (std::holds_alternative<Commands>(what) || ...); };
}

struct scene {
  const char* name;
  domain where;
  std::function<bool(const command&)> hits;
  order::flow flow;
  bool restarted;      // before it is parked: so that a step without an answer is asked for ever
  bool of_its_refund;  // what is parked is the refund of the order
  const char* at;      // where it stands
  const char* allowed;
};

const std::vector<scene>& scenes() {
  static const std::vector<scene> all{
      {"on its way back", domain::wallet, any_of<wallet::debit, wallet::undo_debit>(), order::flow::order_payment,
       false, false, "undo debit_wallet", "retry skip fail"},
      {"on its way there, run again", domain::wallet, any_of<wallet::debit>(), order::flow::order_payment, true, false,
       "debit_wallet", "retry compensate fail"},
      {"with the shelf silent", domain::product, any_of<product::take, product::undo_take>(),
       order::flow::order_payment, false, false, "undo take_stock", "retry skip fail"},
      {"at its pivot", domain::order, any_of<order::complete>(), order::flow::order_payment, false, false,
       "complete_order", "retry compensate fail"},
      {"when its payment is to be called off", domain::payment, any_of<payment::pay, payment::undo_pay>(),
       order::flow::balance_first, false, false, "undo approve_payment", "retry skip fail"},
      {"before it is announced", domain::order, any_of<order::announce>(), order::flow::stock_first, false, false,
       "announce_order", "retry compensate fail"},
      {"a return at its pivot", domain::product, any_of<product::take_in>(), order::flow::take_back, false, false,
       "take_in_stock", "retry"},
      {"a return that is to pay out", domain::wallet, any_of<wallet::credit>(), order::flow::take_back, false, false,
       "credit_wallet", "retry skip"},
      {"a refund that is to pay out", domain::wallet, any_of<wallet::credit>(), order::flow::order_payment, false, true,
       "credit_wallet", "retry skip"},
      {"a refund that is to take the goods in", domain::product, any_of<product::take_in>(), order::flow::order_payment,
       false, true, "take_in_stock", "retry skip"},
      {"a ticket on its way back", domain::wallet, any_of<wallet::debit, wallet::undo_debit>(),
       order::flow::seat_payment, false, false, "undo debit_wallet", "retry skip fail"},
      {"a ticket on its way there, run again", domain::wallet, any_of<wallet::debit>(), order::flow::seat_payment, true,
       false, "debit_wallet", "retry compensate fail"},
      {"a ticket at its pivot", domain::order, any_of<order::complete>(), order::flow::seat_payment, false, false,
       "complete_order", "retry compensate fail"},
      {"a refund that is to take the seat back", domain::reservation, any_of<reservation::give_back>(),
       order::flow::seat_payment, false, true, "release_seat", "retry skip"},
  };
  return all;
}

bool allows(const scene& of, remedy what) {
  return (" " + std::string{of.allowed} + " ").find(" " + std::string{sagas::to_text(what)} + " ") != std::string::npos;
}

std::vector<order::view> open_sagas(shop& shop) {
  return std::get<order::page>(shop.ask(order::list_sagas{}).body).orders;
}

template <class T>
T told(shop& shop, command what) {
  return std::get<T>(shop.ask(std::move(what)).body);
}

// Two cups for 600, or the one seat of a hall for as much.
order::place sale_of_600(shop& shop, order::flow flow, std::int64_t balance = 10'000) {
  shop.user("ann", balance);
  shop.product("cup", 300, 10);
  if (flow == order::flow::by_events) CHECK(shop.ask(cart::put{{"ann"}, {"cup"}, 2}).done());
  auto place = shop.placing({"ann", {{{"cup"}, 2, {}}}, {}, {}, flow == order::flow::take_back, flow});
  if (flow == order::flow::take_back) place.lines[0].amount = {600};
  if (flow == order::flow::seat_payment) {
    constexpr std::int64_t an_hour = 3'600'000;
    CHECK(shop.ask(reservation::open{{"mon"}, {"gala"}, {}, an_hour, {{{"A1"}, "S", "A", "1", "I", {600}}}}).done());
    CHECK(shop.ask(queue::open{{"mon"}, {}, 1, an_hour}).done());
    const auto token = told<queue::view>(shop, queue::join{"in", {"mon"}, {"ann"}, shop.now()}).token;
    const reservation::spot spot{{"mon"}, {"A1"}};
    const auto held = told<reservation::view>(shop, reservation::hold{"hold", {"ann"}, spot, token, shop.now()});
    place.lines.clear();
    place.seat = order::seat_sale{held.schedule, held.seat, held.reservation, held.token, held.price, 0, {}};
  }
  return place;
}

// What of it the buyer has.
bool has_it(shop& shop, order::flow flow) {
  if (flow != order::flow::seat_payment) {
    const auto left = shop.stock("cup");
    CHECK((left == 8 || left == 10));
    return left == 8;
  }
  const auto seats = told<reservation::page>(shop, reservation::read{{"mon"}, {}, 10, shop.now()}).seats;
  return seats.at(0).now == reservation::state::reserved;
}

// Brings the scene about, and answers the saga that stands still.
number stand_still(shop& shop, const scene& of) {
  auto place = sale_of_600(shop, of.flow);
  place.wait = of.of_its_refund;
  if (of.flow == order::flow::stock_first) {
    // It is answered when it is announced, which it never is.
    shop.node().front().ask(place, {{}, 50, 0}, [](answer&&) {});
    REQUIRE(eventually([&] { return !open_sagas(shop).empty(); }));
  } else {
    const auto id = std::get<order::ticket>(shop.ask(place).body).id;
    if (of.of_its_refund) shop.ask(order::cancel{id, false, shop.now()});
  }
  if (of.restarted) {
    shop.close();
    shop.open();
  }
  const auto parked = [&] {
    const auto all = open_sagas(shop);
    return all.size() == 1 && all[0].saga == saga_state::parked;
  };
  REQUIRE(eventually(parked));
  return open_sagas(shop)[0].id;
}

answer mend(shop& shop, number id, remedy what, const std::string& request = {}) {
  return shop.ask(order::repair{id, what, "a test", request, "olga", false, shop.now()});
}

std::int64_t lines_of(shop& shop, number id) {
  return static_cast<std::int64_t>(std::get<order::audit_page>(shop.ask(order::read_audit{id}).body).lines.size());
}

// In the saga's own story.
std::int64_t repairs_told(shop& shop, number id) {
  const auto story = shop.find(id).timeline;
  return std::count_if(story.begin(), story.end(), [](const auto& one) { return one.what == order::mark::repaired; });
}

constexpr std::array all_remedies{remedy::retry, remedy::compensate, remedy::skip, remedy::fail};

// A saga that does not stand still.
struct stage_of_life {
  const char* name;
  domain silent;  // until all is looked at
  std::function<bool(const command&)> hits;
  order::flow flow;
  std::int64_t balance;
  bool cancelled;  // after its end
  saga_state saga;
  bool open;
};

const std::vector<stage_of_life>& stages_of_life() {
  const auto nothing = [](const command&) { return false; };
  static const std::vector<stage_of_life> all{
      {"on its way", domain::wallet, any_of<wallet::debit>(), order::flow::order_payment, 10'000, false,
       saga_state::running, true},
      {"on its way back", domain::product, any_of<product::undo_take>(), order::flow::order_payment, 0, false,
       saga_state::compensating, true},
      {"under way by events", domain::event_log, any_of<event_log::append>(), order::flow::by_events, 10'000, false,
       saga_state::running, true},
      {"completed", domain::wallet, nothing, order::flow::order_payment, 10'000, false, saga_state::completed, false},
      {"completed by events", domain::wallet, nothing, order::flow::by_events, 10'000, false, saga_state::completed,
       false},
      {"failed", domain::wallet, nothing, order::flow::order_payment, 0, false, saga_state::compensated, false},
      {"cancelled after its end", domain::wallet, nothing, order::flow::balance_first, 10'000, true,
       saga_state::completed, false},
      {"a ticket on its way", domain::queue, any_of<queue::use>(), order::flow::seat_payment, 10'000, false,
       saga_state::running, true},
      {"a ticket on its way back", domain::reservation, any_of<reservation::undo_confirm>(), order::flow::seat_payment,
       0, false, saga_state::compensating, true},
      {"a ticket", domain::wallet, nothing, order::flow::seat_payment, 10'000, false, saga_state::completed, false},
      {"a ticket given back", domain::wallet, nothing, order::flow::seat_payment, 10'000, true, saga_state::completed,
       false},
  };
  return all;
}

}  // namespace

TEST_CASE("a saga that does not stand still is repaired in no state of its life, twice and across a fall",
          "[S0.6][S1.6][C.4]") {
  for (const auto& of : stages_of_life()) {
    INFO(of.name);
    const trouble trouble{of.silent, of.hits};
    auto options = trouble.options();
    // It is asked again for as long as the test looks.
    options.around.patience.tries_before_lost = options.around.patience.tries_before_parked = 1'000'000;
    options.around.patience.pause_ms_max = 20;
    shop shop{options};
    auto place = sale_of_600(shop, of.flow, of.balance);
    place.wait = false;
    const auto id = std::get<order::ticket>(shop.ask(place).body).id;
    const auto is_there = [&] {
      const auto now = shop.find(id);
      return now.saga == of.saga && (now.ended.ms == 0) == of.open;
    };
    REQUIRE(eventually(is_there));
    if (of.cancelled) {
      shop.ask(order::cancel{id, true, shop.now()});
      REQUIRE(eventually([&] { return shop.find(id).state == state::cancelled; }));
    }
    const auto look = [&] {
      for (const auto what : all_remedies)
        for (int twice = 0; twice < 2; ++twice) {
          INFO(sagas::to_text(what));
          CHECK(mend(shop, id, what, "once").why == reason::not_repairable);
        }
      CHECK(lines_of(shop, id) == 0);
      CHECK(repairs_told(shop, id) == 0);
    };
    look();
    shop.close();
    shop.open();
    REQUIRE(eventually(is_there));
    look();
    *trouble.silent = false;
    REQUIRE(eventually([&] { return open_sagas(shop).empty(); }));
    const bool sold = of.balance > 0;
    CHECK(shop.find(id).state == (of.cancelled ? state::cancelled : sold ? state::completed : state::failed));
    CHECK(has_it(shop, of.flow) == (sold && !of.cancelled));
    CHECK(shop.broken_invariants() == "");
  }
}

TEST_CASE("every repair of every saga that stands still is refused, or once in effect whatever falls",
          "[S0.6][S1.6][C.4]") {
  enum class falls { nothing, node, desk_and_coordinator };
  for (const auto& of : scenes())
    for (const auto what : {remedy::retry, remedy::compensate, remedy::skip, remedy::fail})
      for (const auto fall : {falls::nothing, falls::node, falls::desk_and_coordinator}) {
        INFO(of.name << ": " << sagas::to_text(what) << ", falls " << static_cast<int>(fall));
        // One way to fall is enough for most.
        if (fall == falls::desk_and_coordinator && !of.restarted && !of.of_its_refund) continue;
        const trouble trouble{of.where, of.hits};
        shop shop{trouble.options()};
        const auto id = stand_still(shop, of);
        const auto before = shop.find(id);
        REQUIRE(before.parked);
        const auto at = std::string{before.parked->undoing ? "undo " : ""} +
                        std::string{sagas::plan_of(before.flow).stages()[before.parked->step].step->name};
        CHECK(at == of.at);
        if (!allows(of, what)) {
          CHECK(mend(shop, id, what).why == reason::not_repairable);
          CHECK(lines_of(shop, id) == 0);
          CHECK(shop.find(id).saga == saga_state::parked);
          *trouble.silent = false;
          CHECK(mend(shop, id, remedy::retry).done());
          REQUIRE(eventually([&] { return open_sagas(shop).empty(); }));
          CHECK(shop.broken_invariants() == "");
          if (fall != falls::nothing) break;
          continue;
        }
        // Who skips or gives up need not wait until the domain is healed.
        const bool heals = what == remedy::retry || what == remedy::compensate;
        if (heals) *trouble.silent = false;
        const auto first = mend(shop, id, what, "once");
        CHECK(first.done());
        CHECK_FALSE(first.replayed);
        if (fall == falls::node) {
          shop.close();
          shop.open();
        } else if (fall == falls::desk_and_coordinator) {
          shop.node().fell({domain::order, 0});
          for (std::uint32_t share = 0; share < shop.options().coordinators; ++share)
            shop.node().fell_coordinator(share);
        }
        // Whoever did not hear the answer asks again, before anybody knows how it goes on.
        const auto second = mend(shop, id, what, "once");
        CHECK(second.done());
        CHECK(second.replayed);
        CHECK(std::get<order::audit_line>(second.body) == std::get<order::audit_line>(first.body));
        if (eventually([&] { return open_sagas(shop).empty(); })) {
          const auto again = mend(shop, id, what);
          CHECK(again.done());
          CHECK(again.replayed);
        } else {
          FAIL("it does not end: " << shop.timeline(id));
        }
        CHECK(lines_of(shop, id) == 1);
        CHECK(repairs_told(shop, id) == 1);
        const auto after = shop.find(id);
        const bool sale = order::is_sale(after.flow);
        const bool forward =
            !sale || of.at == std::string{"complete_order"} || of.restarted || of.at == std::string{"announce_order"};
        CHECK(after.state == (what == remedy::retry && forward ? state::completed
                              : what == remedy::skip && !sale  ? state::completed
                                                               : state::failed));
        // Money and goods are where they belong, but for what was skipped or written off.
        if (what == remedy::compensate || (what == remedy::retry && !forward)) {
          CHECK(shop.balance("ann") == 10'000);
          CHECK_FALSE(has_it(shop, of.flow));
        }
        if (what == remedy::retry && forward && sale) {
          CHECK(shop.balance("ann") == 9'400);
          CHECK(has_it(shop, of.flow));
        }
        CHECK(shop.broken_invariants() == "");
      }
}

TEST_CASE("what was skipped never happens later, and the books say who answered for it", "[S1.6]") {
  const trouble trouble{domain::wallet, any_of<wallet::credit>()};
  shop shop{trouble.options()};
  const auto& refund = scenes()[8];
  const auto id = stand_still(shop, refund);
  CHECK(shop.balance("ann") == 9'400);
  CHECK(mend(shop, id, remedy::skip).done());
  REQUIRE(eventually([&] { return open_sagas(shop).empty(); }));
  CHECK(shop.timeline(id).find("skipped credit_wallet") != std::string::npos);
  *trouble.silent = false;
  // The command that was lost on the way comes after all.
  const auto stage = shop.find(id).repairs.at(0).step;
  CHECK(shop.ask(wallet::credit{{id, stage}, {"ann"}, {600}, shop.now()}).what == verdict::refused);
  CHECK(shop.balance("ann") == 9'400);
  CHECK(shop.stock("cup") == 10);
  shop.close();
  persistence::audit_figures figures;
  CHECK(persistence::all_hold(persistence::audit(shop.data(), &figures)));
  CHECK(figures.settled == 1);
}

TEST_CASE("a saga that is mended while its domain is silent still stands still again, with its whole story", "[S0.6]") {
  const trouble trouble{domain::wallet, any_of<wallet::debit, wallet::undo_debit>()};
  shop shop{trouble.options()};
  const auto id = stand_still(shop, scenes()[0]);
  CHECK(mend(shop, id, remedy::retry).done());
  REQUIRE(eventually([&] {
    const auto now = shop.find(id);
    return now.saga == saga_state::parked && now.repairs.size() == 1;
  }));
  const auto story = shop.timeline(id);
  CHECK(story.find("repaired debit_wallet") < story.rfind("parked debit_wallet"));
  CHECK(story.find("began") == 0);
  *trouble.silent = false;
  CHECK_FALSE(mend(shop, id, remedy::retry).replayed);
  REQUIRE(eventually([&] { return open_sagas(shop).empty(); }));
  CHECK(lines_of(shop, id) == 2);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a saga that was adopted is followed where it runs", "[C.4][C.6]") {
  const trouble trouble{domain::wallet, any_of<wallet::debit>()};
  auto options = trouble.options();
  options.around.adopt_ms = 20;
  options.around.patience.tries_before_lost = options.around.patience.tries_before_parked = 1'000'000;
  options.around.patience.pause_ms_max = 20;
  shop shop{std::move(options)};
  auto place = sale_of_600(shop, order::flow::order_payment);
  place.wait = false;
  const auto id = told<order::ticket>(shop, place).id;
  shop.node().hide_coordinator(slice_of(id) % shop.options().coordinators);
  const auto is_told = [&] {
    auto all = std::make_shared<std::promise<progress>>();
    auto first = std::make_shared<std::atomic<bool>>(true);
    const auto ticket = shop.node().front().follow(id, [=](const progress& news) {
      if (first->exchange(false)) all->set_value(news);
    });
    const auto news = all->get_future().get();
    shop.node().front().unfollow(id, ticket);
    return !news.ended && !news.timeline.empty();
  };
  CHECK(eventually(is_told));
  *trouble.silent = false;
  CHECK(eventually([&] { return shop.find(id).state == state::completed; }));
  shop.node().show_coordinators();
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("of a story that grows too long the beginning is told, every repair, and the end", "[S0.6]") {
  const trouble trouble{domain::wallet, any_of<wallet::credit>()};
  auto options = trouble.options();
  options.around.patience.tries_before_parked = 200;
  options.around.patience.pause_ms_max = 1;
  shop shop{std::move(options)};
  const auto& pays_out = *std::find_if(scenes().begin(), scenes().end(), [](const auto& one) {
    return one.flow == order::flow::take_back && one.where == domain::wallet;
  });
  const auto id = stand_still(shop, pays_out);
  CHECK(shop.timeline(id).find("began") == 0);
  CHECK(shop.find(id).timeline.back().what == order::mark::parked);
  CHECK(mend(shop, id, remedy::retry).done());
  REQUIRE(eventually([&] {
    const auto now = shop.find(id);
    return now.saga == saga_state::parked && now.repairs.size() == 1;
  }));
  *trouble.silent = false;
  CHECK_FALSE(mend(shop, id, remedy::retry).replayed);
  REQUIRE(eventually([&] { return open_sagas(shop).empty(); }));
  const auto told = shop.find(id).timeline;
  CHECK(told.size() < 300);
  CHECK(told.front().what == order::mark::began);
  CHECK(std::count_if(told.begin(), told.end(), [](const auto& one) { return one.what == order::mark::repaired; }) ==
        2);
  CHECK(shop.timeline(id).rfind("done credit_wallet") > shop.timeline(id).rfind("asked credit_wallet"));
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a line of the audit log that was edited, taken out or cut off is named", "[C.6]") {
  const struct {
    const char* sql;
    const char* named;
  } crimes[]{
      {"UPDATE audit SET content=CAST(replace(CAST(content AS TEXT),'a test','a jest') AS BLOB) WHERE seq=2",
       "line 2 was edited"},
      {"UPDATE audit SET hash=upper(hash) WHERE seq=2", "line 2 was edited"},
      {"UPDATE audit SET about=about+256 WHERE seq=1", "line 1 was edited"},
      {"DELETE FROM audit WHERE seq=1", "line 1 is missing"},
      {"DELETE FROM audit WHERE seq=2", "line 2 is missing"},
      {"DELETE FROM audit WHERE seq=3", "line 3 is missing"},
      {"DELETE FROM audit WHERE seq=3; UPDATE audit_head SET seq=2, hash=(SELECT hash FROM audit WHERE seq=2)",
       "was repaired 3 times, the log has 2 lines"},
      {"UPDATE audit SET content=(SELECT content FROM audit WHERE seq=1), hash=(SELECT hash FROM audit WHERE seq=1)"
       " WHERE seq=2",
       "line 2 was edited"},
      {"UPDATE audit SET content=x'ff' WHERE seq=1", "line 1 was edited"},
      {"UPDATE audit_head SET seq=5", "line 4 is missing"},
      {"DELETE FROM audit; UPDATE audit_head SET seq=0, hash=''",
       "was repaired 3 times, the audit log has no line of it"},
      {"UPDATE orders SET repairs=0 WHERE repairs>0", "was repaired 0 times, the log has 3 lines"},
  };
  const trouble trouble{domain::wallet, any_of<wallet::debit, wallet::undo_debit>()};
  shop shop{trouble.options()};
  const auto id = stand_still(shop, scenes()[0]);
  for (std::size_t i = 1; i <= 3; ++i) {
    if (i == 3) *trouble.silent = false;
    CHECK(mend(shop, id, remedy::retry).done());
    REQUIRE(eventually([&] {
      const auto now = shop.find(id);
      return now.repairs.size() == i && (i == 3 ? now.ended.ms != 0 : now.saga == saga_state::parked);
    }));
  }
  CHECK(std::get<order::audit_state>(shop.ask(order::verify_audit{}).body).troubles.empty());
  REQUIRE(shop.broken_invariants() == "");
  shop.close();
  for (const auto& crime : crimes) {
    INFO(crime.sql);
    const temporary_folder copy;
    for (const auto& one : std::filesystem::directory_iterator{shop.data()})
      std::filesystem::copy(one.path(), copy.path() / one.path().filename());
    sqlite3* db = nullptr;
    const auto store = (copy.path() / "order-0.db").string();
    REQUIRE(sqlite3_open_v2(store.c_str(), &db, SQLITE_OPEN_READWRITE, persistence::checked_vfs({}).c_str()) ==
            SQLITE_OK);
    const auto all = std::string{"PRAGMA locking_mode=EXCLUSIVE; PRAGMA ignore_check_constraints=1;"} + crime.sql;
    CHECK(sqlite3_exec(db, all.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    CHECK(sqlite3_total_changes(db) > 0);
    sqlite3_close(db);
    std::string rows;
    for (const auto& one : persistence::audit(copy.path()))
      if (!one.holds())
        for (const auto& row : one.rows) rows += row + '\n';
    INFO(rows);
    CHECK(rows.find(crime.named) != std::string::npos);
  }
}
