// A node with desks that can be told to be silent, so that sagas stand still: for tests of the console, and to try it.
#pragma once

#include <atomic>
#include <memory>

#include "actors/edge/gateway.hpp"
#include "actors/edge/http.hpp"
#include "actors/runtime/node.hpp"

namespace souk::doubles {

class troubled_node {
public:
  // port 0: any free one
  troubled_node(const std::string& data, std::uint16_t port);
  ~troubled_node();

  std::uint16_t port() const { return server_->port(); }
  std::string address() const { return "http://127.0.0.1:" + std::to_string(port()); }
  runtime::node& node() { return *node_; }
  // Wallets take no money and give none back, until they are told to.
  void silence_wallets(bool silent) { *silent_ = silent; }

private:
  std::shared_ptr<std::atomic<bool>> silent_ = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<runtime::node> node_;
  std::unique_ptr<edge::gateway> gateway_;
  std::unique_ptr<edge::http_server> server_;
};

}  // namespace souk::doubles
