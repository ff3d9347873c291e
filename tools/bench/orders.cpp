// Measures how many orders a second one node completes, durably, and what each costs.
#include "tools/bench/orders.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <latch>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>
#include <unordered_map>

#include "actors/edge/gateway.hpp"
#include "actors/edge/http.hpp"
#include "actors/edge/sinks.hpp"
#include "actors/runtime/node.hpp"
#include "actors/sagas/plans.hpp"
#include "tools/bench/console.hpp"
#include "tools/bench/cpu.hpp"
#include "tools/progress.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

using steady = std::chrono::steady_clock;

double rss_mb() {
  std::ifstream statm{"/proc/self/statm"};
  double pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

user_id user_name(std::int64_t n) { return {"u" + std::to_string(n)}; }
user_id poor_name(std::int64_t n) { return {"poor" + std::to_string(n)}; }
product_id product_name(std::int64_t n) { return {"p" + std::to_string(n)}; }

// Asks n commands with a bounded number in flight and waits for all; the first that is not done is an error.
class filler {
public:
  filler(runtime::front& front, progress& shown) : front_(front), shown_(shown) {}

  template <class Make>
  void fill(std::int64_t n, Make&& make, std::function<void(std::int64_t, answer&)> hear = {}) {
    for (std::int64_t i = 0; i < n; ++i) {
      {
        std::unique_lock hold{mutex_};
        below_.wait(hold, [&] { return open_ < 2048; });
        ++open_;
      }
      front_.ask(make(i), {{}, 60'000, 0}, [this, i, hear](answer&& said) {
        if (!said.done()) failed_ = true;
        if (said.done() && hear) hear(i, said);
        shown_.advance();
        const std::lock_guard hold{mutex_};
        --open_;
        below_.notify_one();
      });
    }
    std::unique_lock hold{mutex_};
    below_.wait(hold, [&] { return open_ == 0; });
    if (failed_) throw std::runtime_error("the shop could not be filled");
  }

private:
  runtime::front& front_;
  progress& shown_;
  std::mutex mutex_;
  std::condition_variable below_;
  std::int64_t open_ = 0;
  std::atomic<bool> failed_{false};
};

// Which product an order's line is about.
class picker {
public:
  picker(const std::string& skew, std::int64_t products) : products_(products), flash_(skew == "flash") {
    if (skew != "zipf") return;
    double sum = 0;
    for (std::int64_t i = 1; i <= products; ++i) weights_.push_back(sum += 1.0 / static_cast<double>(i));
  }
  std::int64_t operator()(std::mt19937_64& dice) const {
    if (flash_) return 0;
    if (weights_.empty()) return static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(products_));
    const double x = std::uniform_real_distribution<>{0, weights_.back()}(dice);
    return std::lower_bound(weights_.begin(), weights_.end(), x) - weights_.begin();
  }

private:
  std::int64_t products_;
  bool flash_;
  std::vector<double> weights_;
};

struct coupon_in_hand {
  coupon_id coupon;
  std::int64_t user = 0;
};

// The next order: by a random user, or by the owner of the next unused coupon, or by somebody too poor.
class order_maker {
public:
  order_maker(const bench_options& options, std::vector<coupon_in_hand> coupons)
      : options_(options), pick_(options.skew, options.products), coupons_(std::move(coupons)) {}

