// Opens and closes consoles beside a run, and counts what the others do meanwhile.
#include "tools/bench/console.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "actors/edge/gateway.hpp"
#include "actors/edge/http.hpp"
#include "tools/bench/cpu.hpp"

namespace souk::tools {

namespace {

using steady = std::chrono::steady_clock;

constexpr double begin_s = 2;    // until the run goes evenly
constexpr double quiet_s = 4.5;  // the node goes on for three ticks, should somebody come back

// One open page, as far as the node notices: it asks for the stream, and reads it.
class listener {
public:
  explicit listener(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    constexpr std::string_view wish =
        "GET /v1/admin/live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
    if (socket_ < 0 || ::connect(socket_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0 ||
        ::send(socket_, wish.data(), wish.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(wish.size()))
      throw std::runtime_error("a console cannot be opened");
    reading_ = std::thread{[this] { read(); }};
  }
  ~listener() {
    ::shutdown(socket_, SHUT_RDWR);
    reading_.join();
    ::close(socket_);
  }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;
  std::int64_t ticks() const { return ticks_; }

private:
  void read() {
    constexpr std::string_view mark = "event: tick", well = "HTTP/1.1 200";
    std::string held;
    char part[65536];
    while (held.size() < well.size()) {
      const auto n = ::recv(socket_, part, sizeof part, 0);
      if (n <= 0) break;
      held.append(part, static_cast<std::size_t>(n));
    }
    if (!held.starts_with(well)) std::cerr << "a console is not let in: " << held.substr(0, held.find('\r')) << '\n';
    for (ssize_t n = 0; (n = ::recv(socket_, part, sizeof part, 0)) > 0;) {
      held.append(part, static_cast<std::size_t>(n));
      for (auto at = held.find(mark); at != held.npos; at = held.find(mark)) {
        ++ticks_;
        held.erase(0, at + mark.size());
      }
      if (held.size() > mark.size()) held.erase(0, held.size() - mark.size());
    }
  }

  int socket_;
  std::atomic<std::int64_t> ticks_{0};
  std::thread reading_;
};

}  // namespace

double seconds_of_two_pairs(double window_s) { return begin_s + 1 + quiet_s + 4 * window_s + 1; }

spread spread_of(std::vector<double> of) {
  if (of.empty()) return {};
  std::sort(of.begin(), of.end());
  const auto at = [&](double part) {
    return of[static_cast<std::size_t>(part * static_cast<double>(of.size() - 1) + 0.5)];
  };
  return {at(0.25), at(0.5), at(0.75)};
}

console_cost watch_consoles(runtime::node& node, unsigned consoles, double window_s,
                            const std::atomic<std::int64_t>& ended, const std::atomic<bool>& over) {
  edge::gateway gateway{node, {}};
  edge::http_server server{{}, [&](edge::http_request&& request, edge::responder answer) {
                             gateway.handle(std::move(request), answer, edge::entrance::admin);
                           }};
  console_cost out;
  std::vector<std::unique_ptr<listener>> open;
  // False when the run is over: then what was begun does not count.
  const auto rest = [&](double seconds) {
    const auto until =
        steady::now() + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(seconds));
    while (!over && steady::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    return !over;
  };
  struct window {
    double orders_s = 0, cpu_an_order = 0;
  };
  const auto look = [&](bool with) -> std::optional<window> {
    if (with && open.empty()) {
      for (unsigned i = 0; i < consoles; ++i) open.push_back(std::make_unique<listener>(server.port()));
      if (!rest(1)) return std::nullopt;
    } else if (!with && !open.empty()) {
      for (const auto& one : open) out.ticks += one->ticks();
      open.clear();
      if (!rest(quiet_s)) return std::nullopt;
    }
    const auto orders = ended.load();
    const auto cpu = cpu_seconds();
    const auto from = steady::now();
    if (!rest(window_s)) return std::nullopt;
    const auto n = static_cast<double>(ended.load() - orders);
    const auto seconds = std::chrono::duration<double>(steady::now() - from).count();
    if (n <= 0) return std::nullopt;
    return window{n / seconds, (cpu_seconds() - cpu) / n};
  };
  for (rest(begin_s); !over;) {
    const auto off = look(false), on = look(true), again = look(true), last = look(false);
    if (!last || !off || !on || !again) break;
    for (const auto& [without, with] : {std::pair{*off, *on}, std::pair{*last, *again}}) {
      out.orders.push_back(with.orders_s / without.orders_s);
      out.cpu.push_back(with.cpu_an_order / without.cpu_an_order);
    }
  }
  const auto heard = [&] {
    std::int64_t n = 0;
    for (const auto& one : open) n += one->ticks();
    return n;
  };
  out.ticks += heard();
  open.clear();
  // And by itself, when the orders are over: of time on a processor a neighbour takes nothing.
  const auto sleep = [](double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); };
  const auto cpu_a_second = [&](double seconds) {
    const auto cpu = cpu_seconds();
    const auto from = steady::now();
    sleep(seconds);
    return (cpu_seconds() - cpu) / std::chrono::duration<double>(steady::now() - from).count();
  };
  constexpr double alone_s = 2;
  constexpr int rounds = 3;
  sleep(2 * quiet_s);  // what the orders left behind is put away
  std::vector<double> costs;
  for (int round = 0; round < rounds; ++round) {
    const auto before = cpu_a_second(alone_s);
    for (unsigned i = 0; i < consoles; ++i) open.push_back(std::make_unique<listener>(server.port()));
    sleep(1);
    const auto ticks_before = heard();
    const auto with = cpu_a_second(2 * alone_s);
    const auto ticks = static_cast<double>(heard() - ticks_before) / consoles;
    open.clear();
    sleep(quiet_s);
    const auto without = (before + cpu_a_second(alone_s)) / 2;
    if (ticks > 0) costs.push_back((with - without) * 2 * alone_s * 1'000 / ticks);
  }
  out.cpu_ms_a_tick = spread_of(std::move(costs));
  open.clear();
  server.stop();
  return out;
}

}  // namespace souk::tools
