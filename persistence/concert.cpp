// Keeps concerts and their dates in SQLite.
#include "persistence/concert.hpp"

namespace souk::persistence {

static constexpr std::string_view migrations[]{
    "CREATE TABLE concert(concert TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE date(schedule TEXT NOT NULL PRIMARY KEY, concert TEXT NOT NULL, listed INTEGER NOT NULL,"
    " starts INTEGER NOT NULL, venue TEXT NOT NULL, sales_open INTEGER NOT NULL, seats INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX date_concert ON date(concert, starts, schedule);",
};

concert_store::concert_store(const open_options& options)
    : file(options, migrations),
      owner_(file.prepare("SELECT concert FROM date WHERE schedule=?1")),
      claim_(file.prepare("INSERT INTO date VALUES(?1,?2,0,0,'',0,0)")),
      save_(file.prepare("INSERT INTO concert VALUES(?1,?2) ON CONFLICT DO UPDATE SET name=?2")),
      save_date_(file.prepare("UPDATE date SET listed=1, starts=?2, venue=?3, sales_open=?4, seats=max(seats,?5)"
                              " WHERE schedule=?1")),
      find_(file.prepare("SELECT name FROM concert WHERE concert=?1")),
      list_(file.prepare("SELECT concert, name FROM concert WHERE concert>?1 ORDER BY concert LIMIT ?2")),
      dates_(file.prepare("SELECT schedule, starts, venue, sales_open, seats FROM date"
                          " WHERE concert=?1 AND listed=1 ORDER BY starts, schedule")) {}

std::optional<concert_id> concert_store::owner_of(const schedule_id& schedule) {
  return owner_.first([](auto row) { return concert_id{row.string(0)}; }, schedule.text);
}

void concert_store::claim(const concert_id& concert, const schedule_id& schedule) {
  claim_.run(schedule.text, concert.text);
}

void concert_store::save(const concert_id& concert, const std::string& name) { save_.run(concert.text, name); }

void concert_store::save(const concert::date& date) {
  save_date_.run(date.schedule.text, date.starts.ms, date.venue, date.sales_open.ms, date.seats);
}

std::optional<concert::view> concert_store::find(const concert_id& concert) {
  auto found = find_.first([&](auto row) { return concert::view{concert, row.string(0), {}}; }, concert.text);
  if (found) found->schedules = dates_of(concert);
  return found;
}

std::vector<concert::view> concert_store::list(const concert_id& after, std::uint32_t limit) {
  std::vector<concert::view> all;
  list_.each([&](auto row) { all.push_back({concert_id{row.string(0)}, row.string(1), {}}); }, after.text, limit);
  for (auto& one : all) one.schedules = dates_of(one.concert);
  return all;
}

std::vector<concert::date> concert_store::dates_of(const concert_id& concert) {
  std::vector<concert::date> all;
  dates_.each(
      [&](auto row) {
        all.push_back({schedule_id{row.string(0)}, {row.integer(1)}, row.string(2), {row.integer(3)}, row.integer(4)});
      },
      concert.text);
  return all;
}

}  // namespace souk::persistence
