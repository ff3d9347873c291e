// Writes problems.
#include "actors/edge/problem.hpp"

#include <array>

namespace souk::edge {

namespace {

constexpr std::array<reason_row, reason_names.size()> rows{{
    {reason::none, 200, 200, "Done"},
    {reason::unknown_user, 404, 409, "The user is not registered"},
    {reason::unknown_product, 404, 409, "The product is not listed"},
    {reason::sold_out, 409, 409, "There is not enough of the product"},
    {reason::coupon_invalid, 409, 409, "The coupon cannot be used for this, by this user, now"},
    {reason::insufficient_funds, 409, 409, "The balance does not suffice"},
    {reason::payment_declined, 409, 409, "The payment was declined"},
    {reason::seat_taken, 409, 409, "The seat is taken"},
    {reason::hold_expired, 409, 409, "The hold has expired"},
    {reason::not_admitted, 409, 409, "The waiting room has not admitted the user"},
    {reason::cancelled, 409, 409, "The order was cancelled"},
    {reason::undone, 409, 409, "The operation was taken back"},
    {reason::key_reused, 422, 422, "The Idempotency-Key was used with another body"},
    {reason::still_running, 409, 409, "The first request with this Idempotency-Key is still running"},
    {reason::not_found, 404, 409, "There is nothing of this name"},
    {reason::limit_reached, 409, 409, "A limit would be exceeded"},
    {reason::not_cancellable, 409, 409, "The order can no longer be cancelled"},
    {reason::storage_full, 507, 507, "The store is full: nothing was written", 1},
    {reason::unreachable, 503, 503, "Nobody answered in time", 1},
    {reason::called_off, 409, 409, "An operator turned the order back"},
    {reason::not_repairable, 409, 409, "The saga's state does not allow this repair"},
    {reason::paused, 503, 503, "Orders of this design are paused", 30},
    {reason::outdated, 503, 503, "Another coordinator runs the order by now", 1},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].why != static_cast<reason>(i)) return false;
  return true;
}
static_assert(in_order(), "a reason is looked up by its number");

}  // namespace

const reason_row& row_of(reason why) { return rows[static_cast<std::size_t>(why)]; }

problem::problem(unsigned status, std::string_view name, std::string_view title, unsigned retry_after_s) {
  response_.status = status;
  response_.content_type = "application/problem+json";
  auto& body = response_.body;
  body.append(R"({"type":"/problems/)").append(name).append(R"(","title":)");
  append_quoted(body, title);
  body.append(R"(,"status":)").append(std::to_string(status));
  if (retry_after_s) header("Retry-After", std::to_string(retry_after_s));
}

problem& problem::with(std::string_view name, std::string_view text) {
  response_.body.append(",\"").append(name).append("\":");
  append_quoted(response_.body, text);
  return *this;
}

problem& problem::errors(const flaws& found) {
  if (found.empty()) return *this;
  const auto& first = found.front();
  detail((first.member.empty() ? "the body" : first.member) + ' ' + first.text);
  auto& body = response_.body;
  body += ",\"errors\":[";
  for (const auto& one : found) {
    if (body.back() == '}') body += ',';
    body += "{\"member\":";
    append_quoted(body, one.member);
    body += ",\"detail\":";
    append_quoted(body, one.text);
    body += '}';
  }
  body += ']';
  return *this;
}

problem& problem::header(std::string name, std::string value) {
  response_.headers.emplace_back(std::move(name), std::move(value));
  return *this;
}

http_response problem::take() {
  response_.body += '}';
  return std::move(response_);
}

}  // namespace souk::edge
