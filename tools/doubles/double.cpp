// Answers, things done later, and a life that ends by a signal.
#include "tools/doubles/double.hpp"

#include <cstdio>
#include <utility>

namespace souk::doubles {

using clock_type = std::chrono::steady_clock;

edge::http_response problem(unsigned status, std::string_view type, const std::string& detail) {
  const nlohmann::ordered_json body{{"type", "/problems/" + std::string{type}}, {"title", detail}, {"status", status}};
  return {status,
          {},
          "application/problem+json",
          body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)};
}

edge::http_response answer_json(unsigned status, const nlohmann::ordered_json& body) {
  return {status, {}, "application/json", body.dump()};
}

void later::run_in(std::int64_t ms, std::function<void()> what) {
  {
    const std::lock_guard hold{mutex_};
    waiting_.emplace(clock_type::now() + std::chrono::milliseconds{ms}, std::move(what));
  }
  changed_.notify_one();
}

void later::stop() {
  {
    const std::lock_guard hold{mutex_};
    ended_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void later::run() {
  std::unique_lock hold{mutex_};
  while (!ended_) {
    if (waiting_.empty()) {
      changed_.wait(hold);
    } else if (const auto due = waiting_.begin()->first; due > clock_type::now()) {
      changed_.wait_until(hold, due);
    } else {
      auto what = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      hold.unlock();
      what();
      hold.lock();
    }
  }
}

end_signal::end_signal() {
  sigemptyset(&ends_);
  sigaddset(&ends_, SIGTERM);
  sigaddset(&ends_, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends_, nullptr);
}

void end_signal::wait() const {
  int signal = 0;
  sigwait(&ends_, &signal);
}

void serve(const end_signal& end, const edge::server_options& options, edge::http_server::handler handle) {
  edge::http_server server{options, std::move(handle)};
  std::printf("listening on http://%s:%u\n", options.host.c_str(), unsigned{server.port()});
  std::fflush(stdout);
  end.wait();
  server.stop();
}

}  // namespace souk::doubles
