// Keeps the troubles of delivery in SQLite.
#include "persistence/platform.hpp"

namespace souk::persistence {

static constexpr std::string_view migrations[]{
    "CREATE TABLE trouble(source INTEGER NOT NULL, seq INTEGER NOT NULL, subject INTEGER NOT NULL, body TEXT NOT NULL,"
    " tries INTEGER NOT NULL, next INTEGER NOT NULL, dead INTEGER NOT NULL, error TEXT NOT NULL,"
    " PRIMARY KEY(source, seq)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX trouble_subject ON trouble(subject);"
    "CREATE INDEX trouble_next ON trouble(next) WHERE dead=0;"
    "CREATE TABLE position(source INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;",
};

static const std::string columns = "SELECT source, seq, subject, body, tries, next, dead, error FROM trouble AS t ";

static platform::trouble read(statement::row row) {
  return {static_cast<std::uint32_t>(row.integer(0)),
          {row.integer(1), {row.integer(2)}, row.string(3)},
          static_cast<std::int32_t>(row.integer(4)),
          {row.integer(5)},
          row.integer(6) != 0,
          row.string(7)};
}

platform_store::platform_store(const open_options& options)
    : file(options, migrations),
      count_(file.prepare("SELECT count(*) FROM trouble WHERE dead=0")),
      position_(file.prepare("SELECT seq FROM position WHERE source=?1")),
      save_position_(file.prepare("INSERT INTO position VALUES(?1,?2) ON CONFLICT DO UPDATE SET seq=?2")),
      add_(file.prepare("INSERT INTO trouble VALUES(?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT DO NOTHING")),
      find_(file.prepare(columns + "WHERE source=?1 AND seq=?2")),
      save_(file.prepare("UPDATE trouble SET tries=?3, next=?4, dead=?5, error=?6 WHERE source=?1 AND seq=?2")),
      remove_(file.prepare("DELETE FROM trouble WHERE source=?1 AND seq=?2")),
      in_trouble_(file.prepare("SELECT 1 FROM trouble WHERE subject=?1 AND dead=0 LIMIT 1")),
      due_(file.prepare(columns + "WHERE dead=0 AND next<=?1 AND NOT EXISTS (SELECT 1 FROM trouble AS e"
                                  " WHERE e.subject=t.subject AND e.dead=0 AND e.source=t.source AND e.seq<t.seq)"
                                  " ORDER BY next LIMIT ?2")),
      list_(file.prepare(columns + "ORDER BY dead DESC, source, seq LIMIT ?1")) {
  count_living();
}

void platform_store::count_living() {
  living_ = count_.first([](auto row) { return row.integer(0); }).value_or(0);
}

std::int64_t platform_store::position(std::uint32_t source) {
  return position_.first([](auto row) { return row.integer(0); }, source).value_or(0);
}

void platform_store::save_position(std::uint32_t source, std::int64_t seq) { save_position_.run(source, seq); }

void platform_store::add(const platform::trouble& t) {
  add_.run(t.source, t.event.seq, t.event.subject.value, t.event.body, t.tries, t.next.ms, t.dead, t.error);
  count_living();
}

std::optional<platform::trouble> platform_store::find(std::uint32_t source, std::int64_t seq) {
  return find_.first(read, source, seq);
}

void platform_store::save(const platform::trouble& t) {
  save_.run(t.source, t.event.seq, t.tries, t.next.ms, t.dead, t.error);
  count_living();
}

void platform_store::remove(std::uint32_t source, std::int64_t seq) {
  remove_.run(source, seq);
  count_living();
}

bool platform_store::in_trouble(number subject) {
  return living_ > 0 && in_trouble_.first([](auto) { return true; }, subject.value).value_or(false);
}

std::vector<platform::trouble> platform_store::due(moment now, std::uint32_t limit) {
  std::vector<platform::trouble> all;
  if (living_ == 0) return all;
  due_.each([&](auto row) { all.push_back(read(row)); }, now.ms, limit);
  return all;
}

std::vector<platform::trouble> platform_store::list(std::uint32_t limit) {
  std::vector<platform::trouble> all;
  list_.each([&](auto row) { all.push_back(read(row)); }, limit);
  return all;
}

}  // namespace souk::persistence
