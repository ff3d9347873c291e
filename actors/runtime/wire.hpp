// Gives CAF the words that actors exchange: their type ids, and their bytes by way of the one packing of messages/.
#pragma once

#include <caf/meta/type_name.hpp>
#include <caf/sec.hpp>
#include <caf/type_id.hpp>
#include <string>

#include "messages/letter.hpp"

namespace souk {

// The runtime's own signals.
struct flush {
  SOUK_FIELDS(flush);
};
struct sweep {
  SOUK_FIELDS(sweep);
};
struct wake {
  SOUK_FIELDS(wake);
};
struct drain {
  SOUK_FIELDS(drain);
};
// Whoever followed a saga does so no more.
struct unfollow {
  number id;
  std::uint64_t ticket = 0;
  SOUK_FIELDS(unfollow, id, ticket);
};

// The words' bytes, made in wire.cpp: CAF asks for them in every file that sends a word, and compiling them there too
// took a minute a file.
#define SOUK_WORD(type)             \
  bytes bytes_of(const type& word); \
  bool read_bytes(std::string_view, type& word)
SOUK_WORD(envelope);
SOUK_WORD(responses);
SOUK_WORD(begin);
SOUK_WORD(follow);
SOUK_WORD(progress);
SOUK_WORD(flush);
SOUK_WORD(sweep);
SOUK_WORD(wake);
SOUK_WORD(drain);
SOUK_WORD(unfollow);
#undef SOUK_WORD

// What CAF needs to print, or carry a word to another node.
template <class Inspector, fielded T>
typename Inspector::result_type inspect(Inspector& f, T& word) {
  if constexpr (Inspector::reads_state) {
    bytes packed = bytes_of(word);
    return f(packed);
  } else {
    bytes packed;
    if (auto trouble = f(packed)) return trouble;
    if (!read_bytes(packed, word)) return caf::sec::invalid_argument;
    return {};
  }
}

}  // namespace souk

CAF_BEGIN_TYPE_ID_BLOCK(souk, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(souk, (souk::envelope))
CAF_ADD_TYPE_ID(souk, (souk::responses))
CAF_ADD_TYPE_ID(souk, (souk::begin))
CAF_ADD_TYPE_ID(souk, (souk::follow))
CAF_ADD_TYPE_ID(souk, (souk::progress))
CAF_ADD_TYPE_ID(souk, (souk::flush))
CAF_ADD_TYPE_ID(souk, (souk::sweep))
CAF_ADD_TYPE_ID(souk, (souk::wake))
CAF_ADD_TYPE_ID(souk, (souk::drain))
CAF_ADD_TYPE_ID(souk, (souk::unfollow))
CAF_END_TYPE_ID_BLOCK(souk)
