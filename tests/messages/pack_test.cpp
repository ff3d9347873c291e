// Every word survives packing, and bytes that lie are found out.
#include <random>

#include "messages/letter.hpp"
#include "tests/catch.hpp"

using namespace souk;

namespace {

// Gives every field, however deep, a value that is not its default.
struct filler {
  std::mt19937_64 dice{7};

  template <class T>
  void fill(T& value) {
    if constexpr (std::is_same_v<T, bool>)
      value = true;
    else if constexpr (std::is_enum_v<T>)
      value = static_cast<T>(1);
    else if constexpr (std::is_integral_v<T>)
      value = static_cast<T>(dice());
    else
      fill_object(value);
  }
  void fill_object(std::string& text) { text = "text-" + std::to_string(dice() % 1'000'000); }
  template <class T>
  void fill_object(std::vector<T>& list) {
    for (int i = 0; i < 3; ++i) fill(list.emplace_back());
  }
  template <class T>
  void fill_object(std::optional<T>& maybe) {
    fill(maybe.emplace());
  }
  template <class T>
  void fill_object(shared<T>& one) {
    T value{};
    fill(value);
    one = std::move(value);
  }
  template <class T>
  void fill_object(rare<T>& maybe) {
    fill(maybe.emplace());
  }
  template <class A, class B>
  void fill_object(in_one_byte<A, B>& both) {
    fill(both.first);
    fill(both.second);
  }
  void fill_object(std::monostate&) {}
  template <fielded T>
  void fill_object(T& object) {
    each_field(object, [this](std::string_view, auto& value) { fill(value); });
  }
};

// One of every kind, as it is made and with its fields filled.
template <class Word, class... Ts>
std::vector<Word> of_every_kind(const std::variant<Ts...>&) {
  std::vector<Word> all;
  filler filler;
  const auto add = [&](auto one) {
    all.emplace_back(one);
    filler.fill(one);
    all.emplace_back(std::move(one));
  };
  (add(Ts{}), ...);
  return all;
}
template <class Word>
std::vector<Word> of_every_kind() {
  return of_every_kind<Word>(Word{});
}

template <class T>
void reads_or_refuses_shorter(const bytes& packed) {
  for (std::size_t n = 0; n < packed.size(); ++n) {
    try {
      (void)unpack<T>(std::string_view{packed}.substr(0, n));  // fields at the end fall back to their defaults
    } catch (const damaged_bytes&) {
    }
  }
}

// The last fields of order::event as rows have them that were stored before there were traces.
struct event_without_trace {
  order::flow flow{};
  rare<order::entry> entry;
  SOUK_FIELDS(event_without_trace, flow, entry);
};
struct event_with_trace {
  order::flow flow{};
  rare<order::entry> entry;
  rare<trace_parent> trace;
  SOUK_IN_ONE_BYTE(event_with_trace, entry, trace)
  SOUK_FIELDS(event_with_trace, flow, entry_and_trace);
};

}  // namespace

TEST_CASE("a part that shares a byte costs none while it is not there, and rows of before are read in the middle") {
  using old_rows = std::vector<event_without_trace>;
  using rows = std::vector<event_with_trace>;
  const old_rows before{{order::flow::refund, {}},
                        {order::flow::by_events, order::entry{{5}, money{7}}},
                        {order::flow::take_back, order::entry{{6}, {}}}};
  auto now = unpack<rows>(pack(before));
  REQUIRE(now.size() == before.size());
  for (std::size_t i = 0; i < now.size(); ++i) {
    CHECK(now[i].flow == before[i].flow);
    CHECK(now[i].entry == before[i].entry);
    CHECK_FALSE(now[i].trace);
  }
  CHECK(pack(now) == pack(before));
  for (auto& one : now) one.trace = trace_parent{1, 2, 3, 4};
  CHECK(unpack<rows>(pack(now)) == now);
  CHECK_THROWS_AS(unpack<event_with_trace>(bytes{0, 4}), damaged_bytes);
}

TEST_CASE("every command comes out of its bytes as it went in", "[C.5]") {
  for (const auto& one : of_every_kind<command>()) {
    INFO("alternative " << one.index());
    const auto packed = pack(letter{77, one});
    const auto back = unpack<letter>(packed);
    CHECK(back.ticket == 77);
    CHECK(back.command.index() == one.index());
    CHECK(back.command == one);
    CHECK_NOTHROW(reads_or_refuses_shorter<letter>(packed));
  }
}

TEST_CASE("every reply comes out of its bytes as it went in", "[C.5]") {
  for (const auto& one : of_every_kind<reply>()) {
    INFO("alternative " << one.index());
    const answer said{verdict::refused, reason::sold_out, true, "cup", one};
    const auto packed = pack(response{78, said});
    const auto back = unpack<response>(packed);
    CHECK(back.answer.body.index() == one.index());
    CHECK(back.answer == said);
    CHECK_NOTHROW(reads_or_refuses_shorter<response>(packed));
  }
}

TEST_CASE("an envelope of all commands keeps their order", "[C.5]") {
  envelope mail;
  for (const auto& one : of_every_kind<command>()) mail.letters.push_back({mail.letters.size(), one});
  CHECK(unpack<envelope>(pack(mail)) == mail);
}

