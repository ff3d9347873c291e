// Produces events to a Kafka topic, as CloudEvents in binary mode: attributes as headers, data as value, the order as
// key.
//
// The producer is idempotent: what it sends again after a lost answer is stored once. After an outage that outlives its
// patience it is made anew, and an event may be stored twice, with the same ce_id.
#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/sinks/all.hpp"
#include "actors/edge/sinks/waves.hpp"

namespace souk::edge::sinks {

namespace {

// These are about one message. Everything else is about the cluster, the topic or us: an outage, nobody's fault.
bool is_about_the_message(rd_kafka_resp_err_t error) {
  static constexpr std::array about{
      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD,
      RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,   RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,     RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
      RD_KAFKA_RESP_ERR__BAD_MSG,
  };
  return std::find(about.begin(), about.end(), error) != about.end();
}

class kafka_sink final : public wave_sink {
public:
  kafka_sink(std::string hosts, std::string topic) : hosts_(std::move(hosts)), topic_(std::move(topic)) {}
  ~kafka_sink() override { forget(); }

protected:
  std::string send(wave events, std::uint32_t source, std::span<fate> into) override {
    if (!producer_) connect();
    fates_ = into;
    open_ = 0;
    trouble_.clear();
    for (std::size_t i = 0; i < events.size(); ++i) produce(describe(*events[i], source), i);
    // Every message is reported: delivered, or failed when its time is up. The margin is for the report.
    const auto deadline = std::chrono::steady_clock::now() + patience + std::chrono::seconds{3};
    while (open_ > 0 && std::chrono::steady_clock::now() < deadline) rd_kafka_flush(producer_, 100);
    fates_ = {};
    if (std::none_of(into.begin(), into.end(), [](auto& one) { return one.what == fate::is::unknown; })) return {};
    const auto why = "kafka: " + (trouble_.empty() ? "no answer" : trouble_);
    forget();  // what is still on its way must not be reported to the next wave
    return why;
  }

private:
  void connect() {
    auto* made = rd_kafka_conf_new();
    const auto message_ms = std::to_string(patience.count());
    const std::array<std::pair<const char*, const char*>, 7> options{{
        {"bootstrap.servers", hosts_.c_str()},
        {"client.id", "souk"},
        {"enable.idempotence", "true"},  // and with it acks=all
        {"message.timeout.ms", message_ms.c_str()},
        {"reconnect.backoff.max.ms", "1000"},
        {"topic.metadata.propagation.max.ms", "5000"},  // so that an unknown topic is called so before time is up
        {"partitioner", "murmur2_random"},              // as Java's: one order, one partition, whoever produces
    }};
    std::array<char, 512> why{};
    for (const auto& [name, value] : options)
      if (rd_kafka_conf_set(made, name, value, why.data(), why.size()) != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(made);
        throw std::runtime_error(std::string{"kafka: "} + why.data());
      }
    rd_kafka_conf_set_opaque(made, this);
    rd_kafka_conf_set_dr_msg_cb(made, [](rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
      static_cast<kafka_sink*>(self)->on_report(*message);
    });
    rd_kafka_conf_set_error_cb(
        made, [](rd_kafka_t*, int, const char* text, void* self) { static_cast<kafka_sink*>(self)->trouble_ = text; });
    rd_kafka_conf_set_log_cb(
        made, [](const rd_kafka_t*, int, const char*, const char* text) { spdlog::debug("kafka: {}", text); });
    producer_ = rd_kafka_new(RD_KAFKA_PRODUCER, made, why.data(), why.size());  // which now owns the options
    if (!producer_) {
      rd_kafka_conf_destroy(made);
      throw std::runtime_error(std::string{"kafka: "} + why.data());
    }
  }

  void produce(const cloud_event& event, std::size_t index) {
    auto* headers = rd_kafka_headers_new(8);
    const auto header = [&](const std::string& name, std::string_view value) {
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                          static_cast<ssize_t>(value.size()));
    };
    header("content-type", cloud_event_data_type);
    for (const auto& [name, value] : attributes(event)) header("ce_" + std::string{name}, value);
    std::array<rd_kafka_vu_t, 6> message{};
    message[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    message[0].u.cstr = topic_.c_str();
    message[1].vtype = RD_KAFKA_VTYPE_KEY;
    message[1].u.mem = {const_cast<char*>(event.subject.data()), event.subject.size()};
    message[2].vtype = RD_KAFKA_VTYPE_VALUE;
    message[2].u.mem = {const_cast<char*>(event.data.data()), event.data.size()};
    message[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    message[3].u.i = RD_KAFKA_MSG_F_COPY;
    message[4].vtype = RD_KAFKA_VTYPE_HEADERS;
    message[4].u.headers = headers;
    message[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
    message[5].u.ptr = reinterpret_cast<void*>(index);
    auto* refused = rd_kafka_produceva(producer_, message.data(), message.size());
    if (!refused) {
      ++open_;
      return;
    }
    const auto error = rd_kafka_error_code(refused);
    judge(fates_[index], error, rd_kafka_error_string(refused), true);
    rd_kafka_error_destroy(refused);
    rd_kafka_headers_destroy(headers);  // which a message that was taken owns
  }

  void on_report(const rd_kafka_message_t& message) {
    if (fates_.empty()) return;
    --open_;
    auto& into = fates_[reinterpret_cast<std::size_t>(message._private)];
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      into.what = fate::is::arrived;
      return;
    }
    // Brokers judge whole batches, so one event may be refused for another.
    judge(into, message.err, rd_kafka_err2str(message.err), fates_.size() == 1);
  }

  void judge(fate& into, rd_kafka_resp_err_t error, const std::string& text, bool alone) {
    if (is_about_the_message(error)) {
      into = {alone ? fate::is::rejected : fate::is::doubtful, text};
    } else {
      trouble_ = text + (trouble_.empty() || trouble_.starts_with(text) ? "" : " (" + trouble_ + ')');
    }
  }

  void forget() {
    if (!producer_) return;
    fates_ = {};
    rd_kafka_purge(producer_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer_, 0);
    rd_kafka_destroy(producer_);
    producer_ = nullptr;
  }

  std::string hosts_, topic_;
  rd_kafka_t* producer_ = nullptr;
  std::span<fate> fates_;  // of the wave that is on its way; empty: none is
  std::size_t open_ = 0;   // not yet reported
  std::string trouble_;    // the last that was heard of the cluster
};

bool is_topic(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !text.empty() && text.size() <= 249 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), fits);
}

}  // namespace

runtime::sink_maker kafka(const std::string& where) {
  const auto to = parse_cluster(where, "kafka");
  if (!is_topic(to.path)) refuse(where, "without a topic of 1 to 249 letters, digits, . _ or -");
  return [to] { return std::make_unique<kafka_sink>(to.hosts, to.path); };
}

}  // namespace souk::edge::sinks
