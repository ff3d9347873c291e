// Who may use a route, and whose things it is about: a column of the table of routes. Pure: no socket, no actor.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace souk::edge {

// What a key is for; `operator` is taken by the language.
enum class role : std::uint8_t { customer, staff, operations, admin, provider };
inline constexpr std::array<std::string_view, 5> role_names{"customer", "staff", "operator", "admin", "provider"};
constexpr std::string_view to_text(role of) { return role_names[static_cast<std::size_t>(of)]; }
std::optional<role> parse_role(std::string_view name);

// Whose key was shown. A customer's is bound to one user; the others act for everybody.
struct identity {
  edge::role role{};
  std::string user;
  std::array<unsigned char, 32> key{};  // its hash
  bool owns(std::string_view name) const { return role != edge::role::customer || name == user; }
};

// Where a request came in. The admin entrance has every route; the public one those that are no admin's, and all of
// them only while nobody has a key and nobody named an admin entrance.
enum class entrance : std::uint8_t { front, admin };

// How a route knows whose things it is about.
enum class belongs : std::uint8_t {
  to_all,
  to_user_in_path,   // the first id of the path: another's is not there (404)
  to_user_in_body,   // the member "user": another's is refused (403)
  to_user_in_query,  // ?user=: another's is refused (403), nobody's means the caller's own
  to_its_owner       // the handler finds the thing first: another's is not there (404)
};

class guard {
public:
  // All of it is said for every route; nothing has a default that somebody could have meant.
  constexpr guard(std::initializer_list<role> who, belongs whose, entrance where) : whose_(whose), where_(where) {
    for (const auto one : who) who_ = static_cast<std::uint8_t>(who_ | 1U << static_cast<unsigned>(one));
  }

  constexpr bool needs_key() const { return who_ != 0; }
  constexpr bool lets_in(role one) const { return (who_ >> static_cast<unsigned>(one) & 1U) != 0; }
  constexpr belongs whose() const { return whose_; }
  constexpr entrance where() const { return where_; }  // front: at both

private:
  std::uint8_t who_ = 0;
  belongs whose_;
  entrance where_;
};

// The words of the column. An admin may do everything.
namespace guards {
using enum role;
inline constexpr guard open{{}, belongs::to_all, entrance::front};
inline constexpr guard page{{}, belongs::to_all, entrance::admin};
inline constexpr guard browse{{customer, staff, operations, admin}, belongs::to_all, entrance::front};
inline constexpr guard path_user{{customer, staff, admin}, belongs::to_user_in_path, entrance::front};
inline constexpr guard body_user{{customer, staff, admin}, belongs::to_user_in_body, entrance::front};
inline constexpr guard owner{{customer, staff, admin}, belongs::to_its_owner, entrance::front};
// What operators see of orders they see of their sagas anyway.
inline constexpr guard see_orders{{customer, staff, operations, admin}, belongs::to_user_in_query, entrance::front};
inline constexpr guard see_order{{customer, staff, operations, admin}, belongs::to_its_owner, entrance::front};
inline constexpr guard staff_only{{staff, admin}, belongs::to_all, entrance::front};
inline constexpr guard back_office{{staff, admin}, belongs::to_all, entrance::admin};
inline constexpr guard console{{operations, admin}, belongs::to_all, entrance::admin};
inline constexpr guard payment_news{{provider, admin}, belongs::to_all, entrance::admin};
}  // namespace guards

// What becomes of a request before its route is asked.
enum class admission : std::uint8_t { granted, key_missing, key_unknown, role_refused };
// shown: the Authorization header; found: whose key it has, if anybody's.
constexpr admission admit(const guard& route, std::string_view shown, const identity* found) {
  if (!route.needs_key()) return admission::granted;
  if (!found) return shown.empty() ? admission::key_missing : admission::key_unknown;
  return route.lets_in(found->role) ? admission::granted : admission::role_refused;
}

}  // namespace souk::edge
