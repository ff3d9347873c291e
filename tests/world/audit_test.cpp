// The audit holds on what a node leaves behind, and names what was broken when something was.
#include <sqlite3.h>

#include <fstream>
#include <map>
#include <sstream>

#include "actors/runtime/roster.hpp"
#include "persistence/audit.hpp"
#include "persistence/audit/inspection.hpp"
#include "persistence/payment.hpp"
#include "persistence/sqlite/checked_pages.hpp"
#include "persistence/sqlite/store_file.hpp"
#include "persistence/wallet.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;
namespace fs = std::filesystem;

namespace {

// A day in the shop: sold, refused, compensated, cancelled, returned.
void play(shop& shop) {
  shop.user("ann", 10'000);
  shop.user("bob", 100);
  shop.product("cup", 300, 50);
  shop.product("plate", 700, 50);
  const auto kept = shop.coupon("TEN", "ann", {{}, 10});
  const auto freed = shop.coupon("HALF", "ann", {{}, 50});
  const auto of_bob = shop.coupon("FEW", "bob", {{10}, 0});
  shop.buy({"ann", {{{"cup"}, 2, {}}, {{"plate"}, 1, {}}}, kept});
  const auto refused = shop.buy({"ann", {{{"cup"}, 100, {}}}, {}});
  shop.ask(payment::undo_pay{{refused.id, 4}, shop.now()});  // of a payment that never came
  shop.buy({"bob", {{{"cup"}, 3, {}}}, of_bob});
  const auto sold = shop.buy({"ann", {{{"plate"}, 2, {}}}, freed});
  shop.ask(order::cancel{sold.id, true, shop.now()});
  want back{"ann", {{{"cup"}, 1, {270}}}, {}};
  back.agreed = true;
  back.flow = order::flow::take_back;
  shop.buy(back);
  REQUIRE(eventually([&] {
    const auto at = std::get<order::position>(shop.ask(ranking::find_position{0}).body);
    return at.seq == 4;
  }));
}

void sabotage(const fs::path& store, const std::string& sql) {
  sqlite3* db = nullptr;
  // through the layer that keeps the checksums: what is wrong here is what the rows say
  REQUIRE(sqlite3_open_v2(store.c_str(), &db, SQLITE_OPEN_READWRITE, persistence::checked_vfs({}).c_str()) ==
          SQLITE_OK);
  const auto all = "PRAGMA locking_mode=EXCLUSIVE; PRAGMA ignore_check_constraints=1;" + sql;
  REQUIRE(sqlite3_exec(db, all.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(sqlite3_total_changes(db) > 0);
  sqlite3_close(db);
}

// An evening at the box office: two seats, one sold, one given back after it was paid, one payment that failed.
void sell_tickets(shop& shop) {
  const auto do_it = [&](const command& what) {
    const auto said = shop.ask(what);
    REQUIRE(said.done());
    return said;
  };
  reservation::open open{{"mon"}, {"gala"}, {}, 60'000, {}};
  for (const std::string seat : {"A1", "A2"}) open.seats.push_back({{seat}, "S", "R", "N", "I", {100}});
  do_it(open);
  do_it(queue::open{{"mon"}, {}, 5, 60'000});
  const auto pay = [&](const std::string& user, const std::string& seat) {
    const auto token = std::get<queue::view>(do_it(queue::join{"k" + user, {"mon"}, {user}, shop.now()}).body).token;
    do_it(queue::enter{token, {"mon"}, {user}, shop.now()});
    const reservation::hold wish{"h" + user, {user}, reservation::spot{{"mon"}, {seat}}, token, shop.now()};
    const auto held = std::get<reservation::view>(do_it(wish).body);
    order::place place;
    place.request = "seat payment " + user;
    place.user = {user};
    place.flow = order::flow::seat_payment;
    place.seat = order::seat_sale{held.schedule, held.seat, held.reservation, held.token, held.price, 0, {}};
    place.wait = true;
    place.at = shop.now();
    return std::get<order::ticket>(do_it(place).body);
  };
  for (const std::string user : {"ann", "bob", "cid"}) shop.user(user, user == "cid" ? 0 : 1'000);
  CHECK(pay("cid", "A2").why == reason::insufficient_funds);
  CHECK(pay("ann", "A1").state == order::state::completed);
  const auto sold = pay("bob", "A2");
  CHECK(sold.state == order::state::completed);
  do_it(order::cancel{sold.id, true, shop.now()});
  REQUIRE(eventually([&] {
    return std::get<order::position>(shop.ask(ranking::find_position{0}).body).seq == 3 &&
           std::get<order::position>(shop.ask(payment::find_position{0}).body).seq == 3;
  }));
}

// Orders by events: sold, too dear, sold out, and one that was accepted and came to nothing.
number sell_by_events(shop& shop) {
  shop.user("ann", 10'000);
  shop.user("bob", 100);
  shop.product("cup", 300, 50);
  for (const std::string user : {"ann", "bob"}) shop.ask(cart::put{{user}, {"cup"}, 5});
  const auto buy = [&](const std::string& user, std::int64_t cups, order::flow flow) {
    const auto bought = shop.buy({user, {{{"cup"}, cups, {}}}, {}, {}, false, flow});
    REQUIRE(eventually([&] { return shop.find(bought.id).ended.ms != 0; }));
    return bought;
  };
  const auto sold = buy("ann", 2, order::flow::by_events);
  CHECK(sold.state == order::state::completed);
  CHECK(buy("bob", 1, order::flow::by_events).why == reason::insufficient_funds);
  CHECK(buy("ann", 51, order::flow::by_events).why == reason::sold_out);
  CHECK(buy("bob", 1, order::flow::stock_first).why == reason::insufficient_funds);
  return sold.id;
}

std::string broken(const fs::path& data) {
  std::string text;
  try {
    for (const auto& one : persistence::audit(data))
      if (!one.holds()) text += one.name + '\n';
  } catch (const persistence::store_damaged& trouble) {
    text = std::string{"damaged: "} + trouble.what();
  }
  return text;
}

std::map<std::string, std::string> bytes_in(const fs::path& data) {
  std::map<std::string, std::string> all;
  for (const auto& one : fs::directory_iterator{data}) {
    std::ifstream in{one.path(), std::ios::binary};
    std::ostringstream out;
    out << in.rdbuf();
    all[one.path().filename().string()] = out.str();
  }
  return all;
}

struct crime {
  std::string store, sql, name;
};

// Each, committed on a copy of its own, is named by the audit.
void expect_found(const fs::path& data, const std::vector<crime>& crimes) {
  for (const auto& one : crimes) {
    INFO(one.store << ": " << one.sql);
    temporary_folder folder;
    fs::copy(data, folder.path() / "data");
    sabotage(folder.path() / "data" / (one.store + "-0.db"), one.sql);
    const auto named = broken(folder.path() / "data");
    INFO(named);
    CHECK(named.find(one.name) != named.npos);
  }
}

}  // namespace

TEST_CASE("a store that was to be made when its maker died is as good as none", "[S4.5]") {
  temporary_folder folder;
  const auto make = [&](const std::string& name) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(folder.file(name).c_str(), &db) == SQLITE_OK);
    REQUIRE(sqlite3_exec(db, "PRAGMA journal_mode=WAL", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
  };
  make("user-0.db");
  std::ofstream{folder.file("product-0.db")};
  CHECK_THROWS_AS(persistence::audit(folder.path()), persistence::no_stores);
  {
    persistence::open_options options;
    options.path = folder.file("wallet-0.db");
    persistence::wallet_store wallets{options};
  }
  persistence::audit_figures figures;
  CHECK(persistence::all_hold(persistence::audit(folder.path(), &figures)));
  CHECK(figures.stores == 1);
}

TEST_CASE("the audit names each thing that is broken, and changes nothing", "[S4.5][S1.6]") {
  shop shop;
  play(shop);
  CHECK_THROWS_AS(persistence::audit(shop.data()), persistence::stores_in_use);
  shop.close();
  {
    // Rows that are behind their entries are made up for: from here on a wrong row is a crime.
    persistence::open_options options;
    options.path = shop.data() + "/wallet-0.db";
    persistence::wallet_store wallets{options};
    wallets.file.begin();
    for (const auto& [user, account] : wallets.behind()) wallets.save(account);
    wallets.file.commit();
  }
  const auto before = bytes_in(shop.data());
  persistence::audit_figures figures;
  CHECK(persistence::all_hold(persistence::audit(shop.data(), &figures)));
  CHECK(bytes_in(shop.data()) == before);
  CHECK(figures.cases == 6);
  CHECK(figures.events == 4);
  CHECK(figures.running + figures.parked == 0);

  const std::vector<crime> crimes{
      {"wallet", "UPDATE wallet SET balance=balance+1 WHERE user='ann'", "every ledger chains"},
      {"wallet", "UPDATE wallet SET balance=balance+1 WHERE user='ann'", "money is conserved"},
      {"wallet", "UPDATE entry SET balance=balance+1 WHERE what=1", "every ledger chains"},
      {"wallet", "DELETE FROM entry WHERE what=0", "every ledger chains"},
      {"wallet", "UPDATE entry SET previous=0 WHERE what=1", "every ledger chains"},
      {"wallet", "UPDATE entry SET balance=-1 WHERE what=1", "no balance and no stock is ever negative"},
      // what a table forbids by itself is found as damage
      {"wallet", "UPDATE wallet SET balance=-1 WHERE user='bob'", "damaged: "},
      {"wallet", "DELETE FROM entry WHERE what=3", "every cancelled sale"},
      {"wallet", "DELETE FROM entry WHERE what=3", "every return"},
      {"wallet", "UPDATE entry SET number=9 WHERE what=10", "what was refused"},
      {"wallet", "INSERT INTO entry SELECT key+1,wallet,previous,number+1,2,1,balance,at FROM entry WHERE what=1",
       "every compensation equals"},
      {"product", "UPDATE shelf SET stock=stock+1 WHERE product='cup'", "every shelf holds"},
      {"product", "DELETE FROM movement WHERE what=1", "every completed sale"},
      {"product", "DELETE FROM movement WHERE what=2", "every sale that ended before its pivot"},
      {"product", "DELETE FROM movement WHERE what=3", "every return"},
      {"product", "UPDATE movement SET what=10 WHERE key+1 IN (SELECT key FROM movement WHERE what=2)",
       "every compensation equals"},
      {"coupon", "UPDATE campaign SET issued=issued+1", "no campaign gave more"},
      {"coupon", "UPDATE campaign SET coupons=0", "damaged: "},
      {"coupon", "UPDATE coupon SET state=0, used_by=0 WHERE state=1", "every coupon is used at most once"},
      {"coupon", "UPDATE coupon SET used_by=4711 WHERE state=1", "every coupon is used at most once"},
      {"coupon", "UPDATE operation SET off=off+1 WHERE what=0", "every completed sale"},
      {"coupon", "DELETE FROM operation WHERE what=2", "every cancelled sale"},
      {"payment", "UPDATE payment SET state=3", "every completed sale"},
      {"payment", "UPDATE payment SET state=1", "every cancelled sale"},
      {"payment", "UPDATE payment SET state=4", "every completed sale"},
      {"payment", "UPDATE payment SET state=4", "every cancelled sale"},
      {"payment", "UPDATE payment SET state=0", "every completed sale"},
      {"payment", "UPDATE payment SET state=4 WHERE user=''", "every sale that ended before its pivot"},
      {"payment", "UPDATE payment SET state=0 WHERE user=''", "every sale that ended before its pivot"},
      {"payment", "UPDATE payment SET amount=amount-1", "every completed sale"},
      {"payment", "UPDATE payment SET user='bob'", "no effect is without its case"},
      {"order", "DELETE FROM orders WHERE state=1 AND flow=0", "no effect is without its case"},
      {"order", "DELETE FROM orders WHERE state=1 AND flow=0", "every outbox is gapless and tells of cases"},
      {"order", "UPDATE orders SET state=2 WHERE state=1 AND flow=0", "every sale that ended before its pivot"},
      {"order", "UPDATE orders SET state=1 WHERE state=2", "every completed sale"},
      {"order", "UPDATE orders SET state=1 WHERE state=3", "every cancelled sale"},
      {"order", "UPDATE orders SET request='one and the same'", "every request opened one case"},
      {"order", "UPDATE orders SET total=total+1 WHERE state=1", "every request opened one case"},
      {"order", "DELETE FROM outbox WHERE seq=(SELECT seq FROM outbox ORDER BY seq LIMIT 1 OFFSET 1)",
       "every outbox is gapless"},
      {"order", "INSERT INTO outbox SELECT seq+1, events FROM outbox ORDER BY seq DESC LIMIT 1", "every end of a sale"},
      {"ranking", "UPDATE seller SET sold=sold+1 WHERE product='cup'", "the ranking counts"},
      {"ranking", "UPDATE seller SET returned=0 WHERE product='cup'", "the ranking counts"},
      {"ranking", "UPDATE position SET seq=seq+5", "no subscriber is ahead"},
  };
  expect_found(shop.data(), crimes);
}

namespace {

// What is found a stretch of so many rows at a time, by name; and how many rows there were.
std::pair<std::string, std::int64_t> looked_through(const fs::path& store, domain which, std::uint32_t rows) {
  persistence::open_options options;
  options.path = store.string();
  const auto brain = runtime::make_brain(which, 0, options);
  auto& file = brain->file();
  std::string names;
  std::int64_t all = 0;
  examine next{{which, 0}};
  next.rows = rows;
  for (;;) {
    const auto said = persistence::look_through(file, next);
    for (const auto& one : said.flaws) names += one.invariant + ": " + one.row + '\n';
    all += said.rows;
    if (said.through) return {names, all};
    next.walk = said.walk;
    next.after = said.after;
  }
}

}  // namespace

TEST_CASE("what single rows tell is found in a store of a running node as well, however small the stretches",
          "[S4.5][S1.6]") {
  shop shop;
  play(shop);
  shop.close();
  const std::vector<std::pair<std::string, domain>> stores{
      {"wallet", domain::wallet}, {"product", domain::product}, {"coupon", domain::coupon}, {"order", domain::order}};
  for (const auto& [name, which] : stores) {
    const auto store = fs::path{shop.data()} / (name + "-0.db");
    const auto [flaws, rows] = looked_through(store, which, 256);
    CHECK(flaws == "");
    CHECK((rows > 3 || which == domain::order));
    for (const std::uint32_t few : {1U, 2U, 3U})
      CHECK(looked_through(store, which, few) == std::pair{std::string{}, rows});
  }
  CHECK(looked_through(fs::path{shop.data()} / "ranking-0.db", domain::ranking, 1).second == 0);

  const std::vector<crime> crimes{
      {"wallet", "UPDATE wallet SET balance=balance+1 WHERE user='ann'", "every ledger chains"},
      {"wallet", "UPDATE entry SET balance=balance+1 WHERE what=1", "every ledger chains"},
      {"wallet", "UPDATE entry SET previous=0 WHERE what=1", "every ledger chains"},
      {"wallet", "UPDATE entry SET balance=-1 WHERE what=1", "no balance and no stock is ever negative"},
      {"wallet", "UPDATE entry SET number=9 WHERE what=10", "what was refused"},
      {"wallet", "INSERT INTO entry SELECT key+1,wallet,previous,number+1,2,1,balance,at FROM entry WHERE what=1",
       "every compensation equals"},
      {"product", "UPDATE movement SET what=10 WHERE key+1 IN (SELECT key FROM movement WHERE what=2)",
       "every compensation equals"},
      {"product", "UPDATE movement SET what=10 WHERE what=1", "what was refused"},
      {"coupon", "UPDATE operation SET off=off+1 WHERE key IN (SELECT key-1 FROM operation WHERE what=1)",
       "every compensation equals"},
      {"coupon", "UPDATE operation SET off=amount+1 WHERE what=0", "every coupon is used"},
      {"order", "UPDATE audit_head SET seq=5", "the audit log is whole"},
  };
  const auto known = persistence::asked();
  for (const auto& one : crimes) {
    INFO(one.store << ": " << one.sql);
    temporary_folder folder;
    fs::copy(shop.data(), folder.path() / "data");
    const auto store = folder.path() / "data" / (one.store + "-0.db");
    sabotage(store, one.sql);
    const auto which = std::find_if(stores.begin(), stores.end(), [&](const auto& s) { return s.first == one.store; });
    const auto said_by = [&](const auto& name) { return name.find(one.name) == 0; };
    CHECK(std::any_of(known.begin(), known.end(), said_by));
    for (const std::uint32_t rows : {1U, 2U, 256U})
      CHECK(looked_through(store, which->second, rows).first.find(one.name) != std::string::npos);
  }
  // What is not asked is said, and nothing is both.
  const auto left = persistence::not_asked();
  CHECK(left.size() + known.size() == persistence::audit(shop.data()).size());
  CHECK(std::find(left.begin(), left.end(), "every cancelled sale is refunded in full") != left.end());
}

TEST_CASE("the audit names what is wrong with seats, tokens and their payments", "[S2.2][S2.6][S2.8][S2.11]") {
  shop shop;
  sell_tickets(shop);
  REQUIRE(shop.broken_invariants() == "");
  const std::string seats = "every seat is owned once", payments = "every completed seat payment";
  const std::string tokens = "every waiting room", ranking = "the ranking knows";
  const std::vector<crime> crimes{
      {"reservation", "UPDATE seat SET sale=(SELECT max(sale) FROM seat), state=2 WHERE seat='A2'", seats},
      {"reservation", "UPDATE seat SET sale=4711 WHERE seat='A1'", seats},
      {"reservation", "UPDATE seat SET newest=0 WHERE seat='A1'", seats},
      {"reservation", "UPDATE hold SET user='bob'", seats},
      {"reservation", "UPDATE hold SET token=token-1", seats},
      {"reservation", "UPDATE schedule SET seats=3", seats},
      {"reservation", "UPDATE seat SET sale=0, state=0 WHERE seat='A1'", payments},
      {"reservation", "DELETE FROM operation WHERE what=0 AND hold=(SELECT newest FROM seat WHERE seat='A1')",
       payments},
      {"reservation", "DELETE FROM operation WHERE what=1", payments},
      {"reservation", "DELETE FROM operation WHERE what=2", payments},
      {"reservation", "INSERT INTO operation SELECT key+1048576,what,hold,why,at FROM operation WHERE what=0",
       "no effect is without its case"},
      {"queue", "UPDATE token SET used_by=4711 WHERE state=2", tokens},
      {"queue", "UPDATE token SET turn=turn+1", tokens},
      {"queue", "UPDATE token SET place=1", tokens},
      {"queue", "UPDATE room SET issued=9", tokens},
      {"queue", "UPDATE token SET state=3, used_by=0 WHERE state=2", payments},
      {"queue", "DELETE FROM operation WHERE what=0", payments},
      {"ranking", "UPDATE house SET sold=2", ranking},
      {"ranking", "DELETE FROM house", ranking},
      {"ranking", "UPDATE house SET seats=3", ranking},
      {"wallet", "DELETE FROM entry WHERE what=3", "every cancelled sale"},
      {"order", "UPDATE orders SET state=2 WHERE state=1 AND flow=4", payments},
      {"order", "UPDATE orders SET state=1 WHERE state=2 AND flow=4", payments},
      {"order", "DELETE FROM orders WHERE state=1 AND flow=4", seats},
  };
  expect_found(shop.data(), crimes);
}

TEST_CASE("the audit names what is wrong with the event log, with those who tell and hear, and with carts",
          "[S3.1][S3.2][S3.6][S1.6]") {
  shop shop;
  const auto sold = sell_by_events(shop);
  REQUIRE(shop.broken_invariants() == "");
  const std::string log = "every event that was told is in the event log",
                    ahead = "no relay and no subscriber is ahead";
  const std::string carts = "every cart gave", orphans = "no effect is without its case";
  const std::string wallet_relay = std::to_string(event_log::party{domain::wallet, 0}.id());
  const std::string of_platform = std::to_string(platform::source_of({domain::event_log, 0}));
  expect_found(
      shop.data(),
      {
          {"event_log", "DELETE FROM log WHERE seq=(SELECT min(seq) FROM log)", log},
          {"event_log", "DELETE FROM log WHERE seq=(SELECT seq FROM log LIMIT 1 OFFSET 3)", log},
          {"event_log", "DELETE FROM log WHERE seq=(SELECT max(seq) FROM log)", log},
          {"event_log", "UPDATE log SET events=(SELECT events FROM log ORDER BY seq LIMIT 1)", log},
          {"event_log", "DELETE FROM position WHERE source=" + wallet_relay, log},
          {"event_log", "INSERT INTO log_acknowledged VALUES(1,1000)", log},
          {"event_log", "INSERT INTO trouble VALUES(1,1,4711,x'00',1,0,0,'no')", log},
          {"event_log", "INSERT INTO trouble VALUES(1,1000," + std::to_string(sold.value) + ",x'00',1,0,0,'no')",
           ahead},
          {"event_log", "UPDATE position SET seq=seq+1000 WHERE source=" + wallet_relay, ahead},
          {"event_log", "INSERT INTO position VALUES(4711,1)", ahead},
          {"wallet", "DELETE FROM told WHERE seq=(SELECT min(seq) FROM told)", log},
          {"wallet", "INSERT INTO told_acknowledged VALUES(0,1000)", log},
          {"wallet", "UPDATE heard SET seq=seq+1000", ahead},
          {"product", "INSERT INTO heard VALUES(9,1)", ahead},
          {"platform", "INSERT INTO position VALUES(" + of_platform + ",1000)", ahead},
          {"order", "DELETE FROM orders WHERE flow=6", log},
          {"order", "DELETE FROM orders WHERE flow=6", orphans},
          {"cart", "DELETE FROM operation WHERE what=0 AND user='ann'", carts},
          {"cart", "DELETE FROM operation WHERE what=1", carts},
          {"cart", "UPDATE operation SET items=x'00' WHERE what=1", carts},
          {"cart", "UPDATE operation SET what=11 WHERE what=0 AND user='ann'", carts},
          {"cart",
           "UPDATE operation SET items=(SELECT items FROM operation WHERE user='ann' AND what=0) WHERE user='bob'",
           carts},
          {"cart", "UPDATE operation SET user='bob' WHERE user='ann'", orphans},
          {"cart", "INSERT INTO operation SELECT key+1048576,user,what,items,at FROM operation WHERE what=0", orphans},
          // all is lost, and only those who have heard it know
          {"event_log", "DELETE FROM log; DELETE FROM position", ahead},
      });
  // A reaction that waits for ever, of an order that has ended.
  persistence::open_options options;
  options.path = shop.data() + "/payment-0.db";
  order::brief about;
  about.id = sold;
  persistence::payment_store{options}.exchange.put(
      {0, sold.value, 4, false, {1, domain::wallet, 3, {}, {}, {}, {}, about}});
  CHECK(broken(shop.data()) == "no reaction is put off for a case that has ended\n");
}

TEST_CASE("the audit tells a folder without stores from a store that is damaged", "[C.3]") {
  temporary_folder folder;
  CHECK_THROWS_AS(persistence::audit(folder.path() / "nothing"), persistence::no_stores);
  CHECK_THROWS_AS(persistence::audit(folder.path()), persistence::no_stores);
  {
    std::ofstream out{folder.file("wallet-0.db"), std::ios::binary};
    out << std::string(8192, 'x');
  }
  CHECK_THROWS_AS(persistence::audit(folder.path()), persistence::store_damaged);
}
