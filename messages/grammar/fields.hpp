// Lists the fields of an aggregate once; packing, JSON and printing all come from that one list.
#pragma once

#include <string_view>
#include <tuple>
#include <type_traits>

namespace souk {

// One field: the name people see, and where it stands in the aggregate.
template <class Owner, class Value>
struct field {
  std::string_view name;
  Value Owner::*place;
};

template <class Owner, class Value>
constexpr field<Owner, Value> make_field(std::string_view name, Value Owner::*place) {
  return {name, place};
}

// Two fields whose being there shares a byte: bit 0 is the first's, bit 1 the second's. So a part that is mostly not
// there came to aggregates that stand in the middle of stored rows, and not a byte of those rows changed.
template <class Owner, class First, class Second>
struct joint_field {
  std::string_view name;
  First Owner::*first;
  Second Owner::*second;
};
template <class First, class Second>
struct in_one_byte {
  First& first;
  Second& second;
};
template <class First, class Second>
in_one_byte(First&, Second&) -> in_one_byte<First, Second>;  // clang 14 does not find it by itself

template <class Owner, class First, class Second>
constexpr joint_field<Owner, First, Second> join_fields(First Owner::*first, Second Owner::*second) {
  return {{}, first, second};
}
template <class Joint>
constexpr Joint make_field(std::string_view name, Joint (*join)()) {
  auto both = join();
  both.name = name;
  return both;
}

template <class T>
concept fielded = requires {
  T::fields();
};

template <class T, class Owner, class Value, class Visit>
void visit_field(T& object, const field<Owner, Value>& one, Visit& visit) {
  visit(one.name, object.*(one.place));
}
template <class T, class Owner, class First, class Second, class Visit>
void visit_field(T& object, const joint_field<Owner, First, Second>& one, Visit& visit) {
  in_one_byte both{object.*(one.first), object.*(one.second)};
  visit(one.name, both);
}

// Calls visit(name, value) for every field in the order of the list.
template <fielded T, class Visit>
void each_field(T& object, Visit&& visit) {
  std::apply([&](const auto&... one) { (visit_field(object, one, visit), ...); }, std::remove_const_t<T>::fields());
}

}  // namespace souk

// SOUK_FIELDS(type, a, b, c) stands inside the aggregate. Up to eighteen fields; none is fine too. After
// SOUK_IN_ONE_BYTE(type, a, b) its list may name a_and_b.
#define SOUK_IN_ONE_BYTE(type, a, b) \
  static constexpr auto a##_and_##b() { return ::souk::join_fields(&type::a, &type::b); }
#define SOUK_FIELD(type, name) ::souk::make_field(#name, &type::name)
#define SOUK_F0(t)
#define SOUK_F1(t, a) SOUK_FIELD(t, a)
#define SOUK_F2(t, a, ...) SOUK_FIELD(t, a), SOUK_F1(t, __VA_ARGS__)
#define SOUK_F3(t, a, ...) SOUK_FIELD(t, a), SOUK_F2(t, __VA_ARGS__)
#define SOUK_F4(t, a, ...) SOUK_FIELD(t, a), SOUK_F3(t, __VA_ARGS__)
#define SOUK_F5(t, a, ...) SOUK_FIELD(t, a), SOUK_F4(t, __VA_ARGS__)
#define SOUK_F6(t, a, ...) SOUK_FIELD(t, a), SOUK_F5(t, __VA_ARGS__)
#define SOUK_F7(t, a, ...) SOUK_FIELD(t, a), SOUK_F6(t, __VA_ARGS__)
#define SOUK_F8(t, a, ...) SOUK_FIELD(t, a), SOUK_F7(t, __VA_ARGS__)
#define SOUK_F9(t, a, ...) SOUK_FIELD(t, a), SOUK_F8(t, __VA_ARGS__)
#define SOUK_F10(t, a, ...) SOUK_FIELD(t, a), SOUK_F9(t, __VA_ARGS__)
#define SOUK_F11(t, a, ...) SOUK_FIELD(t, a), SOUK_F10(t, __VA_ARGS__)
#define SOUK_F12(t, a, ...) SOUK_FIELD(t, a), SOUK_F11(t, __VA_ARGS__)
#define SOUK_F13(t, a, ...) SOUK_FIELD(t, a), SOUK_F12(t, __VA_ARGS__)
#define SOUK_F14(t, a, ...) SOUK_FIELD(t, a), SOUK_F13(t, __VA_ARGS__)
#define SOUK_F15(t, a, ...) SOUK_FIELD(t, a), SOUK_F14(t, __VA_ARGS__)
#define SOUK_F16(t, a, ...) SOUK_FIELD(t, a), SOUK_F15(t, __VA_ARGS__)
#define SOUK_F17(t, a, ...) SOUK_FIELD(t, a), SOUK_F16(t, __VA_ARGS__)
#define SOUK_F18(t, a, ...) SOUK_FIELD(t, a), SOUK_F17(t, __VA_ARGS__)
#define SOUK_PICK(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, name, ...) name
#define SOUK_FIELDS(type, ...)         \
  SOUK_ONLY_FIELDS(type, __VA_ARGS__); \
  friend bool operator==(const type&, const type&) = default
// The same without comparison, for the few that are compared where it is compiled once.
#define SOUK_ONLY_FIELDS(type, ...)                                                                                   \
  static constexpr auto fields() {                                                                                    \
    return std::make_tuple(SOUK_PICK(_0 __VA_OPT__(, ) __VA_ARGS__, SOUK_F18, SOUK_F17, SOUK_F16, SOUK_F15, SOUK_F14, \
                                     SOUK_F13, SOUK_F12, SOUK_F11, SOUK_F10, SOUK_F9, SOUK_F8, SOUK_F7, SOUK_F6,      \
                                     SOUK_F5, SOUK_F4, SOUK_F3, SOUK_F2, SOUK_F1,                                     \
                                     SOUK_F0)(type __VA_OPT__(, ) __VA_ARGS__));                                      \
  }                                                                                                                   \
  static_assert(true)
