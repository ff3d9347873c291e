// A replay balances exactly when the shop says what the file says, whatever happened on the way.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>

#include "actors/runtime/node.hpp"
#include "tests/catch.hpp"
#include "tools/replay/player.hpp"

using namespace souk;
namespace fs = std::filesystem;

namespace {

constexpr const char* small_day =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
    "1,A,CUP,6,2010-12-01 08:26:00,2.55,7.0,UK\n"
    "1,B,SAUCER,2,2010-12-01 08:26:00,0.00,7.0,UK\n"
    "2,A,CUP,4,2010-12-01 08:28:00,2.10,,UK\n"
    "2,A,CUP,4,2010-12-01 08:28:00,2.10,,UK\n"
    "3,BANK CHARGES,,1,2010-12-01 09:00:00,15.00,8.0,UK\n"
    "C4,A,CUP,-1,2010-12-01 09:41:00,2.55,7.0,UK\n"
    "C5,Z,Discount,-1,2010-12-01 09:42:00,27.50,9.0,UK\n"
    "6,B,damages,-10,2010-12-01 10:00:00,0.00,,UK\n"
    "7,B,SAUCER,nothing,2010-12-01 10:00:00,1.00,7.0,UK\n"
    "8,B,SAUCER,3,2010-12-01 10:05:00,1.25,7.0,UK\n";

replay::history small_history() {
  std::istringstream in{small_day};
  return replay::read_history(in);
}

// An empty node, in a folder of its own that goes with it.
class fresh_node {
public:
  fresh_node() : data_(fs::temp_directory_path() / ("souk-replay-test-" + std::to_string(getpid()))) {
    fs::remove_all(data_);
    open();
  }
  ~fresh_node() {
    node_.reset();
    fs::remove_all(data_);
  }
  void reopen() {
    node_.reset();
    open();
  }
  std::unique_ptr<replay::shop> shop() { return replay::shop_in_process(node_->front()); }

private:
  void open() {
    runtime::node_options options;
    options.data = data_.string();
    node_ = std::make_unique<runtime::node>(std::move(options));
  }
  fs::path data_;
  std::unique_ptr<runtime::node> node_;
};

// A shop whose answers somebody meddles with.
class meddled_shop final : public replay::shop {
public:
  using meddler = std::function<void(const command&, answer&)>;
  meddled_shop(replay::shop& real, meddler meddle) : real_(real), meddle_(std::move(meddle)) {}
  void ask_all(std::size_t count, unsigned in_flight, const make_command& make, const on_answer& hear) override {
    std::vector<command> asked(count);
    real_.ask_all(
        count, in_flight, [&](std::size_t i) { return asked[i] = make(i); },
        [&](std::size_t i, answer&& said, double ms) {
          meddle_(asked[i], said);
          hear(i, std::move(said), ms);
        });
  }

private:
  replay::shop& real_;
  meddler meddle_;
};

template <class View>
void add_one_to(answer& said, std::int64_t View::*number) {
  if (auto* view = std::get_if<View>(&said.body)) view->*number += 1;
}

std::string differences(const replay::result& all) {
  std::string text;
  for (const auto& one : all.comparisons)
    if (!one.holds()) text += one.what + ": " + one.differs + '\n';
  return text;
}

}  // namespace

TEST_CASE("a replay ends with the pence of the file", "[replay]") {
  fresh_node node;
  const auto past = small_history();
  const auto all = replay::play(past, *node.shop(), {});
  CHECK(differences(all) == "");
  CHECK(all.reconciled());
  CHECK(all.completed == 4);
  CHECK(all.failed.empty());
  CHECK(all.returns_completed == 2);
  CHECK(all.known == 0);
  REQUIRE(all.best.size() == 3);
  CHECK(all.best[0] == ranking::seller{{"A"}, 14, 13});
  CHECK(all.best[1] == ranking::seller{{"B"}, 3, 3});
}

