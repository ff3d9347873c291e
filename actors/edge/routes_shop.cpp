// Users, wallets, products, coupons, rankings: one question to a domain, one answer to the caller.
#include <algorithm>

#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"

namespace souk::edge::shop {

namespace {

constexpr std::size_t name_characters_max = 256;
constexpr std::int64_t coupons_max = 1'000'000'000;

// Pages of one domain's shards as one page in order.
template <class Item, class Before>
bool merge(std::vector<Item>& all, std::size_t limit, Before before) {
  std::sort(all.begin(), all.end(), before);
  if (all.size() <= limit) return false;
  all.resize(limit);
  return true;
}

problem unknown(std::string_view parameter) {
  return std::move(problem{problems::invalid_parameter}
                       .with("parameter", parameter)
                       .detail(std::string{parameter} + " is nothing that this list has named"));
}

// Puts what may be there already: 201 when it was not, 200 when it was.
template <class View, class Show>
void put(const call& c, command&& find, command&& what, Show show) {
  c.ask(std::move(find), {}, [c, what = std::move(what), show](answer&& said) mutable {
    if (said.what == verdict::lost) return c.answer_no(said);
    c.want<View>(std::move(what), [c, show, status = said.done() ? 200U : 201U](View&& now, bool) {
      c.answer(status, dumped(show(now)));
    });
  });
}

// For what only a registered user may have.
template <class Then>
void verified(const call& c, const user_id& user, Then then) {
  c.want<void>(user::verify{user}, [then = std::move(then)](bool) mutable { then(); });
}

}  // namespace

void put_user(const asked& a, const call& c) {
  user::put what{{a.id[0]}, {}, a.at};
  if (!a.read(c, [&](fields& body) { what.name = body.text("name", name_characters_max); })) return;
  put<user::view>(c, user::find{{a.id[0]}}, std::move(what), [](const auto& now) { return json_of(now); });
}

void get_user(const asked& a, const call& c) {
  c.want<user::view>(user::find{{a.id[0]}}, [c](user::view&& found, bool) { c.answer(200, dumped(json_of(found))); });
}

void patch_user(const asked& a, const call& c) {
  user::put what{{a.id[0]}, {}, a.at};
  if (!a.read(c, [&](fields& body) { what.name = body.text("name", name_characters_max); })) return;
  verified(c, what.user, [c, what] {
    c.want<user::view>(what, [c](user::view&& now, bool) { c.answer(200, dumped(json_of(now))); });
  });
}

void get_wallet(const asked& a, const call& c) {
  verified(c, {a.id[0]}, [c, user = user_id{a.id[0]}] {
    c.want<wallet::view>(wallet::find{user}, [c](wallet::view&& found, bool) {
      c.answer(200, dumped(json_of(found, c.hall().options().currency)));
    });
  });
}

void charge(const asked& a, const call& c) {
  wallet::charge what{a.key, {a.id[0]}, {}, a.at};
  if (!a.read(c, [&](fields& body) { what.amount = body.amount("amount"); })) return;
  verified(c, what.user, [c, what] {
    c.want<wallet::view>(what, [c](wallet::view&& now, bool replayed) {
      c.answer(201, dumped(json_of(now, c.hall().options().currency)), replayed);
    });
  });
}

void list_entries(const asked& a, const call& c) {
  wallet::read_entries what{{a.id[0]}, 0, 0};
  const auto limit = a.limit(c);
  if (!limit) return;
  what.limit = *limit;
  if (const auto after = a.parameter("starting_after")) {
    // An entry's id is a key with a number in it: positive, at most 18 digits.
    const bool digits = !after->empty() && after->size() <= 18 &&
                        std::all_of(after->begin(), after->end(), [](char d) { return d >= '0' && d <= '9'; });
    what.after = digits ? std::stoll(*after) : 0;
    if (what.after <= 0) return c.answer(unknown("starting_after"));
  }
  verified(c, what.user, [c, what] {
    c.ask(what, {}, [c](answer&& said) {
      if (said.why == reason::not_found) return c.answer(unknown("starting_after"));
      if (!said.done()) return c.answer_no(said);
      const auto& page = std::get<wallet::page>(said.body);
      auto data = json::array();
      for (const auto& one : page.entries) data.push_back(json_of(one));
      c.answer(200, dumped(json_of_list(std::move(data), page.more)));
    });
  });
}

void put_product(const asked& a, const call& c) {
  product::put what{{a.id[0]}, {}, {}, {}, a.at};
  if (!a.read(c, [&](fields& body) {
        what.name = body.text("name", name_characters_max);
        what.price = body.amount("price", 0);
        what.stock = body.maybe_whole("stock", {0, product::stock_max});
      }))
    return;
  put<product::view>(c, product::find{{a.id[0]}}, std::move(what),
                     [c](const auto& now) { return json_of(now, c.hall().options().currency); });
}

void get_product(const asked& a, const call& c) {
  c.want<product::view>(product::find{{a.id[0]}}, [c](product::view&& found, bool) {
    c.answer(200, dumped(json_of(found, c.hall().options().currency)));
  });
}

void patch_product(const asked& a, const call& c) {
  product::change what{{a.id[0]}, {}, {}, a.at};
  if (!a.read(c, [&](fields& body) {
        what.name = body.maybe_text("name", name_characters_max);
        what.price = body.maybe_amount("price", 0);
      }))
    return;
  c.want<product::view>(std::move(what), [c](product::view&& now, bool) {
    c.answer(200, dumped(json_of(now, c.hall().options().currency)));
  });
}

void restock(const asked& a, const call& c) {
  product::restock what{a.key, {a.id[0]}, 0, a.at};
  if (!a.read(c, [&](fields& body) { what.quantity = body.whole("quantity", {1, product::stock_max}); })) return;
  c.want<product::view>(std::move(what), [c](product::view&& now, bool replayed) {
    c.answer(201, dumped(json_of(now, c.hall().options().currency)), replayed);
  });
}

void list_products(const asked& a, const call& c) {
  product::list what;
  const auto limit = a.limit(c);
  if (!limit) return;
  what.limit = *limit;
  what.after = {a.parameter("starting_after").value_or("")};
  c.want_all<product::page>(domain::product, what, [c, limit = *limit](std::vector<product::page>&& pages) {
    std::vector<product::view> all;
    bool more = false;
    for (auto& page : pages) {
      more = more || page.more;
      std::move(page.products.begin(), page.products.end(), std::back_inserter(all));
    }
    more = merge(all, limit, [](const auto& x, const auto& y) { return x.product < y.product; }) || more;
    auto data = json::array();
    for (const auto& one : all) data.push_back(json_of(one, c.hall().options().currency));
    c.answer(200, dumped(json_of_list(std::move(data), more)));
  });
}

void put_campaign(const asked& a, const call& c) {
  coupon::put what{{a.id[0]}, {}, 0, {}, {}};
  if (!a.read(c, [&](fields& body) {
        body.object("discount", [&](fields& discount) {
          const auto amount = discount.maybe_amount("amount");
          const auto percent = discount.maybe_whole("percent", {1, 100});
          if (amount.has_value() == percent.has_value())
            discount.blame(amount ? "percent" : "amount", "or the other one must be given, and only one of them");
          what.discount = {amount.value_or(money{}), static_cast<std::int32_t>(percent.value_or(0))};
        });
        what.limit = body.whole("limit", {1, coupons_max});
        what.starts = body.maybe_moment("starts").value_or(moment{});
        what.ends = body.maybe_moment("ends").value_or(moment{});
        if (what.ends.ms && what.ends <= what.starts) body.blame("ends", "must be after starts");
      }))
    return;
  put<coupon::campaign>(c, coupon::find_campaign{{a.id[0]}}, std::move(what),
                        [](const auto& now) { return json_of(now); });
}

void get_campaign(const asked& a, const call& c) {
  c.want<coupon::campaign>(coupon::find_campaign{{a.id[0]}},
                           [c](coupon::campaign&& found, bool) { c.answer(200, dumped(json_of(found))); });
}

void issue_coupon(const asked& a, const call& c) {
  coupon::issue what{a.key, {a.id[0]}, {}, a.at};
  if (!a.read(c, [&](fields& body) { what.user = {body.id("user")}; })) return;
  verified(c, what.user, [c, what] {
    c.want<coupon::view>(
        what, [c](coupon::view&& issued, bool replayed) { c.answer(201, dumped(json_of(issued)), replayed); });
  });
}

void get_coupon(const asked& a, const call& c) {
  if (const auto id = a.number_in_path(c))
    c.want_own<coupon::view>(coupon::find{*id}, to_text(*id),
                             [c](coupon::view&& found, bool) { c.answer(200, dumped(json_of(found))); });
}

void list_coupons(const asked& a, const call& c) {
  coupon::list what{{a.id[0]}, {}, 0};
  const auto limit = a.limit(c);
  if (!limit) return;
  what.limit = *limit;
  if (const auto after = a.parameter("starting_after")) {
    const auto id = parse_number(*after);
    if (!id) return c.answer(unknown("starting_after"));
    what.after = *id;
  }
  verified(c, what.user, [c, what] {
    c.want_all<coupon::page>(domain::coupon, what, [c, what](std::vector<coupon::page>&& pages) {
      std::vector<coupon::view> all;
      bool more = false;
      for (auto& page : pages) {
        more = more || page.more;
        std::move(page.coupons.begin(), page.coupons.end(), std::back_inserter(all));
      }
      more = merge(all, what.limit, [](const auto& x, const auto& y) { return x.coupon < y.coupon; }) || more;
      auto data = json::array();
      for (const auto& one : all) data.push_back(json_of(one));
      c.answer(200, dumped(json_of_list(std::move(data), more)));
    });
  });
}

void best_sellers(const asked& a, const call& c) {
  const auto limit = a.limit(c, 10);
  if (!limit) return;
  const auto by = a.parameter("by").value_or("units");
  if (by != "units" && by != "net")
    return c.answer(problem{problems::invalid_parameter}.with("parameter", "by").detail("by must be units or net"));
  c.want<ranking::board>(ranking::best{*limit, by == "net"}, [c](ranking::board&& board, bool) {
    auto data = json::array();
    for (const auto& one : board.sellers) data.push_back(json_of(one));
    c.answer(200, dumped(json_of_list(std::move(data), false)));
  });
}

}  // namespace souk::edge::shop