  order::place next(moment now) {
    order::place what;
    what.request = "bench-" + std::to_string(run_) + '-' + std::to_string(++last_);
    what.wait = true;
    what.flow = sagas::find_flow(options_.flow).value();
    what.at = now;
    const double roll = static_cast<double>(dice_() % 10'000) / 100;
    if (roll < options_.failures) {
      what.user = poor_name(static_cast<std::int64_t>(dice_() % 100));
    } else if (next_coupon_ < coupons_.size() && static_cast<double>(dice_() % 10'000) / 100 < options_.coupons) {
      what.coupon = coupons_[next_coupon_].coupon;
      what.user = user_name(coupons_[next_coupon_++].user);
    } else {
      what.user = user_name(static_cast<std::int64_t>(dice_() % static_cast<std::uint64_t>(options_.users)));
    }
    for (unsigned i = 0; i < options_.items; ++i) what.lines.push_back({product_name(pick_(dice_)), 1, {}});
    return what;
  }

private:
  const bench_options& options_;
  picker pick_;
  std::vector<coupon_in_hand> coupons_;
  std::size_t next_coupon_ = 0;
  std::mt19937_64 dice_{42};
  std::uint64_t run_ = std::random_device{}();
  std::uint64_t last_ = 0;
};

struct outcome {
  explicit outcome(std::atomic<std::int64_t>& so_far) : ended(so_far) {}
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::atomic<std::int64_t>& ended;  // for whoever looks on
  std::vector<float> ms;
  double seconds = 0;
};

// in_flight orders outstanding, each followed by the next as soon as its end is durable.
outcome run_in_process(runtime::node& node, order_maker& maker, const bench_options& options,
                       std::atomic<std::int64_t>& so_far) {
  outcome all{so_far};
  all.ms.reserve(1 << 20);
  std::latch ended{static_cast<std::ptrdiff_t>(options.in_flight)};
  const auto from = steady::now();
  const auto until =
      from + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(options.seconds));
  // Callbacks come one after the other on the front's thread: nothing here is shared with another.
  std::function<void()> place = [&] {
    const auto asked = steady::now();
    if (asked >= until) return ended.count_down();
    node.front().ask(maker.next(node.around().clock->now()), {{}, 60'000, 0}, [&, asked](answer&& said) {
      const auto* ticket = std::get_if<order::ticket>(&said.body);
      (ticket && ticket->state == order::state::completed ? all.completed : all.failed) += 1;
      all.ended.fetch_add(1, std::memory_order_relaxed);
      all.ms.push_back(std::chrono::duration<float, std::milli>(steady::now() - asked).count());
      place();
    });
  };
  // The first ones start from the front's own thread as well.
  node.front().ask(user::find{user_name(0)}, [&](answer&&) {
    for (unsigned i = 0; i < options.in_flight; ++i) place();
  });
  ended.wait();
  all.seconds = std::chrono::duration<double>(steady::now() - from).count();
  return all;
}

std::string body_of(const order::place& what) {
  std::string body = R"({"user":")" + what.user.text + R"(","items":[)";
  for (const auto& line : what.lines) {
    if (body.back() == '}') body += ',';
    body.append(R"({"product":")").append(line.product.text).append(R"(","quantity":)");
    body.append(std::to_string(line.quantity)).append("}");
  }
  body += ']';
  body.append(R"(,"flow":")").append(sagas::plan_of(what.flow).name()).append("\"");
  if (what.coupon) body.append(R"(,"coupon":")").append(to_text(what.coupon)).append("\"");
  return body += '}';
}

// A key for each of so many users, and the ring that knows them.
struct users_with_keys {
  std::vector<std::string> headers;  // by user
  std::unordered_map<std::string, std::size_t> at;
  std::shared_ptr<edge::key_ring> ring;
};
users_with_keys make_keys(const std::string& file, std::int64_t users) {
  users_with_keys all;
  std::vector<edge::key_row> rows;
  const auto add = [&](const user_id& user) {
    edge::key_row row;
    row.role = edge::role::customer;
    row.user = user.text;
    rows.push_back(std::move(row));
    all.at.emplace(user.text, all.at.size());
  };
  for (std::int64_t i = 0; i < users; ++i) add(user_name(i));
  for (std::int64_t i = 0; i < 100; ++i) add(poor_name(i));
  for (const auto& made : edge::add_keys(file, std::move(rows))) all.headers.push_back("Bearer " + made.key);
  all.ring = std::make_shared<edge::key_ring>(file);
  return all;
}

// The same loop over sockets: in_flight connections, each with one order outstanding. Client and server share this
// process, so the figures of CPU and memory are of both.
outcome run_over_http(runtime::node& node, order_maker& maker, const bench_options& options,
                      const std::string& keys_file, std::atomic<std::int64_t>& so_far) {
  outcome all{so_far};
  all.ms.reserve(1 << 20);
  edge::gateway_options how;
  users_with_keys callers;
  if (options.keys) callers = make_keys(keys_file, options.users);
  how.keys = callers.ring;
  if (!options.access_log.empty()) how.access_log = std::make_shared<edge::access_log>(options.access_log);
  edge::gateway gateway{node, how};
  edge::server_options server;
  server.connections_max = std::max(server.connections_max, options.in_flight);
  edge::http_server serving{server, [&](edge::http_request&& request, edge::responder answer) {
                              gateway.handle(std::move(request), answer);
                            }};
  edge::load_options load;
  load.port = serving.port();
  load.connections = options.in_flight;
  const auto from = steady::now();
  const auto until =
      from + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(options.seconds));
  // One thread: the callbacks run one after the other on this one.
  edge::http_load{load}.run(
      [&](unsigned) -> std::optional<edge::http_request> {
        if (steady::now() >= until) return std::nullopt;
        const auto what = maker.next({});
        edge::http_request request;
        request.method = "POST";
        request.target = "/v1/orders";
        request.headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", what.request}};
        if (options.keys) request.headers.emplace_back("Authorization", callers.headers[callers.at.at(what.user.text)]);
        request.body = body_of(what);
        return request;
      },
      [&](unsigned, const edge::http_response& response, std::int64_t latency_ns) {
        (response.status == 201 ? all.completed : all.failed) += 1;
        all.ended.fetch_add(1, std::memory_order_relaxed);
        all.ms.push_back(static_cast<float>(latency_ns) / 1e6f);
      });
  all.seconds = std::chrono::duration<double>(steady::now() - from).count();
  serving.stop();
  return all;
}

