// The table of routes: what stands in no line of it does not exist.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "actors/edge/call.hpp"
#include "actors/edge/keys.hpp"

namespace souk::edge {

enum class key_rule : std::uint8_t { none, required };  // of the Idempotency-Key

struct route {
  std::string_view method;
  std::string_view pattern;  // "/v1/users/{id}"
  void (*handle)(const asked&, const call&);
  key_rule key;
  edge::guard guard;
  std::string_view summary;
  std::string_view body;        // schema in the OpenAPI description; empty: none
  std::string_view answers;     // "200:User 201:User": statuses and schemas; problems go without saying
  std::string_view parameters;  // of the query: "limit starting_after"
};
std::span<const route> all_routes();

// Finds the route of a request and hands it over; answers itself when there is none.
void render(const http_request& request, const call& c);

// What every wish of an operator says: why, by whom, and whether only to hear what would become of it. Whoever has a
// key signs with it, whatever he says that he is called: "olga (operator 5f0c8ad1e2b4)".
std::string read_signature(fields& body, const call& c);
template <class Wish>
void read_why(fields& body, const call& c, Wish& wanted) {
  wanted.reason = body.text("reason", 500);
  wanted.by = read_signature(body, c);
  wanted.dry = body.maybe_flag("dry_run").value_or(false);
}

// The handlers, by file.
namespace shop {  // routes_shop.cpp: users, wallets, products, coupons, rankings
void put_user(const asked&, const call&);
void get_user(const asked&, const call&);
void patch_user(const asked&, const call&);
void get_wallet(const asked&, const call&);
void charge(const asked&, const call&);
void list_entries(const asked&, const call&);
void put_product(const asked&, const call&);
void get_product(const asked&, const call&);
void patch_product(const asked&, const call&);
void restock(const asked&, const call&);
void list_products(const asked&, const call&);
void put_campaign(const asked&, const call&);
void get_campaign(const asked&, const call&);
void issue_coupon(const asked&, const call&);
void get_coupon(const asked&, const call&);
void list_coupons(const asked&, const call&);
void best_sellers(const asked&, const call&);
}  // namespace shop
namespace orders {  // routes_orders.cpp
void place(const asked&, const call&);
void place_agreed(const asked&, const call&);
void place_return(const asked&, const call&);
void get(const asked&, const call&);
void list(const asked&, const call&);
void timeline(const asked&, const call&);
void events(const asked&, const call&);
void cancel(const asked&, const call&);
void get_payment(const asked&, const call&);
// Of what all shards have, newest first, at most so many.
souk::order::page newest_of(std::vector<souk::order::page>&& pages, std::uint32_t limit);
// Places what is to be sold and tells its end, or after wait_ms how things stand.
using tell_end = void (*)(const call&, souk::answer&&, const souk::order::place&, bool replayed);
void place_and_wait(const call&, souk::order::place what, std::int64_t wait_ms, tell_end settle);
void place_this(const call&, souk::order::place what, std::int64_t wait_ms);  // of goods
void read_flow(const call&, fields& body, souk::order::flow& into);           // of goods, when it is given
// A sale that did not come to pass: which it is, how it stands, and why.
problem failure_of(const souk::order::ticket&);
void answer_failure(const call&, problem, const std::string& location, bool replayed);
// A sale that came to pass, or that still may; asked for a second time meanwhile, there is nothing to say but that.
void answer_receipt(const call&, const souk::order::ticket&, std::string receipt, const std::string& location,
                    bool replayed);
}  // namespace orders
namespace repairs {  // routes_sagas.cpp
// What the query asks for; when it asks for nonsense, that is the answer.
std::optional<souk::order::list_sagas> read_filter(const asked&, const call&);
void list(const asked&, const call&);
void show(const asked&, const call&);
void retry(const asked&, const call&);
void compensate(const asked&, const call&);
void skip(const asked&, const call&);
void fail(const asked&, const call&);
void list_audit(const asked&, const call&);
void verify_audit(const asked&, const call&);
void list_plans(const asked&, const call&);
void mend_several(const asked&, const call&);  // routes_several.cpp
}  // namespace repairs
namespace locks {  // routes_locks.cpp
void list(const asked&, const call&);
}  // namespace locks
namespace designs {  // routes_designs.cpp
void list(const asked&, const call&);
void pause(const asked&, const call&);
void resume(const asked&, const call&);
}  // namespace designs
namespace console {  // routes_console.cpp
void page(const asked&, const call&);
void script(const asked&, const call&);
void style(const asked&, const call&);
void icon(const asked&, const call&);
void live(const asked&, const call&);
void list_nodes(const asked&, const call&);
void check(const asked&, const call&);
}  // namespace console
namespace carts {  // routes_carts.cpp
void get(const asked&, const call&);
void put_item(const asked&, const call&);
void remove_item(const asked&, const call&);
void checkout(const asked&, const call&);
}  // namespace carts
namespace seats {  // routes_seats.cpp
void put_concert(const asked&, const call&);
void get_concert(const asked&, const call&);
void list_concerts(const asked&, const call&);
void list_schedules(const asked&, const call&);
void list_seats(const asked&, const call&);
void join_queue(const asked&, const call&);
void get_token(const asked&, const call&);
void hold_seat(const asked&, const call&);
void release_hold(const asked&, const call&);
void pay(const asked&, const call&);
void get_payment(const asked&, const call&);
void sold_out(const asked&, const call&);
}  // namespace seats
namespace admin {  // routes_admin.cpp
void show_event_log(const asked&, const call&);
void retry_event(const asked&, const call&);
void list_outbox(const asked&, const call&);
void retry_outbox(const asked&, const call&);
void hear_of_payment(const asked&, const call&);
void list_actors(const asked&, const call&);
void livez(const asked&, const call&);
void readyz(const asked&, const call&);
void metrics(const asked&, const call&);
void openapi(const asked&, const call&);
}  // namespace admin

}  // namespace souk::edge
