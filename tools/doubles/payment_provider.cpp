// A payment provider to test against: keeps charges by key, one capture and one refund each, and behaves as badly as it
// is told to: declines, is slow, arrives or decides late, loses answers, tells twice.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/doubles/double.hpp"

namespace {

using json = nlohmann::ordered_json;
using namespace souk::edge;
using namespace souk::doubles;
using std::chrono::milliseconds;

// How it behaves; all of it may be changed at run time by POST /control. Shares are percent of the charges.
struct mood {
  double decline_percent = 0;      // no, and that is the answer
  double fail_percent = 0;         // of all requests: nothing is done, the answer is 503
  double lose_percent = 0;         // of all requests: it is done, the answer is 503
  double silent_percent = 0;       // of all requests: it is done, there is no answer
  double arrive_late_percent = 0;  // the charge is not known before late_ms have passed; then it is answered
  double decide_late_percent = 0;  // it is processing until late_ms have passed; then it is answered
  double careless_percent = 0;     // of the voids of keys that are not known: answered, but not remembered
  std::int64_t late_ms = 3'000;
  std::int64_t slow_ms = 0;        // before each answer
  std::string webhooks;            // http://HOST:PORT/PATH: told of what is captured, declined or refunded
  std::int64_t webhook_ms = 0;     // so much later
  std::int64_t webhooks_each = 1;  // so often
};

struct charge {
  std::string state;  // processing, captured, declined, voided, refunded
  std::string user;
  std::int64_t amount = 0;
  std::string currency;
  std::int64_t captures = 0, refunds = 0, asked = 0;
};

class provider {
public:
  provider(const mood& at_start, std::uint64_t seed) : mood_{at_start}, dice_{seed} {}
  ~provider() {
    tasks_.stop();
    telling_.stop();
  }

  void handle(http_request&& request, const responder& answer) {
    const std::lock_guard hold{mutex_};
    const auto path = request.target.substr(0, request.target.find('?'));
    if (request.method == "GET" && path == "/ledger") return (void)answer.send(answer_json(200, ledger()));
    if (request.method == "GET" && path == "/stats") return (void)answer.send(answer_json(200, totals()));
    if (request.method == "POST" && path == "/control") return (void)answer.send(control(request.body));

    const auto at = path.rfind("/charges/");
    if (at == path.npos)
      return (void)answer.send(problem(404, "not-found", "PUT and GET .../charges/KEY; GET /ledger, /stats"));
    auto key = path.substr(at + 9);
    const auto slash = key.find('/');
    const auto what = slash == key.npos ? std::string{} : key.substr(slash + 1);
    key.resize(std::min(slash, key.size()));
    if (key.empty() || (slash != key.npos && what != "void" && what != "refund"))
      return (void)answer.send(problem(404, "not-found", "there is only .../charges/KEY, /void and /refund"));

    if (hits(mood_.fail_percent)) return reply(answer, problem(503, "failed", "It fails, as it was told to"));
    if (request.method == "GET" && what.empty()) return reply(answer, show(key));
    if (request.method != "PUT")
      return (void)answer.send(problem(405, "wrong-method", "A charge is asked for with GET, and made with PUT"));
    if (what == "void") return reply(answer, forbid(key));
    if (what == "refund") return reply(answer, refund(key));
    take(key, request.body, answer);
  }

