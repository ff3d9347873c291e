// What went wrong, as RFC 9457 problems: one table of kinds, one table from the domains' reasons to statuses.
#pragma once

#include <string>
#include <string_view>

#include "actors/edge/http.hpp"
#include "actors/edge/json.hpp"
#include "messages/grammar/answer.hpp"

namespace souk::edge {

// What the edge itself finds wrong. `type` is stable: "/problems/" and this name.
struct problem_kind {
  std::string_view name;
  unsigned status;
  std::string_view title;
};
namespace problems {
inline constexpr problem_kind malformed_body{"malformed_body", 400, "The body is not JSON that can be read"};
inline constexpr problem_kind duplicate_member{"duplicate_member", 400, "A member of the body stands there twice"};
inline constexpr problem_kind invalid_member{"invalid_member", 422, "A member of the body is not what it should be"};
inline constexpr problem_kind invalid_id{"invalid_id", 422, "The id in the path cannot be given"};
inline constexpr problem_kind invalid_header{"invalid_header", 400, "A header is missing or not what it should be"};
inline constexpr problem_kind invalid_parameter{"invalid_parameter", 400, "A query parameter is not what it should be"};
inline constexpr problem_kind media_type{"media_type", 415, "The body must be application/json"};
inline constexpr problem_kind unknown_path{"unknown_path", 404, "There is nothing at this path"};
inline constexpr problem_kind wrong_method{"wrong_method", 405, "This path does not know the method"};
inline constexpr problem_kind key_missing{"key_missing", 401, "This needs a key: Authorization: Bearer souk_..."};
inline constexpr problem_kind key_unknown{"key_unknown", 401, "The key is not known, or is revoked"};
inline constexpr problem_kind role_refused{"role_refused", 403, "The key's role may not do this"};
inline constexpr problem_kind foreign_user{"foreign_user", 403, "The key acts for its own user only"};
inline constexpr problem_kind foreign_page{
    "foreign_page", 403, "Nobody has a key: only this machine is answered, by its own name, and no other's page"};
inline constexpr problem_kind overloaded{"overloaded", 503, "Too many orders are in flight: try again soon"};
inline constexpr problem_kind not_a_stream{"not_a_stream", 406, "Events can only be followed over a connection"};
inline constexpr problem_kind internal{"internal", 500, "Something broke inside"};
}  // namespace problems

// How a reason shows: on a route that asked for one thing, and as the end of an order.
struct reason_row {
  reason why;
  unsigned status;
  unsigned status_of_order;
  std::string_view title;
  unsigned retry_after_s = 0;  // 0: nobody knows
};
const reason_row& row_of(reason why);

// A problem+json answer, made member by member.
class problem {
public:
  problem(unsigned status, std::string_view name, std::string_view title, unsigned retry_after_s = 0);
  explicit problem(const problem_kind& kind)
      : problem(kind.status, kind.name, kind.title, kind.status == 503 ? 1U : 0U) {}
  explicit problem(reason why)
      : problem(row_of(why).status, to_text(why), row_of(why).title, row_of(why).retry_after_s) {
    reason_is(why);
  }

  problem& detail(std::string_view text) { return with("detail", text); }
  problem& with(std::string_view name, std::string_view text);
  problem& reason_is(reason why) { return with("reason", to_text(why)); }
  problem& errors(const flaws& found);  // each member that is wrong; the first one is the detail
  problem& header(std::string name, std::string value);

  http_response take();

private:
  http_response response_;
};

}  // namespace souk::edge
