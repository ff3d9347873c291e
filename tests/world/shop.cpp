// Fills and asks the shop of the tests.
#include "tests/world/shop.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <thread>

#include "actors/runtime/roster.hpp"
#include "actors/sagas/plans.hpp"
#include "persistence/audit.hpp"

namespace souk::tests {

namespace {
template <class T>
const T& body_of(const answer& said) {
  const auto* body = std::get_if<T>(&said.body);
  if (!said.done() || !body)
    throw std::runtime_error("refused or lost: " + std::string{to_text(said.why)} + ' ' + said.detail);
  return *body;
}
}  // namespace

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds{patience_ms};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

decltype(runtime::node_options::make_brain) guarding(std::vector<domain> which, sim::guarded::guard guard) {
  return [which = std::move(which), guard = std::move(guard)](
             runtime::directory::place at, const persistence::open_options& store) -> std::unique_ptr<domains::brain> {
    if (std::find(which.begin(), which.end(), at.domain) == which.end()) return nullptr;
    return std::make_unique<sim::guarded>(runtime::make_brain(at.domain, at.shard, store), guard);
  };
}

runtime::node_options shop::impatient() {
  spdlog::set_level(spdlog::level::off);  // falls are made on purpose here
  runtime::node_options options;
  options.around.seed = 1;
  options.coordinators = 2;
  options.around.answer_ms = 400;
  options.around.sweep_ms = 10;
  options.around.patience.tries_before_parked = 40;
  options.around.patience.pause_ms_first = 20;
  options.around.patience.pause_ms_max = 500;
  return options;
}

shop::shop(runtime::node_options options) : options_(std::move(options)) {
  if (options_.data.empty()) options_.data = data();
  open();
}

void shop::open() { node_ = std::make_unique<runtime::node>(options_); }

answer shop::ask(command what) { return node_->front().ask_now(std::move(what), {{}, patience_ms, 400}); }

void shop::user(const std::string& name, std::int64_t balance) {
  body_of<user::view>(ask(user::put{{name}, name, now()}));
  if (balance) body_of<wallet::view>(ask(wallet::charge{"fill-" + name, {name}, {balance}, now()}));
}

void shop::product(const std::string& name, std::int64_t price, std::int64_t stock) {
  body_of<product::view>(ask(product::put{{name}, name, {price}, stock, now()}));
}

coupon_id shop::coupon(const std::string& code, const std::string& user, souk::coupon::discount off) {
  body_of<souk::coupon::campaign>(ask(souk::coupon::put{{code}, off, 1'000, {}, {}}));
  return body_of<souk::coupon::view>(ask(souk::coupon::issue{"for-" + user, {code}, {user}, now()})).coupon;
}

order::place shop::placing(const want& what) {
  order::place place;
  place.request = what.request.empty() ? "request-" + std::to_string(++requests_) : what.request;
  place.user = {what.user};
  place.lines = what.lines;
  place.coupon = what.coupon;
  place.agreed = what.agreed;
  place.flow = what.flow;
  place.wait = true;
  place.at = now();
  return place;
}

order::ticket shop::buy(const want& what) { return body_of<order::ticket>(ask(placing(what))); }

std::vector<order::ticket> shop::buy_all(const std::vector<want>& all) {
  struct shared {
    std::mutex mutex;
    std::condition_variable told;
    std::vector<order::ticket> tickets;
    std::size_t open = 0;
  };
  auto common = std::make_shared<shared>();
  common->tickets.resize(all.size());
  common->open = all.size();
  // Asked again later than the coordinators ask again: a crowd that repeats itself on a slow machine makes it slower.
  const auto again_ms = options_.around.answer_ms * 5 / 2;
  for (std::size_t i = 0; i < all.size(); ++i)
    node_->front().ask(placing(all[i]), {{}, patience_ms, again_ms}, [common, i](answer&& said) {
      const std::lock_guard hold{common->mutex};
      if (const auto* ticket = std::get_if<order::ticket>(&said.body)) common->tickets[i] = *ticket;
      if (--common->open == 0) common->told.notify_all();
    });
  std::unique_lock hold{common->mutex};
  common->told.wait(hold, [&] { return common->open == 0; });
  return common->tickets;
}

std::int64_t shop::stock(const std::string& product) {
  return body_of<product::view>(ask(product::find{{product}})).stock;
}
std::int64_t shop::balance(const std::string& user) {
  return body_of<wallet::view>(ask(wallet::find{{user}})).balance.minor;
}
souk::coupon::state shop::coupon_state(coupon_id coupon) {
  return body_of<souk::coupon::view>(ask(souk::coupon::find{coupon})).now;
}
order::view shop::find(number id) { return body_of<order::view>(ask(order::find{id})); }

std::string shop::timeline(number id) {
  static constexpr std::array<std::string_view, 13> marks{"began",        "asked",    "done",   "refused", "lost",
                                                          "undoing",      "undone",   "parked", "ended",   "recovered",
                                                          "cancel_asked", "repaired", "skipped"};
  const auto view = find(id);
  std::string text;
  for (const auto& one : view.timeline) {
    text += (text.empty() ? "" : ", ") + std::string{marks[static_cast<std::size_t>(one.what)]};
    const bool of_a_step = one.what != order::mark::began && one.what != order::mark::ended &&
                           one.what != order::mark::recovered && one.what != order::mark::cancel_asked;
    if (of_a_step) text += ' ' + std::string{sagas::plan_of(view.flow).stages()[one.step].step->name};
    if (one.why != reason::none) text += " (" + std::string{to_text(one.why)} + ')';
  }
  return text;
}

std::string shop::broken_invariants(std::int64_t running) {
  close();
  persistence::audit_figures figures;
  std::string text;
  for (const auto& one : persistence::audit(options_.data, &figures)) {
    if (one.holds()) continue;
    text += "NOT " + one.name + " (" + std::to_string(one.violations) + "):\n";
    for (const auto& row : one.rows) text += "  " + row + '\n';
  }
  if (figures.parked) text += std::to_string(figures.parked) + " sagas are parked\n";
  if (figures.running != running) text += std::to_string(figures.running) + " sagas are left running\n";
  return text;
}

}  // namespace souk::tests
