// Keeps the outbox of a store.
#include "persistence/logs/outbox.hpp"

#include <algorithm>

#include "messages/grammar/pack.hpp"

namespace souk::persistence {

outbox::outbox(store_file& file)
    : write_(file.prepare("INSERT INTO outbox VALUES(?1,?2)")),
      after_(file.prepare("SELECT events FROM outbox WHERE seq>?1 ORDER BY seq")),
      acknowledge_(file.prepare("UPDATE acknowledged SET seq=?2 WHERE subscriber=?1")),
      forget_(file.prepare("DELETE FROM outbox WHERE seq<=?1")) {
  file.prepare("SELECT subscriber, seq FROM acknowledged").each([&](auto row) {
    acknowledged_.at(static_cast<std::size_t>(row.integer(0))) = row.integer(1);
  });
  newest_ = std::max(*std::max_element(acknowledged_.begin(), acknowledged_.end()),
                     file.prepare("SELECT coalesce(max(seq),0) FROM outbox")
                         .first([](auto row) { return row.integer(0); })
                         .value_or(0));
  const auto oldest = after(0, 1);
  forgotten_ = oldest.empty() ? newest_ : oldest.front().seq - 1;
}

void outbox::write(order::event what) {
  what.seq = ++newest_;
  unwritten_.push_back(what);
  recent_.push_back(std::move(what));
  if (recent_.size() > recent_max) recent_.pop_front();
}

void outbox::write_the_row() {
  if (unwritten_.empty()) return;
  const auto packed = pack(unwritten_);
  write_.run(newest_, blob{packed});
  unwritten_.clear();
}

std::vector<order::event> outbox::after(std::int64_t seq, std::uint32_t limit) {
  std::vector<order::event> events;
  if (seq >= newest_) return events;
  if (!recent_.empty() && seq + 1 >= recent_.front().seq) {
    const auto from = static_cast<std::size_t>(seq + 1 - recent_.front().seq);
    const auto n = std::min<std::size_t>(limit, recent_.size() - from);
    events.assign(recent_.begin() + static_cast<std::ptrdiff_t>(from),
                  recent_.begin() + static_cast<std::ptrdiff_t>(from + n));
    return events;
  }
  after_.each(
      [&](auto row) {
        for (auto& one : unpack<std::vector<order::event>>(row.text(0)))
          if (one.seq > seq) events.push_back(std::move(one));
        return events.size() < limit;
      },
      seq);
  return events;
}

void outbox::acknowledge(order::subscriber who, std::int64_t seq) {
  auto& mine = acknowledged_[static_cast<std::size_t>(who)];
  if (seq <= mine) return;
  mine = std::min(seq, newest_);
  // Subscribers keep their positions durably themselves; here they only say what may be deleted. So they are written
  // when it is worth it, and a fetch costs no commit.
  const auto all = *std::min_element(acknowledged_.begin(), acknowledged_.end());
  if (all - forgotten_ < delete_at_once) return;
  for (std::size_t one = 0; one < acknowledged_.size(); ++one) acknowledge_.run(one, acknowledged_[one]);
  forget_.run(all);
  while (!recent_.empty() && recent_.front().seq <= all) recent_.pop_front();
  forgotten_ = all;
}

}  // namespace souk::persistence
