// Remembers what callers' own idempotency keys were answered: the inbox for requests that are not part of a saga.
#pragma once

#include <optional>
#include <string_view>

#include "messages/letter.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class requests {
public:
  static constexpr std::string_view schema =
      "CREATE TABLE request(key TEXT NOT NULL PRIMARY KEY, print INTEGER NOT NULL, answer BLOB NOT NULL)"
      " STRICT, WITHOUT ROWID;";

  explicit requests(store_file& file)
      : find_(file.prepare("SELECT print, answer FROM request WHERE key=?1")),
        save_(file.prepare("INSERT INTO request VALUES(?1,?2,?3)")) {}

  // The first answer to this key, marked replayed; key_reused when the content differs; nothing when the key is new.
  std::optional<answer> known(std::string_view key, std::uint64_t print);

  // Keeps the answer, in the transaction of its effect.
  void keep(std::string_view key, std::uint64_t print, const answer& first);

private:
  statement find_;
  statement save_;
};

// The content of a request without its moment, which differs between the first try and the next.
template <class Command>
std::uint64_t print_of(Command what) {
  what.at = {};
  return fingerprint(pack(what));
}

}  // namespace souk::persistence
