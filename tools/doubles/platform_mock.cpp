// A stand-in for the data platform: receives CloudEvents over HTTP, keeps each once, checks their
// order, and fails as it is told to, so that outbox and delivery can be tried against a bad day.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tools/doubles/double.hpp"

namespace {

using nlohmann::json;
using namespace souk::edge;
using namespace souk::doubles;
using clock_type = std::chrono::steady_clock;

// How the platform fails. All of it may be changed at run time by POST /control.
struct mood {
  bool down = false;            // refuses everything until told otherwise
  double down_for = 0;          // refuses everything for so many seconds from now
  std::int64_t fail_first = 0;  // refuses so many requests, then recovers
  double fail_percent = 0;      // refuses this share of requests at random
  double lose_percent = 0;      // keeps the events of this share, but answers a failure all the same
  unsigned status = 503;        // what a failure answers
  std::int64_t slow_ms = 0;     // waits so long before each answer
};

// A request that is not what it says; its text goes back to the sender.
class bad_request : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

std::string text_of(const json& event, const char* member) {
  const auto found = event.find(member);
  if (found == event.end() || !found->is_string() || found->get_ref<const std::string&>().empty())
    throw bad_request{std::string{"'"} + member + "' must be a string that is not empty"};
  return found->get<std::string>();
}

// Where an event stands among those of its key: by the `sequence` extension when it has one,
// else by `time`. Both must not go back; a sequence must not stand still either.
struct position {
  std::optional<std::int64_t> sequence;
  std::string time;

  // RFC 3339 in UTC compares like text once the fraction is of one length.
  static position of(const json& event) {
    position result;
    if (const auto found = event.find("sequence"); found != event.end()) {
      if (found->is_number_integer()) result.sequence = found->get<std::int64_t>();
      if (found->is_string()) {
        const auto& text = found->get_ref<const std::string&>();
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc{} && end == text.data() + text.size()) result.sequence = number;
      }
    }
    if (const auto found = event.find("time"); found != event.end() && found->is_string()) {
      auto text = found->get<std::string>();
      if (text.size() >= 20 && text.back() == 'Z') {
        text.pop_back();
        if (text.size() == 19) text += '.';
        text.resize(std::max<std::size_t>(text.size(), 29), '0');
        result.time = std::move(text);
      }
    }
    return result;
  }

  bool may_follow(const position& before) const {
    if (sequence && before.sequence) return *sequence > *before.sequence;
    if (!time.empty() && !before.time.empty()) return time >= before.time;
    return true;
  }
};

// Everything that was received, each event once. Not thread-safe; the platform guards it.
class ledger {
public:
  // Goes on where an earlier run ended: what stands in the file is not written again.
  void keep_in(const std::string& path) {
    drop_torn_line(path);
    std::ifstream before{path};
    for (std::string line; std::getline(before, line);) {
      const auto event = json::parse(line, nullptr, false);
      if (event.is_object()) remember(event, std::move(line));
    }
    file_.open(path, std::ios::app);
    if (!file_) throw std::runtime_error{"cannot write " + path};
  }

  // Throws bad_request for what is not a CloudEvent.
  static void check(const json& event) {
    if (!event.is_object()) throw bad_request{"an event must be an object"};
    if (text_of(event, "specversion") != "1.0") throw bad_request{"'specversion' must be \"1.0\""};
    for (const auto* member : {"id", "source", "type"}) text_of(event, member);
    if (const auto found = event.find("subject"); found != event.end() && !found->is_string())
      throw bad_request{"'subject' must be a string"};
  }

  void take(const json& event) {
    ++received_;
    auto line = event.dump();
    if (!remember(event, line)) {
      ++duplicates_;
      return;
    }
    if (!file_.is_open()) return;
    // Before the answer: what was acknowledged must be in the file.
    file_ << line << '\n' << std::flush;
    if (!file_) throw std::runtime_error{"the file of events cannot be written"};
  }

  void count_rejected() { ++rejected_; }

  json stats() const {
    return {{"received", received_}, {"distinct", lines_.size()}, {"duplicates", duplicates_},
            {"rejected", rejected_}, {"out_of_order", disorder_}, {"keys", last_.size()}};
  }

  std::string lines() const {
    std::string all;
    for (const auto& line : lines_) {
      all += line;
      all += '\n';
    }
    return all;
  }

private:
  // False when the event is known already.
  bool remember(const json& event, std::string line) {
    // Source and id together name an event; a line break cannot be in a source, which is a URI.
    const auto source = event.value("source", "") + '\n';
    if (!known_.insert(source + event.value("id", "")).second) return false;
    lines_.push_back(std::move(line));
    if (const auto subject = event.value("subject", ""); !subject.empty()) {
      const auto here = position::of(event);
      const auto [before, first] = last_.try_emplace(source + subject, here);
      if (!first) {
        if (!here.may_follow(before->second)) ++disorder_;
        before->second = here;
      }
      // What several sources tell of one subject has one order as well: that of its times.
      auto& newest = newest_[subject];
      if (here.time < newest) ++disorder_;
      newest = std::max(newest, here.time);
    }
    return true;
  }

