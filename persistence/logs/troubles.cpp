// Keeps the events in trouble in SQLite.
#include "persistence/logs/troubles.hpp"

#include <algorithm>

#include "messages/grammar/pack.hpp"

namespace souk::persistence {

namespace {

number subject_of(const order::event& event) { return event.subject; }
number subject_of(const event_log::event& event) { return event.about->id; }

constexpr std::int64_t pause_max_ms = 300'000;

const std::string columns = "SELECT source, event, tries, next, dead, error FROM trouble AS t ";

// Outboxes of orders are the sources below 256 (platform::source_of).
std::string comes_first(const std::string& source) { return " OR (" + source + "<256 AND e.source>=256)"; }

template <class Trouble>
Trouble read(statement::row row) {
  return {static_cast<std::uint32_t>(row.integer(0)),
          unpack<decltype(Trouble::event)>(row.text(1)),
          static_cast<std::int32_t>(row.integer(2)),
          {row.integer(3)},
          row.integer(4) != 0,
          row.string(5)};
}

}  // namespace

template <class Trouble>
std::int64_t troubles<Trouble>::pause_ms(std::int32_t tries, std::int64_t seq) {
  const std::int64_t whole = std::min<std::int64_t>(std::int64_t{1000} << std::min(tries, 20), pause_max_ms);
  return whole / 2 +
         static_cast<std::int64_t>(fingerprint(std::to_string(seq)) % static_cast<std::uint64_t>(whole / 2));
}

template <class Trouble>
std::string troubles<Trouble>::schema() {
  return "CREATE TABLE trouble(source INTEGER NOT NULL, seq INTEGER NOT NULL, subject INTEGER NOT NULL,"
         " event BLOB NOT NULL, tries INTEGER NOT NULL, next INTEGER NOT NULL, dead INTEGER NOT NULL,"
         " error TEXT NOT NULL, PRIMARY KEY(source, seq)) STRICT, WITHOUT ROWID;"
         "CREATE INDEX trouble_subject ON trouble(subject);"
         "CREATE INDEX trouble_next ON trouble(next) WHERE dead=0;";
}

template <class Trouble>
troubles<Trouble>::troubles(store_file& file, bool histories_first)
    : count_(file.prepare("SELECT count(*) FROM trouble WHERE dead=0")),
      add_(file.prepare("INSERT INTO trouble VALUES(?1,?2,?3,?4,?5,?6,0,?7) ON CONFLICT DO NOTHING")),
      find_(file.prepare(columns + "WHERE source=?1 AND seq=?2")),
      save_(file.prepare("UPDATE trouble SET tries=?3, next=?4, dead=?5, error=?6 WHERE source=?1 AND seq=?2")),
      remove_(file.prepare("DELETE FROM trouble WHERE source=?1 AND seq=?2")),
      has_(file.prepare("SELECT 1 FROM trouble AS e WHERE subject=?2 AND dead=0 AND (source=?1" +
                        (histories_first ? comes_first("?1") : "") + ") LIMIT 1")),
      subjects_(file.prepare("SELECT DISTINCT subject FROM trouble WHERE source=?1 AND dead=0")),
      due_(file.prepare(columns +
                        "WHERE dead=0 AND (next<=?1 OR next>?4) AND (?3<0 OR source=?3) AND NOT EXISTS (SELECT 1 FROM"
                        " trouble AS e WHERE e.subject=t.subject AND e.dead=0 AND ((e.source=t.source AND"
                        " e.seq<t.seq)" +
                        (histories_first ? comes_first("t.source") : "") + ")) ORDER BY next LIMIT ?2")),
      list_(file.prepare(columns + "WHERE dead<?2 OR (dead=?2 AND (source, seq)>(?3,?4)) ORDER BY dead DESC, source,"
                                   " seq LIMIT ?1")),
      dead_(file.prepare("SELECT count(*) FROM trouble WHERE dead=1")) {
  count_living();
}

template <class Trouble>
void troubles<Trouble>::count_living() {
  living_ = count_.first([](auto row) { return row.integer(0); }).value_or(0);
}

template <class Trouble>
void troubles<Trouble>::add(std::uint32_t source, const decltype(Trouble::event)& event, const std::string& error,
                            moment at) {
  const auto packed = pack(event);
  const bool first = !error.empty();
  add_.run(source, event.seq, subject_of(event).value, blob{packed}, first ? 1 : 0,
           first ? (at + pause_ms(1, event.seq)).ms : at.ms,
           first ? std::string_view{error} : "waits behind an earlier event of its order");
  count_living();
}

template <class Trouble>
void troubles<Trouble>::tried(std::uint32_t source, std::int64_t seq, const std::string& error, moment at) {
  auto trouble = find(source, seq);
  if (!trouble) return;  // told again: it is gone already
  if (error.empty()) {
    remove_.run(source, seq);
    return count_living();
  }
  if (trouble->next == at + pause_ms(trouble->tries, seq)) return;  // told again: this try is counted
  trouble->tries += 1;
  trouble->next = at + pause_ms(trouble->tries, seq);
  trouble->dead = trouble->tries >= tries_max;
  trouble->error = error;
  save(*trouble);
}

template <class Trouble>
std::optional<Trouble> troubles<Trouble>::revive(std::uint32_t source, std::int64_t seq, moment at, bool dry) {
  auto trouble = find(source, seq);
  if (!trouble || dry) return trouble;
  auto alive = *trouble;
  alive.tries = 0;
  alive.next = at;
  alive.dead = false;
  save(alive);
  return trouble;
}

template <class Trouble>
std::optional<Trouble> troubles<Trouble>::find(std::uint32_t source, std::int64_t seq) {
  return find_.first(read<Trouble>, source, seq);
}

template <class Trouble>
void troubles<Trouble>::save(const Trouble& t) {
  save_.run(t.source, t.event.seq, t.tries, t.next.ms, t.dead, t.error);
  count_living();
}

template <class Trouble>
bool troubles<Trouble>::has(std::uint32_t source, number subject) {
  return living_ > 0 && has_.first([](auto) { return true; }, source, subject.value).value_or(false);
}

template <class Trouble>
std::vector<number> troubles<Trouble>::subjects(std::uint32_t source) {
  std::vector<number> all;
  if (living_) subjects_.each([&](auto row) { all.push_back({row.integer(0)}); }, source);
  return all;
}

template <class Trouble>
std::vector<Trouble> troubles<Trouble>::due(moment now, std::uint32_t limit, std::optional<std::uint32_t> source) {
  std::vector<Trouble> all;
  if (living_)
    due_.each([&](auto row) { all.push_back(read<Trouble>(row)); }, now.ms, limit,
              source ? static_cast<std::int64_t>(*source) : -1, (now + pause_max_ms).ms);
  return all;
}

template <class Trouble>
std::vector<Trouble> troubles<Trouble>::list(std::uint32_t limit, const std::optional<platform::listed>& after) {
  std::vector<Trouble> all;
  const auto from = after.value_or(platform::listed{true, 0, -1});
  list_.each([&](auto row) { all.push_back(read<Trouble>(row)); }, limit, from.dead, from.source, from.seq);
  return all;
}

template <class Trouble>
std::int64_t troubles<Trouble>::dead() {
  return dead_.first([](auto row) { return row.integer(0); }).value_or(0);
}

template class troubles<platform::trouble>;
template class troubles<event_log::trouble>;

}  // namespace souk::persistence
