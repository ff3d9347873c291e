// The outbox: events written in the transaction that causes them, kept until every subscriber has them in effect.
//
// The events of one transaction are one row: they are written, read and deleted together, and a row for each was a
// twentieth of a busy shop's time. What tells an event from others here is its `seq` alone.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "messages/event_log.hpp"
#include "messages/grammar/pack.hpp"
#include "messages/order.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

template <class Event>
class outbox {
public:
  // table: its name; two outboxes in one store have two names.
  static std::string schema(const std::string& table);
  // subscribers: how many must have an event before it may be deleted.
  outbox(store_file& file, const std::string& table, std::size_t subscribers);

  void write(Event what);  // gives it its seq
  // Before the first event of this life: its number is so much higher, because those in between may have been given to
  // events that are lost.
  void leap(std::int64_t by);
  // Called with every commit, inside its transaction.
  void write_the_row();
  bool has_unwritten() const { return unwritten_ > 0; }
  // Calls visit(event) for each event after seq, in order, until it answers false.
  template <class Visit>
  void each_after(std::int64_t seq, Visit&& visit);
  // The first events after seq, at most `limit`.
  std::vector<Event> after(std::int64_t seq, std::uint32_t limit);
  std::int64_t newest() const { return newest_; }
  // The seq of the event before this one: one less, but for the first after a leap.
  std::int64_t before(std::int64_t seq) const;
  // How many events were ever told after it.
  std::int64_t told_after(std::int64_t seq) const;
  bool leapt() const { return !leaps_.empty(); }
  std::int64_t forgotten() const { return forgotten_; }  // every row up to it is deleted

  // This subscriber has everything up to seq durably in effect. What all have is deleted, some at a time, together with
  // a row that is written anyway, when it is as old as it is to become.
  void acknowledge(std::uint32_t who, std::int64_t seq);
  // How many events it has not.
  std::int64_t behind(std::uint32_t who) const;
  // What happened before this moment is old enough.
  void keep_since(moment since) { keep_since_ = since; }
  void expect(std::size_t subscribers) { subscribers_ = subscribers; }

private:
  // The newest events stay in memory for subscribers that keep up; those that do not read the rows.
  static constexpr std::size_t recent_max = 8192;

  void forget();
  // The last event up to seq that is old enough to go.
  std::int64_t old_enough(std::int64_t seq);

  statement write_, after_, acknowledge_, forget_, forget_leaps_;
  std::size_t subscribers_;
  std::int64_t delete_at_once_;
  std::map<std::uint32_t, std::int64_t> acknowledged_;
  std::map<std::int64_t, std::int64_t> leaps_;  // where numbers went on, each time: the last that was given before
  std::deque<Event> recent_;
  std::size_t unwritten_ = 0;  // the last of them
  std::int64_t newest_ = 0;
  std::int64_t forgotten_ = 0;
  moment keep_since_{INT64_MAX};
  moment oldest_;  // a row's last event that was too young when it was looked at
};

template <class Event>
template <class Visit>
void outbox<Event>::each_after(std::int64_t seq, Visit&& visit) {
  if (seq >= newest_) return;
  if (!recent_.empty() && seq + 1 >= recent_.front().seq) {
    for (auto at = static_cast<std::size_t>(seq + 1 - recent_.front().seq); at < recent_.size(); ++at)
      if (!visit(recent_[at])) return;
    return;
  }
  bool goes_on = true;
  after_.each(
      [&](auto row) {
        for (const auto& one : unpack<std::vector<Event>>(row.text(0)))
          if (one.seq > seq && !(goes_on = visit(one))) break;
        return goes_on;
      },
      seq);
  // What has no row yet.
  for (auto at = recent_.size() - unwritten_; goes_on && at < recent_.size(); ++at) goes_on = visit(recent_[at]);
}

extern template class outbox<order::event>;
extern template class outbox<event_log::event>;

}  // namespace souk::persistence