  // A kill in the middle of a write leaves a line without an end, of an event never acknowledged.
  static void drop_torn_line(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) return;
    const std::string all{std::istreambuf_iterator<char>{file}, {}};
    const auto end = all.rfind('\n');
    const auto whole = end == std::string::npos ? 0 : end + 1;
    if (whole < all.size()) std::filesystem::resize_file(path, whole);
  }

  std::ofstream file_;
  std::vector<std::string> lines_;
  std::unordered_set<std::string> known_;
  std::unordered_map<std::string, position> last_;       // of each subject of a source
  std::unordered_map<std::string, std::string> newest_;  // of each subject, the time
  std::uint64_t received_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t disorder_ = 0;
};

class platform {
public:
  platform(const mood& at_start, std::uint64_t seed, const std::string& file) : dice_{seed} {
    set(at_start);
    if (!file.empty()) ledger_.keep_in(file);
  }

  void handle(http_request&& request, const responder& answer) {
    const std::lock_guard lock{mutex_};
    const auto path = request.target.substr(0, request.target.find('?'));
    const bool reading = request.method == "GET" || request.method == "HEAD";
    if (reading && path == "/stats") {
      answer.send(answer_json(200, ledger_.stats()));
    } else if (reading && path == "/events") {
      answer.send({200, {}, "application/jsonl", ledger_.lines()});
    } else if (request.method == "POST" && path == "/control") {
      answer.send(control(request));
    } else if (request.method == "POST") {
      reply(answer, receive(request));
    } else {
      answer.send(problem(404, "not-found", "POST events anywhere; GET /events, /stats"));
    }
  }

  json stats() {
    const std::lock_guard lock{mutex_};
    return ledger_.stats();
  }

private:
  void set(const mood& wanted) {
    if (wanted.fail_percent < 0 || wanted.fail_percent > 100 || wanted.lose_percent < 0 || wanted.lose_percent > 100)
      throw bad_request{"a percentage must be between 0 and 100"};
    if (wanted.status < 400 || wanted.status > 599) throw bad_request{"'status' must be between 400 and 599"};
    if (wanted.down_for < 0 || wanted.down_for > 1e6 || wanted.slow_ms < 0 || wanted.slow_ms > 1'000'000 ||
        wanted.fail_first < 0)
      throw bad_request{"a duration or count is out of range"};
    mood_ = wanted;
    down_until_ = clock_type::now() +
                  std::chrono::duration_cast<clock_type::duration>(std::chrono::duration<double>{wanted.down_for});
  }

  http_response control(const http_request& request) {
    try {
      const auto wishes = json::parse(request.body, nullptr, false);
      if (!wishes.is_object()) throw bad_request{"the body must be a JSON object"};
      auto next = mood_;
      // Unless it is asked for again, an outage that was running goes on as it was.
      const auto until =
          wishes.contains("down_for") ? std::optional<clock_type::time_point>{} : std::optional{down_until_};
      for (const auto& [name, value] : wishes.items()) {
        const auto known = members.find(name);
        if (known == members.end()) throw bad_request{"unknown member '" + name + "'"};
        known->second(next, value);
      }
      set(next);
      if (until) down_until_ = *until;
      return answer_json(200, wishes);
    } catch (const bad_request& bad) {
      return problem(400, "bad-request", bad.what());
    } catch (const json::exception&) {
      return problem(400, "bad-request", "a member is of the wrong type");
    }
  }

  http_response receive(const http_request& request) {
    const auto fail = [this](std::string_view type, const std::string& detail) {
      ledger_.count_rejected();
      return problem(mood_.status, type, detail);
    };
    if (mood_.down || clock_type::now() < down_until_)
      return fail("down", "The platform is down, as it was told to be");
    if (mood_.fail_first > 0) {
      --mood_.fail_first;
      return fail("failed", "The platform fails, as it was told to");
    }
    if (hits(mood_.fail_percent)) return fail("failed", "The platform fails, as it was told to");
    try {
      const auto events = parse(request);
      for (const auto& event : events) ledger_.check(event);  // a batch is taken whole or not
      for (const auto& event : events) ledger_.take(event);
    } catch (const bad_request& bad) {
      ledger_.count_rejected();
      return problem(400, "bad-event", bad.what());
    } catch (const std::runtime_error& broken) {
      ledger_.count_rejected();
      return problem(507, "storage", broken.what());
    }
    if (hits(mood_.lose_percent))
      return fail("answer-lost", "The events were kept, but the answer is lost, as was told");
    return {204, {}, {}, {}};
  }

