// Runs the troubled node: POST /control {"silent": true|false} tells its wallets.
#include "tools/doubles/troubled_node.hpp"

#include "actors/runtime/roster.hpp"
#include "tools/sim/guarded.hpp"

namespace souk::doubles {

troubled_node::troubled_node(const std::string& data, std::uint16_t port) {
  runtime::node_options options;
  options.data = data;
  // Nobody who looks on wants to wait for a minute until a saga is given up.
  options.around.answer_ms = 400;
  options.around.patience.tries_before_lost = 2;
  options.around.patience.tries_before_parked = 3;
  options.around.patience.pause_ms_first = 10;
  options.make_brain = [silent = silent_](runtime::directory::place at,
                                          const persistence::open_options& store) -> std::unique_ptr<domains::brain> {
    if (at.domain != domain::wallet) return nullptr;
    const auto guard = [silent](const command& what) -> std::optional<answer> {
      const bool about_money = std::holds_alternative<wallet::debit>(what) ||
                               std::holds_alternative<wallet::undo_debit>(what) ||
                               std::holds_alternative<wallet::credit>(what);
      if (!*silent || !about_money) return std::nullopt;
      return lose(reason::unreachable);
    };
    return std::make_unique<sim::guarded>(runtime::make_brain(at.domain, at.shard, store), guard);
  };
  node_ = std::make_unique<runtime::node>(std::move(options));
  edge::gateway_options watched;
  watched.watch = edge::watch_options{};
  gateway_ = std::make_unique<edge::gateway>(*node_, std::move(watched));
  edge::server_options listens;
  listens.port = port;
  server_ = std::make_unique<edge::http_server>(listens, [this](edge::http_request&& request, edge::responder answer) {
    if (request.method != "POST" || request.target != "/control") return gateway_->handle(std::move(request), answer);
    *silent_ = request.body.find("true") != std::string::npos;
    answer.send({200, {}, "application/json", *silent_ ? R"({"silent":true})" : R"({"silent":false})"});
  });
}

troubled_node::~troubled_node() {
  gateway_->drain();
  server_->stop();
  gateway_.reset();
  node_.reset();
}

}  // namespace souk::doubles
