// Letters that are lost and doubled, desks and coordinators that fall, nodes that stop half way: every order ends once.
#include <atomic>
#include <mutex>
#include <random>
#include <thread>

#include "actors/runtime/stage.hpp"
#include "actors/runtime/wire.hpp"
#include "actors/sagas/plans.hpp"
#include "tests/catch.hpp"
#include "tests/world/shop.hpp"

using namespace souk;
using namespace souk::tests;
using order::state;

namespace {

template <class T>
const T* in(const caf::message& what) {
  return what.match_elements<T>() ? &what.get_as<T>(0) : nullptr;
}
template <class Command>
bool carries(const caf::message& what) {
  if (const auto* mail = in<envelope>(what))
    for (const auto& one : mail->letters)
      if (std::holds_alternative<Command>(one.command)) return true;
  return false;
}

// Carries as the ordinary link does; what is derived from it does worse.
struct fair_link : runtime::link {
  void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) override {
    to->enqueue(from, caf::make_message_id(), std::move(what), nullptr);
  }
};

// Loses and doubles what it carries, by seed.
struct bad_link final : fair_link {
  explicit bad_link(std::uint64_t seed) : dice(seed) {}
  void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) override {
    std::uint64_t roll = 0;
    {
      const std::lock_guard hold{mutex};
      roll = dice() % 100;
    }
    if (roll < 10 && !good) return;
    if (roll < 30 && !good) fair_link::carry(from, to, what);
    fair_link::carry(from, to, std::move(what));
  }
  std::mutex mutex;
  std::mt19937_64 dice;
  std::atomic<bool> good{true};
};

// Loses the first answers that a desk gives to Command.
template <class Command>
struct deaf_link final : fair_link {
  void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) override {
    if (carries<Command>(what)) desk = to.id();
    if (in<responses>(what) && from && from->id() == desk && lost < wanted) {
      ++lost;
      return;
    }
    fair_link::carry(from, to, std::move(what));
  }
  std::atomic<caf::actor_id> desk{0};
  std::atomic<int> lost{0};
  int wanted = 1;
};

// Keeps letters with Command back until they are let go: they arrive late.
template <class Command>
struct slow_link final : fair_link {
  struct kept {
    caf::strong_actor_ptr from;
    caf::actor to;
    caf::message what;
  };
  void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) override {
    if (keeping && carries<Command>(what)) {
      const std::lock_guard hold{mutex};
      late.push_back({from, to, std::move(what)});
      return;
    }
    fair_link::carry(from, to, std::move(what));
  }
  void let_go() {
    keeping = false;
    const std::lock_guard hold{mutex};
    for (auto& one : late) fair_link::carry(one.from, one.to, std::move(one.what));
    late.clear();
  }
  std::size_t kept_back() {
    const std::lock_guard hold{mutex};
    return late.size();
  }
  std::atomic<bool> keeping{true};
  std::mutex mutex;
  std::vector<kept> late;
};

// A domain that throws when so many commands are through.
sim::guarded::guard throws_once(std::shared_ptr<std::atomic<int>> left) {
  return [left = std::move(left)](const command&) -> std::optional<answer> {
    if (--*left == 0) throw std::runtime_error("broken on purpose");
    return std::nullopt;
  };
}

