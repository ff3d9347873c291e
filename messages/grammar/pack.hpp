// Turns fielded values into compact bytes and back: the one format of stored blobs and of letters
// between nodes.
//
// Integers and enums: zigzag varint. Text and vectors: length, then content. Optional: 0 or 1, then
// the value. Variant: index, then the value. Aggregates: their fields in order; a reader that finds
// the bytes at an end leaves the remaining fields at their defaults, so new fields go last; where other
// bytes follow, they share a byte with an older field (fields.hpp).
//
// A number that its type cannot hold, and an enum's value that has no name, are damage: they come from
// a bug, a broken disk or a newer node, and whoever looked them up in a table would end the process.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "messages/grammar/fields.hpp"
#include "messages/grammar/rare.hpp"
#include "messages/grammar/shared.hpp"

namespace souk {

using bytes = std::string;

// Thrown by unpack: the bytes are not what they claim to be.
struct damaged_bytes : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// True for types whose pack_elsewhere() and unpack_elsewhere() are declared beside them and compiled once.
template <class T>
inline constexpr bool is_packed_elsewhere = false;

// How many values of an enum have names, from 0 on without a gap; seen by how the compiler spells them.
template <class Enum, Enum value>
constexpr bool is_named() {
  // "... value = souk::reason::sold_out]", or "(anonymous namespace)::sold_out", but "(souk::reason)77" without a name.
  constexpr std::string_view spelled = __PRETTY_FUNCTION__;
  constexpr auto close = spelled.rfind(')');
  return close < spelled.rfind('=') || spelled[close + 1] == ':';
}
template <class Enum, std::size_t from = 0>
constexpr std::uint64_t named_values() {
  static_assert(from < 128, "an enum that is packed has a few values, from 0 on");
  if constexpr (is_named<Enum, static_cast<Enum>(from)>())
    return named_values<Enum, from + 1>();
  else
    return from;
}

class packer {
public:
  explicit packer(bytes& out) : out_(out) {}

  void number(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }

  template <class T>
  void put(const T& value) {
    if constexpr (is_packed_elsewhere<T>) {
      pack_elsewhere(*this, value);
    } else if constexpr (std::is_same_v<T, bool>) {
      out_.push_back(value ? 1 : 0);
    } else if constexpr (std::is_enum_v<T>) {
      number(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
      number(value);
    } else if constexpr (std::is_integral_v<T>) {
      const auto wide = static_cast<std::int64_t>(value);
      number((static_cast<std::uint64_t>(wide) << 1) ^ static_cast<std::uint64_t>(wide >> 63));
    } else {
      put_object(value);
    }
  }

  // As a list of them.
  template <class At>
  void put_list(At first, At last) {
    number(static_cast<std::uint64_t>(std::distance(first, last)));
    for (; first != last; ++first) put(*first);
  }

  // One alternative of many, written here when pack_elsewhere() is compiled.
  template <class... Ts>
  void put_variant(const std::variant<Ts...>& one) {
    number(one.index());
    std::visit([this](const auto& value) { put(value); }, one);
  }

private:
  void put_object(const std::string& text) {
    number(text.size());
    out_.append(text);
  }
  template <class T>
  void put_object(const std::vector<T>& list) {
    put_list(list.begin(), list.end());
  }
  template <class T>
  void put_object(const std::optional<T>& maybe) {
    put(maybe.has_value());
    if (maybe) put(*maybe);
  }
  template <class T>
  void put_object(const shared<T>& one) {
    put(*one);
  }
  template <class T>
  void put_object(const rare<T>& maybe) {
    put(static_cast<bool>(maybe));
    if (maybe) put(*maybe);
  }
  template <class A, class B>
  void put_object(const in_one_byte<A, B>& both) {
    number((both.first ? 1U : 0U) | (both.second ? 2U : 0U));
    put_rest(both.first);
    put_rest(both.second);
  }
  void put_rest(bool) {}
  template <template <class> class Maybe, class T>
  void put_rest(const Maybe<T>& maybe) {
    if (maybe) put(*maybe);
  }
  template <class A, class B>
  void put_object(const std::pair<A, B>& two) {
    put(two.first);
    put(two.second);
  }
  template <class... Ts>
  void put_object(const std::variant<Ts...>& one) {
    put_variant(one);
  }
  void put_object(const std::monostate&) {}
  template <fielded T>
  void put_object(const T& object) {
    each_field(object, [this](std::string_view, const auto& value) { put(value); });
  }

  bytes& out_;
};

class unpacker {
public:
  explicit unpacker(std::string_view in) : in_(in) {}

