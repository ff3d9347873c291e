// The outside form of an event: one CloudEvents 1.0 object in structured JSON.
#pragma once

#include <cstdint>
#include <string>

#include "messages/order.hpp"

namespace souk::edge {

// {"specversion":"1.0", "id":"<order>.<type>", "source":"/souk/order/<shard>", "type":"souk.<type>",
//  "subject":"<order>", "time", "sequence":"<20 digits>", "datacontenttype":"application/json",
//  "data":{"order", "user", "lines":[{"product", "quantity", "amount"}], "total", "discount", "coupon"?, "placed"}}
// Types are order.completed, order.cancelled and goods.returned. The id is the same however often the event is sent;
// `sequence` (a registered extension) grows within one source.
std::string cloud_event(const order::event& what, std::uint32_t source);

}  // namespace souk::edge
