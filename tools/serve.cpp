// Serves until told to stop.
#include "tools/serve.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <mutex>

#include "actors/edge/incarnation.hpp"
#include "actors/edge/json.hpp"
#include "actors/edge/providers.hpp"
#include "actors/edge/sinks.hpp"
#include "actors/edge/tunnel.hpp"
#include "messages/grammar/crash_point.hpp"
#include "persistence/backup.hpp"
#include "tools/backup.hpp"

namespace souk::tools {

namespace {

// This node among the others, as the configuration has it.
runtime::cluster_options cluster_options_of(const config::node& wanted) {
  runtime::cluster_options out;
  out.name = wanted.name;
  out.placement = wanted.placement;
  const auto& mine = wanted.members[wanted.placement.find(wanted.name)];
  for (const auto* file : {&mine.certificate, &mine.key, &mine.ca})
    if (mine.tls() && ::access(file->c_str(), R_OK) != 0)
      throw config::wrong("node " + mine.name + ": " + *file + " cannot be read: " + std::strerror(errno));
  // What comes through the tunnel may come to any port, see way_out.
  if (mine.tls()) return out;
  out.port = mine.port;
  out.dial = [members = wanted.members](const std::string& peer) {
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto& one) { return one.name == peer; });
    return found == members.end() ? std::uint16_t{0} : found->port;
  };
  return out;
}

}  // namespace

runtime::node_options node_options_of(const config::node& wanted) {
  runtime::node_options out;
  out.data = wanted.data;
  out.shards = wanted.shards;
  out.coordinators = wanted.coordinators;
  out.threads = wanted.threads;
  out.keep_events_ms = wanted.event_log.keep_hours * 3'600'000;
  edge::set_incarnation(persistence::incarnation_of(wanted.data));
  out.make_sink = edge::make_sink_maker(wanted.platform);
  out.make_provider = edge::make_provider_maker(wanted.payment_provider, {wanted.currency});
  // A provider that is out of reach for a while is nobody's fault: with pauses of up to 30 s what is to be called off
  // waits for it for about an hour before it asks for an operator.
  if (out.make_provider) out.around.patience.tries_before_parked = 120;
  out.around.desks =
      wanted.desks == config::desks::detached ? runtime::spawn_policy::detached : runtime::spawn_policy::scheduled;
  if (!wanted.members.empty()) {
    out.cluster = cluster_options_of(wanted);
    // A node that is started anew is away for seconds, or for as long as its machine is: nobody's order is to fail for
    // the former, and nobody is to be called for before the latter has lasted for some twenty minutes.
    out.around.patience.tries_before_lost = 20;
    out.around.patience.tries_before_parked = 250;
    out.around.patience.pause_ms_max = 5'000;
  }
  return out;
}

std::string keys_file_of(const config::node& wanted) {
  return wanted.keys.empty() ? wanted.data + "/keys.json" : wanted.keys;
}

edge::gateway_options gateway_options_of(const config::node& wanted) {
  edge::gateway_options out;
  out.orders_in_flight_max = wanted.limits.orders_in_flight;
  out.wait_ms = wanted.limits.wait_ms;
  out.currency = wanted.currency;
  out.admin_apart = !wanted.admin.host.empty();
  out.watch = edge::watch_options{.rows_per_second = wanted.watch.rows_per_second};
  for (std::size_t i = 0; i < config::designs.size(); ++i)
    if (const auto seconds = wanted.watch.overdue_seconds[i])
      out.late_ms[static_cast<std::size_t>(sagas::find_flow(config::designs[i]).value())] = seconds * 1'000;
  return out;
}

edge::server_options server_options_of(const config::node& wanted) {
  edge::server_options out;
  out.host = wanted.http.host;
  out.port = wanted.http.port;
  out.threads = wanted.http.threads;
  out.header_bytes_max = static_cast<std::size_t>(wanted.limits.header_bytes);
  out.body_bytes_max = static_cast<std::size_t>(wanted.limits.body_bytes);
  out.connections_max = static_cast<unsigned>(wanted.limits.connections);
  out.idle_seconds = static_cast<double>(wanted.limits.idle_seconds);
  return out;
}

