// Names, numbers, moments and money: what is accepted, what grows, and what cannot overflow.
#include <set>

#include "messages/coupon.hpp"
#include "messages/grammar/answer.hpp"
#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"
#include "messages/grammar/trace_parent.hpp"
#include "tests/catch.hpp"

using namespace souk;

TEST_CASE("a name is 1 to 64 letters, digits and -_.: compared byte by byte") {
  CHECK(is_name("85123A"));
  CHECK(is_name("a-b_c.d:e"));
  CHECK(is_name(std::string(64, 'x')));
  CHECK(product_id{"85123A"} != product_id{"85123a"});
  for (const auto* bad : {"", "a b", "a/b", "\xc3\xa9", "a\n", "a\"b"}) CHECK_FALSE(is_name(bad));
  CHECK_FALSE(is_name(std::string(65, 'x')));
}

TEST_CASE("numbers grow, also when the clock steps back, and carry their slice") {
  number last;
  std::int64_t clock = 1'790'000'000'000;
  for (int i = 0; i < 10'000; ++i) {
    if (i == 5'000) clock -= 3'600'000;
    const auto next = next_number(last, clock + i / 100, static_cast<slice>(i));
    REQUIRE(next.value > last.value);
    REQUIRE(slice_of(next) == static_cast<slice>(i));
    last = next;
  }
  CHECK(next_number({}, 0, 3).value > 0);  // a clock before 2025
}

TEST_CASE("a number's text leads back to it, and neighbours differ in their first letters") {
  number last;
  std::set<std::string> beginnings;
  for (int i = 0; i < 1'000; ++i) {
    last = next_number(last, 1'790'000'000'000, 7);
    const auto text = to_text(last);
    REQUIRE(text.size() == 13);
    REQUIRE(parse_number(text) == last);
    beginnings.insert(text.substr(0, 4));
  }
  CHECK(beginnings.size() > 900);
  for (const auto* bad : {"", "0", "zzzzzzzzzzzzz", "0000000000000", "ILOU000000000", "00000000000000"})
    CHECK_FALSE(parse_number(bad));
}

TEST_CASE("keys of commands are unique, grow with their case, and lie beside their undo") {
  const number saga{next_number({}, 1'790'000'000'000, 255)};
  std::set<std::int64_t> keys;
  for (std::uint8_t step = 0; step <= step_of_own_number; ++step) {
    const once key{saga, step};
    CHECK(keys.insert(key.key()).second);
    CHECK(keys.insert(key.undo_key()).second);
    CHECK(key.undo_key() == key.key() + 1);
    CHECK(saga_of_key(key.key()) == saga);
    CHECK(saga_of_key(key.undo_key()) == saga);
  }
  CHECK(once{{saga.value + 1}, 0}.key() > *keys.rbegin());
}

TEST_CASE("moments are read with offsets and refused when they never were") {
  CHECK(to_text(moment{1'291'191'960'000}) == "2010-12-01T08:26:00.000Z");
  CHECK(parse_moment("2010-12-01T08:26:00Z") == moment{1'291'191'960'000});
  CHECK(parse_moment("2010-12-01T10:26:00.5+02:00") == moment{1'291'191'960'500});
  CHECK(parse_moment("2024-02-29T00:00:00Z"));
  for (const auto* bad :
       {"", "2010-12-01", "2010-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2010-12-01T24:00:00Z", "2010-12-01T08:26:00",
        "2010-12-01T08:26:00.Z", "2010-12-01T08:26:00+25:00", "2010-12-01T08:26:00Zx"})
    CHECK_FALSE(parse_moment(bad));
}

TEST_CASE("money says so when it would leave its range") {
  CHECK(add({1}, {2}) == money{3});
  CHECK_FALSE(add({INT64_MAX}, {1}));
  CHECK_FALSE(add({INT64_MIN}, {-1}));
  CHECK(times({299}, 1'000'000) == money{299'000'000});
  CHECK_FALSE(times(money_max, 10'000'000));
  CHECK_FALSE(times({INT64_MAX}, 2));
}

TEST_CASE("a discount is whole minor units rounded down, and never more than all", "[S4.1]") {
  CHECK(coupon::discount{{}, 10}.off({999}).minor == 99);
  CHECK(coupon::discount{{}, 100}.off({999}).minor == 999);
  CHECK(coupon::discount{{500}, 0}.off({999}).minor == 500);
  CHECK(coupon::discount{{500}, 0}.off({300}).minor == 300);
  CHECK(coupon::discount{{}, 99}.off({2'000'000'000'000'000}).minor == 1'980'000'000'000'000);
}

TEST_CASE("every reason has a name of its own") {
  std::set<std::string_view> names(reason_names.begin(), reason_names.end());
  CHECK(names.size() == reason_names.size());
  CHECK(to_text(reason::unreachable) == "unreachable");
}

TEST_CASE("a trace is read exactly as W3C Trace Context has it, and handed on as it came", "[grammar]") {
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto found = parse_trace_parent(good);
  REQUIRE(found);
  CHECK(to_text(*found) == good);
  CHECK(trace_id_of(*found) == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(found->parent == 0x00f067aa0ba902b7);
  CHECK(found->flags == 1);
  // A later version may say more.
  CHECK(parse_trace_parent("01" + good.substr(2) + "-more") == found);
  CHECK(parse_trace_parent("01" + good.substr(2)) == found);
  for (const auto* bad : {"", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                          "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                          "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b70-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
                          "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}) {
    INFO(bad);
    CHECK_FALSE(parse_trace_parent(bad));
  }
}
