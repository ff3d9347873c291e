// User: who may order. Registered, changed, read; verified by a saga before anything moves.
#pragma once

#include <optional>
#include <string>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"

namespace souk::user {

struct view {
  user_id user;
  std::string name;
  moment since;
  SOUK_FIELDS(view, user, name, since);
};

// Registers a user, or gives a registered one this name. Answers a view.
struct put {
  user_id user;
  std::string name;
  moment at;
  SOUK_FIELDS(put, user, name, at);
};

// Answers a view, or unknown_user.
struct find {
  user_id user;
  SOUK_FIELDS(find, user);
};

// Done when the user is registered, else unknown_user. Reads only: nothing to undo.
struct verify {
  user_id user;
  SOUK_FIELDS(verify, user);
};

}  // namespace souk::user
