// The outside form of an event: one CloudEvents 1.0 object in structured JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "messages/order.hpp"

namespace souk::edge {

// The event's type without its prefix: order.completed, order.cancelled, goods.returned.
std::string_view to_text(order::kind what);

// {"specversion":"1.0","id":"<order>.<type>","source":"/souk/order/<shard>","type":"souk.<type>","subject":"<order>",
//  "time":..., "datacontenttype":"application/json","sequence":"<20
//  digits>","data":{"order","user","lines":[{"product", "quantity","amount"}],"total","discount","coupon"?,"placed"}}
// The id is the same however often the event is sent; `sequence` (a registered extension) grows within one source.
std::string cloud_event(const order::event& what, std::uint32_t source);

}  // namespace souk::edge