// The node is there before its tunnel, which has to know where to hand what comes.
struct served_node::way_out {
  void open(const config::node& wanted, std::uint16_t hand_to) {
    const auto& mine = wanted.members[wanted.placement.find(wanted.name)];
    edge::tunnel_options how;
    how.name = mine.name;
    how.certificate = mine.certificate;
    how.key = mine.key;
    how.authority = mine.ca;
    how.host = mine.host;
    how.port = mine.port;
    how.hand_to = hand_to;
    for (const auto& one : wanted.members)
      if (one.name != mine.name) how.peers.push_back({one.name, one.host, one.port});
    auto made = std::make_unique<edge::tunnel>(std::move(how));
    const std::lock_guard hold{mutex};
    tunnel = std::move(made);
  }
  std::uint16_t near_end(const std::string& peer) {
    const std::lock_guard hold{mutex};
    return tunnel ? tunnel->local_port(peer) : std::uint16_t{0};
  }

  std::mutex mutex;
  std::unique_ptr<edge::tunnel> tunnel;
};

namespace {

std::shared_ptr<edge::key_ring> keys_of(const config::node& wanted) {
  auto file = keys_file_of(wanted);
  // Not to be open because of a slip of the pen, or a file that was forgotten when the rest was brought back.
  if (!wanted.keys.empty() && !std::filesystem::exists(file))
    throw config::wrong(file +
                        ": the file of keys is not there: bring it back, or make a key for an admin with "
                        "`souk keys add --role admin --file " +
                        file + "`");
  std::shared_ptr<edge::key_ring> keys;
  try {
    keys = std::make_shared<edge::key_ring>(file);
  } catch (const edge::keys_wrong& why) {
    throw config::wrong(why.what());
  }
  for (const auto& host : {wanted.http.host, wanted.admin.host})
    if (!keys->any() && !host.empty() && !config::is_loopback(host))
      throw config::wrong(host +
                          " is reached from other machines, and nobody needs a key: make one for an admin with "
                          "`souk keys add --role admin --file " +
                          file + "`, or listen on 127.0.0.1");
  return keys;
}

std::string url_of(const std::string& host, std::uint16_t port) {
  const bool six = host.find(':') != std::string::npos;
  return "http://" + (six ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

}  // namespace

served_node::served_node(const config::node& wanted) : wanted_(wanted), keys_(keys_of(wanted)) {
  if (!wanted.access_log.empty()) access_log_ = std::make_shared<edge::access_log>(wanted.access_log);
  auto options = node_options_of(wanted);
  if (options.cluster && !options.cluster->dial) {
    way_out_ = std::make_shared<way_out>();
    options.cluster->dial = [through = way_out_](const std::string& peer) { return through->near_end(peer); };
  }
  node_ = std::make_unique<runtime::node>(std::move(options));
  if (way_out_) way_out_->open(wanted, node_->link_port());
  auto guarded = gateway_options_of(wanted);
  guarded.keys = keys_;
  guarded.access_log = access_log_;
  gateway_ = std::make_unique<edge::gateway>(*node_, std::move(guarded));
  gateway_->show([this] {
    const auto* server = counting_.load();
    return server ? server->counts() : edge::server_counts{};
  });
  server_ = std::make_unique<edge::http_server>(
      server_options_of(wanted), [to = gateway_.get()](edge::http_request&& request, edge::responder answer) {
        to->handle(std::move(request), answer);
      });
  counting_ = server_.get();
  if (keys_->any() || !wanted.admin.host.empty()) open_admin_entrance();
}

// 8080: 9080. 0: any.
static std::uint16_t usual_admin_port(std::uint16_t http) {
  constexpr std::uint16_t above = 1'000;
  return http && http <= UINT16_MAX - above ? static_cast<std::uint16_t>(http + above) : std::uint16_t{0};
}

void served_node::open_admin_entrance() {
  auto options = server_options_of(wanted_);
  options.host = wanted_.admin.host.empty() ? "127.0.0.1" : wanted_.admin.host;
  options.port = wanted_.admin.port;
  options.threads = 1;
  const auto open = [&] {
    admin_server_ = std::make_unique<edge::http_server>(
        options, [to = gateway_.get()](edge::http_request&& request, edge::responder answer) {
          to->handle(std::move(request), answer, edge::entrance::admin);
        });
  };
  if (!wanted_.admin.host.empty() || !usual_admin_port(wanted_.http.port)) return open();
  // Nobody named one: one that can be remembered, unless somebody has it.
  options.port = usual_admin_port(wanted_.http.port);
  try {
    open();
  } catch (const std::exception&) {
    options.port = 0;
    open();
  }
}

bool served_node::tend() {
  keys_->look();
  if (access_log_) access_log_->tend();
  if (admin_server_ || !keys_->any()) return false;
  open_admin_entrance();
  return true;
}

served_node::~served_node() { drain(); }

std::string served_node::address() const {
  return url_of(wanted_.http.host, server_ ? server_->port() : std::uint16_t{0});
}

std::string served_node::admin_address() const {
  return admin_server_ ? url_of(wanted_.admin.host.empty() ? "127.0.0.1" : wanted_.admin.host, admin_server_->port())
                       : "";
}

void served_node::drain() {
  if (gateway_) gateway_->drain();
  if (server_) server_->stop();
  if (admin_server_) admin_server_->stop();
  gateway_.reset();
  node_.reset();
  server_.reset();
  admin_server_.reset();
  way_out_.reset();
}

namespace {

// The id behind a word: "saga 0123456789abc is parked". None: nothing is called so there.
std::string_view named_in(std::string_view text, std::string_view word) {
  constexpr std::size_t size = 13;  // of a number as people see it
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const auto from = at + word.size() + 1;
    if (from + size > text.size() || text[from - 1] != ' ' || (at > 0 && text[at - 1] != ' ')) continue;
    const auto id = text.substr(from, size);
    if (parse_number(id)) return id;
  }
  return {};
}

// One JSON object a line; whatever is in a message is escaped.
class json_lines final : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const auto since = message.time.time_since_epoch();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    std::string line = R"({"time":")" + to_text(moment{ms}) + R"(","level":")";
    const auto level = spdlog::level::to_string_view(message.level);
    line.append(level.data(), level.size()).append(R"(","message":)");
    const std::string_view text{message.payload.data(), message.payload.size()};
    edge::append_quoted(line, text);
    for (const std::string_view about : {"saga", "order"})
      if (const auto id = named_in(text, about); !id.empty())
        line.append(",\"").append(about).append("\":\"").append(id).append("\"");
    line += "}\n";
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<json_lines>(); }
};

