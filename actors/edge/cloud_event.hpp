// The outside form of an event: CloudEvents 1.0, made once and rendered as whoever takes it wants it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "messages/order.hpp"

namespace souk::edge {

// Its attributes and its data. The id is the same however often the event is sent; the sequence (a registered
// extension) grows within one source.
struct cloud_event {
  std::string id;           // <order>.<type>
  std::string source;       // /souk/order/<shard>, /souk/event_log/<partition>
  std::string type;         // souk.order.completed, souk.order.cancelled, souk.goods.returned; from the event log:
                            // souk.wallet.debited, souk.wallet.restored, souk.payment.approved, souk.payment.declined,
                            // souk.payment.cancelled
  std::string subject;      // the order
  std::string time;         // RFC 3339 in UTC
  std::string sequence;     // 20 digits: they compare as text
  std::string traceparent;  // of the request that placed the order (a documented extension); empty: none was given
  std::string data;         // JSON: {"order", "user", "lines":[{"product", "quantity", "amount"}], "total", "discount",
                            //        "coupon"?, "seat"?, "placed"}
  // of a history: {"order", "user", "amount", "balance"?, "placed"}; balance: of the wallet after
};
inline constexpr std::string_view cloud_event_data_type = "application/json";

cloud_event describe(const order::event& what, std::uint32_t source);

// Name and value of every attribute but the data's type, for renderings that carry them apart from the data: "binary
// mode". The values belong to the event.
class attribute_list {
public:
  using attribute = std::pair<std::string_view, std::string_view>;
  explicit attribute_list(const cloud_event& of);
  const attribute* begin() const { return all_.data(); }
  const attribute* end() const { return all_.data() + size_; }

private:
  std::array<attribute, 8> all_;
  std::size_t size_;  // the last is optional
};
inline attribute_list attributes(const cloud_event& of) { return attribute_list{of}; }

// One JSON object with everything in it: "structured mode". {"specversion":"1.0", "id", "source", "type", "subject",
// "time", "sequence", "traceparent"?, "datacontenttype":"application/json", "data":{...}}
std::string structured(const cloud_event& what);

}  // namespace souk::edge
