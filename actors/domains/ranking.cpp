// Counts what was sold, what was cancelled and what came back.
#include "actors/domains/ranking.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace souk::domains {

namespace {

struct units {
  std::int64_t sold = 0;
  std::int64_t returned = 0;
};

// Reads the few members that count out of an event as it is parsed: building the whole tree took a third of the
// ranking's time. A line's members come in any order; it counts when its object ends.
class line_reader final : public nlohmann::json_sax<nlohmann::json> {
public:
  explicit line_reader(std::map<std::string, units>& totals) : totals_(totals) {}

  bool key(string_t& name) override {
    key_ = std::move(name);
    return true;
  }
  bool string(string_t& text) override {
    if (depth_ == 1 && key_ == "type") type_ = std::move(text);
    if (depth_ == 3 && key_ == "product") product_ = std::move(text);
    return true;
  }
  bool number_integer(number_integer_t n) override { return integer(n); }
  bool number_unsigned(number_unsigned_t n) override { return integer(static_cast<std::int64_t>(n)); }
  bool start_object(std::size_t) override {
    if (++depth_ == 3) product_.clear(), quantity_ = amount_ = 0;
    return true;
  }
  bool end_object() override {
    // Free goods do not sell themselves.
    if (depth_-- != 3 || amount_ == 0 || product_.empty()) return true;
    auto& mine = totals_[product_];
    if (type_ == "souk.order.completed") mine.sold += quantity_;
    if (type_ == "souk.order.cancelled") mine.sold -= quantity_;
    if (type_ == "souk.goods.returned") mine.returned += quantity_;
    return true;
  }
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& trouble) override {
    throw std::runtime_error(std::string{"an event is not JSON: "} + trouble.what());
  }

private:
  bool integer(std::int64_t n) {
    if (depth_ == 3 && key_ == "quantity") quantity_ = n;
    if (depth_ == 3 && key_ == "amount") amount_ = n;
    return true;
  }

  std::map<std::string, units>& totals_;
  int depth_ = 0;  // 1: the event, 2: its data, 3: a line
  std::string key_, type_, product_;
  std::int64_t quantity_ = 0, amount_ = 0;
};

}  // namespace

answer ranking::on(const souk::ranking::count& count) {
  const auto& events = count.events;
  auto position = store_.position(events.source);
  std::map<std::string, units> by_product;  // a batch touches each product's row once
  for (const auto& event : events.list) {
    if (event.seq <= position) continue;  // told again: it is counted already
    position = event.seq;
    line_reader read{by_product};
    nlohmann::json::sax_parse(event.body, &read);
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
