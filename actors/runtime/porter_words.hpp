// The words that the porters and the movers of two nodes exchange.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/runtime/node_report.hpp"
#include "actors/runtime/wire.hpp"
#include "persistence/deeds.hpp"

namespace souk {

// Changes whenever nodes of two versions would not understand each other.
inline constexpr std::uint32_t nodes_protocol = 7;

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
// And the deeds that it knows, before anything else: who keeps a shard decides who may say that he sits there.
struct seats {
  std::uint64_t session = 0;
  std::vector<std::uint32_t> taken;
  std::vector<std::uint32_t> vacant;
  std::vector<persistence::deed> deeds;
  SOUK_FIELDS(seats, session, taken, vacant, deeds);
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
// How it is.
struct tidings {
  std::uint64_t session = 0;
  runtime::node_report about;
  SOUK_FIELDS(tidings, session, about);
};
struct farewell {
  std::uint64_t session = 0;
  SOUK_FIELDS(farewell, session);
};

// A shard is to move: what an operator wishes, sent on to the node that has to do it.
struct move_wish {
  std::uint64_t ticket = 0;
  std::uint32_t domain = 0, shard = 0;
  std::string to, by, reason;
  std::string from_data;  // the directory of a keeper that is not there; empty: he gives it himself
  SOUK_FIELDS(move_wish, ticket, domain, shard, to, by, reason, from_data);
};
enum class move_state : std::uint8_t { done, underway, refused, out_of_reach };
struct move_news {
  std::uint64_t ticket = 0;
  move_state state{};
  std::string why;
  std::int64_t turn = 0;
  SOUK_FIELDS(move_news, ticket, state, why, turn);
};
// The keeper has closed a shard and offers its store; the other one fetches it piece by piece, one at a time.
struct move_offer {
  std::uint32_t domain = 0, shard = 0;
  std::int64_t turn = 0, bytes = 0;
  bool with_sink = false, with_provider = false;  // what stands beside it here, and has to there
  SOUK_FIELDS(move_offer, domain, shard, turn, bytes, with_sink, with_provider);
};
struct move_declined {
  std::uint32_t domain = 0, shard = 0;
  std::int64_t turn = 0;
  std::string why;
  SOUK_FIELDS(move_declined, domain, shard, turn, why);
};
struct move_want {
  std::uint32_t domain = 0, shard = 0;
  std::int64_t turn = 0, offset = 0;
  SOUK_FIELDS(move_want, domain, shard, turn, offset);
};
struct move_piece {
  std::uint32_t domain = 0, shard = 0;
  std::int64_t turn = 0, offset = 0;
  std::string content;
  bool last = false;
  std::uint64_t checksum = 0;  // of everything, in the last
  SOUK_FIELDS(move_piece, domain, shard, turn, offset, content, last, checksum);
};
// All of it is there, durably.
struct move_arrived {
  std::uint32_t domain = 0, shard = 0;
  std::int64_t turn = 0, bytes = 0;
  std::uint64_t checksum = 0;
  SOUK_FIELDS(move_arrived, domain, shard, turn, bytes, checksum);
};

// Somebody has copied it out of a directory, or could not.
struct move_taken {
  persistence::deed what;
  std::string trouble;
  SOUK_FIELDS(move_taken, what, trouble);
};

// Within a node. To the supervisor: everybody who belongs to that shard goes, or comes; from it: they have gone.
struct retire {
  std::uint32_t seat = 0;
  SOUK_FIELDS(retire, seat);
};
struct retired {
  std::uint32_t seat = 0;
  SOUK_FIELDS(retired, seat);
};
struct engage {
  std::uint32_t seat = 0;
  SOUK_FIELDS(engage, seat);
};
// To the porter: the others are to hear what deeds there are.
struct spread_deeds {
  SOUK_FIELDS(spread_deeds);
};

#define SOUK_WORD(type)             \
  bytes bytes_of(const type& word); \
  bool read_bytes(std::string_view, type& word)
SOUK_WORD(hello);
SOUK_WORD(refusal);
SOUK_WORD(seats);
SOUK_WORD(ping);
SOUK_WORD(pong);
SOUK_WORD(tidings);
SOUK_WORD(farewell);
SOUK_WORD(move_wish);
SOUK_WORD(move_news);
SOUK_WORD(move_offer);
SOUK_WORD(move_declined);
SOUK_WORD(move_want);
SOUK_WORD(move_piece);
SOUK_WORD(move_arrived);
SOUK_WORD(move_taken);
SOUK_WORD(retire);
SOUK_WORD(retired);
SOUK_WORD(engage);
SOUK_WORD(spread_deeds);
#undef SOUK_WORD

}  // namespace souk

CAF_BEGIN_TYPE_ID_BLOCK(souk_porters, caf::id_block::souk::end)
CAF_ADD_TYPE_ID(souk_porters, (souk::hello))
CAF_ADD_TYPE_ID(souk_porters, (souk::refusal))
CAF_ADD_TYPE_ID(souk_porters, (souk::seats))
CAF_ADD_TYPE_ID(souk_porters, (souk::ping))
CAF_ADD_TYPE_ID(souk_porters, (souk::pong))
CAF_ADD_TYPE_ID(souk_porters, (souk::tidings))
CAF_ADD_TYPE_ID(souk_porters, (souk::farewell))
CAF_ADD_TYPE_ID(souk_porters, (souk::move_wish))
CAF_ADD_TYPE_ID(souk_porters, (souk::move_news))
CAF_ADD_TYPE_ID(souk_porters, (souk::move_offer))
CAF_ADD_TYPE_ID(souk_porters, (souk::move_declined))
CAF_ADD_TYPE_ID(souk_porters, (souk::move_want))
CAF_ADD_TYPE_ID(souk_porters, (souk::move_piece))
CAF_ADD_TYPE_ID(souk_porters, (souk::move_arrived))
CAF_ADD_TYPE_ID(souk_porters, (souk::move_taken))
CAF_ADD_TYPE_ID(souk_porters, (souk::retire))
CAF_ADD_TYPE_ID(souk_porters, (souk::retired))
CAF_ADD_TYPE_ID(souk_porters, (souk::engage))
CAF_ADD_TYPE_ID(souk_porters, (souk::spread_deeds))
CAF_END_TYPE_ID_BLOCK(souk_porters)
