// What the servers to test against have in common: answers, things done later, a life that ends by a signal.
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <thread>

#include "actors/edge/http.hpp"

namespace souk::doubles {

edge::http_response problem(unsigned status, std::string_view type, const std::string& detail);
edge::http_response answer_json(unsigned status, const nlohmann::ordered_json& body);

// Does things later, one after the other, so that slowness does not hold a thread of the server.
class later {
public:
  later() : thread_{[this] { run(); }} {}
  ~later() { stop(); }
  later(const later&) = delete;
  later& operator=(const later&) = delete;

  void run_in(std::int64_t ms, std::function<void()> what);
  void stop();

private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<std::chrono::steady_clock::time_point, std::function<void()>> waiting_;
  bool ended_ = false;
  std::thread thread_;
};

// SIGTERM and SIGINT, kept from all threads that are started after this.
class end_signal {
public:
  end_signal();
  void wait() const;

private:
  sigset_t ends_;
};

// Says where it listens, serves until the process is asked to end, and returns when no request is at work any more.
void serve(const end_signal& end, const edge::server_options& options, edge::http_server::handler handle);

}  // namespace souk::doubles
