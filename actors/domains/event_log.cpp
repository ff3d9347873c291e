// Keeps the order of what happened to each case, and hands it on.
#include "actors/domains/event_log.hpp"

#include <algorithm>
#include <utility>

#include "messages/grammar/planted.hpp"

namespace souk::domains {

namespace {
constexpr std::int64_t bell_of_the_held = -1;  // subscribers have numbers from 0
}  // namespace

event_log::event_log(const persistence::open_options& options, std::uint32_t partition, std::int64_t keep_ms)
    : store_(options), partition_(partition), keep_ms_(keep_ms) {
  if (keep_ms_) store_.log.keep_since({});  // until an event says what time it is
}

answer event_log::on(const souk::event_log::find_position& find) {
  return reply_with(order::position{position_of(find.from.id())});
}

std::int64_t& event_log::position_of(std::uint32_t teller) {
  const auto known = positions_.find(teller);
  return known != positions_.end() ? known->second
                                   : positions_.emplace(teller, store_.positions.of(teller)).first->second;
}

answer event_log::on(const souk::event_log::append& append) {
  const auto from = append.from.id();
  auto& position = position_of(from);
  const auto before = position;
  position = std::max(position, append.after);  // a log that was restored from a backup lacks what nobody has any more
  // Who told these has them on disk until they are on this one: only who must not hear them twice waits for it.
  const bool early = leap_is_written_;
  bool held = false;
  for (const auto& one : append.events) {
    if (one.seq <= position) continue;  // told again
    // A life of the log handed on what it then lost. That is told again, and comes first.
    held = one.early && one.early->seq > position_of(one.early->by) && !planted(bug::effect_before_cause);
    if (held) break;
    if (!std::exchange(leapt_, true) && store_.log.newest() > 0 && !planted(bug::numbers_given_twice))
      store_.log.leap(persistence::log_leap);
    position = one.seq;
    told_[static_cast<std::size_t>(one.topic)] += 1;
    latest_ = std::max(latest_, one.at);
    auto kept = one;
    kept.early.reset();
    store_.log.write(std::move(kept));
    uncommitted_.push_back({from, one.seq});
    for (auto& [id, who] : subscribers_) {
      if (!who.asked.wants(one)) {
        if (who.waiting) who.looked_upto = store_.log.newest();
        continue;
      }
      who.lag += 1;
      if (std::exchange(who.waiting, false)) (early && !who.asked.committed ? rung_early_ : rung_).push_back(id);
    }
  }
  if (position > before) {
    store_.positions.save(from, position);
    if (std::exchange(some_are_held_, false)) rung_.push_back(bell_of_the_held);
  }
  if (held) {
    some_are_held_ = true;
    later_ = {bell_of_the_held, append};
  }
  if (keep_ms_) store_.log.keep_since(latest_ + -keep_ms_);
  return reply_with(order::position{position});
}

answer event_log::on(const souk::event_log::fetch& fetch) {
  auto& mine = subscribers_[fetch.by.id()];
  const bool same = mine.asked.topics == fetch.topics && mine.asked.flows == fetch.flows;
  // A question that waits is asked again, by the bell or because its answer may be lost: not all is looked through
  // again.
  const bool looked = same && mine.nothing_after <= fetch.after && fetch.after <= mine.looked_upto;
  const auto after = looked ? mine.looked_upto : fetch.after;
  const auto lag = same && mine.looked_upto == after ? mine.lag - mine.handed : waiting_for(fetch);
  store_.log.expect(fetch.subscribers);
  auto upto = after;
  std::vector<souk::event_log::event> found;
  found.reserve(static_cast<std::size_t>(std::clamp<std::int64_t>(store_.log.newest() - after, 0, fetch.limit)));
  const auto committed = store_.log.newest() - static_cast<std::int64_t>(uncommitted_.size());
  store_.log.each_after(after, [&](const souk::event_log::event& one) {
    upto = one.seq;
    if (fetch.wants(one)) {
      found.push_back(one);
      if (one.seq > committed) found.back().early = uncommitted_[static_cast<std::size_t>(one.seq - committed - 1)];
    }
    return found.size() < fetch.limit;
  });
  const bool nothing = found.empty();
  const auto handed = static_cast<std::int64_t>(found.size());
  mine = {fetch, nothing, lag, upto, nothing ? fetch.after : upto, handed};
  // What nobody asked for is not waited for: the next start may ask for it in vain.
  store_.log.acknowledge(fetch.by.id(), fetch.kept == fetch.after && nothing ? upto : fetch.kept);
  if (nothing) {
    mine.asked.after = upto;
    later_ = {fetch.by.id(), fetch};
  }
  return reply_with(souk::event_log::events{upto, std::move(found), fetch.after});
}

std::int64_t event_log::waiting_for(const souk::event_log::fetch& fetch) {
  std::int64_t n = 0;
  store_.log.each_after(fetch.after, [&](const auto& one) {
    n += fetch.wants(one);
    return true;
  });
  return n;
}

answer event_log::on(const souk::event_log::set_aside& aside) {
  for (std::size_t i = 0; i < aside.events.size(); ++i)
    store_.troubles.add(aside.by.id(), aside.events[i], i == 0 ? aside.error : std::string{}, aside.at);
  return {};
}

answer event_log::on(const souk::event_log::find_held& find) {
  return reply_with(
      souk::event_log::held{store_.troubles.subjects(find.by.id()), store_.troubles.due(find.at, 64, find.by.id())});
}

answer event_log::on(const souk::event_log::tried& tried) {
  store_.troubles.tried(tried.by.id(), tried.seq, tried.error, tried.at);
  return {};
}

answer event_log::on(const souk::event_log::revive& revive) {
  auto found = store_.troubles.revive(revive.by.id(), revive.seq, revive.at, revive.dry);
  if (!found) return refuse(reason::not_found, "no such letter");
  return reply_with(souk::event_log::held{{}, {*std::move(found)}});
}

answer event_log::on(const souk::event_log::find_status& find) {
  const auto forgotten = store_.log.forgotten();
  souk::event_log::status status{partition_, store_.log.newest(), forgotten + 1, store_.log.told_after(0),
                                 store_.log.told_after(forgotten)};
  for (std::size_t d = 0; d < domain_count; ++d)
    if (told_[d]) status.topics.push_back({static_cast<domain>(d), told_[d]});
  for (const auto& [id, one] : subscribers_) status.subscribers.push_back({one.asked.by, one.asked.after, one.lag});
  status.troubles = store_.troubles.list(find.troubles);
  status.held = store_.troubles.living();
  status.dead = store_.troubles.dead();
  return reply_with(std::move(status));
}

}  // namespace souk::domains
