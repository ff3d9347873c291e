// What callers send that is not right: numbers, members, nesting, bytes, sizes; and what needs a socket to be seen.
#include <algorithm>

#include "tests/actors/gateway_shop.hpp"

using namespace souk;
using namespace souk::tests;

namespace {

// A body with @ where the number goes, and the member that an answer must name.
struct number_place {
  std::string method, target, body, member;
  bool zero_is_fine = false;
};
const std::vector<number_place> number_places{
    {"POST", "/v1/wallets/anna/charges", R"({"amount":@})", "amount"},
    {"PUT", "/v1/products/teapot", R"({"name":"Teapot","price":@})", "price", true},
    {"PUT", "/v1/products/kettle", R"({"name":"Kettle","price":5,"stock":@})", "stock", true},
    {"PATCH", "/v1/products/teapot", R"({"price":@})", "price", true},
    {"POST", "/v1/products/teapot/restocks", R"({"quantity":@})", "quantity"},
    {"PUT", "/v1/campaigns/tea", R"({"discount":{"amount":@},"limit":5})", "discount.amount"},
    {"PUT", "/v1/campaigns/tea", R"({"discount":{"percent":@},"limit":5})", "discount.percent"},
    {"PUT", "/v1/campaigns/tea", R"({"discount":{"percent":5},"limit":@})", "limit"},
    {"POST", "/v1/orders",
     R"({"user":"anna","items":[{"product":"teapot","quantity":1},{"product":"teapot","quantity":@}]})",
     "items[1].quantity"},
    {"POST", "/v1/admin/orders", R"({"user":"anna","items":[{"product":"teapot","quantity":@,"amount":5}]})",
     "items[0].quantity"},
    {"POST", "/v1/admin/orders", R"({"user":"anna","items":[{"product":"teapot","quantity":1,"amount":@}]})",
     "items[0].amount", true},
    {"POST", "/v1/admin/returns", R"({"user":"anna","items":[{"product":"teapot","quantity":@,"amount":5}]})",
     "items[0].quantity"},
    {"POST", "/v1/admin/returns", R"({"user":"anna","items":[{"product":"teapot","quantity":1,"amount":@}]})",
     "items[0].amount", true},
};
const std::vector<std::string> bad_numbers{"-1",
                                           "0",
                                           "-0",
                                           "0.1",
                                           "1.0",
                                           "1e3",
                                           "1E3",
                                           "9007199254740993",
                                           "9223372036854775807",
                                           "9223372036854775808",
                                           "-9223372036854775808",
                                           "-9223372036854775809",
                                           "18446744073709551616",
                                           "1e400",
                                           "\"1\"",
                                           "null",
                                           "true",
                                           "[]",
                                           "{}",
                                           "[1]",
                                           "1000000000001"};

std::string with_number(const std::string& body, const std::string& number) {
  auto out = body;
  return out.replace(out.find('@'), 1, number);
}

// Everything that a bad request might have moved.
std::string all_rows(shop& s) {
  std::string rows;
  for (const auto* target : {"/v1/users/anna", "/v1/wallets/anna", "/v1/wallets/anna/entries", "/v1/products",
                             "/v1/users/anna/coupons", "/v1/orders", "/v1/campaigns/tea"})
    rows += s.ask("GET", target).body + '\n';
  return rows;
}

}  // namespace

TEST_CASE("numbers that are none of ours are refused by name on every route, and no row changes", "[edge][S0.8]") {
  shop s;
  s.furnish();
  const auto before = all_rows(s);
  int n = 0;
  for (const auto& place : number_places)
    for (const auto& number : bad_numbers) {
      if (place.zero_is_fine && (number == "0" || number == "-0")) continue;
      const auto body = with_number(place.body, number);
      const auto said = s.ask(place.method, place.target, body, {{"idempotency-key", "n" + std::to_string(n++)}});
      INFO(place.method << ' ' << place.target << ' ' << body << ": " << said.status << ' ' << said.body);
      CHECK((said.status == 400 || said.status == 422));
      const auto problem = json::parse(said.body);
      CHECK(problem["errors"][0]["member"] == place.member);
    }
  CHECK(all_rows(s) == before);
}

TEST_CASE("a line that would cost more than an amount may be is refused by name, and nothing moves", "[edge]") {
  shop s;
  s.furnish();
  REQUIRE(s.ask("PUT", "/v1/products/yacht", R"({"name":"Yacht","price":1000000000000,"stock":1000000})").status ==
          201);
  const auto said =
      s.post("/v1/orders", "o",
             R"({"user":"anna","items":[{"product":"teapot","quantity":1},{"product":"yacht","quantity":1000000}]})");
  INFO(said.body);
  CHECK(said.status == 409);
  CHECK(json::parse(said.body)["reason"] == "limit_reached");
  CHECK(json::parse(said.body)["errors"][0]["member"] == "items[1].quantity");
  CHECK(s.stock("teapot") == 100);
  CHECK(s.stock("yacht") == 1000000);
  CHECK(s.balance("anna") == 10000);
}

