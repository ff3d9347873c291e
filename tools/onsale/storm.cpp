// Sends the visitors in.
#include "tools/onsale/storm.hpp"

#include <algorithm>
#include <chrono>
#include <random>

#include "tools/onsale/board.hpp"
#include "tools/onsale/hands.hpp"
#include "tools/onsale/line.hpp"
#include "tools/onsale/reckoning.hpp"
#include "tools/onsale/visitor.hpp"

namespace souk::onsale {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr int attempts_max = 20;  // a storm that was killed often has spoilt many tokens
constexpr milliseconds poll{20};
constexpr std::size_t furnishers = 64;  // enough to fill the desks' batches

void must(const said& what, const std::string& of) {
  if (!what.well()) throw std::runtime_error(of + ": " + what.body.dump());
}

std::int64_t let_in_at_a_time(const hall& in, const storm_options& options) {
  if (options.admits) return options.admits;
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(in.size()) / 20, 20, 1'000);
}

occasion occasion_of(const storm_options& options) {
  const auto run = std::to_string(options.seed);
  if (!options.when) return {"concert-" + run, "date-" + run, "On sale", "", "2030-01-01T20:00:00Z"};
  auto real = *options.when;
  real.concert += '-' + run;
  real.schedule += '-' + run;
  return real;
}

class storm {
public:
  storm(const hall& in, booth& at, const storm_options& options)
      : hall_(in),
        booth_(at),
        options_(options),
        admits_(let_in_at_a_time(in, options)),
        when_(occasion_of(options)),
        board_(at, when_.schedule, in.size()),
        visitors_(crowd(in, options)) {}

  result play() {
    const auto began = std::chrono::steady_clock::now();
    furnish();
    each("joining", [&](visitor& one) {
      take_a_number(one);
      one.first_place = one.place;
    });
    booth_.come_to_rest();  // what an earlier run of this storm has begun to pay
    receive();
    all_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    each("wallets", [&](visitor& one) { one.left = booth_.get("/v1/wallets/" + one.id).body["balance"]; });
    reckoning{booth_, when_.schedule, hall_, visitors_, board_.read()}.into(all_);
    all_.comparisons.push_back({"nobody was let in before somebody with a lower place", out_of_turn_});
    all_.comparisons.push_back(
        {"whoever repeated a payment got the first answer, whoever paid again paid nothing", complaint_});
    return std::move(all_);
  }

private:
  template <class Work>
  void each(const std::string& title, Work work) {
    tools::progress shown{title, visitors_.size(), options_.screen};
    with_each(furnishers, visitors_, [&](visitor& one) {
      work(one);
      shown.advance();
    });
    shown.finish();
  }

  void furnish() {
    json seats = json::array();
    for (const auto& one : hall_)
      seats.push_back({{"id", one.id},
                       {"section", one.section},
                       {"row", one.row},
                       {"number", one.number},
                       {"category", one.category},
                       {"price", one.price}});
    json date{{"id", when_.schedule},
              {"starts", when_.starts},
              {"admits", admits_},
              {"hold_seconds", options_.hold_seconds},
              {"seats", std::move(seats)}};
    if (!when_.venue.empty()) date["venue"] = when_.venue;
    must(booth_.ask("PUT", "/v1/concerts/" + when_.concert,
                    {{"name", when_.name}, {"schedules", json::array({std::move(date)})}}),
         "the concert");
    each("users", [&](visitor& one) {
      must(booth_.ask("PUT", "/v1/users/" + one.id, {{"name", "A visitor"}}), one.id);
      if (one.funds)
        must(booth_.ask("POST", "/v1/wallets/" + one.id + "/charges", {{"amount", one.funds}}, "funds"), one.id);
    });
  }

  void take_a_number(visitor& who) {
    const auto got = booth_.ask("POST", "/v1/schedules/" + when_.schedule + "/queue-tokens", {{"user", who.id}},
                                who.id + "-join-" + std::to_string(who.attempt));
    must(got, who.id);
    const std::string token = got.body["token"];
    who.was_never_in = token != who.token;
    who.token = token;
    who.place = got.body["place"];
  }

  // Twice as many hands as are let in, so that whoever is let in is never kept waiting for one.
  void receive() {
    line standing{visitors_};
    (void)board_.glance();  // so that there is a look for everybody before all want one at once
    tools::progress shown{"visitors", visitors_.size(), options_.screen};
    const auto hands = std::clamp<std::size_t>(static_cast<std::size_t>(admits_) * 2, 8, 200);
    all_hands(
        std::min(hands, visitors_.size()),
        [&] {
          while (auto* who = standing.next()) {
            visit(*who);
            if (who->end.empty() && ++who->attempt == attempts_max) who->end = "no luck";
            if (who->end.empty()) {
              take_a_number(*who);
              standing.back(*who);
            } else {
              shown.advance();
              standing.gone();
            }
          }
        },
        [&] { standing.close(); });
    shown.finish();
  }