  json totals() const {
    std::int64_t captured = 0, refunded = 0;
    std::map<std::string, std::int64_t> states{
        {"processing", 0}, {"captured", 0}, {"declined", 0}, {"voided", 0}, {"refunded", 0}};
    for (const auto& [key, one] : charges_) {
      states[one.state] += 1;
      captured += one.amount * one.captures;
      refunded += one.amount * one.refunds;
    }
    json all{{"charges", charges_.size()}, {"captured_amount", captured}, {"refunded_amount", refunded}};
    for (const auto& [name, n] : states) all[name] = n;
    all["arriving"] = arriving_.size();
    all["webhooks"] = told_;
    return all;
  }

private:
  // The first charge of a key stands; what it is to become is thrown once.
  void take(const std::string& key, const std::string& text, const responder& answer) {
    const auto body = json::parse(text, nullptr, false);
    const auto whole = [&](const char* name) {
      return body.is_object() && body.contains(name) && body[name].is_number_integer();
    };
    const auto textual = [&](const char* name) {
      return body.is_object() && body.contains(name) && body[name].is_string();
    };
    if (!whole("amount") || body["amount"].get<std::int64_t>() <= 0 || !textual("user") || !textual("currency"))
      return (void)answer.send(problem(422, "bad-charge", "user, amount and currency are wanted"));
    charge wanted{"processing", body["user"], body["amount"], body["currency"], 0, 0, 0};

    if (const auto known = charges_.find(key); known != charges_.end())
      return repeat(key, known->second, wanted, answer);
    if (const auto coming = arriving_.find(key); coming != arriving_.end()) {
      coming->second.push_back(answer);  // it is on its way; so is this one
      return;
    }
    if (hits(mood_.arrive_late_percent)) {
      arriving_[key].push_back(answer);
      return tasks_.run_in(mood_.late_ms, [this, key, wanted] { arrive(key, wanted); });
    }
    auto& mine = charges_.emplace(key, std::move(wanted)).first->second;
    mine.asked = 1;
    if (hits(mood_.decide_late_percent)) {
      return tasks_.run_in(mood_.late_ms, [this, key, answer] {
        const std::lock_guard hold{mutex_};
        decide(key);
        answer.send(show(key));
      });
    }
    decide(key);
    reply(answer, show(key));
  }
  void repeat(const std::string& key, charge& known, const charge& wanted, const responder& answer) {
    known.asked += 1;
    const bool dead = known.state == "voided";  // its content was never told
    if (!dead && (known.user != wanted.user || known.amount != wanted.amount || known.currency != wanted.currency))
      return reply(answer, problem(422, "key-reused", "the key has another charge"));
    reply(answer, show(key));
  }
  void arrive(const std::string& key, charge wanted) {
    const std::lock_guard hold{mutex_};
    const auto waiting = std::exchange(arriving_[key], {});
    arriving_.erase(key);
    wanted.asked = static_cast<std::int64_t>(waiting.size());
    // A key that was voided meanwhile stays dead.
    if (charges_.emplace(key, std::move(wanted)).second) decide(key);
    for (const auto& one : waiting) one.send(show(key));
  }
  void decide(const std::string& key) {
    auto& mine = charges_.at(key);
    if (mine.state != "processing") return;
    mine.state = hits(mood_.decline_percent) ? "declined" : "captured";
    mine.captures += mine.state == "captured";
    tell(key, mine.state);
  }
  http_response forbid(const std::string& key) {
    if (!charges_.contains(key) && hits(mood_.careless_percent))
      return answer_json(200, {{"key", key}, {"state", "voided"}});
    auto& mine = charges_[key];
    if (mine.state.empty() || mine.state == "processing") mine.state = "voided";
    return show(key, mine.state == "captured" ? 409 : 200);
  }
  http_response refund(const std::string& key) {
    const auto mine = charges_.find(key);
    if (mine == charges_.end()) return problem(404, "not-found", "there is no such charge");
    if (mine->second.state == "captured") {
      mine->second.state = "refunded";
      mine->second.refunds += 1;
      tell(key, "refunded");
    }
    return show(key, mine->second.state == "refunded" ? 200 : 409);
  }
  http_response show(const std::string& key, unsigned status = 200) const {
    const auto mine = charges_.find(key);
    if (mine == charges_.end()) return problem(404, "not-found", "there is no such charge");
    return answer_json(status, {{"key", key}, {"state", mine->second.state}, {"amount", mine->second.amount}});
  }

  void reply(const responder& answer, http_response&& what) {
    if (hits(mood_.silent_percent)) {
      unanswered_.push_back(answer);  // kept: letting go of it would be an answer
      if (unanswered_.size() > 512) unanswered_.pop_front();
      return;
    }
    if (hits(mood_.lose_percent)) what = problem(503, "lost", "It is done, but the answer is lost, as was told");
    if (mood_.slow_ms == 0) return (void)answer.send(std::move(what));
    tasks_.run_in(mood_.slow_ms, [answer, what] { answer.send(what); });
  }