// A crowd of orders of which some lack money, some goods, some have coupons.
std::vector<want> crowd(shop& shop, int n) {
  for (int i = 0; i < 20; ++i) shop.user("u" + std::to_string(i), i % 5 ? 1'000'000 : 700);
  for (int i = 0; i < 10; ++i) shop.product("p" + std::to_string(i), 100 + i, i == 9 ? 20 : 100'000);
  std::vector<want> all;
  for (int i = 0; i < n; ++i) {
    const auto user = "u" + std::to_string(i % 20);
    const auto first = "p" + std::to_string(i % 10), second = "p" + std::to_string((i * 7 + 3) % 10);
    coupon_id coupon;
    using order::flow;
    static constexpr flow flows[]{flow::order_payment, flow::balance_first, flow::stock_first, flow::by_events};
    const bool parts = shop.options().shards[static_cast<std::size_t>(domain::product)] > 1;
    const auto flow = flows[i % (parts ? 3 : 4)];
    if (sagas::uses_coupons(flow) && i % 6 == 0) coupon = shop.coupon("C" + std::to_string(i), user, {{}, 10});
    all.push_back({user, {{{first}, 1 + i % 3, {}}, {{second}, 1, {}}}, coupon, {}, false, flow});
  }
  return all;
}

void all_ended(shop& shop, const std::vector<order::ticket>& tickets) {
  CHECK(eventually([&] { return shop.node().sagas_running() == 0; }));
  // What fails by events is decided before everybody has undone its part.
  for (const auto& one : tickets)
    if (one.id) CHECK(eventually([&] { return shop.find(one.id).ended.ms != 0; }));
  int completed = 0, failed = 0;
  for (const auto& one : tickets) {
    completed += one.state == state::completed;
    failed += one.state == state::failed && one.why != reason::none;
  }
  CHECK(completed > 0);
  CHECK(failed > 0);
  for (const auto& one : tickets)
    if (one.state != state::completed && (one.state != state::failed || one.why == reason::none))
      UNSCOPED_INFO("order " << to_text(one.id) << " is in state " << static_cast<int>(one.state) << ": "
                             << (one.id ? shop.timeline(one.id) : "never answered"));
  CHECK(completed + failed == static_cast<int>(tickets.size()));
}

}  // namespace