  void visit(visitor& who) {
    const auto payment = who.id + "-pay-" + std::to_string(who.attempt);
    // What an earlier run of this storm has begun comes to its end first.
    if (const auto before = ended(payment)) {
      who.was_never_in = false;
      return settle(who, *before);
    }
    const auto now = wait_for_turn(who);
    if (now == "SOLD OUT") who.end = "came too late";
    const bool leaves = who.is == habit::vanishes || who.is == habit::holds_a_seat;
    if (leaves && (now == "ADMITTED" || now == "EXPIRED")) who.end = "vanished";
    if (now != "ADMITTED" || who.is == habit::vanishes) return;
    const auto reservation = hold(who);
    if (!reservation || leaves) return;
    if (who.is == habit::dawdles && who.attempt == 0)
      std::this_thread::sleep_for(milliseconds{options_.hold_seconds * 1000 + 50});
    const board::payment at_the_till{board_};
    const auto told = pay(who, payment, *reservation);
    const auto end = ended(payment);
    if (end) return settle(who, *end);
    // A run that was killed had begun to pay for another hold under this number: the next try has a number of its own.
    if (told.reason() != "key_reused") throw std::runtime_error(payment + ": " + told.body.dump());
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

  void settle(visitor& who, const json& payment) {
    if (payment["state"] != "COMPLETED") {
      note_refused(payment);
      if (payment.value("reason", "") == "insufficient_funds") who.end = "too poor";
      return;
    }
    who.bought.emplace_back(payment["seat"], payment["amount"]);
    who.end = "a seat";
    const auto reservation = payment["reservation"].get<std::string>();
    if (who.is == habit::repeats) {
      const auto again = pay(who, payment["payment"], reservation);
      if (again.status != 201 || !again.replayed || again.body["order"] != payment["order"])
        complain(complaint_, who.id + " repeated a payment and was answered " + again.body.dump());
    }
    if (who.is == habit::pays_again) {
      const auto other = payment["payment"].get<std::string>() + "-again";
      const auto again = pay(who, other, reservation);
      if (again.well()) complain(complaint_, who.id + " paid twice for " + payment["seat"].get<std::string>());
      if (const auto second = ended(other)) note_refused(*second);
    }
  }

  std::string wait_for_turn(visitor& who) {
    while (true) {
      const auto latest_in = latest_in_.load();
      const auto now = booth_.get("/v1/queue-tokens/" + who.token);
      must(now, who.id);
      const std::string state = now.body["state"];
      if (state == "ADMITTED") note_in(who.place);
      if (state != "WAITING") {
        who.was_never_in = false;
        return state;
      }
      // Asked after somebody with a higher place was seen inside.
      if (who.was_never_in && who.place < latest_in)
        complain(out_of_turn_, who.id + " waits at place " + std::to_string(who.place) + " though " +
                                   std::to_string(latest_in) + " is in");
      if (board_.glance()->sold_out) return "SOLD OUT";
      const std::int64_t ahead = now.body["ahead"];
      std::this_thread::sleep_for(poll + milliseconds{std::min<std::int64_t>(ahead, 500)});
    }
  }

  std::optional<std::string> hold(visitor& who) {
    constexpr std::size_t tries_a_glance = 8;
    std::mt19937_64 dice{who.dice + static_cast<std::uint64_t>(who.attempt)};
    while (true) {
      const auto seen = board_.glance();
      if (seen->sold_out) {
        who.end = "came too late";
        return std::nullopt;
      }
      for (std::size_t i = 0; i < std::min(seen->free.size(), tries_a_glance); ++i) {
        const auto& seat = seen->free[dice() % seen->free.size()];
        const auto got = booth_.ask("POST", "/v1/schedules/" + when_.schedule + "/holds",
                                    {{"user", who.id}, {"seat", seat}, {"token", who.token}},
                                    who.id + "-hold-" + std::to_string(who.attempt) + '-' + seat);
        if (got.well()) return got.body["id"].get<std::string>();
        if (got.reason() == "not_admitted") return std::nullopt;
        if (got.reason() != "seat_taken") must(got, who.id);
      }
      if (booth_.get("/v1/queue-tokens/" + who.token).body["state"] != "ADMITTED") return std::nullopt;
      std::this_thread::sleep_for(poll);
    }
  }

  said pay(const visitor& who, const std::string& payment, const std::string& reservation) {
    return booth_.ask("POST", "/v1/seat-payments",
                      {{"payment", payment}, {"reservation", reservation}, {"user", who.id}}, payment);
  }

  void note_in(std::int64_t place) {
    auto known = latest_in_.load();
    while (known < place && !latest_in_.compare_exchange_weak(known, place)) {
    }
  }
  void note_refused(const json& payment) {
    const std::lock_guard hold{mutex_};
    all_.refused[payment.value("reason", "none")] += 1;
  }
  void complain(std::string& into, const std::string& what) {
    const std::lock_guard hold{mutex_};
    if (into.empty()) into = what;
  }

  const hall& hall_;
  booth& booth_;
  const storm_options& options_;
  const std::int64_t admits_;
  const occasion when_;
  board board_;
  std::vector<visitor> visitors_;
  std::atomic<std::int64_t> latest_in_{0};  // the highest place that was seen inside
  std::mutex mutex_;
  std::string complaint_, out_of_turn_;
  result all_;
};

}  // namespace

bool result::holds() const {
  return std::all_of(comparisons.begin(), comparisons.end(), [](const auto& one) { return one.holds(); });
}

result play(const hall& in, booth& at, const storm_options& options) { return storm{in, at, options}.play(); }

}  // namespace souk::onsale
