// Numbers, moments and decimals as people write them: what is read is written the same, and means the same.
#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "tests/fuzz/target.hpp"
#include "tools/replay/history.hpp"

using namespace souk;
using fuzz::must;

SOUK_FUZZ_TARGET(names) {
  if (const auto when = parse_moment(input)) must(parse_moment(to_text(*when)) == when, "a moment is written as it is");
  if (const auto n = parse_number(input)) must(parse_number(to_text(*n)) == n, "a number is written as it is");
  if (const auto price = replay::parse_decimal(input)) {
    must(price->scale >= 0 && price->scale <= replay::decimal_scale_max, "a price is in its limits");
    const auto one = replay::pence_of(1, *price), back = replay::pence_of(-1, *price);
    must(one.has_value() == back.has_value() && (!one || *one == -*back), "what is given back is what was paid");
    replay::pence_of(9'000'000, *price);
  }
  must(!is_name(input) || input.size() <= name_bytes_max, "a name is no longer than it may be");
}
