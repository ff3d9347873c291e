// Requests to every route, to a whole node in one thread on a disk in memory: each is answered, by no 5xx, whatever it
// says; asked again with its key it is answered alike; and the books hold.
#include "actors/edge/routes.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "actors/edge/gateway.hpp"
#include "actors/runtime/node.hpp"
#include "actors/runtime/stage.hpp"
#include "persistence/audit.hpp"
#include "tests/fuzz/target.hpp"
#include "tools/sim/disk.hpp"

using namespace souk;
using namespace souk::edge;
using fuzz::must;

namespace {

constexpr int lives = 2'000;        // requests, until another shop is opened: its stores grow
constexpr int steps_max = 500'000;  // of the node, until a request is answered

class shop {
public:
  shop() : disk_("shop"), stage_(1) {
    runtime::node_options wanted;
    wanted.data = "/";
    wanted.around = stage_.around();
    wanted.around.vfs = disk_.name();
    node_.emplace(std::move(wanted));
    gateway_.emplace(*node_);
    furnish();
  }
  ~shop() {
    gateway_.reset();
    node_->vanish();
  }

  bool has_lived() const { return asked_ >= lives; }

  http_response ask(const http_request& request) {
    ++asked_;
    const auto heard = std::make_shared<std::optional<http_response>>();
    gateway_->handle(request, [heard](http_response&& said) {
      must(!*heard, "a request is answered once");
      *heard = std::move(said);
    });
    for (int steps = 0; !*heard; ++steps) must(steps < steps_max && stage_.step(), "a request is answered");
    return **heard;
  }

  void look_at_books() {
    sim::disk picture{"picture-of-shop"};
    disk_.show_on(picture);
    for (const auto& one : persistence::audit(picture.files())) must(one.holds(), one.name.c_str());
  }

private:
  void furnish() {
    const auto put = [this](const char* method, const char* target, const char* body) {
      must(ask({method, target, {{"idempotency-key", target}}, body, "test"}).status == 201, target);
    };
    put("PUT", "/v1/users/anna", R"({"name":"Anna"})");
    put("POST", "/v1/wallets/anna/charges", R"({"amount":10000})");
    put("PUT", "/v1/products/teapot", R"({"name":"Teapot","price":250,"stock":100})");
  }

  sim::disk disk_;
  runtime::stage stage_;
  std::optional<runtime::node> node_;
  std::optional<gateway> gateway_;
  int asked_ = 0;
};

// The last one stays: the process ends around it.
shop& open_shop() {
  static auto* one = new shop;
  if (one->has_lived()) {
    one->look_at_books();
    delete one;
    one = new shop;
  }
  return *one;
}

std::string_view cut_off(std::string_view& rest, std::string_view mark) {
  const auto at = rest.find(mark);
  const auto part = rest.substr(0, at);
  rest.remove_prefix(at == rest.npos ? rest.size() : at + mark.size());
  return part;
}

// "POST /v1/orders", a line for each header, an empty one, and the body. $id is that of the last answer that had one.
http_request read(std::string_view form, const std::string& id) {
  std::string whole{form};
  for (auto at = whole.find("$id"); at != whole.npos; at = whole.find("$id", at + id.size())) whole.replace(at, 3, id);
  std::string_view text = whole;
  auto head = cut_off(text, "\n\n");
  auto line = cut_off(head, "\n");
  http_request made;
  made.method = cut_off(line, " ");
  made.target = line;
  while (!head.empty()) {
    auto header = cut_off(head, "\n");
    const auto name = cut_off(header, ": ");
    made.headers.emplace_back(name, header);
  }
  made.body = text;
  made.peer = "test";
  return made;
}

bool is_for_later(const http_response& said) {
  return (said.status == 409 || said.status == 503) && !said.header("Retry-After").empty();
}

// What it is about, where it says so.
std::string look_at(const http_request& asked, const http_response& said, std::string id) {
  // A paused design says so, and when to come again.
  must(said.status >= 200 && (said.status < 500 || is_for_later(said)), "no request breaks a route");
  if (asked.method == "HEAD") return id;
  if (said.status >= 400) must(said.content_type == "application/problem+json", "a refusal is a problem");
  if (said.content_type.find("json") == std::string::npos) return id;
  const auto told = nlohmann::json::parse(said.body, nullptr, false);
  must(!told.is_discarded(), "what is said to be JSON is JSON");
  for (const auto* name : {"id", "token", "reservation"})
    if (told.is_object() && told.contains(name) && told[name].is_string()) return told[name];
  return id;
}

}  // namespace

// Several requests, with a line --- between them.
SOUK_FUZZ_TARGET(routes) {
  auto& here = open_shop();
  std::string id;
  while (!input.empty()) {
    const auto asked = read(cut_off(input, "\n---\n"), id);
    // Copies of the stores anywhere on this machine are not what is tried, nor who looks around on a thread of his own.
    if (asked.target.starts_with("/v1/admin/backups") || asked.target.starts_with("/v1/admin/live")) continue;
    const auto said = here.ask(asked);
    id = look_at(asked, said, id);
    // What was on its way then may have come to its end.
    const bool is_settled = said.status != 202 && !is_for_later(said);
    if (asked.method != "POST" || asked.header("idempotency-key").empty() || !is_settled) continue;
    const auto again = here.ask(asked);
    look_at(asked, again, id);
    must(again.status / 100 == said.status / 100 || is_for_later(again), "asked again, it is answered alike");
  }
#ifndef SOUK_FUZZING
  here.look_at_books();
#endif
}