TEST_CASE("every command belongs to a desk of a domain") {
  for (const auto& one : of_every_kind<command>())
    CHECK(static_cast<std::size_t>(address_of(one).domain) < domain_count);
}

TEST_CASE("a forged length is found out before memory is taken for it") {
  bytes forged;
  packer{forged}.number(UINT64_C(1) << 62);
  CHECK_THROWS_AS(unpack<std::string>(forged), damaged_bytes);
  CHECK_THROWS_AS(unpack<std::vector<order::happening>>(forged), damaged_bytes);
  CHECK_THROWS_AS(unpack<envelope>(forged), damaged_bytes);
}

TEST_CASE("bytes that end too early, run on, or name what is not there are damaged") {
  CHECK_THROWS_AS(unpack<std::string>(std::string_view{"\x05"
                                                       "abc",
                                                       4}),
                  damaged_bytes);
  CHECK_THROWS_AS(unpack<std::string>(std::string_view{"\x01"
                                                       "abc",
                                                       4}),
                  damaged_bytes);
  CHECK_THROWS_AS(unpack<std::uint64_t>(std::string(11, '\xff')), damaged_bytes);
  CHECK_THROWS_AS(unpack<command>(std::string_view{"\x7f", 1}), damaged_bytes);
  CHECK_THROWS_AS(unpack<std::uint64_t>(std::string_view{}), damaged_bytes);
}

TEST_CASE("a value that its type does not have is damage, not another value") {
  enum class local : std::uint8_t { a, b, c };
  CHECK(named_values<reason>() == reason_names.size());
  CHECK(named_values<domain>() == domain_count);
  CHECK(named_values<local>() == 3);
  for (std::uint64_t n = 0; n < 300; ++n) {
    INFO(n);
    const auto packed = pack(n);
    if (n < reason_names.size())
      CHECK(unpack<reason>(packed) == static_cast<reason>(n));
    else
      CHECK_THROWS_AS(unpack<reason>(packed), damaged_bytes);
    if (n < 256)
      CHECK(unpack<std::uint8_t>(packed) == n);
    else
      CHECK_THROWS_AS(unpack<std::uint8_t>(packed), damaged_bytes);
  }
  CHECK_THROWS_AS(unpack<std::int32_t>(pack(INT64_C(1) << 31)), damaged_bytes);
  CHECK(unpack<std::int32_t>(pack(-(INT64_C(1) << 31))) == INT32_MIN);
  // Ten bytes have room for 70 bits.
  CHECK_THROWS_AS(unpack<std::uint64_t>(std::string(9, '\xff') + '\x7f'), damaged_bytes);
  CHECK(unpack<std::uint64_t>(std::string(9, '\xff') + '\x01') == UINT64_MAX);
}

TEST_CASE("a letter whose reason this node does not know is refused, and is not looked up in a table", "[C.5]") {
  auto packed = pack(response{1, refuse(reason::sold_out)});
  REQUIRE(packed.size() > 2);
  REQUIRE(packed[2] == static_cast<char>(reason::sold_out));
  packed[2] = 77;
  CHECK_THROWS_AS(unpack<response>(packed), damaged_bytes);
}

TEST_CASE("a list has all of its elements, and takes no memory before they come") {
  // A thousand are announced, in a thousand bytes, of which the first eats nearly all.
  bytes forged;
  packer to{forged};
  to.number(1'000);
  to.number(990);
  forged.append(1'000, 'x');
  forged.resize(2 + 2 + 990);
  CHECK_THROWS_AS(unpack<std::vector<std::string>>(forged), damaged_bytes);
  CHECK_THROWS_AS(unpack<std::vector<order::happening>>(std::string_view{"\x02\x01\x01\x01\x01", 5}), damaged_bytes);
}

TEST_CASE("random bytes are read or refused, never worse") {
  std::mt19937_64 dice{11};
  for (int i = 0; i < 20'000; ++i) {
    bytes noise(dice() % 40, '\0');
    for (auto& c : noise) c = static_cast<char>(dice());
    try {
      (void)unpack<envelope>(noise);
      (void)unpack<responses>(noise);
    } catch (const damaged_bytes&) {
    }
  }
  SUCCEED();
}

TEST_CASE("numbers of every size keep their value and their sign") {
  for (const std::int64_t n :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{63}, std::int64_t{64}, INT64_MAX, INT64_MIN})
    CHECK(unpack<std::int64_t>(pack(n)) == n);
  for (const std::uint64_t n : {UINT64_C(0), UINT64_C(127), UINT64_C(128), UINT64_MAX})
    CHECK(unpack<std::uint64_t>(pack(n)) == n);
}

namespace {
struct old_word {
  std::int64_t a = 0;
  SOUK_FIELDS(old_word, a);
};
struct new_word {
  std::int64_t a = 0;
  std::string b = "default";
  SOUK_FIELDS(new_word, a, b);
};
}  // namespace

TEST_CASE("a reader that knows a newer field finds its default in older bytes") {
  const auto read = unpack<new_word>(pack(old_word{5}));
  CHECK(read.a == 5);
  CHECK(read.b == "default");
}
