// Keeps seats and holds in SQLite.
#include "persistence/reservation.hpp"

#include "messages/grammar/planted.hpp"

namespace souk::persistence {

// States: 0 available, 1 held, 2 reserved.
static const std::string version_1 =
    "CREATE TABLE schedule(id INTEGER PRIMARY KEY, schedule TEXT NOT NULL UNIQUE, concert TEXT NOT NULL,"
    " sales_open INTEGER NOT NULL, first_hold INTEGER NOT NULL, hold_ms INTEGER NOT NULL, seats INTEGER NOT NULL)"
    " STRICT;"
    "CREATE TABLE seat(id INTEGER PRIMARY KEY, schedule INTEGER NOT NULL, seat TEXT NOT NULL, section TEXT NOT NULL,"
    " row TEXT NOT NULL, number TEXT NOT NULL, category TEXT NOT NULL, price INTEGER NOT NULL, state INTEGER NOT NULL,"
    " newest INTEGER NOT NULL, until INTEGER NOT NULL, sale INTEGER NOT NULL CHECK((sale<>0)=(state=2)),"
    " UNIQUE(schedule, seat)) STRICT;"
    "CREATE INDEX seat_schedule ON seat(schedule);"
    "CREATE TABLE hold(id INTEGER PRIMARY KEY, seat INTEGER NOT NULL, user TEXT NOT NULL, token INTEGER NOT NULL,"
    " price INTEGER NOT NULL, until INTEGER NOT NULL, CHECK(id>token)) STRICT;"
    "CREATE INDEX hold_token ON hold(token, id);"
    "CREATE TABLE operation(key INTEGER PRIMARY KEY, what INTEGER NOT NULL, hold INTEGER NOT NULL, why INTEGER NOT "
    "NULL,"
    " at INTEGER NOT NULL) STRICT;" +
    std::string{requests::schema} + std::string{own_numbers::schema};
static const std::string_view migrations[]{version_1};

static const std::string schedule_columns =
    "SELECT id, schedule, concert, sales_open, first_hold, hold_ms, seats FROM schedule ";
static const std::string seat_columns =
    "SELECT id, schedule, seat, section, row, number, category, price, state, newest, until, sale FROM seat ";
static const std::string hold_columns = "SELECT id, seat, user, token, price, until FROM hold ";

reservation_store::reservation_store(const open_options& options)
    : file(options, migrations),
      requests(file),
      numbers(file),
      load_(file.prepare(schedule_columns + "WHERE schedule=?1")),
      load_id_(file.prepare(schedule_columns + "WHERE id=?1")),
      open_(file.prepare("INSERT INTO schedule(schedule, concert, sales_open, first_hold, hold_ms, seats)"
                         " VALUES(?1,?2,?3,?4,?5,?6)")),
      save_(file.prepare("UPDATE schedule SET sales_open=?2, first_hold=?3, hold_ms=?4, seats=?5 WHERE id=?1")),
      offer_(file.prepare(
          "INSERT INTO seat(schedule, seat, section, row, number, category, price, state, newest, until, sale)"
          " VALUES(?1,?2,?3,?4,?5,?6,?7,0,0,0,0) ON CONFLICT(schedule, seat) DO UPDATE SET section=?3, row=?4,"
          " number=?5, category=?6, price=?7")),
      count_(file.prepare("SELECT count(*) FROM seat WHERE schedule=?1")),
      seat_(file.prepare(seat_columns + "WHERE schedule=?1 AND seat=?2")),
      seat_id_(file.prepare(seat_columns + "WHERE id=?1")),
      list_(file.prepare(seat_columns + "WHERE schedule=?1 AND id>?2 ORDER BY id LIMIT ?3")),
      mark_(file.prepare("UPDATE seat SET state=?2, newest=?3, until=?4, sale=?5 WHERE id=?1")),
      append_hold_(file.prepare("INSERT INTO hold VALUES(?1,?2,?3,?4,?5,?6)")),
      hold_(file.prepare(hold_columns + "WHERE id=?1")),
      newest_(file.prepare(hold_columns + "WHERE token=?1 ORDER BY id DESC LIMIT 1")),
      append_(file.prepare("INSERT INTO operation VALUES(?1,?2,?3,?4,?5)")),
      operation_(file.prepare("SELECT what, hold, why, at FROM operation WHERE key=?1")) {
  if (planted(bug::timer_not_kept) && !options.read_only) file.execute("UPDATE seat SET until=0 WHERE state=1");
}

static reservation_store::schedule read_schedule(statement::row row) {
  return {row.integer(0),   schedule_id{row.string(1)}, concert_id{row.string(2)},
          {row.integer(3)}, {row.integer(4)},           row.integer(5),
          row.integer(6)};
}
static reservation_store::seat read_seat(statement::row row) {
  return {row.integer(0),
          row.integer(1),
          {seat_id{row.string(2)}, row.string(3), row.string(4), row.string(5), row.string(6), {row.integer(7)}},
          static_cast<reservation::state>(row.integer(8)),
          {row.integer(9)},
          {row.integer(10)},
          {row.integer(11)}};
}
static reservation_store::hold read_hold(statement::row row) {
  return {{row.integer(0)}, row.integer(1),   user_id{row.string(2)},
          {row.integer(3)}, {row.integer(4)}, {row.integer(5)}};
}

std::optional<reservation_store::schedule> reservation_store::load(const schedule_id& schedule) {
  return load_.first(read_schedule, schedule.text);
}

std::optional<reservation_store::schedule> reservation_store::load(std::int64_t schedule) {
  return load_id_.first(read_schedule, schedule);
}

std::int64_t reservation_store::open(const schedule& s) {
  open_.run(s.schedule.text, s.concert.text, s.sales_open.ms, s.first_hold.ms, s.hold_ms, s.seats);
  return file.last_row();
}

void reservation_store::save(const schedule& s) {
  save_.run(s.id, s.sales_open.ms, s.first_hold.ms, s.hold_ms, s.seats);
}

void reservation_store::offer(std::int64_t schedule, const reservation::offer& o) {
  offer_.run(schedule, o.seat.text, o.section, o.row, o.number, o.category, o.price.minor);
}

std::int64_t reservation_store::seats_of(std::int64_t schedule) {
  return *count_.first([](auto row) { return row.integer(0); }, schedule);
}

std::optional<reservation_store::seat> reservation_store::find_seat(std::int64_t schedule, const seat_id& seat) {
  return seat_.first(read_seat, schedule, seat.text);
}

std::optional<reservation_store::seat> reservation_store::seat_at(std::int64_t id) {
  return seat_id_.first(read_seat, id);
}

std::vector<reservation_store::seat> reservation_store::list(std::int64_t schedule, std::int64_t after,
                                                             std::uint32_t limit) {
  std::vector<seat> all;
  list_.each([&](auto row) { all.push_back(read_seat(row)); }, schedule, after, limit);
  return all;
}

void reservation_store::mark(const seat& s) { mark_.run(s.id, s.now, s.newest.value, s.until.ms, s.sale.value); }

void reservation_store::append(const hold& h) {
  append_hold_.run(h.id.value, h.seat, h.user.text, h.token.value, h.price.minor, h.until.ms);
}

std::optional<reservation_store::hold> reservation_store::find_hold(reservation_id id) {
  return hold_.first(read_hold, id.value);
}

std::optional<reservation_store::hold> reservation_store::newest_of(token_id token) {
  return newest_.first(read_hold, token.value);
}

bool reservation_store::append(const operation& op) {
  return append_.insert(op.key, op.what, op.reservation.value, op.why, op.at.ms);
}

std::optional<reservation_store::operation> reservation_store::operation_at(std::int64_t key) {
  return operation_.first(
      [&](auto row) {
        return operation{key,
                         static_cast<reservation_store::what>(row.integer(0)),
                         {row.integer(1)},
                         static_cast<reason>(row.integer(2)),
                         {row.integer(3)}};
      },
      key);
}

}  // namespace souk::persistence
