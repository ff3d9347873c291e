// Orders as they come and as they go on, until interrupted.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "actors/edge/ages.hpp"
#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "tools/admin/console.hpp"

namespace souk::tools::admin {

namespace {

// What becomes of an order, and whether its saga has stopped or turned back on the way there.
std::string state_of(const ordered_json& one) {
  const auto saga = console::cell(one, "saga");
  return console::cell(one, "state") + (saga == "parked" || saga == "compensating" ? ", " + saga : "");
}

// Orders as they come and as they go on, oldest first: each when it is first seen, and again when its state is another.
// Numbers are given when a request comes, so that one may be seen after a later one: each look goes through the newest
// thousand, and further down if there were more since the last. Those that had no end yet are asked for one by one.
class feed {
public:
  feed(console& node, const wish& wanted) : node_(node), wanted_(wanted) {
    if (wanted.since.empty()) return;
    if (const auto age = edge::parse_age_ms(wanted.since)) {
      using namespace std::chrono;
      const auto now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
      placed_after_ = souk::to_text(moment{now - *age});
    } else if ((after_ = parse_number(wanted.since)); !after_) {
      throw refusal{2, "--since is a time like 90s, 10m or 2h, or the id of an order"};
    }
  }

  std::vector<ordered_json> next() {
    const bool from_the_newest = !looked_ && !after_ && placed_after_.empty();
    const auto before = std::exchange(known_, {});
    std::vector<ordered_json> fresh;
    const auto take = [&](const ordered_json& one) {
      const auto id = console::cell(one, "id"), state = state_of(one);
      known_[id] = state;
      const auto was = before.find(id);
      if ((was == before.end() || was->second != state) && fits(one)) fresh.push_back(one);
    };
    const auto newest_before = newest_;
    std::string target = "/v1/orders?limit=" + std::to_string(from_the_newest ? wanted_.limit : 1000), below;
    if (!wanted_.user.empty()) target += "&user=" + checked(wanted_.user);
    std::size_t pages = 0;
    for (bool more = true, crossed = false; more; ++pages) {
      const auto page = node_.ask("GET", target + below);
      more = page.value("has_more", false);
      if (page.at("data").empty()) break;
      number id;
      for (const auto& one : page.at("data")) {
        id = parse_number(console::cell(one, "id")).value_or(number{});
        newest_ = std::max(newest_, id);
        if (is_meant(one, id)) take(one);
      }
      if (from_the_newest && more) after_ = number{id.value - 1};  // what lies below is no news
      const bool goes_on = !looked_ ? !from_the_newest && is_meant(page.at("data").back(), id) : id > newest_before;
      // Of many that came since, a late one may lie just below them.
      const bool once_more = looked_ && pages && !crossed;
      crossed = !goes_on;
      more = more && (goes_on || once_more);
      below = "&starting_after=" + souk::to_text(id);
    }
    looked_ = true;
    ask_for_open_ones(before, take);
    const auto number_of = [](const ordered_json& one) { return parse_number(console::cell(one, "id")); };
    std::sort(fresh.begin(), fresh.end(), [&](const auto& x, const auto& y) { return number_of(x) < number_of(y); });
    return fresh;
  }

private:
  bool is_meant(const ordered_json& one, number id) const {
    return (!after_ || id > *after_) && console::cell(one, "placed") >= placed_after_;
  }
  template <class Take>
  void ask_for_open_ones(const std::map<std::string, std::string>& before, const Take& take) {
    std::vector<std::string> open;
    for (const auto& [id, state] : before)
      if (state.starts_with("PENDING") && !known_.count(id)) open.push_back(id), known_[id] = state;
    constexpr std::size_t at_a_look = 100;  // in turns, if there are more
    for (std::size_t i = 0; i < std::min(open.size(), at_a_look); ++i)
      take(node_.ask("GET", "/v1/orders/" + open[(turn_ + i) % open.size()]));
    turn_ += at_a_look;
  }
  bool fits(const ordered_json& one) const {
    const auto is = [&](const char* member, const std::string& wish) {
      return wish.empty() || console::cell(one, member) == wish;
    };
    const auto has = [&](const std::string& product) {
      const auto& items = one.at("items");
      return product.empty() || std::any_of(items.begin(), items.end(), [&](const auto& line) {
               return console::cell(line, "product") == product;
             });
    };
    return (is("state", wanted_.state) || is("saga", wanted_.state)) && is("flow", wanted_.flow) &&
           is("reason", wanted_.reason) && has(wanted_.product);
  }

  console& node_;
  const wish& wanted_;
  std::optional<number> after_;  // these are news
  std::string placed_after_;     // likewise
  number newest_;                // that was seen
  bool looked_ = false;
  std::size_t turn_ = 0;
  std::map<std::string, std::string> known_;  // by id: the states of those that the last look went through
};

}  // namespace

// What becomes of orders, as it comes, until interrupted: a line each time.
void tail(console& node, const wish& wanted) {
  for (feed orders{node, wanted}; std::cout;) {
    for (const auto& one : orders.next()) {
      if (node.json()) {
        node.print(one);
        continue;
      }
      std::cout << console::cell(one, one.contains("ended") ? "ended" : "placed") << "  " << console::cell(one, "id")
                << "  " << state_of(one) << "  " << console::cell(one, "user") << "  "
                << pounds(one.value("paid", std::int64_t{0})) << ' ' << console::cell(one, "currency") << "  "
                << console::cell(one, "reason") << std::endl;
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(wanted.every_s));
  }
}

}  // namespace souk::tools::admin
