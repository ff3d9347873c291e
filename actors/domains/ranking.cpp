// Counts what was sold, what was cancelled and what came back.
#include "actors/domains/ranking.hpp"

#include <map>
#include <string_view>

#include "messages/grammar/planted.hpp"

namespace souk::domains {

namespace {

struct units {
  std::int64_t sold = 0;
  std::int64_t returned = 0;
};

void add_up(const souk::order::event& event, std::map<std::string_view, units>& totals) {
  const auto sign = event.what == souk::order::kind::cancelled ? -1 : 1;
  const auto where = event.what == souk::order::kind::returned ? &units::returned : &units::sold;
  for (const auto& line : event.lines)
    // Free goods do not sell themselves.
    if (line.amount.minor != 0) totals[line.product.text].*where += sign * line.quantity;
}

}  // namespace

answer ranking::on(const souk::ranking::count& count) {
  const auto& events = count.events;
  auto position = store_.positions.of(events.source);
  std::map<std::string_view, units> by_product;  // a batch touches each product's row once
  for (const auto& event : events.list) {
    if (event.seq <= position && !planted(bug::events_counted_again)) continue;  // told again: it is counted already
    position = event.seq;
    add_up(event, by_product);
    // A seat that comes back is no sale: the moment of the last one stays.
    if (event.seat) {
      const bool back = event.what == order::kind::cancelled;
      store_.add(*event.seat, back ? -1 : 1, back ? moment{} : event.at);
    }
  }
  for (const auto& [product, moved] : by_product) store_.add({std::string{product}}, moved.sold, moved.returned);
  store_.positions.save(events.source, position);
  return reply_with(order::position{position});
}

answer ranking::on(const souk::ranking::best& best) {
  return reply_with(souk::ranking::board{store_.best(best.limit, best.net)});
}

answer ranking::on(const souk::ranking::sold_out& sold_out) {
  return reply_with(souk::ranking::full_houses{store_.sold_out(sold_out.limit)});
}

answer ranking::on(const souk::ranking::find_position& find) {
  return reply_with(order::position{store_.positions.of(find.source)});
}

}  // namespace souk::domains