// The nodes beside the one that is asked, all in this process: what is between them is CAF's way over loopback.
class neighbours {
public:
  // Gives `first` its part, and the others theirs.
  neighbours(runtime::node_options& first, bool alone) {
    if (alone) return;
    placement placed;
    placed.nodes = {"one", "two", "three"};
    for (std::size_t d = 0; d < domain_count; ++d) {
      const auto which = static_cast<domain>(d);
      placed.desks[d].assign(first.shards[d], which == domain::wallet ? 1 : which == domain::product ? 2 : 0);
    }
    placed.coordinators.assign(first.coordinators, 0);
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      runtime::cluster_options mine;
      mine.name = placed.nodes[i];
      mine.placement = placed;
      mine.dial = [this, placed](const std::string& peer) { return ports_[placed.find(peer)].load(); };
      auto wanted = first;
      wanted.cluster = mine;
      if (i == 0) {
        first.cluster = mine;
        continue;
      }
      wanted.data = first.data + '/' + mine.name;
      wanted.make_sink = {};
      others_.push_back(std::make_unique<runtime::node>(std::move(wanted)));
      ports_[i] = others_.back()->link_port();
    }
  }
  // Until everybody sees everybody.
  void meet(const runtime::node& first) {
    if (others_.empty()) return;
    ports_[0] = first.link_port();
    const auto sees_all = [](const runtime::node& one) {
      for (std::size_t d = 0; d < domain_count; ++d)
        if (!one.is_open({static_cast<domain>(d), 0})) return false;
      return one.ready();
    };
    while (!sees_all(first) || !sees_all(*others_[0]) || !sees_all(*others_[1]))
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  std::int64_t commits() const {
    std::int64_t n = 0;
    for (const auto& one : others_)
      for (const auto& [at, counts] : one->figures().desks) n += counts->commits;
    return n;
  }

private:
  std::array<std::atomic<std::uint16_t>, 3> ports_{};
  std::vector<std::unique_ptr<runtime::node>> others_;
};

float percentile(std::vector<float>& ms, double p) {
  if (ms.empty()) return 0;
  const auto at = static_cast<std::size_t>(p * static_cast<double>(ms.size() - 1));
  std::nth_element(ms.begin(), ms.begin() + static_cast<std::ptrdiff_t>(at), ms.end());
  return ms[at];
}

}  // namespace

