// What leaves souk: events in both renderings of CloudEvents, sent in waves that keep every order's events in order.
#include "actors/edge/sinks.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/http.hpp"
#include "actors/edge/sinks/waves.hpp"
#include "actors/runtime/follower.hpp"
#include "tests/actors/outgoing_events.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"

using namespace souk;
using namespace souk::tests;
using edge::sinks::fate;

namespace {

// Says of each event what the script says, by its seq; what was sent stands in `sent`, a wave in brackets.
class scripted final : public edge::sinks::wave_sink {
public:
  std::string sent;
  std::vector<std::pair<std::int64_t, fate>> script;  // each used once; others arrive
  std::string outage;

private:
  std::string send(wave events, std::uint32_t, std::span<fate> into) override {
    sent += '[';
    bool unknown = false;
    for (std::size_t i = 0; i < events.size(); ++i) {
      sent += (i ? " " : "") + std::to_string(events[i]->seq);
      into[i].what = fate::is::arrived;
      for (auto one = script.begin(); one != script.end(); ++one)
        if (one->first == events[i]->seq) {
          into[i] = one->second;
          script.erase(one);
          break;
        }
      unknown |= into[i].what == fate::is::unknown;
    }
    sent += ']';
    return unknown ? outage : "";
  }
};

std::string shown(const runtime::delivery& of) {
  auto out = std::to_string(of.tried) + " tried";
  for (const auto& one : of.rejected) out += ", " + std::to_string(one.seq) + " rejected '" + one.error + "'";
  return out + (of.outage.empty() ? "" : ", " + of.outage);
}

}  // namespace

TEST_CASE("an event is one CloudEvent in both renderings", "[S2.7][S2.10]") {
  auto one = outgoing(42, 7);
  one.lines = {{{"cup"}, 2, {600}}, {{"gift"}, 1, {0}}};
  one.discount = {100};
  one.coupon = saga(9);
  const auto described = edge::describe(one, 3);
  const auto id = to_text(saga(7));
  CHECK(described.data == R"({"order":")" + id +
                              R"(","user":"ann","lines":[{"product":"cup","quantity":2,"amount":600},)" +
                              R"({"product":"gift","quantity":1,"amount":0}],"total":600,"discount":100,"coupon":")" +
                              to_text(saga(9)) + R"(","placed":"2026-09-21T14:13:20.000Z"})");
  CHECK(structured(described) == R"({"specversion":"1.0","id":")" + id +
                                     R"(.order.completed","source":"/souk/order/3",)" +
                                     R"("type":"souk.order.completed","subject":")" + id +
                                     R"(","time":"2026-09-21T14:13:20.000Z","sequence":"00000000000000000042",)" +
                                     R"("datacontenttype":"application/json","data":)" + described.data + "}");
  std::string names;
  for (const auto& [name, value] : edge::attributes(described)) {
    names += std::string{name} + ' ';
    CHECK_FALSE(value.empty());
  }
  CHECK(names == "specversion id source type subject time sequence ");

  // Whoever said which trace his request belongs to finds it in the event, in both renderings.
  const std::string traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  one.trace = parse_trace_parent(traceparent).value();
  const auto traced = edge::describe(one, 3);
  std::string value_of_it;
  for (const auto& [name, value] : edge::attributes(traced))
    if (name == "traceparent") value_of_it = value;
  CHECK(value_of_it == traceparent);
  CHECK(structured(traced).find(R"(,"traceparent":")" + traceparent + R"(","datacontenttype")") != std::string::npos);
}

