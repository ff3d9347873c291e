// Keeps the outbox of a store.
#include "persistence/logs/outbox.hpp"

#include <algorithm>

#include "messages/grammar/crash_point.hpp"
#include "messages/grammar/planted.hpp"

namespace souk::persistence {

template <class Event>
std::string outbox<Event>::schema(const std::string& table) {
  // seq: of the row's last event. Subscribers below 0 are leaps, of restores (backup.cpp) and of the log: -1 is the
  // last event that was known, -2 from where they go on; -3 and -4 are of the next leap.
  return "CREATE TABLE " + table +
         "(seq INTEGER PRIMARY KEY, events BLOB NOT NULL) STRICT;"
         "CREATE TABLE " +
         table + "_acknowledged(subscriber INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;";
}

template <class Event>
outbox<Event>::outbox(store_file& file, const std::string& table, std::size_t subscribers)
    : write_(file.prepare("INSERT INTO " + table + " VALUES(?1,?2)")),
      after_(file.prepare("SELECT events FROM " + table + " WHERE seq>?1 ORDER BY seq")),
      acknowledge_(
          file.prepare("INSERT INTO " + table + "_acknowledged VALUES(?1,?2) ON CONFLICT DO UPDATE SET seq=?2")),
      forget_(file.prepare("DELETE FROM " + table + " WHERE seq<=?1")),
      forget_leaps_(file.prepare("DELETE FROM " + table + "_acknowledged WHERE subscriber<0")),
      subscribers_(subscribers),
      delete_at_once_(file.events_at_once()) {
  std::int64_t from = 0;  // of the leap whose other row comes next
  file.prepare("SELECT subscriber, seq FROM " + table + "_acknowledged ORDER BY subscriber").each([&](auto row) {
    const auto who = row.integer(0), seq = row.integer(1);
    newest_ = std::max(newest_, seq);
    if (who >= 0)
      acknowledged_[static_cast<std::uint32_t>(who)] = seq;
    else if (who % 2)
      leaps_[from] = seq;
    else
      from = seq;
  });
  newest_ = std::max(newest_, file.prepare("SELECT coalesce(max(seq),0) FROM " + table)
                                  .first([](auto row) { return row.integer(0); })
                                  .value_or(0));
  const auto oldest = after(0, 1);
  forgotten_ = oldest.empty() ? newest_ : oldest.front().seq - 1;
}

template <class Event>
void outbox<Event>::write(Event what) {
  what.seq = ++newest_;
  recent_.push_back(std::move(what));
  ++unwritten_;
  if (recent_.size() > std::max(recent_max, unwritten_)) recent_.pop_front();
}

// Nobody asks any more where among deleted events numbers were left out: one leap stands for all of theirs. The one
// before the oldest event that is there stays, because that event says after which it comes.
template <class Event>
void outbox<Event>::leap(std::int64_t by) {
  std::int64_t left_out = 0;
  auto last = leaps_.begin();
  for (; last != leaps_.end() && last->first < forgotten_; ++last) left_out += last->first - last->second;
  if (last != leaps_.begin()) {
    const auto from = std::prev(last)->first;
    leaps_.erase(leaps_.begin(), last);
    leaps_[from] = from - left_out;
  }
  leaps_[newest_ + by] = newest_;
  newest_ += by;
  forget_leaps_.run();
  std::int64_t subscriber = 0;
  for (const auto& [from, before] : leaps_) {
    acknowledge_.run(--subscriber, before);
    acknowledge_.run(--subscriber, from);
  }
}

template <class Event>
void outbox<Event>::write_the_row() {
  if (!unwritten_) return;
  bytes packed;
  packer{packed}.put_list(recent_.end() - static_cast<std::ptrdiff_t>(unwritten_), recent_.end());
  write_.run(newest_, blob{packed});
  may_crash(crash_point::outbox_written);
  unwritten_ = 0;
  forget();
}

template <class Event>
std::vector<Event> outbox<Event>::after(std::int64_t seq, std::uint32_t limit) {
  std::vector<Event> events;
  events.reserve(static_cast<std::size_t>(std::clamp<std::int64_t>(newest_ - seq, 0, limit)));
  if (limit)
    each_after(seq, [&](const Event& one) {
      events.push_back(one);
      return events.size() < limit;
    });
  return events;
}

template <class Event>
void outbox<Event>::acknowledge(std::uint32_t who, std::int64_t seq) {
  auto& mine = acknowledged_[who];
  if (seq <= mine) return;
  mine = std::min(seq, newest_);
}

template <class Event>
std::int64_t outbox<Event>::behind(std::uint32_t who) const {
  const auto known = acknowledged_.find(who);
  return told_after(known == acknowledged_.end() ? forgotten_ : known->second);
}

template <class Event>
std::int64_t outbox<Event>::told_after(std::int64_t seq) const {
  auto told = newest_ - seq;
  for (const auto& [from, before] : leaps_)
    if (seq < from) told -= from - std::max(before, seq);
  return told;
}

template <class Event>
std::int64_t outbox<Event>::before(std::int64_t seq) const {
  auto last = seq - 1;
  // Several times, where nothing was told between two leaps.
  for (auto at = leaps_.find(last); at != leaps_.end(); at = leaps_.find(last)) last = at->second;
  return last;
}

// Subscribers keep their positions durably themselves; here they only say what may be deleted. So they are written when
// it is worth it, and a fetch costs no commit.
template <class Event>
void outbox<Event>::forget() {
  if (acknowledged_.size() < subscribers_) return;
  auto all = newest_;
  if (!planted(bug::outbox_forgets_early))
    for (const auto& [one, has] : acknowledged_) all = std::min(all, has);
  if (all - forgotten_ < delete_at_once_) return;
  all = old_enough(all);
  if (all - forgotten_ < delete_at_once_) return;
  for (const auto& [one, has] : acknowledged_) acknowledge_.run(one, has);
  forget_.run(all);
  may_crash(crash_point::outbox_forgets);
  while (!recent_.empty() && recent_.front().seq <= all) recent_.pop_front();
  forgotten_ = all;
}

// Rows go as a whole. The first that must stay is remembered, so that it is not read again before its time has come.
template <class Event>
std::int64_t outbox<Event>::old_enough(std::int64_t seq) {
  if (keep_since_.ms == INT64_MAX) return seq;
  auto upto = forgotten_;
  if (oldest_.ms >= keep_since_.ms) return upto;
  after_.each(
      [&](auto row) {
        const auto last = unpack<std::vector<Event>>(row.text(0)).back();
        oldest_ = last.at;
        if (last.seq > seq || last.at.ms >= keep_since_.ms) return false;
        upto = last.seq;
        return true;
      },
      forgotten_);
  return upto;
}

template class outbox<order::event>;
template class outbox<event_log::event>;

}  // namespace souk::persistence