int bench_orders(const bench_options& asked) {
  namespace fs = std::filesystem;
  auto options = asked;
  const auto flow = sagas::find_flow(options.flow);
  if (!flow || !order::sells_goods(*flow)) {
    std::cerr << "no flow is called " << options.flow << "; there are " << sagas::names_of_sales() << '\n';
    return 2;
  }
  if (const auto least = seconds_of_two_pairs(options.window); options.consoles && options.seconds < least) {
    std::cerr << "what consoles cost shows after " << least << " s with windows of " << options.window
              << " s: give more --seconds, or a shorter --window\n";
    return 2;
  }
  if (!sagas::uses_coupons(*flow)) options.coupons = 0;
  if (options.in_flight == 0) options.in_flight = options.http ? 64 : 512;
  const bool own_data = options.data.empty();
  const auto data =
      own_data ? fs::temp_directory_path() / ("souk-bench-" + std::to_string(getpid())) : fs::path{options.data};
  runtime::node_options wanted;
  wanted.coordinators = options.coordinators;
  wanted.shards[static_cast<std::size_t>(domain::order)] = options.order_shards;
  wanted.data = data.string();
  wanted.around.desks =
      options.desks == "scheduled" ? runtime::spawn_policy::scheduled : runtime::spawn_policy::detached;
  if (options.sink == "file") {
    fs::create_directories(data);
    wanted.make_sink = edge::make_sink_maker("file:" + (data / "platform.jsonl").string());
  } else if (options.sink != "none") {
    wanted.make_sink = edge::make_sink_maker(options.sink);
  }
  int code = 1;
  {
    neighbours around{wanted, options.nodes == 1};
    runtime::node node{std::move(wanted)};
    around.meet(node);
    const auto now = node.around().clock->now();
    const auto coupons =
        static_cast<std::int64_t>(options.coupons / 100 * options.seconds * (options.http ? 40'000 : 120'000));
    std::vector<coupon_in_hand> hand(static_cast<std::size_t>(coupons));
    {
      progress shown{"filling the shop",
                     static_cast<std::uint64_t>(2 * options.users + options.products + coupons + 100),
                     standard_error(true)};
      filler fill{node.front(), shown};
      fill.fill(options.users, [&](std::int64_t i) { return user::put{user_name(i), "somebody", now}; });
      fill.fill(100, [&](std::int64_t i) { return user::put{poor_name(i), "poor", now}; });
      fill.fill(options.users, [&](std::int64_t i) {
        return wallet::charge{"fill", user_name(i), {1'000'000'000'000}, now};
      });
      fill.fill(options.products, [&](std::int64_t i) {
        return product::put{product_name(i), "something", {1'000 + i % 500}, 1'000'000'000, now};
      });
      fill.fill(1, [&](std::int64_t) { return coupon::put{{"bench"}, {{}, 10}, coupons + 1, {}, {}}; });
      fill.fill(
          coupons,
          [&](std::int64_t i) {
            return coupon::issue{"fill" + std::to_string(i), {"bench"}, user_name(i % options.users), now};
          },
          [&](std::int64_t i, answer& said) {
            hand[static_cast<std::size_t>(i)] = {std::get<coupon::view>(said.body).coupon, i % options.users};
          });
    }
    const auto commits = [&] {
      std::int64_t n = around.commits();
      for (const auto& [at, counts] : node.figures().desks) n += counts->commits;
      return n;
    };
    order_maker maker{options, std::move(hand)};
    const auto commits_before = commits();
    const auto cpu_before = cpu_seconds();
    std::atomic<std::int64_t> so_far{0};
    std::atomic<bool> over{false};
    console_cost looked_on;
    std::thread consoles;
    if (options.consoles)
      consoles = std::thread{[&] { looked_on = watch_consoles(node, options.consoles, options.window, so_far, over); }};
    auto all = options.http ? run_over_http(node, maker, options, (data / "keys.json").string(), so_far)
                            : run_in_process(node, maker, options, so_far);
    over = true;
    if (consoles.joinable()) consoles.join();
    const auto orders = all.completed + all.failed;
    const double cpu = cpu_seconds() - cpu_before;
    nlohmann::ordered_json said;
    const auto rounded = [](double x) { return std::round(x * 1000) / 1000; };
    const auto n = static_cast<double>(std::max<std::int64_t>(orders, 1));
    said["orders_per_s"] = std::round(static_cast<double>(orders) / all.seconds);
    said["p50_ms"] = rounded(percentile(all.ms, 0.5));
    said["p99_ms"] = rounded(percentile(all.ms, 0.99));
    said["completed"] = all.completed;
    said["failed"] = all.failed;
    said["in_flight"] = options.in_flight;
    said["flow"] = options.flow;
    said["skew"] = options.skew;
    said["transport"] = options.http ? "http" : "in-process";
    if (options.http) said["keys"] = options.keys;
    said["commits_per_order"] = rounded(static_cast<double>(commits() - commits_before) / n);
    said["cpu_us_per_order"] = rounded(cpu * 1e6 / n);
    said["rss_mb"] = std::round(rss_mb());
    said["items"] = options.items;
    said["users"] = options.users;
    said["products"] = options.products;
    said["desks"] = options.desks;
    said["order_shards"] = options.order_shards;
    said["nodes"] = options.nodes;
    bool looked = true;
    if (options.consoles) {
      const auto put = [&](const char* name, const spread& of) {
        const auto [low, middle, high] = of;
        said[name] = nlohmann::ordered_json::array({rounded(low), rounded(middle), rounded(high)});
      };
      said["consoles"] = options.consoles;
      said["console_pairs"] = looked_on.orders.size();
      said["console_ticks"] = looked_on.ticks;
      put("console_cpu_ms_a_tick", looked_on.cpu_ms_a_tick);
      put("orders_with_over_without", spread_of(looked_on.orders));
      put("cpu_with_over_without", spread_of(looked_on.cpu));
      // Consoles that hear nothing cost nothing, which is not what was asked.
      looked = !looked_on.orders.empty() && looked_on.ticks > 0;
      if (!looked) std::cerr << "no pair of windows was whole, or no console heard anything: --seconds is too short\n";
    }
    if (options.json) {
      std::cout << said.dump() << std::endl;
    } else {
      table shown{{{"", side::left}, {"", side::right}}};
      for (const auto& [name, value] : said.items())
        shown.row({name, value.is_string() ? value.get<std::string>() : value.dump()});
      std::cout << shown.text();
    }
    code = orders > 0 && looked ? 0 : 1;
  }
  if (own_data) fs::remove_all(data);
  return code;
}

}  // namespace souk::tools
