// The sink to Kafka, over the real protocol: librdkafka's mock brokers take the events, and kcat reads them back.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <chrono>
#include <cstdio>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/sinks.hpp"
#include "tests/actors/gateway_shop.hpp"
#include "tests/actors/outgoing_events.hpp"
#include "tests/catch.hpp"
#include "tests/shell.hpp"

using namespace souk;
using namespace souk::tests;
using nlohmann::json;

namespace {

constexpr std::int16_t produce_request = 0;
constexpr std::int16_t init_producer_request = 22;

class brokers {
public:
  explicit brokers(int partitions = 4) {
    std::array<char, 512> why{};
    auto* options = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(options, nullptr);
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, options, why.data(), why.size());
    REQUIRE(handle_);
    cluster_ = rd_kafka_mock_cluster_new(handle_, 3);
    REQUIRE(cluster_);
    REQUIRE(rd_kafka_mock_topic_create(cluster_, "orders", partitions, 3) == RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  ~brokers() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(handle_);
  }
  brokers(const brokers&) = delete;
  brokers& operator=(const brokers&) = delete;

  std::string addresses() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  std::unique_ptr<runtime::sink> sink(const std::string& topic = "orders") const {
    return edge::make_sink_maker("kafka://" + addresses() + '/' + topic)();
  }
  void down() { rd_kafka_mock_broker_set_down(cluster_, -1); }
  void up() { rd_kafka_mock_broker_set_up(cluster_, -1); }
  // The next requests of this kind are answered so.
  void answer(std::int16_t request, const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(cluster_, request, errors.size(), errors.data());
  }
  // Each broker answers the first question for a producer's id with "later".
  void refuse_producer_ids_once() {
    for (const std::int32_t broker : {1, 2, 3})
      rd_kafka_mock_broker_push_request_error_rtts(cluster_, broker, init_producer_request, 1,
                                                   RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, 0);
  }
  std::size_t producer_ids_asked() const {
    std::size_t asked = 3;
    for (const std::int32_t broker : {1, 2, 3}) {
      std::size_t left = 0;
      rd_kafka_mock_broker_error_stack_cnt(cluster_, broker, init_producer_request, &left);
      asked -= left;
    }
    return asked;
  }

