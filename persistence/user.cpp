// Keeps users in SQLite.
#include "persistence/user.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE user(user TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, since INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;";
static const std::string version_2 = exchange::schema();
static const std::string_view migrations[]{version_1, version_2};

user_store::user_store(const open_options& options)
    : file(options, migrations),
      exchange(file),
      find_(file.prepare("SELECT name, since FROM user WHERE user=?1")),
      save_(file.prepare("INSERT INTO user VALUES(?1,?2,?3) ON CONFLICT DO UPDATE SET name=?2")) {}

std::optional<user::view> user_store::find(const user_id& user) {
  return find_.first([&](auto row) { return user::view{user, row.string(0), {row.integer(1)}}; }, user.text);
}

void user_store::save(const user::view& user) { save_.run(user.user.text, user.name, user.since.ms); }

}  // namespace souk::persistence