TEST_CASE("a second replay over the same shop changes nothing", "[replay]") {
  fresh_node node;
  const auto past = small_history();
  const auto first = replay::play(past, *node.shop(), {});
  node.reopen();
  const auto second = replay::play(past, *node.shop(), {});
  CHECK(differences(second) == "");
  CHECK(second.known == 6);
  CHECK(second.completed == first.completed);
  CHECK(second.best == first.best);
  CHECK(second.best_net == first.best_net);
}

TEST_CASE("a shop that is short of goods or money fails orders with a reason and still balances", "[replay]") {
  fresh_node node;
  const auto past = small_history();
  replay::play_options how;
  SECTION("goods") {
    how.stock = 7;
    const auto all = replay::play(past, *node.shop(), how);
    CHECK(differences(all) == "");
    CHECK(all.failed == std::map<std::string, std::int64_t>{{"sold_out", 1}});
    CHECK(all.returns_completed == 2);
  }
  SECTION("money") {
    how.funds = 1'600;
    const auto all = replay::play(past, *node.shop(), how);
    CHECK(differences(all) == "");
    CHECK(all.failed.at("insufficient_funds") >= 1);
    CHECK(all.returns_completed == 2);
  }
  SECTION("both, to nothing") {
    how.stock = how.funds = 0;
    const auto all = replay::play(past, *node.shop(), how);
    CHECK(differences(all) == "");
    CHECK(all.completed == 0);
    CHECK(all.best.empty());
  }
}

TEST_CASE("a shop that was furnished otherwise for the same history is left alone", "[replay]") {
  fresh_node node;
  const auto past = small_history();
  replay::play_options how;
  how.stock = 50;
  (void)replay::play(past, *node.shop(), how);
  how.stock = 60;
  CHECK_THROWS_AS(replay::play(past, *node.shop(), how), replay::furnished_otherwise);
}

TEST_CASE("the books of a shop that says anything else do not balance", "[replay]") {
  fresh_node node;
  const auto past = small_history();
  const auto shop = node.shop();
  const auto lie = [&](const meddled_shop::meddler& meddle) {
    meddled_shop meddled{*shop, meddle};
    replay::play_options how;
    how.ranking_wait_ms = 200;
    const auto all = replay::play(past, meddled, how);
    return all.reconciled() ? "balances" : differences(all);
  };
  SECTION("a penny too much in one wallet") {
    CHECK(lie([](const command&, answer& said) {
            if (auto* view = std::get_if<wallet::view>(&said.body)) view->balance.minor += view->user.text == "c-9";
          }) != "balances");
  }
  SECTION("a piece too much on one shelf") {
    CHECK(lie([](const command&, answer& said) { add_one_to(said, &product::view::stock); }) != "balances");
  }
  SECTION("an order that came to a penny less") {
    CHECK(lie([](const command&, answer& said) {
            if (auto* ticket = std::get_if<order::ticket>(&said.body)) ticket->discount.minor = 1;
          }) != "balances");
  }
  SECTION("an order that failed for no reason") {
    CHECK(lie([](const command& asked, answer& said) {
            const auto* place = std::get_if<order::place>(&asked);
            if (place && place->request == "replay-3") std::get<order::ticket>(said.body).state = order::state::failed;
          }) != "balances");
  }
  SECTION("a return that was refused") {
    CHECK(lie([](const command& asked, answer& said) {
            const auto* place = std::get_if<order::place>(&asked);
            if (place && place->request == "replay-C5") said = refuse(reason::unknown_product, "Z");
          }) != "balances");
  }
}

TEST_CASE("answers that are lost are asked for again, with the same keys", "[replay]") {
  fresh_node node;
  const auto past = small_history();
  const auto shop = node.shop();
  unsigned n = 0;
  meddled_shop meddled{*shop, [&](const command&, answer& said) {
                         if (++n % 3 == 0) said = lose(reason::unreachable);
                       }};
  const auto all = replay::play(past, meddled, {});
  CHECK(differences(all) == "");
  CHECK(all.completed == 4);
}
