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

// What CAF needs to print, compare, or carry a word to another node.
template <class Inspector, fielded T>
typename Inspector::result_type inspect(Inspector& f, T& word) {
  if constexpr (Inspector::reads_state) {
    bytes packed = pack(word);
    return f(packed);
  } else {
    bytes packed;
    if (auto trouble = f(packed)) return trouble;
    try {
      word = unpack<T>(packed);
    } catch (const damaged_bytes&) {
      return caf::sec::invalid_argument;
    }
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
CAF_END_TYPE_ID_BLOCK(souk)
