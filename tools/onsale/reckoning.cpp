// Counts, and compares with what the node says.
#include "tools/onsale/reckoning.hpp"

#include <chrono>
#include <set>
#include <thread>

namespace souk::onsale {

namespace {
constexpr std::chrono::milliseconds poll{20};
constexpr std::chrono::milliseconds ranking_wait{20'000};
}  // namespace

void reckoning::into(result& all) {
  all.seats = static_cast<std::int64_t>(hall_.size());
  all.sold = static_cast<std::int64_t>(seats_.sold.size());
  for (const auto& one : visitors_) {
    all.ends[one.end] += 1;
    for (const auto& [seat, price] : one.bought) {
      all.taken += price;
      all.payments += 1;
    }
  }
  seats(all);
  wallets(all);
  places(all);
  const bool full = all.sold == all.seats;
  all.comparisons.push_back(
      {full ? "the ranking has the date, once" : "the ranking does not have the date, which has seats left",
       ranking_differs(full ? 1 : 0)});
}

void reckoning::seats(result& all) {
  std::map<std::string, std::int64_t> prices;
  for (const auto& one : hall_) prices[one.id] = one.price;
  std::map<std::string, std::string> owners;
  std::string twice, wrong;
  for (const auto& one : visitors_)
    for (const auto& [seat, price] : one.bought) {
      const auto [before, fresh] = owners.emplace(seat, one.id);
      if (!fresh && twice.empty()) twice = seat + " went to " + before->second + " and to " + one.id;
      if (const auto its = prices.find(seat); wrong.empty() && (its == prices.end() || its->second != price))
        wrong = one.id + " paid " + std::to_string(price) + " for " + seat;
    }
  std::set<std::string> sold{seats_.sold.begin(), seats_.sold.end()};
  std::string unowned;
  for (const auto& one : sold)
    if (!owners.contains(one) && unowned.empty()) unowned = one + " is sold, but nobody has paid for it";
  for (const auto& [seat, owner] : owners)
    if (!sold.contains(seat) && unowned.empty()) unowned = owner + " paid for " + seat + ", which is not his";
  all.comparisons.push_back({"no seat went to two visitors", twice});
  all.comparisons.push_back({"every seat cost what its category costs", wrong});
  all.comparisons.push_back({"every sold seat is paid for, and every payment has its seat", unowned});
}

void reckoning::wallets(result& all) const {
  std::string poorer;
  for (const auto& one : visitors_) {
    auto expected = one.funds;
    for (const auto& [seat, price] : one.bought) expected -= price;
    if (one.left != expected && poorer.empty())
      poorer = one.id + " has " + std::to_string(one.left) + ", expected " + std::to_string(expected);
  }
  all.comparisons.push_back({"every wallet holds what was charged less what its seats cost", poorer});
}

void reckoning::places(result& all) const {
  std::set<std::int64_t> places;
  for (const auto& one : visitors_) places.insert(one.first_place);
  const bool own = places.size() == visitors_.size() && *places.begin() >= 1;
  all.comparisons.push_back({"every visitor had a place of his own", own ? "" : "two visitors have one place"});
}

std::string reckoning::ranking_differs(std::int64_t expected) {
  const auto end = std::chrono::steady_clock::now() + ranking_wait;
  while (true) {
    std::int64_t times = 0;
    const auto ranking = booth_.get("/v1/rankings/sold-out?limit=1000").body;
    for (const auto& one : ranking["data"]) times += one["schedule"] == schedule_;
    if (times == expected) return {};
    // It follows the payments through their outbox.
    if (std::chrono::steady_clock::now() > end)
      return "it stands there " + std::to_string(times) + " times, expected " + std::to_string(expected);
    std::this_thread::sleep_for(poll);
  }
}

}  // namespace souk::onsale
