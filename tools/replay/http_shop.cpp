// Asks running nodes over HTTP: each command as its route's request, each response as the command's answer.
#include <algorithm>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "actors/sagas/plans.hpp"
#include "tools/replay/shop.hpp"

namespace souk::replay {

namespace {

using nlohmann::json;

// The longest that a node waits for an order's end; what has not ended then is asked for again, by its key.
constexpr const char* wait_for_the_end = "wait=30";

struct letter_to {
  std::string method;
  std::string target;
  std::string key;  // Idempotency-Key; empty: none
  json body;        // null: none
  bool wait = false;
};

letter_to write(const user::put& what) { return {"PUT", "/v1/users/" + what.user.text, {}, {{"name", what.name}}}; }
letter_to write(const product::put& what) {
  return {"PUT", "/v1/products/" + what.product.text, {}, {{"name", what.name}, {"price", what.price.minor}}};
}
letter_to write(const product::restock& what) {
  return {"POST", "/v1/products/" + what.product.text + "/restocks", what.request, {{"quantity", what.quantity}}};
}
letter_to write(const wallet::charge& what) {
  return {"POST", "/v1/wallets/" + what.user.text + "/charges", what.request, {{"amount", what.amount.minor}}};
}
letter_to write(const order::place& what) {
  json items = json::array();
  for (const auto& one : what.lines)
    items.push_back({{"product", one.product.text}, {"quantity", one.quantity}, {"amount", one.amount.minor}});
  const bool back = what.flow == order::flow::take_back;
  json body{{"user", what.user.text}, {"items", std::move(items)}};
  if (!back) body["flow"] = sagas::plan_of(what.flow).name();
  return {"POST", back ? "/v1/admin/returns" : "/v1/admin/orders", what.request, body, true};
}
letter_to write(const wallet::find& what) { return {"GET", "/v1/wallets/" + what.user.text, {}, {}}; }
letter_to write(const product::find& what) { return {"GET", "/v1/products/" + what.product.text, {}, {}}; }
letter_to write(const ranking::best& what) {
  return {"GET", "/v1/rankings/best-sellers?limit=" + std::to_string(what.limit) + (what.net ? "&by=net" : ""), {}, {}};
}
template <class Command>
letter_to write(const Command&) {
  throw std::logic_error("a replay never asks this over HTTP");
}

reason reason_called(std::string_view name) {
  const auto found = std::find(reason_names.begin(), reason_names.end(), name);
  return found == reason_names.end() ? reason::none : static_cast<reason>(found - reason_names.begin());
}

std::string text_in(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

order::ticket ticket_in(const json& body) {
  order::ticket ticket;
  ticket.id = parse_number(text_in(body, "id")).value_or(number{});
  const auto state = text_in(body, "state");
  ticket.state = state == "COMPLETED"   ? order::state::completed
                 : state == "FAILED"    ? order::state::failed
                 : state == "CANCELLED" ? order::state::cancelled
                                        : order::state::pending;
  ticket.why = ticket.state == order::state::cancelled ? reason::cancelled : reason_called(text_in(body, "reason"));
  ticket.total.minor = body.at("total").get<std::int64_t>();
  ticket.discount.minor = body.value("discount", std::int64_t{0});
  return ticket;
}

ranking::board board_in(const json& body) {
  ranking::board board;
  for (const auto& one : body.at("data"))
    board.sellers.push_back({{one.at("product").get<std::string>()},
                             one.at("units").get<std::int64_t>(),
                             one.at("net").get<std::int64_t>()});
  return board;
}

// What the body of a good response is about follows from the question.
reply read(const command& asked, const json& body) {
  if (std::holds_alternative<order::place>(asked)) return ticket_in(body);
  if (const auto* find = std::get_if<wallet::find>(&asked))
    return wallet::view{find->user, {body.at("balance").get<std::int64_t>()}, 0};
  if (const auto* find = std::get_if<product::find>(&asked))
    return product::view{find->product, {}, {}, body.at("stock").get<std::int64_t>()};
  if (std::holds_alternative<ranking::best>(asked)) return board_in(body);
  return {};
}

answer understood(const command& asked, const edge::http_response& said) {
  const auto body = json::parse(said.body, nullptr, false);
  // Nobody answered, something broke, no room, too many at once: nothing is known, and asking again is safe.
  if (said.status < 200 || said.status >= 500 || said.status == 408 || said.status == 429)
    return lose(reason::unreachable);
  if (said.status == 202) return lose(reason::still_running);
  if (!body.is_object()) return refuse(reason::none, "HTTP " + std::to_string(said.status) + " without a JSON object");
  if (said.status == 401 || said.status == 403 || text_in(body, "type").ends_with("unknown_path"))
    throw std::runtime_error("the node says: " + text_in(body, "title") +
                             ". A replay places back-office orders: it wants --key with a key for staff, and as --node "
                             "the address that `souk serve` prints after 'admin on'");
  if (said.status < 300) {
    try {
      return reply_with(read(asked, body), said.header("idempotent-replayed") == "true");
    } catch (const json::exception& why) {
      return refuse(reason::none, std::string{"an answer that is not understood: "} + why.what());
    }
  }
  const auto why = reason_called(text_in(body, "reason"));
  if (why == reason::still_running) return lose(why);
  auto detail = text_in(body, "detail");
  auto no = refuse(why, detail.empty() ? text_in(body, "title") : detail);
  no.replayed = said.header("idempotent-replayed") == "true";
  return no;
}

class nodes_over_http final : public shop {
public:
  nodes_over_http(std::vector<edge::url> addresses, edge::header_list credentials)
      : addresses_(std::move(addresses)), credentials_(std::move(credentials)) {
    std::exception_ptr trouble;
    bool somebody = false;
    for (auto& one : addresses_) {
      while (one.target.ends_with('/')) one.target.pop_back();
      try {
        (void)edge::http_client{one.host, one.port}.request("GET", one.target + "/livez");
        somebody = true;
      } catch (const edge::http_unreachable&) {
        trouble = std::current_exception();
      }
    }
    if (!somebody) std::rethrow_exception(trouble);
  }

  void ask_all(std::size_t count, unsigned in_flight, const make_command& make, const on_answer& hear) override {
    const auto nodes = static_cast<unsigned>(addresses_.size());
    round mine{count, make, hear, {}, 0};
    std::vector<std::exception_ptr> troubles(nodes);
    std::vector<std::thread> helpers;
    const auto at = [&](unsigned node) {
      try {
        ask_there(addresses_[node], std::max(1U, in_flight / nodes), mine);
      } catch (...) {
        troubles[node] = std::current_exception();
      }
    };
    for (unsigned node = 1; node < nodes; ++node) helpers.emplace_back(at, node);
    at(0);
    for (auto& one : helpers) one.join();
    // One that is not there leaves its part to the others.
    if (std::find(troubles.begin(), troubles.end(), nullptr) == troubles.end())
      std::rethrow_exception(troubles.front());
    for (const auto& one : troubles) rethrow_unless_unreachable(one);
  }

private:
  // What is shared by those who ask: one after the other.
  struct round {
    std::size_t count;
    const make_command& make;
    const on_answer& hear;
    std::mutex mutex;
    std::size_t next;
  };

  static void rethrow_unless_unreachable(const std::exception_ptr& trouble) {
    if (!trouble) return;
    try {
      std::rethrow_exception(trouble);
    } catch (const edge::http_unreachable&) {
    }
  }

  void ask_there(const edge::url& address, unsigned connections, round& of) const {
    edge::load_options options;
    options.host = address.host;
    options.port = address.port;
    options.connections = static_cast<unsigned>(std::min<std::size_t>(connections, of.count));
    struct open_question {
      std::size_t number = 0;
      command what;
    };
    std::vector<open_question> open(options.connections);
    edge::http_load{options}.run(
        [&](unsigned connection) -> std::optional<edge::http_request> {
          const std::lock_guard hold{of.mutex};
          if (of.next == of.count) return std::nullopt;
          open[connection] = {of.next, of.make(of.next)};
          ++of.next;
          return request_of(address, open[connection].what);
        },
        [&](unsigned connection, const edge::http_response& said, std::int64_t latency_ns) {
          const auto& asked = open[connection];
          auto heard = understood(asked.what, said);
          const std::lock_guard hold{of.mutex};
          of.hear(asked.number, std::move(heard), static_cast<double>(latency_ns) / 1e6);
        });
  }

  edge::http_request request_of(const edge::url& address, const command& what) const {
    auto letter = std::visit([](const auto& one) { return write(one); }, what);
    edge::http_request request;
    request.method = std::move(letter.method);
    request.target = address.target + letter.target;
    request.headers = credentials_;
    if (!letter.key.empty()) request.headers.emplace_back("Idempotency-Key", std::move(letter.key));
    if (letter.wait) request.headers.emplace_back("Prefer", wait_for_the_end);
    if (!letter.body.is_null()) {
      request.headers.emplace_back("Content-Type", "application/json");
      request.body = letter.body.dump(-1, ' ', false, json::error_handler_t::replace);
    }
    return request;
  }

  std::vector<edge::url> addresses_;
  const edge::header_list credentials_;
};

}  // namespace

std::unique_ptr<shop> shop_at(std::vector<edge::url> addresses, edge::header_list credentials) {
  return std::make_unique<nodes_over_http>(std::move(addresses), std::move(credentials));
}

}  // namespace souk::replay
