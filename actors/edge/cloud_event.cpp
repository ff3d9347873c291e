// Writes events as CloudEvents, by hand because one is written for every order; ids have no character that JSON would
// escape.
#include "actors/edge/cloud_event.hpp"

#include <array>

namespace souk::edge {

std::string_view to_text(order::kind what) {
  static constexpr std::array<std::string_view, 3> names{"order.completed", "order.cancelled", "goods.returned"};
  return names[static_cast<std::size_t>(what)];
}

std::string cloud_event(const order::event& e, std::uint32_t source) {
  const auto id = to_text(e.subject);
  const auto type = to_text(e.what);
  const auto seq = std::to_string(e.seq);
  std::string out;
  out.reserve(360 + 64 * e.lines.size());
  const auto put = [&](std::initializer_list<std::string_view> parts) {
    for (const auto part : parts) out.append(part);
  };
  // Sequences compare as text: zeros in front keep their order.
  put({R"({"specversion":"1.0","id":")",
       id,
       ".",
       type,
       R"(","source":"/souk/order/)",
       std::to_string(source),
       R"(","type":"souk.)",
       type,
       R"(","subject":")",
       id,
       R"(","time":")",
       to_text(e.at),
       R"(","sequence":")",
       std::string(20 - seq.size(), '0'),
       seq,
       R"(","datacontenttype":"application/json","data":{"order":")",
       id,
       R"(","user":")",
       e.user.text,
       R"(","lines":[)"});
  for (std::size_t i = 0; i < e.lines.size(); ++i)
    put({i ? "," : "", R"({"product":")", e.lines[i].product.text, R"(","quantity":)",
         std::to_string(e.lines[i].quantity), R"(,"amount":)", std::to_string(e.lines[i].amount.minor), "}"});
  put({R"(],"total":)", std::to_string(e.total().minor), R"(,"discount":)", std::to_string(e.discount.minor)});
  if (e.coupon) put({R"(,"coupon":")", to_text(e.coupon), R"(")"});
  put({R"(,"placed":")", to_text(e.placed), R"("}})"});
  return out;
}

}  // namespace souk::edge
