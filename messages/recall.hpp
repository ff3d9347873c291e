// Recall: what one key of a saga did at one desk, whichever domain it is of.
//
// It is no question: it is decided after all that came before it, and with `forbid` a key that did nothing yet never
// will, as a compensation that comes first has it.
#pragma once

#include <cstdint>
#include <vector>

#include "messages/event_log.hpp"
#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"
#include "messages/product.hpp"

namespace souk {

// Answers recorded. Refused: not_found, by a desk that keeps no keys of sagas.
struct recall {
  event_log::party at;
  souk::once once;
  bool forbid = false;
  moment now;
  SOUK_FIELDS(recall, at, once, forbid, now);
};

struct recorded {
  enum class effect : std::uint8_t {
    none,       // the key was never seen
    done,       // in effect
    refused,    // the domain said no, and stands by it
    undone,     // was in effect, and is no more
    forbidden,  // a tombstone: it will be refused whenever it comes
    open,       // nobody knows yet: a payment that an external provider has
  };
  effect what{};
  money amount;                      // that moved: out of a wallet it is negative
  std::vector<product::line> goods;  // that moved: off a shelf they are negative
  SOUK_FIELDS(recorded, what, amount, goods);
};

}  // namespace souk
