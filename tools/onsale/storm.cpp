// Sends the visitors in, and counts afterwards.
#include "tools/onsale/storm.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>

namespace souk::onsale {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

enum class habit : std::uint8_t { plain, vanishes, pays_again, repeats, too_poor, dawdles };

constexpr int attempts_max = 20;  // a storm that was killed often has spoilt many tokens
constexpr milliseconds poll{20};
constexpr milliseconds ranking_wait{20'000};

struct visitor {
  std::string id;
  habit is{};
  std::int64_t funds = 0;
  std::uint64_t dice = 0;
  std::string token;  // of the first attempt
  std::int64_t place = 0;
  // what came of it
  std::string end = "nothing yet";
  std::vector<std::pair<std::string, std::int64_t>> bought;  // seat and price
};

habit habit_of(std::uint64_t roll) {
  struct share {
    habit is;
    std::uint64_t percent;
  };
  static constexpr share shares[]{
      {habit::vanishes, 10}, {habit::pays_again, 12}, {habit::repeats, 12}, {habit::too_poor, 8}, {habit::dawdles, 8}};
  auto left = roll % 100;
  for (const auto& one : shares) {
    if (left < one.percent) return one.is;
    left -= one.percent;
  }
  return habit::plain;
}

class storm {
public:
  storm(const hall& in, booth& at, const storm_options& options) : hall_(in), booth_(at), options_(options) {
    const auto [cheapest, dearest] =
        std::minmax_element(in.begin(), in.end(), [](const auto& a, const auto& b) { return a.price < b.price; });
    std::mt19937_64 dice{options.seed};
    for (unsigned i = 0; i < options.users; ++i) {
      visitor one;
      one.id = "visitor-" + run_name() + '-' + std::to_string(i);
      one.is = habit_of(dice());
      one.dice = dice();
      one.funds = one.is == habit::too_poor ? std::max<std::int64_t>(cheapest->price - 1, 0) : dearest->price;
      visitors_.push_back(std::move(one));
    }
  }

  result play() {
    const auto began = std::chrono::steady_clock::now();
    furnish();
    {
      tools::progress shown{"joining", visitors_.size(), options_.screen};
      all_hands(visitors_, [&](visitor& one) {
        const auto token = join(one, 0);
        one.token = token["token"];
        one.place = token["place"];
        shown.advance();
      });
      shown.finish();
    }
    std::sort(visitors_.begin(), visitors_.end(), [](const auto& a, const auto& b) { return a.place < b.place; });
    {
      tools::progress shown{"visitors", visitors_.size(), options_.screen};
      all_hands(visitors_, [&](visitor& one) {
        visit(one);
        shown.advance();
      });
      shown.finish();
    }
    all_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    count();
    return std::move(all_);
  }

private:
  // Twice as many hands as are let in, so that whoever is let in is never kept waiting for a hand.
  template <class Work>
  void all_hands(std::vector<visitor>& who, Work work) {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    std::exception_ptr trouble;
    std::vector<std::thread> crew;
    const auto hands = std::min<std::size_t>(
        who.size(), std::clamp<std::size_t>(static_cast<std::size_t>(options_.admits) * 2, 8, 200));
    for (std::size_t i = 0; i < hands; ++i)
      crew.emplace_back([&] {
        try {
          for (auto at = next++; at < who.size(); at = next++) work(who[at]);
        } catch (...) {
          const std::lock_guard hold{mutex};
          if (!trouble) trouble = std::current_exception();
          next = who.size();
        }
      });
    for (auto& one : crew) one.join();
    if (trouble) std::rethrow_exception(trouble);
  }

  std::string run_name() const { return std::to_string(options_.seed); }
  std::string schedule() const { return "date-" + run_name(); }

  void furnish() {
    json seats = json::array();
    for (const auto& one : hall_)
      seats.push_back({{"id", one.id},
                       {"section", one.section},
                       {"row", one.row},
                       {"number", one.number},
                       {"category", one.category},
                       {"price", one.price}});
    const auto listed = booth_.ask("PUT", "/v1/concerts/concert-" + run_name(),
                                   {{"name", "On sale"},
                                    {"schedules",
                                     {{{"id", schedule()},
                                       {"starts", "2030-01-01T20:00:00Z"},
                                       {"admits", options_.admits},
                                       {"hold_seconds", options_.hold_seconds},
                                       {"seats", seats}}}}});
    must(listed, "the concert");
    tools::progress shown{"users", visitors_.size(), options_.screen};
    all_hands(visitors_, [&](visitor& one) {
      must(booth_.ask("PUT", "/v1/users/" + one.id, {{"name", "A visitor"}}), one.id);
      if (one.funds)
        must(booth_.ask("POST", "/v1/wallets/" + one.id + "/charges", {{"amount", one.funds}}, "funds"), one.id);
      shown.advance();
    });
    shown.finish();
  }

  static void must(const said& what, const std::string& of) {
    if (!what.well()) throw std::runtime_error(of + ": " + what.body.dump());
  }

  json join(const visitor& who, int attempt) {
    const auto got = booth_.ask("POST", "/v1/schedules/" + schedule() + "/queue-tokens", {{"user", who.id}},
                                who.id + "-join-" + std::to_string(attempt));
    must(got, who.id);
    return got.body;
  }

  void visit(visitor& who) {
    for (int attempt = 0; attempt < attempts_max && who.end == "nothing yet"; ++attempt) try_once(who, attempt);
    if (who.end == "nothing yet") who.end = "no luck";
  }

  void try_once(visitor& who, int attempt) {
    const auto token = attempt == 0 ? who.token : join(who, attempt)["token"].get<std::string>();
    const auto payment = who.id + "-pay-" + std::to_string(attempt);
    // What an earlier run of this storm has begun comes to its end first.
    if (auto before = ended(payment); before && settle(who, *before)) return;
    const auto now = wait_for_turn(who, token);
    if (now != "ADMITTED") {
      if (now == "SOLD OUT") who.end = "came too late";
      if (now == "EXPIRED" && who.is == habit::vanishes) who.end = "vanished";
      return;
    }
    if (who.is == habit::vanishes) {
      who.end = "vanished";
      return;
    }
    const auto reservation = hold(who, token, attempt);
    if (!reservation) return;
    if (who.is == habit::dawdles && attempt == 0)
      std::this_thread::sleep_for(milliseconds{options_.hold_seconds * 1000 + 50});
    pay(who, payment, *reservation);
    settle(who, *ended(payment));
  }

  // The payment's end, if there is such a payment.
  std::optional<json> ended(const std::string& payment) {
    while (true) {
      const auto found = booth_.get("/v1/seat-payments/" + payment);
      if (found.status == 404) return std::nullopt;
      must(found, payment);
      if (found.body["state"] != "PENDING") return found.body;
      std::this_thread::sleep_for(poll);
    }
  }

  // True: this was the visitor's end.
  bool settle(visitor& who, const json& payment) {
    if (payment["state"] == "COMPLETED") {
      who.bought.emplace_back(payment["seat"], payment["amount"]);
      who.end = "a seat";
      const auto reservation = payment["reservation"].get<std::string>();
      if (who.is == habit::repeats) {
        const auto again = pay(who, payment["payment"], reservation);
        if (again.status != 201 || !again.replayed || again.body["order"] != payment["order"])
          complain(who.id + " repeated a payment and was answered " + again.body.dump());
      }
      if (who.is == habit::pays_again) {
        const auto other = payment["payment"].get<std::string>() + "-again";
        const auto again = pay(who, other, reservation);
        if (again.well()) complain(who.id + " paid twice for " + payment["seat"].get<std::string>());
        if (const auto second = ended(other)) note_refused(*second);
      }
      return true;
    }
    note_refused(payment);
    if (payment.value("reason", "") == "insufficient_funds") who.end = "too poor";
    return who.end != "nothing yet";
  }

  std::string wait_for_turn(const visitor& who, const std::string& token) {
    while (true) {
      const auto now = booth_.get("/v1/queue-tokens/" + token);
      must(now, who.id);
      const std::string state = now.body["state"];
      if (state != "WAITING") return state;
      if (sold_out()) return "SOLD OUT";
      std::this_thread::sleep_for(poll);
    }
  }

  std::optional<std::string> hold(visitor& who, const std::string& token, int attempt) {
    std::mt19937_64 dice{who.dice + static_cast<std::uint64_t>(attempt)};
    while (true) {
      auto free = seats_that_are("AVAILABLE");
      if (free.empty()) {
        if (sold_out()) {
          who.end = "came too late";
          return std::nullopt;
        }
        if (booth_.get("/v1/queue-tokens/" + token).body["state"] != "ADMITTED") return std::nullopt;
        std::this_thread::sleep_for(poll);
        continue;
      }
      const auto& seat = free[dice() % free.size()];
      const auto got = booth_.ask("POST", "/v1/schedules/" + schedule() + "/holds",
                                  {{"user", who.id}, {"seat", seat}, {"token", token}},
                                  who.id + "-hold-" + std::to_string(attempt) + '-' + seat);
      if (got.well()) return got.body["id"].get<std::string>();
      if (got.reason() == "not_admitted") return std::nullopt;
      if (got.reason() != "seat_taken") must(got, who.id);
    }
  }

  said pay(const visitor& who, const std::string& payment, const std::string& reservation) {
    return booth_.ask("POST", "/v1/seat-payments",
                      {{"payment", payment}, {"reservation", reservation}, {"user", who.id}}, payment);
  }

  std::vector<std::string> seats_that_are(const std::string& state) {
    std::vector<std::string> found;
    std::string after;
    for (bool more = true; more;) {
      const auto page = booth_.get("/v1/schedules/" + schedule() + "/seats?limit=1000" +
                                   (after.empty() ? "" : "&starting_after=" + after));
      must(page, "the seats");
      for (const auto& one : page.body["data"]) {
        after = one["id"];
        if (one["state"] == state) found.push_back(after);
      }
      more = page.body["has_more"];
    }
    return found;
  }
  // Looked at now and then: sold out stays sold out here, nobody cancels.
  bool sold_out() {
    if (sold_out_) return true;
    const std::lock_guard hold{mutex_};
    const auto now = std::chrono::steady_clock::now();
    if (now < look_again_) return sold_out_;
    look_again_ = now + milliseconds{100};
    sold_out_ = seats_that_are("RESERVED").size() == hall_.size();
    return sold_out_;
  }

  void note_refused(const json& payment) {
    const std::lock_guard hold{mutex_};
    all_.refused[payment.value("reason", "none")] += 1;
  }
  void complain(const std::string& what) {
    const std::lock_guard hold{mutex_};
    if (complaint_.empty()) complaint_ = what;
  }

  void promise(const std::string& what, const std::string& differs) { all_.comparisons.push_back({what, differs}); }

  void count() {
    all_.seats = static_cast<std::int64_t>(hall_.size());
    std::map<std::string, std::string> owners;
    std::string twice, poorer;
    std::set<std::int64_t> places;
    for (const auto& one : visitors_) {
      all_.ends[one.end] += 1;
      places.insert(one.place);
      auto left = one.funds;
      for (const auto& [seat, price] : one.bought) {
        left -= price;
        all_.taken += price;
        all_.payments += 1;
        const auto [before, fresh] = owners.emplace(seat, one.id);
        if (!fresh && twice.empty()) twice = seat + " went to " + before->second + " and to " + one.id;
      }
      const std::int64_t balance = booth_.get("/v1/wallets/" + one.id).body["balance"];
      if (balance != left && poorer.empty())
        poorer = one.id + " has " + std::to_string(balance) + ", expected " + std::to_string(left);
    }
    std::set<std::string> sold;
    for (auto& one : seats_that_are("RESERVED")) sold.insert(one);
    all_.sold = static_cast<std::int64_t>(sold.size());
    std::string unowned;
    for (const auto& one : sold)
      if (!owners.contains(one) && unowned.empty()) unowned = one + " is sold, but nobody has paid for it";
    for (const auto& [seat, owner] : owners)
      if (!sold.contains(seat) && unowned.empty()) unowned = owner + " paid for " + seat + ", which is not his";
    promise("no seat went to two visitors", twice);
    promise("every sold seat is paid for, and every payment has its seat", unowned);
    promise("every wallet holds what was charged less what its seats cost", poorer);
    promise("whoever repeated a payment got the first answer, whoever paid again paid nothing", complaint_);
    promise("every visitor had a place of his own",
            places.size() == visitors_.size() && *places.begin() >= 1 ? "" : "two visitors have one place");
    const bool full = all_.sold == all_.seats;
    promise(full ? "the ranking has the date, once" : "the ranking does not have the date, which has seats left",
            ranking_differs(full ? 1 : 0));
  }

  std::string ranking_differs(std::int64_t expected) {
    const auto end = std::chrono::steady_clock::now() + ranking_wait;
    while (true) {
      std::int64_t times = 0;
      const auto ranking = booth_.get("/v1/rankings/sold-out?limit=1000").body;
      for (const auto& one : ranking["data"]) times += one["schedule"] == schedule();
      if (times == expected) return {};
      // It follows the payments through their outbox.
      if (std::chrono::steady_clock::now() > end)
        return "it stands there " + std::to_string(times) + " times, expected " + std::to_string(expected);
      std::this_thread::sleep_for(poll);
    }
  }

  const hall& hall_;
  booth& booth_;
  const storm_options& options_;
  std::vector<visitor> visitors_;
  std::mutex mutex_;
  std::atomic<bool> sold_out_{false};
  std::chrono::steady_clock::time_point look_again_;
  std::string complaint_;
  result all_;
};

}  // namespace

bool result::holds() const {
  return std::all_of(comparisons.begin(), comparisons.end(), [](const auto& one) { return one.holds(); });
}

result play(const hall& in, booth& at, const storm_options& options) { return storm{in, at, options}.play(); }

}  // namespace souk::onsale
