// Counts what was sold, what was cancelled and what came back.
#include "actors/domains/ranking.hpp"

#include <map>
#include <nlohmann/json.hpp>

namespace souk::domains {

answer ranking::on(const souk::ranking::count& count) {
  const auto& events = count.events;
  auto position = store_.position(events.source);
  struct units {
    std::int64_t sold = 0;
    std::int64_t returned = 0;
  };
  std::map<std::string, units> by_product;  // a batch touches each product's row once
  for (const auto& event : events.list) {
    if (event.seq <= position) continue;  // told again: it is counted already
    position = event.seq;
    const auto json = nlohmann::json::parse(event.body);
    const auto& type = json.at("type").get_ref<const std::string&>();
    const int sign = type == "souk.order.cancelled" ? -1 : 1;
    const bool returned = type == "souk.goods.returned";
    for (const auto& line : json.at("data").at("lines")) {
      if (line.at("amount").get<std::int64_t>() == 0) continue;  // free goods do not sell themselves
      auto& mine = by_product[line.at("product").get_ref<const std::string&>()];
      (returned ? mine.returned : mine.sold) += sign * line.at("quantity").get<std::int64_t>();
    }
  }
  for (const auto& [product, moved] : by_product) store_.add({product}, moved.sold, moved.returned);
  store_.save_position(events.source, position);
  return reply_with(order::position{position});
}

answer ranking::on(const souk::ranking::best& best) {
  return reply_with(souk::ranking::board{store_.best(best.limit, best.net)});
}

answer ranking::on(const souk::ranking::find_position& find) {
  return reply_with(order::position{store_.position(find.source)});
}

}  // namespace souk::domains
