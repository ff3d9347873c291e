// Keeps the order of each order's events, and gives up on none without saying so.
#include "actors/domains/platform.hpp"

#include <algorithm>

namespace souk::domains {

std::int64_t platform::pause_ms(std::int32_t tries, std::int64_t seq) {
  const std::int64_t whole = std::min<std::int64_t>(std::int64_t{1000} << std::min(tries, 20), 300'000);
  return whole / 2 +
         static_cast<std::int64_t>(fingerprint(std::to_string(seq)) % static_cast<std::uint64_t>(whole / 2));
}

answer platform::on(const souk::platform::find_position& find) {
  return reply_with(order::position{store_.positions.of(find.source)});
}

answer platform::on(const souk::platform::offer& offer) {
  souk::platform::not_now held{store_.positions.of(offer.source), {}};
  for (const auto& event : offer.headings)
    if (event.seq > held.upto && store_.in_trouble(event.subject)) held.waiting.push_back(event.seq);
  return reply_with(std::move(held));
}

answer platform::on(const souk::platform::record& record) {
  const auto position = store_.positions.of(record.source);
  for (const auto& one : record.but) {
    if (one.event.seq <= position) continue;  // told again: it is recorded already
    if (one.error.empty())
      store_.add({record.source, one.event, 0, record.at, false, "waits behind an earlier event of its order"});
    else
      store_.add({record.source, one.event, 1, record.at + pause_ms(1, one.event.seq), false, one.error});
  }
  const auto upto = std::max(position, record.upto);
  store_.positions.save(record.source, upto);
  return reply_with(order::position{upto});
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
