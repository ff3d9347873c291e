// Keeps the order of each order's events, and gives up on none without saying so.
#include "actors/domains/platform.hpp"

#include <algorithm>

namespace souk::domains {

answer platform::on(const souk::platform::find_position& find) {
  return reply_with(order::position{store_.positions.of(find.source)});
}

answer platform::on(const souk::platform::offer& offer) {
  souk::platform::not_now held{store_.positions.of(offer.source), {}};
  for (const auto& event : offer.headings)
    if (event.seq > held.upto && store_.troubles.has(offer.source, event.subject)) held.waiting.push_back(event.seq);
  return reply_with(std::move(held));
}

answer platform::on(const souk::platform::record& record) {
  const auto position = store_.positions.of(record.source);
  for (const auto& one : record.but) {
    if (one.event.seq <= position) continue;  // told again: it is recorded already
    store_.troubles.add(record.source, one.event, one.error, record.at);
  }
  const auto upto = std::max(position, record.upto);
  store_.positions.save(record.source, upto);
  return reply_with(order::position{upto});
}

answer platform::on(const souk::platform::due& due) {
  return reply_with(souk::platform::troubles{store_.troubles.due(due.at, due.limit)});
}

answer platform::on(const souk::platform::tried& tried) {
  store_.troubles.tried(tried.source, tried.seq, tried.error, tried.at);
  return {};
}

answer platform::on(const souk::platform::list_troubles& list) {
  return reply_with(souk::platform::troubles{store_.troubles.list(list.limit, list.after), store_.troubles.living(),
                                             store_.troubles.dead()});
}

answer platform::on(const souk::platform::revive& revive) {
  auto found = store_.troubles.revive(revive.source, revive.seq, revive.at, revive.dry);
  if (!found) return refuse(reason::not_found, "no such letter");
  return reply_with(souk::platform::troubles{{*std::move(found)}});
}

}  // namespace souk::domains