int serve(const config::node& wanted) {
  // Blocked before the first thread is started, so that every thread leaves them to this one.
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // whoever read our output may go; the node stays
  log_to_stderr(wanted.log);
  try {
    served_node here{wanted};
    std::cout << "listening on " << here.address() << std::endl;
    spdlog::info("serving {} on {}{}", wanted.data, here.address(), wanted.name.empty() ? "" : " as " + wanted.name);
    const auto say_admin = [&] { std::cout << "admin on " << here.admin_address() << std::endl; };
    if (!here.admin_address().empty()) say_admin();
    if (here.is_open())
      std::cout << "open: nobody needs a key, anybody on this machine may do everything (souk keys --help)"
                << std::endl;
    const timespec second{1, 0};
    while (sigtimedwait(&stops, nullptr, &second) < 0)
      if (here.tend()) say_admin();
    // Who asks a second time does not want to wait.
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &stops, nullptr);
    spdlog::info("draining");
    here.drain();
    spdlog::info("drained");
    return 0;
  } catch (const config::wrong& wrong) {
    std::cerr << "souk serve: " << wrong.what() << '\n';
    return 2;
  } catch (const persistence::store_damaged& damage) {
    return say_damaged("souk serve", {wanted.data}, damage);
  } catch (const persistence::store_error& trouble) {
    if ((trouble.code & 0xff) == SQLITE_BUSY)
      std::cerr << "souk serve: " << wanted.data << " is in use by another process (" << trouble.what() << ")\n";
    else
      std::cerr << "souk serve: " << trouble.what() << '\n';
    return 1;
  } catch (const std::invalid_argument& wrong) {
    std::cerr << "souk serve: " << wrong.what() << '\n';
    return 2;
  } catch (const std::exception& trouble) {
    std::cerr << "souk serve: " << trouble.what() << '\n';
    return 1;
  }
}