TEST_CASE("what wallet and payment wrote down is a CloudEvent of its own, and what they did not write is none",
          "[S3.5][S1.6]") {
  order::brief about;
  about.id = saga(7);
  about.user = {"ann"};
  about.placed = noon;
  about.trace = trace_parent{1, 2, 3, 4};
  event_log::event step{42, domain::wallet, 3, outcome::done, {}, {}, noon + 5, about, order::entry{{600}, money{400}}};
  const auto debited = runtime::history_of(step);
  REQUIRE(debited);
  CHECK(debited->trace == about.trace);
  about.trace.reset();
  step.about = about;
  const auto described = edge::describe(*runtime::history_of(step), platform::source_of({domain::event_log, 2}));
  const auto id = to_text(saga(7));
  CHECK(structured(described) ==
        R"({"specversion":"1.0","id":")" + id + R"(.wallet.debited","source":"/souk/event_log/2",)" +
            R"("type":"souk.wallet.debited","subject":")" + id +
            R"(","time":"2026-09-21T14:13:20.005Z","sequence":"00000000000000000042",)" +
            R"("datacontenttype":"application/json","data":{"order":")" + id +
            R"(","user":"ann","amount":600,"balance":400,"placed":"2026-09-21T14:13:20.000Z"}})");
  const auto type_of = [&](domain topic, outcome how) {
    step.topic = topic;
    step.how = how;
    const auto found = runtime::history_of(step);
    return found ? edge::describe(*found, 0).type : "none";
  };
  CHECK(type_of(domain::wallet, outcome::undone) == "souk.wallet.restored");
  CHECK(type_of(domain::wallet, outcome::refused) == "none");
  CHECK(type_of(domain::product, outcome::done) == "none");
  CHECK(type_of(domain::payment, outcome::undone) == "souk.payment.cancelled");
  CHECK(type_of(domain::payment, outcome::refused) == "souk.payment.declined");
  step.entry = order::entry{{600}, {}};
  CHECK(type_of(domain::payment, outcome::done) == "souk.payment.approved");
  CHECK(edge::describe(*runtime::history_of(step), 0).data.find("balance") == std::string::npos);
  step.entry.reset();
  CHECK(type_of(domain::payment, outcome::done) == "none");
  CHECK(platform::source_of({domain::order, 3}) == 3);
  for (const std::uint32_t source : {0U, 3U, platform::source_of({domain::event_log, 2})})
    CHECK(platform::source_of(platform::party_of(source)) == source);
}

TEST_CASE("no order has two events in one wave, and orders do not wait for each other", "[S3.6][S4.2]") {
  scripted sink;
  CHECK(shown(sink.deliver({0, {outgoing(1, 1), outgoing(2, 2), outgoing(3, 1), outgoing(4, 3), outgoing(5, 1)}})) ==
        "5 tried");
  CHECK(sink.sent == "[1 2][3 4][5]");
  CHECK(shown(sink.deliver({0, {}})) == "0 tried");
}

TEST_CASE("a rejected event holds back the later ones of its order, and of no other", "[S2.10]") {
  scripted sink;
  sink.script = {{1, {fate::is::rejected, "no"}}};
  CHECK(shown(sink.deliver({0, {outgoing(1, 1), outgoing(2, 2), outgoing(3, 1), outgoing(4, 2), outgoing(5, 1)}})) ==
        "5 tried, 1 rejected 'no', 3 rejected '', 5 rejected ''");
  CHECK(sink.sent == "[1 2][4]");
}

TEST_CASE("events that were refused together are tried alone before one is blamed", "[S2.10]") {
  scripted sink;
  sink.script = {
      {1, {fate::is::doubtful, "big"}}, {2, {fate::is::doubtful, "big"}}, {2, {fate::is::rejected, "really big"}}};
  CHECK(shown(sink.deliver({0, {outgoing(1, 1), outgoing(2, 2), outgoing(3, 3), outgoing(4, 2)}})) ==
        "4 tried, 2 rejected 'really big', 4 rejected ''");
  CHECK(sink.sent == "[1 2 3][1][2]");
}

TEST_CASE("in an outage only what is known from the front counts as tried", "[S2.10]") {
  scripted sink;
  sink.outage = "down";
  sink.script = {{2, {fate::is::unknown, ""}}, {1, {fate::is::rejected, "no"}}};
  CHECK(shown(sink.deliver({0, {outgoing(1, 1), outgoing(2, 2), outgoing(3, 3), outgoing(4, 3)}})) ==
        "1 tried, 1 rejected 'no', down");
  CHECK(sink.sent == "[1 2 3]");
  sink.script = {{1, {fate::is::doubtful, "big"}}, {1, {fate::is::unknown, ""}}};
  CHECK(shown(sink.deliver({0, {outgoing(1, 1), outgoing(2, 2)}})) == "0 tried, down");
}