  bool at_end() const { return in_.empty(); }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(byte_at_front());
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (shift == 63 && byte > 1) break;
      if (byte < 0x80) return value;
    }
    throw damaged_bytes("a number has more than 64 bits");
  }

  template <class T>
  void get(T& value) {
    if constexpr (is_packed_elsewhere<T>) {
      unpack_elsewhere(*this, value);
    } else if constexpr (std::is_same_v<T, bool>) {
      value = byte_at_front() != 0;
    } else if constexpr (std::is_enum_v<T>) {
      value = static_cast<T>(at_most(number(), named_values<T>() - 1));
    } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
      value = static_cast<T>(at_most(number(), std::numeric_limits<T>::max()));
    } else if constexpr (std::is_integral_v<T>) {
      const auto zigzag = at_most(number(), std::numeric_limits<std::make_unsigned_t<T>>::max());
      value = static_cast<T>(static_cast<std::int64_t>(zigzag >> 1) ^ -static_cast<std::int64_t>(zigzag & 1));
    } else {
      get_object(value);
    }
  }

  template <class... Ts>
  void get_variant(std::variant<Ts...>& one) {
    const auto index = number();
    if (index >= sizeof...(Ts)) throw damaged_bytes("a variant names an unknown alternative");
    emplace_at<0>(one, static_cast<std::size_t>(index));
  }

private:
  char byte_at_front() {
    if (in_.empty()) throw damaged_bytes("the bytes end too early");
    const char first = in_.front();
    in_.remove_prefix(1);
    return first;
  }
  static std::uint64_t at_most(std::uint64_t value, std::uint64_t most) {
    if (value > most) throw damaged_bytes("a value that its type does not have");
    return value;
  }
  // A count can never exceed what is left: a forged length must not allocate memory.
  std::size_t count() {
    const auto n = number();
    if (n > in_.size()) throw damaged_bytes("a length exceeds the bytes that are there");
    return static_cast<std::size_t>(n);
  }
  void get_object(std::string& text) {
    const auto n = count();
    text.assign(in_.substr(0, n));
    in_.remove_prefix(n);
  }
  template <class T>
  void get_object(std::vector<T>& list) {
    list.clear();
    const auto n = count();
    // Elements are larger than their bytes: of a long list they are believed when they come.
    list.reserve(std::min<std::size_t>(n, 1'024));
    for (std::size_t i = 0; i < n; ++i) {
      if (at_end()) throw damaged_bytes("a list ends before its last element");
      get(list.emplace_back());
    }
  }
  template <class T>
  void get_object(std::optional<T>& maybe) {
    bool there = false;
    get(there);
    if (there)
      get(maybe.emplace());
    else
      maybe.reset();
  }
  template <class T>
  void get_object(shared<T>& one) {
    T value{};
    get(value);
    one = std::move(value);
  }
  template <class T>
  void get_object(rare<T>& maybe) {
    bool there = false;
    get(there);
    if (there)
      get(maybe.emplace());
    else
      maybe.reset();
  }
  template <class A, class B>
  void get_object(in_one_byte<A, B>& both) {
    const auto there = at_most(number(), 3);
    get_rest(both.first, (there & 1) != 0);
    get_rest(both.second, (there & 2) != 0);
  }
  void get_rest(bool& value, bool there) { value = there; }
  template <template <class> class Maybe, class T>
  void get_rest(Maybe<T>& maybe, bool there) {
    if (there)
      get(maybe.emplace());
    else
      maybe.reset();
  }
  template <class A, class B>
  void get_object(std::pair<A, B>& two) {
    get(two.first);
    get(two.second);
  }
  template <class... Ts>
  void get_object(std::variant<Ts...>& one) {
    get_variant(one);
  }
  template <std::size_t I, class... Ts>
  void emplace_at(std::variant<Ts...>& one, std::size_t index) {
    if constexpr (I < sizeof...(Ts)) {
      if (index == I)
        get(one.template emplace<I>());
      else
        emplace_at<I + 1>(one, index);
    }
  }
  void get_object(std::monostate&) {}
  template <fielded T>
  void get_object(T& object) {
    each_field(object, [this](std::string_view, auto& value) {
      if (!at_end()) get(value);
    });
  }

  std::string_view in_;
};

template <class T>
bytes pack(const T& value) {
  bytes out;
  packer{out}.put(value);
  return out;
}

template <class T>
T unpack(std::string_view in) {
  T value{};
  unpacker from{in};
  from.get(value);
  if (!from.at_end()) throw damaged_bytes("bytes are left over at the end");
  return value;
}

}  // namespace souk