  // What a stranger finds in the topic, partition by partition from the first.
  std::vector<json> messages() const {
    const auto said = said_by("kcat -C -q -e -J -t orders -b " + addresses());
    INFO("kcat, which tools/setup installs, ends with an error");
    REQUIRE(said.code == 0);
    std::vector<json> found;
    std::istringstream lines{said.text};
    for (std::string line; std::getline(lines, line);) found.push_back(json::parse(line));
    return found;
  }

private:
  rd_kafka_t* handle_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

std::map<std::string, std::string> headers_of(const json& message) {
  std::map<std::string, std::string> found;
  const auto& list = message.at("headers");
  for (std::size_t i = 0; i + 1 < list.size(); i += 2) found[list[i]] = list[i + 1];
  return found;
}
// Ids of the events in the topic, sorted: one that is there twice stands there twice.
std::multiset<std::string> ids(const brokers& of) {
  std::multiset<std::string> found;
  for (const auto& one : of.messages()) found.insert(headers_of(one).at("ce_id"));
  return found;
}
std::multiset<std::string> ids(const order::events& of, const std::set<std::int64_t>& but = {}) {
  std::multiset<std::string> found;
  for (const auto& one : of.list)
    if (!but.contains(one.seq)) found.insert(edge::describe(one, of.source).id);
  return found;
}

// So many orders, each third of which is cancelled later.
order::events many(std::int64_t orders) {
  order::events all{0, {}};
  for (std::int64_t i = 1; i <= orders; ++i) all.list.push_back(outgoing(i, i));
  for (std::int64_t i = 3; i <= orders; i += 3) all.list.push_back(outgoing(orders + i / 3, i, order::kind::cancelled));
  return all;
}

}  // namespace

TEST_CASE("events reach Kafka as CloudEvents in binary mode, each order's in order in one partition",
          "[S2.7][S3.5][S3.6]") {
  const brokers cluster;
  const auto sink = cluster.sink();
  const auto all = many(300);
  const auto done = sink->deliver(all);
  CHECK(done.outage == "");
  CHECK(done.rejected.empty());
  CHECK(done.tried == all.list.size());

  std::map<std::string, edge::cloud_event> expected;
  for (const auto& one : all.list) {
    auto event = edge::describe(one, all.source);
    expected[event.id] = std::move(event);
  }
  std::map<std::string, std::pair<int, std::string>> last;  // of each order: its partition and latest sequence
  std::set<int> partitions;
  const auto found = cluster.messages();
  REQUIRE(found.size() == all.list.size());
  for (const auto& message : found) {
    const auto headers = headers_of(message);
    const auto& event = expected.at(headers.at("ce_id"));
    std::map<std::string, std::string> wanted{{"ce_specversion", "1.0"},       {"ce_id", event.id},
                                              {"ce_source", "/souk/order/0"},  {"ce_type", event.type},
                                              {"ce_subject", event.subject},   {"ce_time", event.time},
                                              {"ce_sequence", event.sequence}, {"content-type", "application/json"}};
    if (!event.traceparent.empty()) wanted["ce_traceparent"] = event.traceparent;
    CHECK(headers == wanted);
    CHECK(message.at("payload") == event.data);
    CHECK(message.at("key") == event.subject);
    const int partition = message.at("partition");
    partitions.insert(partition);
    const auto [before, fresh] = last.try_emplace(event.subject, partition, event.sequence);
    if (fresh) continue;
    CHECK(before->second.first == partition);
    CHECK(before->second.second < event.sequence);
    before->second.second = event.sequence;
  }
  CHECK(partitions.size() == 4);
}

TEST_CASE("brokers that fail for a while get every event once within one session", "[S2.10][S3.6]") {
  brokers cluster;
  const auto sink = cluster.sink();
  const auto all = many(60);
  REQUIRE(sink->deliver({0, {outgoing(1'000, 1'000)}}).outage == "");
  // They are gone when the delivery begins, and when they are back they first have no leader and drop connections.
  cluster.down();
  auto delivering = std::async(std::launch::async, [&] { return sink->deliver(all); });
  std::this_thread::sleep_for(std::chrono::milliseconds{1'200});
  CHECK(delivering.wait_for(std::chrono::seconds{0}) == std::future_status::timeout);  // acknowledged, or not yet done
  cluster.answer(produce_request, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR__TRANSPORT,
                                   RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT});
  cluster.up();
  const auto done = delivering.get();
  CHECK(done.outage == "");
  CHECK(done.rejected.empty());
  CHECK(done.tried == all.list.size());
  auto expected = ids(all);
  expected.insert(edge::describe(outgoing(1'000, 1'000), 0).id);
  CHECK(ids(cluster) == expected);
}

TEST_CASE("a Kafka that stays away is an outage, and nothing is lost when it is back", "[S2.10]") {
  brokers cluster;
  const auto sink = cluster.sink();
  const auto all = many(30);
  cluster.down();
  const auto begin = std::chrono::steady_clock::now();
  const auto done = sink->deliver(all);
  CHECK(done.tried == 0);
  CHECK(done.rejected.empty());
  CHECK(done.outage.starts_with("kafka: "));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{30});
  cluster.up();
  // The same sink serves on, though nobody need use it again.
  const auto again = sink->deliver(all);
  CHECK(again.outage == "");
  CHECK(again.tried == all.list.size());
  CHECK(ids(cluster) == ids(all));
}

TEST_CASE("a topic that nobody may write to is an outage, not the events' fault", "[S2.10]") {
  brokers cluster;
  cluster.answer(produce_request, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  const auto done = cluster.sink()->deliver({0, {outgoing(1, 1)}});
  CHECK(done.tried == 0);
  CHECK(done.rejected.empty());
  CHECK(done.outage.find("authorization failed") != std::string::npos);
}

TEST_CASE("an event that brokers find too large is rejected, and its order's later ones wait", "[S2.10]") {
  brokers cluster;
  const auto sink = cluster.sink();
  cluster.answer(produce_request, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  const order::events all{0, {outgoing(1, 1), outgoing(2, 1, order::kind::cancelled), outgoing(3, 2), outgoing(4, 3)}};
  const auto done = sink->deliver(all);
  CHECK(done.outage == "");
  CHECK(done.tried == 4);
  REQUIRE(done.rejected.size() == 2);
  CHECK(done.rejected[0].seq == 1);
  CHECK(done.rejected[0].error.find("too large") != std::string::npos);
  CHECK(done.rejected[1].seq == 2);
  CHECK(done.rejected[1].error == "");
  CHECK(ids(cluster) == ids(all, {1, 2}));
  // Tried later, it goes.
  CHECK(sink->deliver({0, {outgoing(1, 1)}}).rejected.empty());
  CHECK(ids(cluster) == ids(all, {2}));
}

TEST_CASE("events in one batch with a too large one are not rejected for it, nor sent twice", "[S2.10]") {
  brokers cluster{1};
  const auto sink = cluster.sink();
  cluster.answer(produce_request, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  order::events all{0, {}};
  for (std::int64_t i = 1; i <= 20; ++i) all.list.push_back(outgoing(i, i));
  const auto done = sink->deliver(all);
  CHECK(done.outage == "");
  CHECK(done.rejected.empty());
  CHECK(done.tried == 20);
  CHECK(ids(cluster) == ids(all));
}

TEST_CASE("the producer is an idempotent one, and is made anew when the brokers forget it", "[S2.6][S2.10]") {
  // The mock brokers do not drop what comes twice, as real ones do by the producer's id: that it asks for one is seen.
  brokers cluster;
  const auto sink = cluster.sink();
  cluster.refuse_producer_ids_once();
  const auto all = many(9);
  CHECK(sink->deliver(all).tried == all.list.size());
  CHECK(cluster.producer_ids_asked() > 0);
  cluster.answer(produce_request, {RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID});
  const order::events more{0, {outgoing(100, 100)}};
  auto done = sink->deliver(more);
  if (!done.outage.empty()) done = sink->deliver(more);
  CHECK(done.tried == 1);
  auto expected = ids(all);
  expected.merge(ids(more));
  CHECK(ids(cluster) == expected);
}

TEST_CASE("orders do not wait while Kafka is away, and it gets each of them once when it is back",
          "[S2.7][S2.10][S4.2]") {
  brokers cluster;
  shop_options options;
  options.sink = edge::make_sink_maker("kafka://" + cluster.addresses() + "/orders");
  shop node{options};
  node.furnish();
  std::multiset<std::string> sold;
  const auto sell = [&](const std::string& key) {
    const auto said = node.post("/v1/orders", key, two_teapots);
    REQUIRE(said.status == 201);
    sold.insert(json::parse(said.body).at("id").get<std::string>() + ".order.completed");
  };
  sell("first");
  REQUIRE(eventually([&] { return ids(cluster) == sold; }));
  cluster.down();
  for (const auto* key : {"a", "b", "c", "d"}) sell(key);
  std::this_thread::sleep_for(std::chrono::milliseconds{500});
  cluster.up();
  CHECK(eventually([&] { return ids(cluster).size() >= sold.size(); }));
  CHECK(ids(cluster) == sold);
}
