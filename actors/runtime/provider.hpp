// A payment provider outside of souk: it keeps charges by key, and may be slow, silent, or late with what it says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/money.hpp"

namespace souk::runtime {

// What the provider says about a key.
enum class charge_state : std::uint8_t {
  unknown,     // nothing, or nothing that is to be understood: all of the following may be true
  missing,     // it does not know the key; a charge may still be on its way to it
  processing,  // it has not decided yet
  captured,    // the money was taken
  declined,    // the money was not taken, and never will be
  voided,      // nothing was taken, and the key is dead: a charge that comes late is declined
  refunded,    // the money was taken and given back
};

// Every member may block, each says what is known of the key afterwards, and each may be asked again without another
// effect: there is one charge a key, and at most one refund of it.
class provider {
public:
  struct said {
    charge_state state = charge_state::unknown;
    std::string trouble;  // why it is unknown, for the log
  };

  virtual ~provider() = default;
  virtual said charge(const std::string& key, const user_id& user, money amount) = 0;
  virtual said find(const std::string& key) = 0;
  // Kills the key if nothing was captured under it.
  virtual said forbid(const std::string& key) = 0;
  // Gives back what was captured under it.
  virtual said refund(const std::string& key) = 0;
};

// One provider a thread that works with it.
using provider_maker = std::function<std::unique_ptr<provider>()>;

}  // namespace souk::runtime
