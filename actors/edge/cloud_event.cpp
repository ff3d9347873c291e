// Writes events as CloudEvents, by hand because one is written for every order; ids have no character that JSON would
// escape.
#include "actors/edge/cloud_event.hpp"

#include <array>

#include "actors/edge/json_of.hpp"

namespace souk::edge {

// The event's type without its prefix.
static std::string_view to_text(order::kind what) {
  static constexpr std::array<std::string_view, 3> names{"order.completed", "order.cancelled", "goods.returned"};
  return names[static_cast<std::size_t>(what)];
}

std::string cloud_event(const order::event& e, std::uint32_t source) {
  const auto id = to_text(e.subject);
  const auto type = to_text(e.what);
  const auto seq = std::to_string(e.seq);
  std::string out;
  out.reserve(360 + 64 * e.lines.size());
  const auto put = [&](std::initializer_list<std::string_view> parts) { append(out, parts); };
  put({R"({"specversion":"1.0","id":")", id, ".", type, R"(","source":"/souk/order/)", std::to_string(source)});
  put({R"(","type":"souk.)", type, R"(","subject":")", id, R"(","time":")", to_text(e.at)});
  // Sequences compare as text: zeros in front keep their order.
  put({R"(","sequence":")", std::string(20 - seq.size(), '0'), seq, R"(","datacontenttype":"application/json")"});
  put({R"(,"data":{"order":")", id, R"(","user":")", e.user.text, R"(","lines":)"});
  append_lines(out, e.lines);
  put({R"(,"total":)", std::to_string(e.total().minor), R"(,"discount":)", std::to_string(e.discount.minor)});
  if (e.coupon) put({R"(,"coupon":")", to_text(e.coupon), R"(")"});
  if (e.seat) {
    put({R"(,"seat":)"});
    append_seat(out, *e.seat);
  }
  put({R"(,"placed":")", to_text(e.placed), R"("}})"});
  return out;
}

}  // namespace souk::edge
