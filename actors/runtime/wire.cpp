// Packs and unpacks the words that actors exchange.
#include "actors/runtime/wire.hpp"

#include "actors/runtime/porter_words.hpp"

namespace souk {

namespace {
template <class T>
bool read(std::string_view packed, T& word) {
  try {
    word = unpack<T>(packed);
    return true;
  } catch (const damaged_bytes&) {
    return false;
  }
}
}  // namespace

#define SOUK_WORD(type)                                   \
  bytes bytes_of(const type& word) { return pack(word); } \
  bool read_bytes(std::string_view packed, type& word) { return read(packed, word); }
SOUK_WORD(envelope)
SOUK_WORD(responses)
SOUK_WORD(begin)
SOUK_WORD(follow)
SOUK_WORD(progress)
SOUK_WORD(flush)
SOUK_WORD(sweep)
SOUK_WORD(wake)
SOUK_WORD(drain)
SOUK_WORD(unfollow)
SOUK_WORD(hello)
SOUK_WORD(refusal)
SOUK_WORD(seats)
SOUK_WORD(ping)
SOUK_WORD(pong)
SOUK_WORD(tidings)
SOUK_WORD(farewell)
SOUK_WORD(move_wish)
SOUK_WORD(move_news)
SOUK_WORD(move_offer)
SOUK_WORD(move_declined)
SOUK_WORD(move_want)
SOUK_WORD(move_piece)
SOUK_WORD(move_arrived)
SOUK_WORD(move_taken)
SOUK_WORD(retire)
SOUK_WORD(retired)
SOUK_WORD(engage)
SOUK_WORD(spread_deeds)
#undef SOUK_WORD

}  // namespace souk
