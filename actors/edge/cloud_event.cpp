// Writes events as CloudEvents, by hand because one is written for every order; ids have no character that JSON would
// escape.
#include "actors/edge/cloud_event.hpp"

#include "actors/edge/incarnation.hpp"
#include "actors/edge/json_of.hpp"

namespace souk::edge {

// The event's type without its prefix.
static std::string_view to_text(order::kind what) {
  static constexpr std::array<std::string_view, 8> names{"order.completed",  "order.cancelled",  "goods.returned",
                                                         "wallet.debited",   "wallet.restored",  "payment.approved",
                                                         "payment.declined", "payment.cancelled"};
  return names[static_cast<std::size_t>(what)];
}

static std::string data_of(const order::event& e, std::string_view id) {
  std::string out;
  if (e.entry) {
    append(out, {R"({"order":")", id, R"(","user":")", e.user.text, R"(","amount":)",
                 std::to_string(e.entry->amount.minor)});
    if (const auto& now = e.entry->balance) append(out, {R"(,"balance":)", std::to_string(now->minor)});
    append(out, {R"(,"placed":")", to_text(e.placed), R"("})"});
    return out;
  }
  out.reserve(180 + 64 * e.lines.size());
  append(out, {R"({"order":")", id, R"(","user":")", e.user.text, R"(","lines":)"});
  append_lines(out, e.lines);
  append(out, {R"(,"total":)", std::to_string(e.total().minor), R"(,"discount":)", std::to_string(e.discount.minor)});
  if (e.coupon) append(out, {R"(,"coupon":")", to_text(e.coupon), R"(")"});
  if (e.seat) {
    append(out, {R"(,"seat":)"});
    append_seat(out, *e.seat);
  }
  append(out, {R"(,"placed":")", to_text(e.placed), R"("})"});
  return out;
}

static std::string incarnation_part;
void set_incarnation(const std::string& incarnation) {
  incarnation_part = incarnation.empty() ? std::string{} : '/' + incarnation;
}

cloud_event describe(const order::event& e, std::uint32_t source) {
  cloud_event out;
  const auto type = to_text(e.what);
  const auto seq = std::to_string(e.seq);
  out.subject = to_text(e.subject);
  append(out.id, {out.subject, ".", type});
  const auto from = platform::party_of(source);
  append(out.source, {"/souk/", to_text(from.domain), "/", std::to_string(from.shard), incarnation_part});
  append(out.type, {"souk.", type});
  out.time = to_text(e.at);
  append(out.sequence, {std::string(20 - seq.size(), '0'), seq});
  if (e.trace) out.traceparent = to_text(*e.trace);
  out.data = data_of(e, out.subject);
  return out;
}

attribute_list::attribute_list(const cloud_event& of)
    : all_{{{"specversion", "1.0"},
            {"id", of.id},
            {"source", of.source},
            {"type", of.type},
            {"subject", of.subject},
            {"time", of.time},
            {"sequence", of.sequence},
            {"traceparent", of.traceparent}}},
      size_(of.traceparent.empty() ? all_.size() - 1 : all_.size()) {}

std::string structured(const cloud_event& what) {
  std::string out;
  out.reserve(240 + what.data.size());
  char before = '{';
  for (const auto& [name, value] : attributes(what)) {
    out += before;
    append(out, {R"(")", name, R"(":")", value, R"(")"});
    before = ',';
  }
  append(out, {R"(,"datacontenttype":")", cloud_event_data_type, R"(","data":)", what.data, "}"});
  return out;
}

}  // namespace souk::edge