  static std::vector<json> parse(const http_request& request) {
    const auto type = request.header("content-type");
    const auto media = type.substr(0, std::min(type.find(';'), type.size()));
    const bool batch = media == "application/cloudevents-batch+json";
    if (!batch && media != "application/cloudevents+json")
      throw bad_request{
          "content-type must be application/cloudevents+json or "
          "application/cloudevents-batch+json"};
    auto body = json::parse(request.body, nullptr, false);
    if (body.is_discarded()) throw bad_request{"the body is not JSON"};
    if (!batch) return {std::move(body)};
    if (!body.is_array()) throw bad_request{"a batch must be an array"};
    return body.get<std::vector<json>>();
  }

  void reply(const responder& answer, http_response&& response) {
    if (mood_.slow_ms == 0)
      answer.send(std::move(response));
    else
      later_.run_in(mood_.slow_ms, [answer, response = std::move(response)] { answer.send(response); });
  }

  bool hits(double percent) { return percent > 0 && std::uniform_real_distribution<>{0, 100}(dice_) < percent; }

  template <class Member>
  static std::function<void(mood&, const json&)> setter(Member mood::*member) {
    return [member](mood& of, const json& value) {
      const bool fits = std::is_same_v<Member, bool>       ? value.is_boolean()
                        : std::is_floating_point_v<Member> ? value.is_number()
                                                           : value.is_number_integer();
      if (!fits) throw bad_request{"a member is of the wrong type"};
      of.*member = value.get<Member>();
    };
  }

  static const std::map<std::string, std::function<void(mood&, const json&)>> members;

  std::mutex mutex_;
  mood mood_;
  clock_type::time_point down_until_;
  std::mt19937_64 dice_;
  ledger ledger_;
  later later_;
};

const std::map<std::string, std::function<void(mood&, const json&)>> platform::members{
    {"down", setter(&mood::down)},
    {"down_for", setter(&mood::down_for)},
    {"fail_first", setter(&mood::fail_first)},
    {"fail_percent", setter(&mood::fail_percent)},
    {"lose_percent", setter(&mood::lose_percent)},
    {"status", setter(&mood::status)},
    {"slow_ms", setter(&mood::slow_ms)},
};

}  // namespace

int main(int argc, char** argv) {
  server_options serving;
  serving.body_bytes_max = 16 * 1024 * 1024;  // batches after an outage are large
  mood at_start;
  std::uint64_t seed = 1;
  std::string file;

  CLI::App app{"A data platform to deliver to: keeps CloudEvents once, and fails when told to."};
  app.add_option("--host", serving.host, "address to listen on")->capture_default_str();
  app.add_option("--port", serving.port, "port to listen on; 0 takes a free one")->capture_default_str();
  app.add_option("--out", file, "append each distinct event to this file, one JSON line each");
  app.add_flag("--down", at_start.down, "refuse everything until POST /control {\"down\":false}");
  app.add_option("--down-for", at_start.down_for, "refuse everything for so many seconds");
  app.add_option("--fail-first", at_start.fail_first, "refuse so many requests");
  app.add_option("--fail-percent", at_start.fail_percent, "refuse this share of requests");
  app.add_option("--lose-percent", at_start.lose_percent,
                 "keep the events of this share of requests, but answer a failure");
  app.add_option("--status", at_start.status, "what a failure answers")->capture_default_str();
  app.add_option("--slow", at_start.slow_ms, "milliseconds to wait before each answer");
  app.add_option("--seed", seed, "seed of the random failures")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& wrong) {
    return app.exit(wrong) == 0 ? 0 : 2;
  }

  const end_signal end;
  try {
    platform receiving{at_start, seed, file};
    serve(end, serving, [&receiving](http_request&& request, const responder& answer) {
      receiving.handle(std::move(request), answer);
    });
    const auto stats = receiving.stats();
    std::printf("received %s, distinct %s, duplicates %s, rejected %s, out of order %s\n",
                stats["received"].dump().c_str(), stats["distinct"].dump().c_str(), stats["duplicates"].dump().c_str(),
                stats["rejected"].dump().c_str(), stats["out_of_order"].dump().c_str());
    return 0;
  } catch (const bad_request& wrong) {
    std::fprintf(stderr, "platform_mock: %s\n", wrong.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "platform_mock: %s\n", error.what());
    return 1;
  }
}
