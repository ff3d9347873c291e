// souk serve: a node with its gateway and its HTTP server, from start to drained.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "actors/edge/gateway.hpp"
#include "actors/edge/http.hpp"
#include "actors/edge/keys.hpp"
#include "node-config/config.hpp"

namespace CLI {
class App;
}

namespace souk::tools {

// The file that has a node's keys.
std::string keys_file_of(const config::node& wanted);

// What a configuration means to the runtime and to the edge.
runtime::node_options node_options_of(const config::node& wanted);
edge::gateway_options gateway_options_of(const config::node& wanted);
edge::server_options server_options_of(const config::node& wanted);

// A node that answers HTTP, for serve itself and for tools that bring their own.
class served_node {
public:
  // Opens the stores, then listens. Throws persistence::store_error, std::system_error, std::invalid_argument;
  // config::wrong, before anything is opened, when strangers could reach a node on which nobody needs a key.
  explicit served_node(const config::node& wanted);
  ~served_node();  // as drain()
  served_node(const served_node&) = delete;
  served_node& operator=(const served_node&) = delete;

  runtime::node& node() { return *node_; }
  edge::gateway& gateway() { return *gateway_; }
  std::string address() const;  // "http://127.0.0.1:8080"
  // Of the entrance for admins, empty while there is none.
  std::string admin_address() const;
  // Everybody may do everything: nobody has a key.
  bool is_open() const { return !keys_->any(); }
  // Once a second: reads keys that have changed, and opens the entrance for admins when the first of them are there.
  // True when it did.
  bool tend();

  // Readiness goes, nobody new is let in, started requests are answered, the stores are closed. Twice is once.
  void drain();

private:
  struct way_out;  // through the tunnel, to the other nodes

  void open_admin_entrance();

  const config::node wanted_;
  std::shared_ptr<edge::key_ring> keys_;
  std::shared_ptr<edge::access_log> access_log_;
  std::shared_ptr<way_out> way_out_;  // none: they are all on this machine, or there are none
  std::unique_ptr<runtime::node> node_;
  std::unique_ptr<edge::gateway> gateway_;
  std::unique_ptr<edge::http_server> server_;
  std::unique_ptr<edge::http_server> admin_server_;    // none: admins come in with everybody
  std::atomic<edge::http_server*> counting_{nullptr};  // the server once it is whole: requests come before
};

// The subcommand, which leaves its exit code where it is told: 0 drained, 1 could not start, 2 the configuration is
// wrong, 65 a store is damaged.
void add_serve(CLI::App& app, int& exit_code);

// Logs go to stderr: lines of JSON for machines, text for a terminal, unless one of them is wanted. A line of JSON
// names the saga or the order that it is about in a member of its own.
void log_to_stderr(config::log_format wanted = config::log_format::automatic);

}  // namespace souk::tools