struct flags {
  std::string config, node, data, http, admin, keys, platform, payment_provider;
};

config::node wanted_by(const flags& given) {
  config::node wanted;
  const char* file = std::getenv("SOUK_CONFIG");
  if (!given.config.empty())
    config::read_file(given.config, wanted);
  else if (file && *file)
    config::read_file(file, wanted);
  const char* name = std::getenv("SOUK_NODE_NAME");
  config::choose_node(!given.node.empty() ? given.node : name ? name : "", wanted);
  config::read_environment([](const char* key) { return std::getenv(key); }, wanted);
  if (!given.data.empty()) wanted.data = given.data;
  if (!given.http.empty()) config::read_address(given.http, "--http", wanted);
  if (!given.admin.empty()) config::read_admin_address(given.admin, "--admin", wanted);
  if (!given.keys.empty()) wanted.keys = given.keys;
  if (!given.platform.empty()) wanted.platform = given.platform;
  if (!given.payment_provider.empty())
    config::read_payment_provider(given.payment_provider, "--payment-provider", wanted);
  return wanted;
}

}  // namespace

void log_to_stderr(config::log_format wanted) {
  using config::log_format;
  std::shared_ptr<spdlog::logger> log;
  if (wanted == log_format::text || (wanted == log_format::automatic && ::isatty(STDERR_FILENO))) {
    const char* no_colour = std::getenv("NO_COLOR");
    auto to = std::make_shared<spdlog::sinks::stderr_color_sink_mt>(
        no_colour && *no_colour ? spdlog::color_mode::never : spdlog::color_mode::automatic);
    log = std::make_shared<spdlog::logger>("souk", to);
    log->set_pattern("%H:%M:%S.%e %^%l%$ %v");
  } else {
    log = std::make_shared<spdlog::logger>("souk", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    log->set_formatter(std::make_unique<json_lines>());
  }
  spdlog::set_default_logger(std::move(log));
}

void add_serve(CLI::App& app, int& exit_code) {
  auto* serve_it = app.add_subcommand("serve", "runs a node and answers HTTP until SIGTERM or Ctrl-C");
  const auto given = std::make_shared<flags>();
  serve_it->add_flag_callback(
      "--list-crash-points",
      [] {
        for (const auto& one : crash_points) std::cout << one.name << "  " << one.what << '\n';
        throw CLI::Success{};
      },
      "names the places at which a test build can be told to die, and ends");
  serve_it->add_option("--config", given->config, "JSON file, see node-config/ ($SOUK_CONFIG)");
  serve_it->add_option("--node", given->node, "which of the configuration's nodes this is ($SOUK_NODE_NAME)");
  serve_it->add_option("--data", given->data, "directory of the stores ($SOUK_DATA; else ./.data)");
  serve_it->add_option("--http", given->http, "HOST:PORT to listen on ($SOUK_HTTP; else 127.0.0.1:8080; port 0: any)");
  serve_it->add_option(
      "--admin", given->admin,
      "HOST:PORT for admins alone ($SOUK_ADMIN; else, once there are keys, of 127.0.0.1 the port 1000 above "
      "that of --http, or any that is free)");
  serve_it->add_option("--keys", given->keys, "file of API keys ($SOUK_KEYS; else keys.json in the data directory)");
  serve_it->add_option("--platform", given->platform,
                       "where finished orders, and the histories of orders by events, are told: file:PATH, "
                       "http://HOST:PORT/PATH, kafka://HOST:PORT/TOPIC or "
                       "mongodb://HOST:PORT/DB.COLLECTION ($SOUK_PLATFORM)");
  serve_it->add_option("--payment-provider", given->payment_provider,
                       "who approves payments: internal or http://HOST:PORT/PATH ($SOUK_PAYMENT_PROVIDER)");
  serve_it->callback([given, &exit_code] {
    try {
      exit_code = serve(wanted_by(*given));
    } catch (const config::wrong& wrong) {
      std::cerr << "souk serve: " << wrong.what() << '\n';
      exit_code = 2;
    }
  });
}

}  // namespace souk::tools