  void tell(const std::string& key, const std::string& state) {
    const auto to = parse_url(mood_.webhooks);
    if (!to) return;
    for (std::int64_t i = 0; i < mood_.webhooks_each; ++i)
      telling_.run_in(mood_.webhook_ms, [this, key, state, to] {
        try {
          http_client client{to->host, to->port};
          const json body{{"key", key}, {"state", state}};
          const auto said = client.request("POST", to->target, {{"content-type", "application/json"}}, body.dump(),
                                           milliseconds{2'000});
          const std::lock_guard hold{mutex_};
          told_ += said.status / 100 == 2;
        } catch (const http_unreachable&) {
          // Nobody listens: whoever wants to know asks.
        }
      });
  }

  json ledger() const {
    auto all = json::array();
    for (const auto& [key, one] : charges_)
      all.push_back({{"key", key},
                     {"state", one.state},
                     {"user", one.user},
                     {"amount", one.amount},
                     {"captures", one.captures},
                     {"refunds", one.refunds},
                     {"asked", one.asked}});
    return {{"charges", all}, {"totals", totals()}};
  }

  http_response control(const std::string& text) {
    const auto wishes = json::parse(text, nullptr, false);
    if (!wishes.is_object()) return problem(400, "bad-request", "the body must be a JSON object");
    auto next = mood_;
    for (const auto& [name, value] : wishes.items())
      if (!set(next, name, value)) return problem(400, "bad-request", "'" + name + "' is not known, or not so");
    mood_ = next;
    return answer_json(200, wishes);
  }
  static bool set(mood& of, const std::string& name, const json& value) {
    static const std::map<std::string, double mood::*> shares{{"decline_percent", &mood::decline_percent},
                                                              {"fail_percent", &mood::fail_percent},
                                                              {"lose_percent", &mood::lose_percent},
                                                              {"silent_percent", &mood::silent_percent},
                                                              {"arrive_late_percent", &mood::arrive_late_percent},
                                                              {"decide_late_percent", &mood::decide_late_percent},
                                                              {"careless_percent", &mood::careless_percent}};
    static const std::map<std::string, std::int64_t mood::*> numbers{{"late_ms", &mood::late_ms},
                                                                     {"slow_ms", &mood::slow_ms},
                                                                     {"webhook_ms", &mood::webhook_ms},
                                                                     {"webhooks_each", &mood::webhooks_each}};
    if (const auto share = shares.find(name); share != shares.end()) {
      if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 100) return false;
      of.*share->second = value.get<double>();
      return true;
    }
    if (const auto whole = numbers.find(name); whole != numbers.end()) {
      if (!value.is_number_integer() || value.get<std::int64_t>() < 0 || value.get<std::int64_t>() > 1'000'000)
        return false;
      of.*whole->second = value.get<std::int64_t>();
      return true;
    }
    if (name != "webhooks" || !value.is_string()) return false;
    of.webhooks = value.get<std::string>();
    return of.webhooks.empty() || parse_url(of.webhooks).has_value();
  }

  bool hits(double percent) { return percent > 0 && std::uniform_real_distribution<>{0, 100}(dice_) < percent; }

  std::mutex mutex_;
  mood mood_;
  std::mt19937_64 dice_;
  std::map<std::string, charge> charges_;
  std::map<std::string, std::vector<responder>> arriving_;  // charges that are not known yet, and who waits for them
  std::deque<responder> unanswered_;
  std::int64_t told_ = 0;
  later tasks_, telling_;
};

}  // namespace

int main(int argc, char** argv) {
  server_options serving;
  serving.connections_max = 4096;
  mood at_start;
  std::uint64_t seed = 1;

  CLI::App app{"A payment provider to test against: keeps charges by key, and behaves as badly as it is told to."};
  app.add_option("--host", serving.host, "address to listen on")->capture_default_str();
  app.add_option("--port", serving.port, "port to listen on; 0 takes a free one")->capture_default_str();
  const auto share = CLI::Range(0.0, 100.0);
  const auto duration = CLI::Range(std::int64_t{0}, std::int64_t{1'000'000});
  app.add_option("--decline-percent", at_start.decline_percent, "decline this share of charges")->check(share);
  app.add_option("--fail-percent", at_start.fail_percent, "do nothing for this share of requests, and answer 503")
      ->check(share);
  app.add_option("--lose-percent", at_start.lose_percent, "do what this share of requests asks, but answer 503")
      ->check(share);
  app.add_option("--silent-percent", at_start.silent_percent, "do what this share of requests asks, and never answer")
      ->check(share);
  app.add_option("--arrive-late-percent", at_start.arrive_late_percent,
                 "do not know this share of charges before --late has passed")
      ->check(share);
  app.add_option("--decide-late-percent", at_start.decide_late_percent,
                 "have this share of charges in processing until --late has passed")
      ->check(share);
  app.add_option("--careless-percent", at_start.careless_percent,
                 "forget this share of voids of keys that are not known: a late charge is captured all the same")
      ->check(share);
  app.add_option("--late", at_start.late_ms, "milliseconds of lateness")->check(duration)->capture_default_str();
  app.add_option("--slow", at_start.slow_ms, "milliseconds to wait before each answer")->check(duration);
  app.add_option("--webhooks", at_start.webhooks, "tell http://HOST:PORT/PATH what became of charges")
      ->check([](const std::string& text) {
        return text.empty() || parse_url(text) ? std::string{} : "'" + text + "' is not http://HOST:PORT/PATH";
      });
  app.add_option("--webhook-late", at_start.webhook_ms, "so many milliseconds later")->check(duration);
  app.add_option("--webhooks-each", at_start.webhooks_each, "so often each")->check(duration)->capture_default_str();
  app.add_option("--seed", seed, "seed of the dice")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  }

  const end_signal end;
  try {
    provider here{at_start, seed};
    serve(end, serving,
          [&here](http_request&& request, const responder& answer) { here.handle(std::move(request), answer); });
    std::printf("%s\n", here.totals().dump().c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "payment-provider: %s\n", error.what());
    return 1;
  }
}