TEST_CASE("what an endpoint answers tells an event that is to blame from an endpoint that is", "[S2.10]") {
  std::atomic<unsigned> status{204};
  edge::server_options any_port;
  any_port.port = 0;
  edge::http_server endpoint{any_port, [&](edge::http_request&&, const edge::responder& answer) {
                               answer.send({status, {}, "text/plain", status == 204 ? "" : "so it is"});
                             }};
  const auto sink = edge::make_sink_maker("http://127.0.0.1:" + std::to_string(endpoint.port()) + "/events")();
  const auto answered = [&](unsigned with) {
    status = with;
    const auto done = sink->deliver({0, {outgoing(1, 1), outgoing(2, 2)}});
    if (!done.outage.empty()) return done.tried == 0 ? "outage" : "?";
    if (done.arrived() == 2) return "arrived";
    return done.rejected.size() != 2 ? "?" : done.rejected[0].doubtful ? "doubtful" : "to blame";
  };
  const std::vector<std::pair<std::string, std::vector<unsigned>>> all{
      {"arrived", {200, 202, 204}},
      {"outage", {408, 425, 429, 502, 503, 504}},
      {"doubtful", {301, 401, 403, 404, 405, 407, 410, 500, 501, 507}},
      {"to blame", {400, 409, 413, 415, 422}}};
  for (const auto& [expected, statuses] : all)
    for (const auto one : statuses) {
      INFO(one);
      CHECK(answered(one) == expected);
    }
}

TEST_CASE("events go into the file that has the name, whoever moves or removes the one before", "[S2.10]") {
  namespace fs = std::filesystem;
  const temporary_folder folder;
  const auto path = folder.file("events.json"), moved = folder.file("events.json.1");
  // The sequence numbers of the events in a file.
  const auto seqs = [](const std::string& file) {
    std::string all;
    std::ifstream in{file};
    for (std::string line; std::getline(in, line);) {
      const auto event = nlohmann::json::parse(line, nullptr, false);
      all += event.is_discarded() ? "? " : std::to_string(std::stoi(event["sequence"].get<std::string>())) + ' ';
    }
    return all;
  };
  const auto sink = edge::make_sink_maker("file:" + path)();
  const auto deliver = [&](std::int64_t seq) { return sink->deliver({0, {outgoing(seq, seq)}}).arrived(); };
  CHECK(deliver(1) == 1);
  CHECK(deliver(2) == 1);
  fs::rename(path, moved);
  CHECK(deliver(3) == 1);
  CHECK(seqs(moved) == "1 2 ");
  CHECK(seqs(path) == "3 ");
  fs::remove(path);
  CHECK(deliver(4) == 1);
  CHECK(seqs(path) == "4 ");
  // Another one takes its place, whose last line was cut short.
  std::ofstream{moved} << "{\"half\":";
  fs::rename(moved, path);
  CHECK(deliver(5) == 1);
  CHECK(seqs(path) == "? 5 ");
  // While there is no folder it is an outage, and then it goes on.
  fs::rename(folder.path(), folder.path().string() + ".away");
  CHECK_THROWS_WITH(deliver(6), Catch::Contains("No such file"));
  fs::rename(folder.path().string() + ".away", folder.path());
  CHECK(deliver(6) == 1);
  CHECK(seqs(path) == "? 5 6 ");
}

TEST_CASE("a sink's URL is checked before the node starts, and its error says what is wrong", "[S2.10]") {
  CHECK_FALSE(edge::make_sink_maker(""));
  for (const char* good : {"file:/tmp/x", "http://127.0.0.1:9/events", "kafka://127.0.0.1:9092/orders",
                           "kafka://a:1,b-2.c:65535,[::1]:3/o.r-d_s", "mongodb://127.0.0.1:27017/souk.events",
                           "mongodb://a:1,b:2/souk.events.of.orders"}) {
    INFO(good);
    CHECK(edge::make_sink_maker(good));
  }
  for (const char* bad : {"ftp://x",
                          "file",
                          "http://",
                          "https://x/",
                          "kafka:",
                          "kafka://",
                          "kafka://a:1",
                          "kafka://a:1/",
                          "kafka:///t",
                          "kafka://a/t",
                          "kafka://a:0/t",
                          "kafka://a:65536/t",
                          "kafka://a:1,/t",
                          "kafka://a:1,b/t",
                          "kafka://a:1/t/u",
                          "kafka://a:1/t?acks=0",
                          "kafka://u@a:1/t",
                          "kafka://a:1/..",
                          "mongodb://a:1",
                          "mongodb://a:1/db",
                          "mongodb://a:1/.c",
                          "mongodb://a:1/db.",
                          "mongodb://u:p@a:1/db.c",
                          "mongodb://a:1/db.c?w=0",
                          "mongodb://a:1/d b.c",
                          "mongodb://a:1/db.$c",
                          "mongodb://a:1/db.system.x"}) {
    INFO(bad);
    CHECK_THROWS_AS(edge::make_sink_maker(bad), std::invalid_argument);
  }
  CHECK_THROWS_WITH(edge::make_sink_maker("kafka://a:1,b/t"),
                    "the platform's sink 'kafka://a:1,b/t' is no list of HOST:PORT: 'b' is none");
}
