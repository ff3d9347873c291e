// Decides about the list of concerts.
#include "actors/domains/concert.hpp"

namespace souk::domains {

answer concert::on(const souk::concert::put& put) {
  for (const auto& date : put.schedules)
    if (const auto owner = store_.owner_of(date.schedule); owner && *owner != put.concert)
      return refuse(reason::key_reused, date.schedule.text);
  for (const auto& date : put.schedules)
    if (!store_.owner_of(date.schedule)) store_.claim(put.concert, date.schedule);
  if (!put.listed) return reply_with(souk::concert::view{put.concert, put.name, {}});
  store_.save(put.concert, put.name);
  for (const auto& date : put.schedules) store_.save(date);
  return reply_with(*store_.find(put.concert));
}

answer concert::on(const souk::concert::find& find) {
  if (auto found = store_.find(find.concert)) return reply_with(*std::move(found));
  return refuse(reason::not_found, find.concert.text);
}

answer concert::on(const souk::concert::list& list) {
  souk::concert::page page{store_.list(list.after, list.limit + 1), false};
  page.more = page.concerts.size() > list.limit;
  if (page.more) page.concerts.pop_back();
  return reply_with(std::move(page));
}

}  // namespace souk::domains
