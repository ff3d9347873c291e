// The words that the porters of two nodes exchange.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/wire.hpp"

namespace souk {

// Changes whenever nodes of two versions would not understand each other.
inline constexpr std::uint32_t nodes_protocol = 1;

// Who a node is. The one that dialled says it first, under a number that is the visit's from then on; the other one
// answers with its own.
struct hello {
  std::uint32_t protocol = nodes_protocol;
  std::string name;
  std::int64_t incarnation = 0;  // the number under which it has taken its stores
  std::uint64_t placement = 0;   // fingerprint
  std::uint64_t session = 0;
  bool is_answer = false;
  SOUK_FIELDS(hello, protocol, name, incarnation, placement, session, is_answer);
};
// It is not let in, and why.
struct refusal {
  std::uint64_t session = 0;
  std::string why;
  SOUK_FIELDS(refusal, session, why);
};
// How a refusal begins for a node that was replaced by a newer incarnation of itself: it must not write any more.
inline constexpr std::string_view superseded = "it was superseded";

// Who sits where at the node that says so: with as many handles as `taken` has places. Of the others nobody does now.
struct seats {
  std::uint64_t session = 0;
  std::vector<std::uint32_t> taken;
  std::vector<std::uint32_t> vacant;
  SOUK_FIELDS(seats, session, taken, vacant);
};
// How many letters had been sent until then; the answer says that those have arrived.
struct ping {
  std::uint64_t session = 0;
  std::int64_t sent = 0;
  SOUK_FIELDS(ping, session, sent);
};
struct pong {
  std::uint64_t session = 0;
  std::int64_t sent = 0;
  SOUK_FIELDS(pong, session, sent);
};
struct farewell {
  std::uint64_t session = 0;
  SOUK_FIELDS(farewell, session);
};

#define SOUK_WORD(type)             \
  bytes bytes_of(const type& word); \
  bool read_bytes(std::string_view, type& word)
SOUK_WORD(hello);
SOUK_WORD(refusal);
SOUK_WORD(seats);
SOUK_WORD(ping);
SOUK_WORD(pong);
SOUK_WORD(farewell);
#undef SOUK_WORD

}  // namespace souk

CAF_BEGIN_TYPE_ID_BLOCK(souk_porters, caf::id_block::souk::end)
CAF_ADD_TYPE_ID(souk_porters, (souk::hello))
CAF_ADD_TYPE_ID(souk_porters, (souk::refusal))
CAF_ADD_TYPE_ID(souk_porters, (souk::seats))
CAF_ADD_TYPE_ID(souk_porters, (souk::ping))
CAF_ADD_TYPE_ID(souk_porters, (souk::pong))
CAF_ADD_TYPE_ID(souk_porters, (souk::farewell))
CAF_END_TYPE_ID_BLOCK(souk_porters)
