// Bodies of requests: whatever the bytes are, they are read or refused, and what is read is what was asked for.
#include "actors/edge/json.hpp"

#include <nlohmann/json.hpp>

#include "tests/fuzz/target.hpp"

using namespace souk;
using namespace souk::edge;
using fuzz::must;

namespace {

// A body with a member of every kind.
void read_everything(document& body, flaws& found) {
  fields in{body, found};
  const auto name = in.text("name", 16);
  const auto maybe = in.maybe_text("note", 16);
  const auto user = in.id("user");
  const auto code = in.maybe_id("code");
  const auto limit = in.whole("limit", {1, 100});
  const auto stock = in.maybe_whole("stock", {0, 1'000'000});
  const auto amount = in.amount("amount");
  const auto price = in.maybe_amount("price", 0);
  const auto starts = in.maybe_moment("starts");
  std::size_t items = 0;
  in.object("discount", [](fields& inner) {
    inner.maybe_amount("amount");
    inner.done();
  });
  in.each("items", 4, [&](fields& one) {
    ++items;
    one.id("product");
    one.whole("quantity", {1, 1'000'000});
    one.done();
  });
  in.done();
  if (!found.empty()) return;
  must(!name.empty() && name.size() <= 64 && nlohmann::json(name).dump().size() > 2, "a text is UTF-8 and no longer");
  must(!maybe || !maybe->empty(), "a text that is there is not empty");
  must(is_name(user) && (!code || is_name(*code)), "an id is one");
  must(limit >= 1 && limit <= 100 && (!stock || (*stock >= 0 && *stock <= 1'000'000)), "a number is in its range");
  must(amount.minor >= 1 && amount <= money_max && (!price || *price <= money_max), "an amount is in its range");
  must(!starts || parse_moment(to_text(*starts)) == starts, "a moment can be written and read again");
  must(items >= 1 && items <= 4, "a list has as many as it may");
}

}  // namespace

SOUK_FUZZ_TARGET(json) {
  document body{input};
  if (!body.trouble()) {
    must(nlohmann::json::accept(input), "what is read is JSON");
    flaws found;
    read_everything(body, found);
  }
  // Whatever it is, it can be quoted.
  std::string quoted;
  append_quoted(quoted, input);
  must(nlohmann::json::parse(quoted, nullptr, false).is_string(), "a quoted text is one JSON string");
}
