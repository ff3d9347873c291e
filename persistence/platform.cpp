// Keeps the troubles of delivery in SQLite.
#include "persistence/platform.hpp"

#include "messages/grammar/pack.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE trouble(source INTEGER NOT NULL, seq INTEGER NOT NULL, subject INTEGER NOT NULL, event BLOB NOT NULL,"
    " tries INTEGER NOT NULL, next INTEGER NOT NULL, dead INTEGER NOT NULL, error TEXT NOT NULL,"
    " PRIMARY KEY(source, seq)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX trouble_subject ON trouble(subject);"
    "CREATE INDEX trouble_next ON trouble(next) WHERE dead=0;" +
    std::string{positions::schema};
static const std::string_view migrations[]{version_1};

static const std::string columns = "SELECT source, event, tries, next, dead, error FROM trouble AS t ";

static platform::trouble read(statement::row row) {
  return {static_cast<std::uint32_t>(row.integer(0)),
          unpack<order::event>(row.text(1)),
          static_cast<std::int32_t>(row.integer(2)),
          {row.integer(3)},
          row.integer(4) != 0,
          row.string(5)};
}

platform_store::platform_store(const open_options& options)
    : file(options, migrations),
      positions(file),
      count_(file.prepare("SELECT count(*) FROM trouble WHERE dead=0")),
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

void platform_store::add(const platform::trouble& t) {
  const auto event = pack(t.event);
  add_.run(t.source, t.event.seq, t.event.subject.value, blob{event}, t.tries, t.next.ms, t.dead, t.error);
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
