// Requests that nobody meant, by seed: whatever is asked, no route answers 5xx, and what was in order before still is.
#include <random>

#include "actors/edge/routes.hpp"
#include "tests/actors/gateway_shop.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

class noise {
public:
  explicit noise(unsigned seed) : dice_(seed) {}

  std::size_t below(std::size_t n) { return dice_() % n; }
  template <class List>
  const auto& one_of(const List& list) {
    return list[below(std::size(list))];
  }
  // Something for a place in a path, a query, a header or a body.
  std::string word() {
    static const std::vector<std::string> words{"anna",
                                                "teapot",
                                                "nobody",
                                                "0",
                                                "-1",
                                                "1e3",
                                                "9223372036854775808",
                                                "%00",
                                                "%zz",
                                                "%",
                                                "%2F",
                                                "..",
                                                "",
                                                "a b",
                                                "\xff",
                                                "\xc0\x80",
                                                "0000000000000",
                                                "null",
                                                "{}",
                                                "[]",
                                                "true",
                                                "1",
                                                "100",
                                                "10000",
                                                "+",
                                                "'",
                                                "\"",
                                                "\\",
                                                "?",
                                                "#",
                                                "S.1:x",
                                                "12",
                                                std::string(300, 'x'),
                                                "order_payment",
                                                "by_events",
                                                "wait=0",
                                                "respond-async"};
    return one_of(words);
  }
  std::string json(int depth = 0) {
    static const std::vector<std::string> names{"name",   "price", "stock",   "amount",   "quantity", "user",  "items",
                                                "coupon", "flow",  "product", "discount", "percent",  "limit", "starts",
                                                "ends",   "token", "seat",    "reason",   "to",       "",      "dates"};
    switch (below(depth > 4 ? 5 : 8)) {
      case 0: return std::to_string(static_cast<std::int64_t>(dice_()) >> below(64));
      case 1: return one_of(std::vector<std::string>{"null", "true", "1.5", "-0", "1e999", "01", "\"\\ud800\""});
      case 2:
      case 3:
      case 4: return '"' + word() + '"';
      case 5: {
        std::string list = "[";
        for (auto n = below(4); n > 0; --n) list += json(depth + 1) + (n > 1 ? "," : "");
        return list + ']';
      }
      default: {
        std::string object = "{";
        for (auto n = below(5); n > 0; --n)
          object += '"' + one_of(names) + "\":" + json(depth + 1) + (n > 1 ? "," : "");
        return object + '}';
      }
    }
  }
  // A route's path, its places filled, its query made up of what it knows and of what it does not.
  http_request request() {
    const auto routes = edge::all_routes();
    const auto& route = routes[below(routes.size())];
    http_request made;
    made.method =
        below(10) ? std::string{route.method} : one_of(std::vector<std::string>{"GET", "POST", "PUT", "BREW"});
    for (std::string_view rest = route.pattern; !rest.empty();) {
      const auto place = rest.find('{');
      made.target += rest.substr(0, place);
      if (place == rest.npos) break;
      made.target += below(2) ? "anna" : word();
      rest.remove_prefix(rest.find('}') + 1);
    }
    for (auto n = below(3); n > 0; --n)
      made.target += std::string{made.target.find('?') == std::string::npos ? "?" : "&"} +
                     one_of(std::vector<std::string>{"limit", "starting_after", "user", "state", "by", "x"}) +
                     (below(5) ? "=" + word() : "");
    if (below(4)) made.headers.emplace_back("idempotency-key", "key-" + std::to_string(below(50)));
    if (below(4) == 0) made.headers.emplace_back("prefer", word());
    if (below(8)) made.body = json();
    // And now and then a byte of it is another.
    if (!made.body.empty() && below(4) == 0) made.body[below(made.body.size())] = static_cast<char>(dice_());
    made.peer = "test";
    return made;
  }

private:
  std::mt19937_64 dice_;
};

}  // namespace

TEST_CASE("whatever is asked, no route answers 5xx, and money and goods are where they were", "[C.5]") {
  shop here;
  here.furnish();
  std::array<int, 6> answered{};
  for (unsigned seed = 0; seed < 3'000; ++seed) {
    auto asked = noise{seed}.request();
    // Copies of the stores anywhere on this machine are not what is tried.
    if (asked.target.starts_with("/v1/admin/backups")) continue;
    std::promise<http_response> heard;
    here.gateway->handle(asked, [&](http_response&& said) { heard.set_value(std::move(said)); });
    const auto said = heard.get_future().get();
    INFO("seed " << seed << ": " << asked.method << ' ' << asked.target << ' ' << asked.body << " -> " << said.status
                 << ' ' << said.body);
    ++answered[said.status / 100];
    REQUIRE(said.status < 500);
    if (said.status >= 400 && asked.method != "HEAD") {
      REQUIRE(said.content_type == "application/problem+json");
      REQUIRE(json::accept(said.body));
    }
  }
  CHECK(answered[2] > 100);
  CHECK(answered[4] > 1'000);
  CHECK(here.get("/v1/users/anna")["id"] == "anna");
  const auto order = here.post("/v1/orders", "after-the-noise", two_teapots);
  INFO(order.body);
  CHECK((order.status == 201 || order.status == 202 || order.status == 409));
}
