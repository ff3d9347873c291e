// Keeps a domain's part in choreographies in its own store.
#include "persistence/logs/exchange.hpp"

namespace souk::persistence {

std::string exchange::schema() {
  return outbox<event_log::event>::schema("told") + positions::schema("heard") +
         "CREATE TABLE put_off(id INTEGER PRIMARY KEY, subject INTEGER NOT NULL, step INTEGER NOT NULL,"
         " undo INTEGER NOT NULL, event BLOB NOT NULL) STRICT;";
}

exchange::exchange(store_file& file)
    : told(file, "told", 1),
      heard(file, "heard"),
      file_(file),
      put_(file.prepare("INSERT INTO put_off(subject, step, undo, event) VALUES(?1,?2,?3,?4)")),
      drop_(file.prepare("DELETE FROM put_off WHERE id=?1")),
      waiting_(file.prepare("SELECT id, subject, step, undo, event FROM put_off ORDER BY id")) {}

std::int64_t exchange::put(const put_off& what) {
  const auto event = pack(what.event);
  put_.run(what.subject, what.step, what.undo, blob{event});
  return file_.last_row();
}

std::vector<exchange::put_off> exchange::waiting() {
  std::vector<put_off> all;
  waiting_.each([&](auto row) {
    all.push_back({row.integer(0), row.integer(1), static_cast<std::uint8_t>(row.integer(2)), row.integer(3) != 0,
                   unpack<event_log::event>(row.text(4))});
  });
  return all;
}

}  // namespace souk::persistence
