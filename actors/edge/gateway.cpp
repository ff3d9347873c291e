// Opens and closes the gateway, and keeps the right to answer with each request.
#include "actors/edge/gateway.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>
#include <random>

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
  if (watchman) watchman->stop();
  const std::unique_lock closing{door_};
  node_ = nullptr;
}

std::vector<moment> hall::late_before() const {
  std::vector<moment> all;
  for (const auto ms : options_.late_ms) all.push_back(now() + -ms);
  return all;
}

bool hall::guarded() const { return options_.keys && options_.keys->any(); }

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

bool hall::admit_by_events() {
  std::int64_t open = 0;
  with_node([&](runtime::node& node) {
    for (const auto& [at, counts] : node.figures().desks) open += counts->by_events;
  });
  if (open < options_.orders_in_flight_max) return true;
  counted.shed.fetch_add(1, std::memory_order_relaxed);
  return false;
}

call::call(std::shared_ptr<edge::hall> hall, entrance at) : state_(std::make_shared<state>()) {
  state_->hall = std::move(hall);
  state_->at = at;
  if (state_->hall->options().access_log) state_->came = std::chrono::steady_clock::now();
}
call::call(std::shared_ptr<edge::hall> hall, responder to, entrance at) : call(std::move(hall), at) {
  state_->socket = std::move(to);
}
call::call(std::shared_ptr<edge::hall> hall, answer_to to, entrance at) : call(std::move(hall), at) {
  state_->in_process = std::move(to);
}

void call::note(std::string_view method, std::string_view route, std::string_view traceparent) const {
  state_->method = method;
  state_->route = route;
  if (!traceparent.empty()) state_->trace = parse_trace_parent(traceparent).value_or(trace_parent{});
}

bool call::serves(const guard& route) const {
  if (state_->at == entrance::admin || route.where() == entrance::front) return true;
  return !hall().options().admin_apart && !hall().guarded();
}

bool call::let_in(const guard& route, std::string_view authorization) const {
  if (!hall().guarded()) return true;
  if (!authorization.empty() && route.needs_key()) state_->who = hall().options().keys->find(authorization);
  switch (edge::admit(route, authorization, state_->who.get())) {
    case admission::granted: return true;
    case admission::key_missing:
      answer(problem{problems::key_missing}.header("WWW-Authenticate", R"(Bearer realm="souk")"));
      return false;
    case admission::key_unknown:
      answer(
          problem{problems::key_unknown}.header("WWW-Authenticate", R"(Bearer realm="souk", error="invalid_token")"));
      return false;
    case admission::role_refused:
      answer(problem{problems::role_refused}.with("role", to_text(state_->who->role)));
      return false;
  }
  return false;
}

bool call::is_welcome() const {
  if (!hall().guarded()) return true;
  const auto* was = who();  // none: he came before anybody needed a key
  const auto now = was ? hall().options().keys->find(was->key) : nullptr;
  return now && now->role == was->role && now->user == was->user;
}

call::state::~state() {
  if (!answered) send(problem{problems::internal}.detail("the request was dropped").take());
  if (admitted) hall->leave();
}

void call::state::log(unsigned status, std::size_t bytes) const {
  const auto& to = hall->options().access_log;
  if (!to) return;
  // Whoever brings no trace gets one of his own, so that the lines about him can be found.
  thread_local std::mt19937_64 dice{std::random_device{}()};
  const auto of = trace ? trace : trace_parent{dice(), dice() | 1};
  using namespace std::chrono;
  to->write({hall->now(), method, route, status, duration_cast<microseconds>(steady_clock::now() - came).count(), bytes,
             trace_id_of(of), who ? to_text(who->role) : std::string_view{}});
}

void call::state::send(http_response&& what) {
  if (answered.exchange(true)) return;
  hall->counted.answered[std::min(what.status / 100, 5U)].fetch_add(1, std::memory_order_relaxed);
  if (admitted) {
    using namespace std::chrono;
    hall->took.add(duration_cast<microseconds>(steady_clock::now() - since).count());
  }
  log(what.status, what.body.size());
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
  state_->log(200, 0);
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

bool call::admit(order::flow flow) const {
  if (sagas::plan_of(flow).is_chain() || hall().admit_by_events()) return true;
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
  // Who has paused a design, and why, is not for those who shop.
  const bool theirs = said.why != reason::paused || !who() || who()->role != role::customer;
  if (!said.detail.empty() && theirs) what.detail(said.detail);
  if (said.replayed) what.header("Idempotent-Replayed", "true");
  answer(std::move(what));
}

gateway::gateway(runtime::node& node, gateway_options options)
    : hall_(std::make_shared<edge::hall>(node, std::move(options))) {
  hall_->clock_ = node.around().clock;
  for (std::size_t d = 0; d < domain_count; ++d) hall_->shards_[d] = node.front().shards(static_cast<domain>(d));
  if (const auto& watch = hall_->options().watch) hall_->watchman = std::make_unique<watchman>(*hall_, *watch);
}

gateway::~gateway() { hall_->close(); }

void gateway::handle(http_request&& request, const responder& answer, entrance at) {
  render(request, call{hall_, answer, at});
}

void gateway::handle(const http_request& request, std::function<void(http_response&&)> then, entrance at) {
  render(request, call{hall_, std::move(then), at});
}

void gateway::drain() {
  hall_->draining = true;
  hall_->with_node([](runtime::node& node) { node.about_to_stop(); });
}

void gateway::show(std::function<server_counts()> server) { hall_->server = std::move(server); }

}  // namespace souk::edge
