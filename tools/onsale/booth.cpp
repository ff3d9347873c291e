// Opens a booth on a directory, and asks it.
#include "tools/onsale/booth.hpp"

#include <chrono>
#include <future>
#include <thread>

#include "actors/edge/sinks.hpp"
#include "tools/at_rest.hpp"

namespace souk::onsale {

namespace {
// Each time a little longer: a crowd that is turned away for half a minute has found no shop.
constexpr int tries_max = 40;
constexpr std::chrono::milliseconds pause{20};
}  // namespace

booth::booth(const std::filesystem::path& data) {
  std::filesystem::create_directories(data);
  runtime::node_options options;
  options.data = data.string();
  options.make_sink = edge::make_sink_maker("file:" + (data / "platform.jsonl").string());
  node_ = std::make_unique<runtime::node>(std::move(options));
  edge::gateway_options at_the_door;
  at_the_door.wait_ms = 10'000;
  gateway_ = std::make_unique<edge::gateway>(*node_, at_the_door);
}

booth::~booth() {
  gateway_.reset();
  node_.reset();
}

void booth::come_to_rest() { tools::wait_until_at_rest(node_->front()); }

said booth::ask(const std::string& method, const std::string& target, const nlohmann::json& body,
                const std::string& key) {
  edge::header_list headers;
  if (!key.empty()) headers.emplace_back("idempotency-key", key);
  const auto text = body.is_null() ? std::string{} : body.dump();
  for (int tries = 1;; ++tries) {
    auto heard = std::make_shared<std::promise<edge::http_response>>();
    gateway_->handle(edge::http_request{method, target, headers, text, "onsale"},
                     [heard](edge::http_response&& what) { heard->set_value(std::move(what)); });
    const auto what = heard->get_future().get();
    if (what.status != 503 || tries == tries_max) {
      if (what.status >= 500) throw no_answer(method + ' ' + target + ": " + what.body);
      bool replayed = false;
      for (const auto& [name, value] : what.headers) replayed = replayed || name == "Idempotent-Replayed";
      return {what.status, what.body.empty() ? nlohmann::json::object() : nlohmann::json::parse(what.body), replayed};
    }
    std::this_thread::sleep_for(pause * tries);
  }
}

}  // namespace souk::onsale
