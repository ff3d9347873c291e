// Keeps waiting rooms in SQLite.
#include "persistence/queue.hpp"

namespace souk::persistence {

// States: 0 waiting, 1 admitted, 2 used, 3 expired.
static const std::string version_1 =
    "CREATE TABLE room(id INTEGER PRIMARY KEY, schedule TEXT NOT NULL UNIQUE, sales_open INTEGER NOT NULL,"
    " admits INTEGER NOT NULL, hold_ms INTEGER NOT NULL, issued INTEGER NOT NULL, turns INTEGER NOT NULL,"
    " crowded INTEGER NOT NULL) STRICT;"
    "CREATE TABLE token(id INTEGER PRIMARY KEY, room INTEGER NOT NULL, user TEXT NOT NULL, place INTEGER NOT NULL,"
    " state INTEGER NOT NULL, until INTEGER NOT NULL, turn INTEGER NOT NULL, used_by INTEGER NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX token_live ON token(room, user) WHERE state<2;"
    "CREATE UNIQUE INDEX token_waiting ON token(room, place) WHERE state=0;"
    "CREATE INDEX token_in ON token(room, until) WHERE state=1;"
    "CREATE TABLE operation(key INTEGER PRIMARY KEY, what INTEGER NOT NULL, token INTEGER NOT NULL,"
    " at INTEGER NOT NULL) STRICT;" +
    std::string{requests::schema} + std::string{own_numbers::schema};
// Since when a token is in; of those that were in already, as if nobody had asked for a hold yet.
static const std::string version_2 =
    "ALTER TABLE token ADD COLUMN admitted INTEGER NOT NULL DEFAULT 0;"
    "UPDATE token SET admitted=until-(SELECT hold_ms FROM room WHERE id=token.room) WHERE state=1;";
static const std::string_view migrations[]{version_1, version_2};

static const std::string room_columns =
    "SELECT id, schedule, sales_open, admits, hold_ms, issued, turns, crowded FROM room ";
static const std::string token_columns =
    "SELECT id, room, user, place, state, until, turn, used_by, admitted FROM token ";

queue_store::queue_store(const open_options& options)
    : file(options, migrations),
      requests(file),
      numbers(file),
      load_(file.prepare(room_columns + "WHERE schedule=?1")),
      load_id_(file.prepare(room_columns + "WHERE id=?1")),
      open_(file.prepare("INSERT INTO room(schedule, sales_open, admits, hold_ms, issued, turns, crowded)"
                         " VALUES(?1,?2,?3,?4,0,0,?3)")),
      save_(file.prepare("UPDATE room SET sales_open=?2, admits=?3, hold_ms=?4, issued=?5, turns=?6,"
                         " crowded=max(crowded,?3) WHERE id=?1")),
      issue_(file.prepare("INSERT INTO token VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")),
      save_token_(file.prepare("UPDATE token SET state=?2, until=?3, turn=?4, used_by=?5, admitted=?6 WHERE id=?1")),
      find_(file.prepare(token_columns + "WHERE id=?1")),
      live_(file.prepare(token_columns + "WHERE room=?1 AND user=?2 AND state<2")),
      waiting_(file.prepare(token_columns + "WHERE room=?1 AND state=0 ORDER BY place LIMIT 1")),
      due_(file.prepare(token_columns + "WHERE room=?1 AND state=1 AND until<=?2 ORDER BY until LIMIT 1")),
      in_(file.prepare("SELECT count(*) FROM token WHERE room=?1 AND state=1")),
      below_(file.prepare("SELECT count(*) FROM token WHERE room=?1 AND state=0 AND place<?2")),
      append_(file.prepare("INSERT INTO operation VALUES(?1,?2,?3,?4)")),
      operation_(file.prepare("SELECT what, token, at FROM operation WHERE key=?1")) {}

static queue_store::room read_room(statement::row row) {
  return {row.integer(0),   schedule_id{row.string(1)},
          {row.integer(2)}, row.integer(3),
          row.integer(4),   row.integer(5),
          row.integer(6),   row.integer(7)};
}
static queue_store::token read_token(statement::row row) {
  return {{row.integer(0)},
          row.integer(1),
          user_id{row.string(2)},
          row.integer(3),
          static_cast<queue::state>(row.integer(4)),
          {row.integer(5)},
          row.integer(6),
          {row.integer(7)},
          {row.integer(8)}};
}

std::optional<queue_store::room> queue_store::load(const schedule_id& schedule) {
  return load_.first(read_room, schedule.text);
}

std::optional<queue_store::room> queue_store::load(std::int64_t room) { return load_id_.first(read_room, room); }

std::int64_t queue_store::open(const room& fresh) {
  open_.run(fresh.schedule.text, fresh.sales_open.ms, fresh.admits, fresh.hold_ms);
  return file.last_row();
}

void queue_store::save(const room& r) { save_.run(r.id, r.sales_open.ms, r.admits, r.hold_ms, r.issued, r.turns); }

void queue_store::issue(const token& t) {
  issue_.run(t.id.value, t.room, t.user.text, t.place, t.now, t.until.ms, t.turn, t.used_by.value, t.admitted.ms);
}

void queue_store::save(const token& t) {
  save_token_.run(t.id.value, t.now, t.until.ms, t.turn, t.used_by.value, t.admitted.ms);
}

std::optional<queue_store::token> queue_store::find(token_id token) { return find_.first(read_token, token.value); }

std::optional<queue_store::token> queue_store::live_of(std::int64_t room, const user_id& user) {
  return live_.first(read_token, room, user.text);
}

std::optional<queue_store::token> queue_store::first_waiting(std::int64_t room) {
  return waiting_.first(read_token, room);
}

std::optional<queue_store::token> queue_store::first_due(std::int64_t room, moment at) {
  return due_.first(read_token, room, at.ms);
}

std::int64_t queue_store::in(std::int64_t room) {
  return *in_.first([](auto row) { return row.integer(0); }, room);
}

std::int64_t queue_store::waiting_below(std::int64_t room, std::int64_t place) {
  return *below_.first([](auto row) { return row.integer(0); }, room, place);
}

bool queue_store::append(const operation& op) { return append_.insert(op.key, op.what, op.token.value, op.at.ms); }

std::optional<queue_store::operation> queue_store::operation_at(std::int64_t key) {
  return operation_.first(
      [&](auto row) {
        return operation{key, static_cast<queue_store::what>(row.integer(0)), {row.integer(1)}, {row.integer(2)}};
      },
      key);
}

}  // namespace souk::persistence
