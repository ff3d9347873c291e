// The store of users.
#pragma once

#include <optional>

#include "messages/user.hpp"
#include "persistence/logs/exchange.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class user_store {
public:
  explicit user_store(const open_options& options);

  std::optional<user::view> find(const user_id& user);
  void save(const user::view& user);  // new or changed

  store_file file;
  persistence::exchange exchange;

private:
  statement find_, save_;
};

}  // namespace souk::persistence