TEST_CASE("bodies that are not what they should be are refused by name", "[edge]") {
  shop s;
  s.furnish();
  const auto before = all_rows(s);
  struct bad {
    std::string body;
    unsigned status;
    std::string member;
  };
  const std::string deep_array(100'000, '['), item = R"({"product":"teapot","quantity":1})";
  std::string deep_object, long_list = R"({"user":"anna","items":[)";
  for (int i = 0; i < 100'000; ++i) deep_object += R"({"a":)";
  for (int i = 0; i < 2001; ++i) long_list += (i ? "," : "") + item;
  std::string crowd = R"({"user":"anna")";
  for (int i = 0; i < 1000; ++i) crowd += ",\"m" + std::to_string(i) + "\":1";
  const std::vector<bad> all{
      {"", 400, ""},
      {"nonsense", 400, ""},
      {"[]", 422, ""},
      {"\"text\"", 422, ""},
      {"{", 400, ""},
      {R"({"user":"anna"} {})", 400, ""},
      {R"({"user":"anna","items":[{"product":"teapot","quantity":1}]})" + std::string(1, '\0') + "x", 400, ""},
      {deep_array, 400, std::string(0, ' ')},
      {R"({"user":)" + deep_array, 400, ""},
      {deep_object, 400, ""},
      {crowd + "}", 400, ""},
      {R"({"user":"anna","user":"bert","items":[{"product":"teapot","quantity":1}]})", 400, "user"},
      {R"({"user":"anna","items":[{"product":"teapot","quantity":1,"quantity":2}]})", 400, "items[0].quantity"},
      {R"({"user":"anna","items":[)" + item + R"(,{"product":"teapot","quantity":1,"colour":"red"}]})", 422,
       "items[1].colour"},
      {R"({"user":"anna","items":[)" + item + R"(],"note":"hi"})", 422, "note"},
      {R"({"user":"anna","items":[{"product":"teapot","quantity":1,"amount":1}]})", 422, "items[0].amount"},
      {R"({"items":[)" + item + "]}", 422, "user"},
      {R"({"user":"anna"})", 422, "items"},
      {R"({"user":"anna","items":[]})", 422, "items"},
      {R"({"user":"anna","items":{}})", 422, "items"},
      {R"({"user":"anna","items":[1]})", 422, "items[0]"},
      {long_list + "]}", 422, "items"},
      {R"({"user":"an na","items":[)" + item + "]}", 422, "user"},
      {R"({"user":7,"items":[)" + item + "]}", 422, "user"},
      {R"({"user":"","items":[)" + item + "]}", 422, "user"},
      {R"({"user":"anna","items":[)" + item + R"(],"coupon":"nope"})", 422, "coupon"},
      {R"({"user":"anna","items":[)" + item + R"(],"flow":"by_camel"})", 422, "flow"},
      {R"({"user":"anna","items":[)" + item + R"(],"flow":"refund"})", 422, "flow"},
      {R"({"user":"anna","items":[)" + item + R"(],"flow":"balance_first","coupon":"0000000000000"})", 422, "coupon"},
      {"{\"user\":\"an\xff\",\"items\":[]}", 400, "user"},
      {"{\"user\":\"\xc0\xaf\",\"items\":[]}", 400, "user"},
      {"{\"user\":\"\xed\xa0\x80\",\"items\":[]}", 400, "user"},
      {R"({"user":"\ud800","items":[]})", 400, "user"},
  };
  int n = 0;
  for (const auto& one : all) {
    const auto said = s.post("/v1/orders", "b" + std::to_string(n++), one.body);
    INFO(one.body.substr(0, 100) << ": " << said.status << ' ' << said.body.substr(0, 300));
    CHECK(said.status == one.status);
    const auto problem = json::parse(said.body);
    CHECK(problem["status"] == one.status);
    if (!one.member.empty()) CHECK(problem["errors"][0]["member"] == one.member);
  }
  CHECK(all_rows(s) == before);
}

TEST_CASE("names have 1 to 256 characters, whatever their bytes", "[edge]") {
  shop s;
  const auto name_of = [&](const std::string& name) {
    return s.ask("PUT", "/v1/users/u", json{{"name", name}}.dump()).status;
  };
  std::string letters;
  for (int i = 0; i < 256; ++i) letters += "Æ";
  CHECK(name_of(letters) == 201);
  CHECK(s.get("/v1/users/u")["name"] == letters);
  CHECK(name_of(letters + "x") == 422);
  CHECK(name_of("") == 422);
  CHECK(name_of("a\nb") == 422);
}

TEST_CASE("keys and media types are what they should be", "[edge]") {
  shop s;
  s.furnish();
  const auto charge = [&](const edge::header_list& headers) {
    const auto said = s.ask("POST", "/v1/wallets/anna/charges", R"({"amount":1})", headers);
    if (said.status == 400) CHECK(json::parse(said.body)["header"] == "Idempotency-Key");
    return said.status;
  };
  CHECK(charge({}) == 400);
  CHECK(charge({{"idempotency-key", ""}}) == 400);
  CHECK(charge({{"idempotency-key", "two words"}}) == 400);
  CHECK(charge({{"idempotency-key", "\xc3\xa6"}}) == 400);
  CHECK(charge({{"idempotency-key", std::string(256, 'k')}}) == 400);
  CHECK(charge({{"idempotency-key", std::string(255, 'k')}}) == 201);
  CHECK(charge({{"idempotency-key", "k"}, {"content-type", "text/plain"}}) == 415);
  CHECK(charge({{"idempotency-key", "k"}, {"content-type", "application/json; charset=utf-8"}}) == 201);
  for (const auto* target : {"/v1/orders", "/v1/admin/orders", "/v1/admin/returns", "/v1/products/teapot/restocks",
                             "/v1/campaigns/tea/coupons", "/v1/orders/0000000000001/cancel"})
    CHECK(s.ask("POST", target, "{}").status == 400);
  CHECK(s.balance("anna") == 10002);
}

TEST_CASE("campaigns make sense", "[edge]") {
  shop s;
  const auto member = [&](const std::string& body) {
    const auto said = s.ask("PUT", "/v1/campaigns/tea", body);
    CHECK(said.status == 422);
    return json::parse(said.body)["errors"][0]["member"].get<std::string>();
  };
  CHECK(member(R"({"discount":{},"limit":5})") == "discount.amount");
  CHECK(member(R"({"discount":{"amount":5,"percent":5},"limit":5})") == "discount.percent");
  CHECK(member(R"({"discount":{"percent":101},"limit":5})") == "discount.percent");
  CHECK(member(R"({"discount":5,"limit":5})") == "discount");
  CHECK(member(R"({"discount":{"percent":5},"limit":5,"starts":"today"})") == "starts");
  CHECK(
      member(R"({"discount":{"percent":5},"limit":5,"starts":"2026-01-02T00:00:00Z","ends":"2026-01-01T00:00:00Z"})") ==
      "ends");
  CHECK(s.ask("GET", "/v1/campaigns/tea").status == 404);
}

namespace {

struct served {
  explicit served(shop& s, edge::server_options options = {})
      : server(options, [&s](edge::http_request&& request, edge::responder answer) {
          s.gateway->handle(std::move(request), answer);
        }) {}
  edge::http_server server;
  http_response ask(const std::string& method, const std::string& target, const std::string& body = {},
                    const edge::header_list& headers = {}) {
    return edge::http_client{"127.0.0.1", server.port()}.request(method, target, headers, body,
                                                                 std::chrono::seconds{60});
  }
};

}  // namespace

TEST_CASE("over a socket orders are placed, and ten megabytes are turned away", "[edge][socket]") {
  shop s;
  s.furnish();
  served at{s};
  const auto said =
      at.ask("POST", "/v1/orders", two_teapots, {{"Idempotency-Key", "o1"}, {"Content-Type", "application/json"}});
  CHECK(said.status == 201);
  CHECK(said.header("location").starts_with("/v1/orders/"));
  CHECK(at.ask("GET", std::string{said.header("location")}).status == 200);
  const auto before = all_rows(s);
  const auto big = at.ask("POST", "/v1/orders", std::string(10 << 20, ' ') + two_teapots, {{"Idempotency-Key", "o2"}});
  CHECK(big.status == 413);
  CHECK(at.ask("POST", "/v1/orders", std::string(100'000, '['), {{"Idempotency-Key", "o3"}}).status == 400);
  CHECK(all_rows(s) == before);
}

TEST_CASE("the events of an order are told as they happen and end with the order", "[edge][socket]") {
  shop s;
  s.furnish();
  served at{s};
  s.link->hold();
  const auto placed = s.ask("POST", "/v1/orders", two_teapots, {{"idempotency-key", "o1"}, {"prefer", "wait=0"}});
  const auto path = header(placed, "Location") + "/events";
  auto live = std::async(std::launch::async, [&] { return at.ask("GET", path); });
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  s.link->release();
  const auto ended = live.get();
  CHECK(ended.status == 200);
  CHECK(ended.content_type.starts_with("text/event-stream"));
  CHECK(ended.body.find(R"("step":"take_stock","what":"done")") != std::string::npos);
  CHECK(ended.body.find("event: order") != std::string::npos);
  CHECK(ended.body.find(R"("state":"COMPLETED")") != std::string::npos);
  const auto later = at.ask("GET", path);
  CHECK(later.body.find(R"("step":"take_stock","what":"done")") != std::string::npos);
  CHECK(later.body.find("event: order") != std::string::npos);
  CHECK(at.ask("GET", "/v1/orders/0000000000001/events").status == 404);
  CHECK(s.ask("GET", path).status == 406);
}

TEST_CASE("a gateway that closes answers whoever still waits", "[edge]") {
  shop s;
  s.furnish();
  s.link->hold();
  auto waiting = s.begin("POST", "/v1/orders", two_teapots, {{"idempotency-key", "o1"}, {"prefer", "wait=1"}});
  s.gateway.reset();
  CHECK(waiting.get().status == 503);
}