TEST_CASE("an answer that is lost after the commit is asked for again, and the effect is one", "[S0.6][S1.6][S4.5]") {
  const auto link = std::make_shared<deaf_link<wallet::debit>>();
  link->wanted = 2;
  auto options = shop::impatient();
  options.around.link = link;
  shop shop{options};
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  const auto bought = shop.buy({"ann", {{{"cup"}, 1, {}}}, {}});
  CHECK(link->lost == 2);
  CHECK(bought.state == state::completed);
  CHECK(shop.balance("ann") == 700);
  CHECK(shop.timeline(bought.id).find("asked debit_wallet, asked debit_wallet") != std::string::npos);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a step that never answers counts as lost: it is undone, and the late command is refused", "[S1.6][S4.3]") {
  const auto link = std::make_shared<slow_link<wallet::debit>>();
  auto options = shop::impatient();
  options.around.link = link;
  options.around.answer_ms = 100;
  shop shop{options};
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  const auto bought = shop.buy({"ann", {{{"cup"}, 1, {}}}, {}});
  CHECK(bought.state == state::failed);
  CHECK(bought.why == reason::unreachable);
  CHECK(link->kept_back() > 1);
  link->let_go();
  CHECK(shop.balance("ann") == 1'000);  // asked after the late letters, by the same desk
  CHECK(shop.stock("cup") == 10);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("an order that is cancelled before its pivot walks back, and a late debit raises no balance",
          "[S1.6][S4.3]") {
  const auto link = std::make_shared<slow_link<wallet::debit>>();
  auto options = shop::impatient();
  options.around.link = link;
  options.around.answer_ms = 5'000;
  shop shop{options};
  shop.user("ann", 1'000);
  shop.product("cup", 300, 10);
  const auto coupon = shop.coupon("TEN", "ann", {{}, 10});
  auto place = shop.placing({"ann", {{{"cup"}, 2, {}}}, coupon});
  place.wait = false;
  const auto placed = std::get<order::ticket>(shop.ask(place).body);
  CHECK(placed.state == state::pending);
  REQUIRE(eventually([&] { return link->kept_back() > 0; }));
  CHECK(shop.stock("cup") == 8);
  for (int i = 0; i < 2; ++i) {
    const auto said = std::get<order::ticket>(shop.ask(order::cancel{placed.id, true, shop.now()}).body);
    CHECK(said.state == state::cancelled);
    CHECK(said.why == reason::cancelled);
  }
  link->let_go();
  CHECK(shop.balance("ann") == 1'000);
  CHECK(shop.stock("cup") == 10);
  CHECK(shop.coupon_state(coupon) == coupon::state::issued);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("with letters lost and doubled 300 orders end, and every book balances", "[S0.6][S1.6][C.4]") {
  const auto seed = GENERATE(1U, 2U);
  INFO("seed " << seed);
  const auto link = std::make_shared<bad_link>(seed);
  auto options = shop::impatient();
  options.around.link = link;
  options.around.seed = seed;
  for (const auto of : {domain::wallet, domain::product, domain::order})
    options.shards[static_cast<std::size_t>(of)] = seed;
  shop shop{options};
  const auto all = crowd(shop, 300);
  link->good = false;
  const auto tickets = shop.buy_all(all);
  all_ended(shop, tickets);
  link->good = true;
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a desk whose code throws is seated anew, and every order ends", "[C.4][S0.8][S4.5]") {
  const auto which = GENERATE(domain::wallet, domain::product, domain::order, domain::coupon, domain::payment);
  INFO(to_text(which));
  auto left = std::make_shared<std::atomic<int>>(which == domain::payment ? 2 : 60);
  auto options = shop::impatient();
  options.around.patience.tries_before_lost = 1'000;  // however slow the machine: every order outlasts the falls
  options.make_brain = guarding({which}, throws_once(left));
  shop shop{options};
  const auto tickets = shop.buy_all(crowd(shop, 200));
  // The books of payments are told in large batches, and later than the others.
  CHECK(eventually([&] { return *left <= 0; }));
  all_ended(shop, tickets);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("who still runs what another has ended moves neither goods nor money", "[C.4][S1.6][S0.6]") {
  const auto flow = GENERATE(order::flow::order_payment, order::flow::stock_first, order::flow::balance_first,
                             order::flow::take_back);
  INFO(sagas::plan_of(flow).name());
  // The first who asks for the user gets no answer; he asks again when another has heard that there is none, has failed
  // the order, and the user has come after all.
  auto asked = std::make_shared<std::atomic<int>>(0);
  auto options = shop::impatient();
  options.around.adopt_ms = 20;
  options.around.answer_ms = patience_ms;  // nor does it ask for its open cases meanwhile
  options.around.patience.pause_ms_first = options.around.patience.pause_ms_max = 3'000;
  const auto guard = [=](const command& what) -> std::optional<answer> {
    if (!std::holds_alternative<user::verify>(what) || (*asked)++) return std::nullopt;
    return lose(reason::unreachable);
  };
  options.make_brain = guarding({domain::user}, guard);
  shop shop{options};
  shop.product("cup", 300, 10);
  auto place = shop.placing({"ann", {{{"cup"}, 2, {}}}, {}, {}, flow == order::flow::take_back, flow});
  if (flow == order::flow::take_back) place.lines[0].amount = {600};
  place.wait = false;
  shop.node().front().ask(place, {{}, patience_ms, 0}, [](answer&&) {});
  REQUIRE(eventually([&] { return *asked > 0; }));
  const auto id = std::get<order::view>(shop.ask(order::find_request{place.request}).body).id;
  shop.node().hide_coordinator(slice_of(id) % shop.options().coordinators);
  REQUIRE(eventually([&] { return shop.find(id).state == state::failed; }));
  shop.user("ann", 10'000);
  REQUIRE(eventually([&] { return shop.node().sagas_running() == 0; }));
  CHECK(shop.stock("cup") == 10);
  CHECK(shop.balance("ann") == 10'000);
  shop.node().show_coordinators();
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a return whose goods came in before it was turned back is paid for after all", "[C.4][S1.6][S0.6]") {
  // As above; but who turns it back hears of the goods only when the other has taken them in.
  auto asked = std::make_shared<std::atomic<int>>(0), forbidden = std::make_shared<std::atomic<int>>(0);
  auto is_in = std::make_shared<std::atomic<bool>>(false);
  auto options = shop::impatient();
  options.around.adopt_ms = 20;
  options.around.answer_ms = patience_ms;
  options.around.patience.pause_ms_first = options.around.patience.pause_ms_max = 1'000;
  options.around.patience.tries_before_parked = 200;
  const auto guard = [=](const command& what) -> std::optional<answer> {
    if (std::holds_alternative<user::verify>(what) && !(*asked)++) return lose(reason::unreachable);
    if (std::holds_alternative<product::take_in>(what)) *is_in = true;
    if (!std::holds_alternative<recall>(what) || *is_in) return std::nullopt;
    ++*forbidden;
    return lose(reason::unreachable);
  };
  options.make_brain = guarding({domain::user, domain::product}, guard);
  shop shop{options};
  shop.product("cup", 300, 10);
  auto place = shop.placing({"ann", {{{"cup"}, 2, {}}}, {}, {}, true, order::flow::take_back});
  place.lines[0].amount = {600};
  place.wait = false;
  const auto id = std::get<order::ticket>(shop.ask(place).body).id;
  REQUIRE(eventually([&] { return *asked > 0; }));
  shop.node().hide_coordinator(slice_of(id) % shop.options().coordinators);
  REQUIRE(eventually([&] { return *forbidden > 0; }));
  shop.user("ann", 10'000);
  REQUIRE(eventually([&] { return shop.node().sagas_running() == 0; }));
  CHECK(shop.find(id).state == state::completed);
  CHECK(shop.find(id).why == reason::none);
  CHECK(shop.stock("cup") == 12);
  CHECK(shop.balance("ann") == 10'600);
  shop.node().show_coordinators();
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("what waits for an operator waits on when its desk or its coordinator changes", "[C.4][S0.6]") {
  auto options = shop::impatient();
  options.around.adopt_ms = 20;
  options.around.patience.tries_before_lost = options.around.patience.tries_before_parked = 2;
  options.around.patience.pause_ms_first = 1;
  auto silent = std::make_shared<std::atomic<bool>>(true);
  auto asked = std::make_shared<std::atomic<int>>(0);
  const auto guard = [=](const command& what) -> std::optional<answer> {
    const auto* there = std::get_if<wallet::debit>(&what);
    const auto* back = std::get_if<wallet::undo_debit>(&what);
    if (!(there && there->user.text == "ann") && !(back && back->user.text == "ann")) return std::nullopt;
    ++*asked;
    return *silent ? std::optional{lose(reason::unreachable)} : std::nullopt;
  };
  options.make_brain = guarding({domain::wallet}, guard);
  shop shop{options};
  shop.user("ann", 10'000);
  shop.product("cup", 300, 10);
  auto place = shop.placing({"ann", {{{"cup"}, 2, {}}}, {}});
  place.wait = false;
  const auto id = std::get<order::ticket>(shop.ask(place).body).id;
  const auto stands = [&] { return shop.find(id).saga == order::saga_state::parked; };
  REQUIRE(eventually(stands));
  const auto share = slice_of(id) % shop.options().coordinators;
  const auto before = asked->load();
  const auto& falls = shop.node().figures().supervision->restarts;
  const auto fallen = falls.load();
  shop.node().fell({domain::order, 0});
  REQUIRE(eventually([&] { return falls > fallen; }));
  shop.node().hide_coordinator(share);
  const auto& stand_in = shop.node().figures().coordinators[(share + 1) % shop.options().coordinators];
  REQUIRE(eventually([&] { return stand_in->adopted == 1 && stand_in->parked == 1; }));
  shop.node().show_coordinators();
  // Whoever comes back asks for it at once, and each order is run in its newest turn.
  const auto another = shop.placing({"ben", {{{"cup"}, 1, {}}}, {}});
  CHECK(shop.ask(another).what != verdict::lost);
  CHECK(stands());
  CHECK(*asked == before);
  *silent = false;
  CHECK(shop.ask(order::repair{id, order::remedy::retry, "a test", "", "olga", false, shop.now()}).done());
  REQUIRE(eventually([&] { return shop.node().sagas_running() == 0; }));
  CHECK(shop.find(id).state == state::failed);
  CHECK(shop.balance("ann") == 10'000);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("who is nearer in line stands in, and who did so meanwhile does so no more", "[C.4]") {
  auto options = shop::impatient();
  options.coordinators = 3;
  options.around.adopt_ms = 20;
  shop shop{options};
  shop.user("ann", 1'000'000);
  shop.product("cup", 300, 1'000);
  const auto stand_in = [&](std::size_t who, std::int64_t shares) {
    return eventually([&] { return shop.node().figures().coordinators[who]->adopted == shares; });
  };
  const auto sells = [&] {
    std::vector<want> all(20, want{"ann", {{{"cup"}, 1, {}}}, {}, {}});
    for (const auto& one : shop.buy_all(all)) CHECK(one.state == state::completed);
  };
  shop.node().hide_coordinator(0);
  shop.node().hide_coordinator(1);
  CHECK(stand_in(2, 2));
  sells();
  shop.node().show_coordinators();
  shop.node().hide_coordinator(0);
  CHECK(stand_in(1, 1));
  CHECK(stand_in(2, 0));
  sells();
  shop.node().show_coordinators();
  CHECK(stand_in(1, 0));
  sells();
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a node whose desk falls again and again says so and does not start", "[C.4]") {
  temporary_folder folder;
  runtime::stage stage{1};  // its clock makes the pauses between the falls short
  runtime::node_options options;
  options.data = folder.file("data");
  options.around = stage.around();
  options.make_brain =
      guarding({domain::order}, [](const command&) -> std::optional<answer> { throw std::logic_error("no"); });
  CHECK_THROWS_AS(runtime::node(std::move(options)), runtime::given_up);
}

TEST_CASE("desks that are felled again and again lose nothing", "[C.4][S0.8]") {
  auto options = shop::impatient();
  for (const auto of : {domain::wallet, domain::product}) options.shards[static_cast<std::size_t>(of)] = 2;
  shop shop{options};
  const auto all = crowd(shop, 200);
  std::atomic<bool> done{false};
  std::thread feller{[&] {
    for (int round = 0; round < 6 && !done; ++round)
      for (const auto at : {runtime::directory::place{domain::wallet, 1}, {domain::product, 0}, {domain::order, 0}}) {
        shop.node().fell(at);
        std::this_thread::sleep_for(std::chrono::milliseconds{40});
      }
  }};
  const auto tickets = shop.buy_all(all);
  done = true;
  feller.join();
  all_ended(shop, tickets);
  CHECK(shop.node().figures().supervision->given_up == 0);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("coordinators that fall go on with their sagas from what is durable", "[C.4]") {
  // The link sees the coordinators: cases are begun by letters to them.
  struct spy_link final : fair_link {
    void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) override {
      const bool fell = in<begin>(what) && ++begins % 5 == 0 && fallen < 8;
      fair_link::carry(from, to, std::move(what));
      if (fell) {
        ++fallen;
        caf::anon_send_exit(to, caf::exit_reason::unhandled_exception);
      }
    }
    std::atomic<int> begins{0};
    std::atomic<int> fallen{0};
  };
  const auto link = std::make_shared<spy_link>();
  auto options = shop::impatient();
  options.around.link = link;
  shop shop{options};
  const auto all = crowd(shop, 60);
  std::vector<order::ticket> tickets;
  for (std::size_t i = 0; i < all.size(); i += 5)
    for (const auto& one :
         shop.buy_all({all.begin() + static_cast<std::ptrdiff_t>(i), all.begin() + static_cast<std::ptrdiff_t>(i) + 5}))
      tickets.push_back(one);
  CHECK(link->fallen > 0);
  all_ended(shop, tickets);
  CHECK(shop.broken_invariants() == "");
}

TEST_CASE("a node that stops half way goes on where it was when it starts again", "[C.4][S0.1][S4.4]") {
  shop shop;
  const auto all = crowd(shop, 300);
  std::vector<order::place> placed;
  for (const auto& one : all) {
    auto place = shop.placing(one);
    place.wait = false;
    placed.push_back(place);
    shop.node().front().ask(place, [](answer&&) {});
  }
  shop.close();
  shop.open();
  std::vector<order::ticket> tickets;
  for (auto& place : placed) {
    place.wait = true;
    tickets.push_back(std::get<order::ticket>(shop.ask(place).body));
  }
  all_ended(shop, tickets);
  CHECK(shop.broken_invariants() == "");
}
