// Opens and closes the gateway, and keeps the right to answer with each request.
#include "actors/edge/gateway.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>

#include "actors/edge/routes.hpp"

namespace souk::edge {

bool hall::ask(command&& what, const runtime::ask_options& how, runtime::hear&& then) {
  // Whoever holds the door open may ask: close() waits for them, and the node may go after it.
  const std::shared_lock open{door_};
  if (node_) node_->front().ask(std::move(what), how, std::move(then));
  return node_ != nullptr;
}

std::uint64_t hall::follow(number saga, runtime::watch_progress&& then) {
  const std::shared_lock open{door_};
  return node_ ? node_->front().follow(saga, std::move(then)) : 0;
}

void hall::unfollow(number saga, std::uint64_t ticket) {
  const std::shared_lock open{door_};
  if (node_) node_->front().unfollow(saga, ticket);
}

bool hall::with_node(const std::function<void(runtime::node&)>& use) {
  const std::shared_lock open{door_};
  if (node_) use(*node_);
  return node_ != nullptr;
}

void hall::close() {
  live->stop();  // it asks, too
  const std::unique_lock closing{door_};
  node_ = nullptr;
}

bool hall::admit() {
  const auto most = options_.orders_in_flight_max;
  if (in_flight_.fetch_add(1, std::memory_order_relaxed) < most) {
    // Whoever does not wait for the end leaves a saga behind: those count as well. Parked ones wait for people.
    std::int64_t running = 0;
    with_node([&](runtime::node& node) {
      for (const auto& one : node.figures().coordinators)
        running += std::max<std::int64_t>(one->running - one->parked, 0);
    });
    if (running < most) return true;
  }
  leave();
  counted.shed.fetch_add(1, std::memory_order_relaxed);
  return false;
}

call::call(std::shared_ptr<edge::hall> hall, responder to) : state_(std::make_shared<state>()) {
  state_->hall = std::move(hall);
  state_->socket = std::move(to);
}
call::call(std::shared_ptr<edge::hall> hall, answer_to to) : state_(std::make_shared<state>()) {
  state_->hall = std::move(hall);
  state_->in_process = std::move(to);
}

call::state::~state() {
  if (!answered) send(problem{problems::internal}.detail("the request was dropped").take());
  if (admitted) hall->leave();
}

void call::state::send(http_response&& what) {
  if (answered.exchange(true)) return;
  hall->counted.answered[std::min(what.status / 100, 5U)].fetch_add(1, std::memory_order_relaxed);
  if (admitted) {
    using namespace std::chrono;
    hall->took.add(duration_cast<microseconds>(steady_clock::now() - since).count());
  }
  if (in_process)
    in_process(std::move(what));
  else
    (void)socket.send(std::move(what));
}

void call::answer(http_response&& what) const { state_->send(std::move(what)); }

void call::answer(unsigned status, std::string&& json, bool replayed) const {
  http_response what{status, {}, "application/json", std::move(json)};
  if (replayed) what.headers.emplace_back("Idempotent-Replayed", "true");
  answer(std::move(what));
}

std::optional<event_stream> call::open_stream() const {
  if (state_->in_process || state_->answered.exchange(true)) return std::nullopt;
  hall().counted.answered[2].fetch_add(1, std::memory_order_relaxed);
  return state_->socket.open_stream({{"Cache-Control", "no-store"}});
}

bool call::admit() const {
  if (hall().admit()) {
    state_->since = std::chrono::steady_clock::now();
    return state_->admitted = true;
  }
  answer(problem{problems::overloaded});
  return false;
}

void call::ask(command what, const runtime::ask_options& how, runtime::hear then) const {
  const bool asked = hall().ask(std::move(what), how, [self = *this, then = std::move(then)](souk::answer&& said) {
    // This is the front's thread: nothing may escape into it.
    try {
      then(std::move(said));
    } catch (const std::exception& broken) {
      spdlog::error("an answer could not be written: {}", broken.what());
      self.answer(problem{problems::internal});
    }
  });
  if (!asked) answer(problem{reason::unreachable}.detail("the node is stopping"));
}

void call::answer_no(const souk::answer& said) const {
  problem what{said.why};
  if (!said.detail.empty()) what.detail(said.detail);
  if (said.replayed) what.header("Idempotent-Replayed", "true");
  answer(std::move(what));
}

gateway::gateway(runtime::node& node, gateway_options options)
    : hall_(std::make_shared<edge::hall>(node, std::move(options))) {
  hall_->clock_ = node.around().clock;
  for (std::size_t d = 0; d < domain_count; ++d) hall_->shards_[d] = node.front().shards(static_cast<domain>(d));
}

gateway::~gateway() { hall_->close(); }

void gateway::handle(http_request&& request, const responder& answer) { render(request, call{hall_, answer}); }

void gateway::handle(const http_request& request, std::function<void(http_response&&)> then) {
  render(request, call{hall_, std::move(then)});
}

void gateway::drain() { hall_->draining = true; }

void gateway::show(std::function<server_counts()> server) { hall_->server = std::move(server); }

}  // namespace souk::edge
