// Keeps the order of each order's events, and gives up on none without saying so.
#include "actors/domains/platform.hpp"

#include <algorithm>
#include <unordered_set>

namespace souk::domains {

std::int64_t platform::pause_ms(std::int32_t tries, std::int64_t seq) {
  const std::int64_t whole = std::min<std::int64_t>(std::int64_t{1000} << std::min(tries, 20), 300'000);
  return whole / 2 +
         static_cast<std::int64_t>(fingerprint(std::to_string(seq)) % static_cast<std::uint64_t>(whole / 2));
}

answer platform::on(const souk::platform::find_position& find) {
  return reply_with(order::position{store_.position(find.source)});
}

answer platform::on(const souk::platform::offer& offer) {
  order::events may_go{offer.events.source, {}};
  const auto position = store_.position(offer.events.source);
  for (const auto& event : offer.events.list)
    if (event.seq > position && !store_.in_trouble(event.subject)) may_go.list.push_back(event);
  return reply_with(std::move(may_go));
}

answer platform::on(const souk::platform::record& record) {
  const auto source = record.events.source;
  auto position = store_.position(source);
  for (const auto& event : record.events.list) {
    if (event.seq <= position) continue;  // told again: it is recorded already
    position = event.seq;
    const auto rejected = std::find_if(record.rejected.begin(), record.rejected.end(),
                                       [&](const auto& one) { return one.seq == event.seq; });
    if (rejected != record.rejected.end())
      store_.add({source, event, 1, record.at + pause_ms(1, event.seq), false, rejected->error});
    else if (store_.in_trouble(event.subject))
      store_.add({source, event, 0, record.at, false, "waits behind an earlier event of its order"});
  }
  store_.save_position(source, position);
  return reply_with(order::position{position});
}

answer platform::on(const souk::platform::due& due) {
  return reply_with(souk::platform::troubles{store_.due(due.at, due.limit)});
}

answer platform::on(const souk::platform::tried& tried) {
  auto trouble = store_.find(tried.source, tried.seq);
  if (!trouble) return {};  // told again: it is gone already
  if (tried.error.empty()) {
    store_.remove(tried.source, tried.seq);
    return {};
  }
  trouble->tries += 1;
  trouble->next = tried.at + pause_ms(trouble->tries, tried.seq);
  trouble->dead = trouble->tries >= tries_max;
  trouble->error = tried.error;
  store_.save(*trouble);
  return {};
}

answer platform::on(const souk::platform::list_troubles& list) {
  return reply_with(souk::platform::troubles{store_.list(list.limit)});
}

answer platform::on(const souk::platform::revive& revive) {
  auto trouble = store_.find(revive.source, revive.seq);
  if (!trouble) return refuse(reason::not_found, "no such letter");
  trouble->tries = 0;
  trouble->next = revive.at;
  trouble->dead = false;
  store_.save(*trouble);
  return {};
}

}  // namespace souk::domains
