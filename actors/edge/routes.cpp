// Finds the route of a request and takes the request apart.
#include "actors/edge/routes.hpp"

#include "actors/edge/routes_backups.hpp"
#include "actors/edge/routes_moves.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

namespace souk::edge {

namespace {

constexpr auto needs_key = key_rule::required;
constexpr auto no_key = key_rule::none;

// What is asked most stands first: a request looks at the lines from the top.
constexpr route table[] = {
    {"POST", "/v1/orders", orders::place, needs_key, guards::body_user, "Place an order and wait for its end", "Order",
     "201:Receipt 202:Receipt", ""},
    {"GET", "/v1/orders/{id}", orders::get, no_key, guards::see_order, "An order, a return or a refund", "",
     "200:OrderView", ""},
    {"GET", "/v1/orders", orders::list, no_key, guards::see_orders, "Sales, newest first", "", "200:OrderList",
     "user state limit starting_after"},
    {"GET", "/v1/orders/{id}/timeline", orders::timeline, no_key, guards::see_order,
     "Every step of the saga, with times and reasons", "", "200:Timeline", ""},
    {"GET", "/v1/orders/{id}/events", orders::events, no_key, guards::see_order,
     "The steps of the saga as they happen (server-sent events)", "", "200", ""},
    {"POST", "/v1/orders/{id}/cancel", orders::cancel, needs_key, guards::owner,
     "Take an order back: walk it back, or refund it", "", "200:OrderView 202:OrderView", ""},
    {"GET", "/v1/payments/{order}", orders::get_payment, no_key, guards::see_order,
     "The payment of an order, with its history", "", "200:Payment", ""},
    {"PUT", "/v1/users/{id}", shop::put_user, no_key, guards::path_user, "Register a user, or rename one", "UserPut",
     "200:User 201:User", ""},
    {"GET", "/v1/users/{id}", shop::get_user, no_key, guards::path_user, "A user", "", "200:User", ""},
    {"PATCH", "/v1/users/{id}", shop::patch_user, no_key, guards::path_user, "Change a user", "UserPut", "200:User",
     ""},
    {"GET", "/v1/wallets/{user}", shop::get_wallet, no_key, guards::path_user, "A balance", "", "200:Wallet", ""},
    {"POST", "/v1/wallets/{user}/charges", shop::charge, needs_key, guards::staff_only, "Top up a wallet", "Charge",
     "201:Wallet", ""},
    {"GET", "/v1/wallets/{user}/entries", shop::list_entries, no_key, guards::path_user, "The ledger, newest first", "",
     "200:EntryList", "limit starting_after"},
    {"PUT", "/v1/products/{id}", shop::put_product, no_key, guards::staff_only, "List a product, or change it",
     "ProductPut", "200:Product 201:Product", ""},
    {"GET", "/v1/products/{id}", shop::get_product, no_key, guards::browse, "A product with its stock", "",
     "200:Product", ""},
    {"PATCH", "/v1/products/{id}", shop::patch_product, no_key, guards::staff_only, "Change a product", "ProductPatch",
     "200:Product", ""},
    {"POST", "/v1/products/{id}/restocks", shop::restock, needs_key, guards::staff_only, "Put goods on the shelf",
     "Restock", "201:Product", ""},
    {"GET", "/v1/products", shop::list_products, no_key, guards::browse, "The catalogue by id", "", "200:ProductList",
     "limit starting_after"},
    {"PUT", "/v1/campaigns/{code}", shop::put_campaign, no_key, guards::staff_only,
     "Open a coupon campaign, or change it", "CampaignPut", "200:Campaign 201:Campaign", ""},
    {"GET", "/v1/campaigns/{code}", shop::get_campaign, no_key, guards::browse, "A campaign", "", "200:Campaign", ""},
    {"POST", "/v1/campaigns/{code}/coupons", shop::issue_coupon, needs_key, guards::body_user,
     "Issue a coupon, first come first served", "CouponIssue", "201:Coupon", ""},
    {"GET", "/v1/coupons/{id}", shop::get_coupon, no_key, guards::owner, "A coupon", "", "200:Coupon", ""},
    {"GET", "/v1/users/{id}/coupons", shop::list_coupons, no_key, guards::path_user, "A user's coupons, oldest first",
     "", "200:CouponList", "limit starting_after"},
    {"GET", "/v1/carts/{user}", carts::get, no_key, guards::path_user, "What a user means to buy", "", "200:Cart", ""},
    {"PUT", "/v1/carts/{user}/items/{product}", carts::put_item, no_key, guards::path_user, "So many of it from now on",
     "CartItem", "200:Cart", ""},
    {"DELETE", "/v1/carts/{user}/items/{product}", carts::remove_item, no_key, guards::path_user, "None of it any more",
     "", "200:Cart", ""},
    {"POST", "/v1/carts/{user}/checkout", carts::checkout, needs_key, guards::path_user, "Order what is in the cart",
     "Checkout", "201:Receipt 202:Receipt", ""},
    {"GET", "/v1/rankings/best-sellers", shop::best_sellers, no_key, guards::browse, "Best sellers by units", "",
     "200:SellerList", "limit by"},
    {"POST", "/v1/admin/orders", orders::place_agreed, needs_key, guards::back_office,
     "A back-office order at agreed amounts", "AgreedOrder", "201:Receipt 202:Receipt", ""},
    {"POST", "/v1/admin/returns", orders::place_return, needs_key, guards::back_office,
     "Take goods back: restock and credit", "AgreedOrder", "201:Receipt 202:Receipt", ""},
    {"GET", "/v1/admin/sagas", repairs::list, no_key, guards::console,
     "Sagas of every design, newest first; those that are open", "", "200:SagaList",
     "state flow reason reason_has user product older_than overdue prefix limit starting_after"},
    {"GET", "/v1/admin/sagas/{id}", repairs::show, no_key, guards::console,
     "A saga: its story, and what it has in effect where", "", "200:Saga", ""},
    {"GET", "/v1/admin/locks", locks::list, no_key, guards::console,
     "What the sagas that are under way hold, since when, and who has asked for the same", "", "200:LockList",
     "kind name state flow reason reason_has user product older_than overdue prefix limit starting_after"},
    {"POST", "/v1/admin/sagas/{id}/retry", repairs::retry, no_key, guards::console, "Have a parked saga try again",
     "Repair", "200:Repaired 202:Repaired", ""},
    {"POST", "/v1/admin/sagas/{id}/compensate", repairs::compensate, no_key, guards::console,
     "Turn a parked saga back, if it has not passed its pivot", "Repair", "200:Repaired 202:Repaired", ""},
    {"POST", "/v1/admin/sagas/{id}/skip", repairs::skip, no_key, guards::console,
     "The step at which it is parked is settled otherwise", "Repair", "200:Repaired 202:Repaired", ""},
    {"POST", "/v1/admin/sagas/{id}/fail", repairs::fail, no_key, guards::console,
     "End a parked saga as failed; what is in effect is written off", "Repair", "200:Repaired 202:Repaired", ""},
    {"POST", "/v1/admin/repairs", repairs::mend_several, no_key, guards::console,
     "Repair parked sagas that are as a filter says, a page at a time", "SeveralRepairs", "200:SeveralRepaired", ""},
    {"GET", "/v1/admin/designs", designs::list, no_key, guards::console,
     "The designs, how their sagas are, and which are paused", "", "200:DesignList", ""},
    {"POST", "/v1/admin/designs/{design}/pause", designs::pause, no_key, guards::console,
     "Take no new orders of a design; those that run go on", "Repair", "200:Paused", ""},
    {"POST", "/v1/admin/designs/{design}/resume", designs::resume, no_key, guards::console,
     "Take new orders of a design again", "Repair", "200:Paused", ""},
    {"GET", "/v1/admin/check", console::check, no_key, guards::console,
     "What the audit that goes on in the background found in its last round", "", "200:Verdict", ""},
    {"GET", "/v1/admin/audit", repairs::list_audit, no_key, guards::console,
     "What operators did, and why, newest first", "", "200:AuditList", "saga limit starting_after"},
    {"GET", "/v1/admin/audit/verify", repairs::verify_audit, no_key, guards::console,
     "Follow the audit log's chain of hashes", "", "200:AuditState", ""},
    {"GET", "/v1/admin/plans", repairs::list_plans, no_key, guards::console, "The sagas as their code has them", "",
     "200", ""},
    {"GET", "/v1/admin/nodes", console::list_nodes, no_key, guards::console,
     "This node, and the others as it sees them", "", "200:NodeList", ""},
    {"GET", "/v1/admin/live", console::live, no_key, guards::console,
     "How the node is, once a second while somebody listens (server-sent events)", "", "200", ""},
    {"GET", "/v1/admin/outbox", admin::list_outbox, no_key, guards::console,
     "Events that the platform did not take yet", "", "200:TroubleList", "limit starting_after"},
    {"POST", "/v1/admin/outbox/{source}/{seq}/retry", admin::retry_outbox, no_key, guards::console,
     "Give a dead letter its tries again", "Repair", "200:Replayed 202:Replayed", ""},
    {"GET", "/v1/admin/event-log", admin::show_event_log, no_key, guards::console,
     "The event log: topics, subscribers and their lag, events in trouble", "", "200:PartitionList", "limit"},
    {"POST", "/v1/admin/event-log/{letter}/retry", admin::retry_event, no_key, guards::console,
     "Give an event that a subscriber could not take its tries again", "Repair", "200:Replayed 202:Replayed", ""},
    {"POST", "/v1/admin/payment-webhooks", admin::hear_of_payment, no_key, guards::payment_news,
     "The payment provider has news of a payment: it is asked for them", "PaymentNews", "202", ""},
    {"GET", "/v1/admin/actors", admin::list_actors, no_key, guards::console, "Desks and coordinators with their counts",
     "", "200:ActorList", ""},
    {"POST", "/v1/admin/backups", backups::take, no_key, guards::console, "Copy all stores as they are at one instant",
     "BackupWish", "201:Backup", ""},
    {"POST", "/v1/admin/moves", moves::order, no_key, guards::console,
     "Move a shard to another node; again, how far it is", "MoveWish", "200:Moved 202:Moved", ""},
    {"GET", "/livez", admin::livez, no_key, guards::open, "The process lives", "", "200", ""},
    {"GET", "/readyz", admin::readyz, no_key, guards::open, "The node takes requests", "", "200", ""},
    {"GET", "/metrics", admin::metrics, no_key, guards::console, "Figures for Prometheus", "", "200", ""},
    {"GET", "/openapi.json", admin::openapi, no_key, guards::open, "This description", "", "200", ""},
    {"PUT", "/v1/concerts/{id}", seats::put_concert, no_key, guards::staff_only,
     "List a concert, its dates and their seats", "ConcertPut", "200:Concert 201:Concert", ""},
    {"GET", "/v1/concerts/{id}", seats::get_concert, no_key, guards::browse, "A concert", "", "200:Concert", ""},
    {"GET", "/v1/concerts", seats::list_concerts, no_key, guards::browse, "Concerts by id", "", "200:ConcertList",
     "limit starting_after"},
    {"GET", "/v1/concerts/{id}/schedules", seats::list_schedules, no_key, guards::browse, "A concert's dates", "",
     "200:ScheduleList", ""},
    {"GET", "/v1/schedules/{id}/seats", seats::list_seats, no_key, guards::browse,
     "The seats of a date as they are now", "", "200:SeatList", "limit starting_after"},
    {"POST", "/v1/schedules/{id}/queue-tokens", seats::join_queue, needs_key, guards::body_user,
     "Take a place in the waiting room", "QueueJoin", "201:QueueToken", ""},
    {"GET", "/v1/queue-tokens/{token}", seats::get_token, no_key, guards::owner,
     "A token's place, and whether it is in", "", "200:QueueToken", ""},
    {"POST", "/v1/schedules/{id}/holds", seats::hold_seat, needs_key, guards::body_user, "Hold a seat", "HoldSeat",
     "201:Hold", ""},
    {"DELETE", "/v1/holds/{id}", seats::release_hold, no_key, guards::owner, "Give a held seat back", "", "200:Hold",
     ""},
    {"POST", "/v1/seat-payments", seats::pay, needs_key, guards::body_user, "Pay for a held seat", "SeatPayment",
     "201:SeatReceipt 202:SeatReceipt", ""},
    {"GET", "/v1/seat-payments/{id}", seats::get_payment, no_key, guards::owner, "A seat payment", "",
     "200:SeatReceipt", ""},
    {"GET", "/v1/rankings/sold-out", seats::sold_out, no_key, guards::browse, "What sold out fastest", "",
     "200:FullHouseList", "limit"},
    {"GET", "/", console::page, no_key, guards::page, "The console: a page for people", "", "200", ""},
    {"GET", "/console.js", console::script, no_key, guards::page, "What the page does", "", "200", ""},
    {"GET", "/console.css", console::style, no_key, guards::page, "How the page looks", "", "200", ""},
    {"GET", "/console.svg", console::icon, no_key, guards::page, "The page's sign", "", "200", ""},
};

constexpr std::size_t segments_max = 8;

struct segments {
  std::array<std::string_view, segments_max> at;
  std::size_t count = 0;
  bool too_many = false;

  explicit segments(std::string_view path) {
    if (path.starts_with('/')) path.remove_prefix(1);
    while (true) {
      const auto slash = path.find('/');
      if (count == segments_max) {
        too_many = true;
        return;
      }
      at[count++] = path.substr(0, slash);
      if (slash == path.npos) return;
      path.remove_prefix(slash + 1);
    }
  }
};

bool fits(const segments& pattern, const segments& path) {
  if (pattern.count != path.count || path.too_many) return false;
  for (std::size_t i = 0; i < path.count; ++i)
    if (!pattern.at[i].starts_with('{') && pattern.at[i] != path.at[i]) return false;
  return true;
}

const std::vector<segments>& patterns() {
  static const std::vector<segments> all = [] {
    std::vector<segments> made;
    for (const auto& one : table) made.emplace_back(one.pattern);
    return made;
  }();
  return all;
}

// 1 to 255 visible characters: anything else is nothing that a caller could repeat reliably.
bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= 255 &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool equal_without_case(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

// While nobody needs a key, whoever reaches this machine's loopback may do all, and a browser reaches it for any page
// that it shows. A page cannot choose what the browser says of its origin, nor of the host that it believes to ask.
bool is_of_a_foreign_page(const http_request& request) {
  const auto said = request.header("host");
  if (!said.empty()) {
    const auto name = said.substr(0, said.starts_with('[') ? said.find(']') + 1 : said.find(':'));
    const bool numbers = name.starts_with("127.") && name.find_first_not_of("0123456789.") == name.npos;
    if (!numbers && name != "[::1]" && !equal_without_case(name, "localhost")) return true;
  }
  const auto origin = request.header("origin");
  return !origin.empty() && origin != "http://" + std::string{said} && origin != "https://" + std::string{said};
}

// Users that the path or the query names. False: it is another's, and that is the answer.
bool is_callers_own(const asked& a, const call& c) {
  switch (a.route.guard.whose()) {
    case belongs::to_user_in_path:
      if (c.owns(a.id[0])) return true;
      // Word for word what is said of a user that is not there.
      c.answer(problem{reason::unknown_user}.detail(a.id[0]));
      return false;
    case belongs::to_user_in_query:
      if (const auto user = a.parameter("user"); !user || c.owns(*user)) return true;
      c.answer(problem{problems::foreign_user}.with("parameter", "user"));
      return false;
    case belongs::to_all:
    case belongs::to_user_in_body:  // see asked::read
    case belongs::to_its_owner: return true;
  }
  return true;
}

// A parameter that the route does not know, or one that is there twice: a slip of the pen must not silently mean
// something else.
std::optional<problem> trouble_of_parameters(const asked& a) {
  std::set<std::string_view> seen;
  for (auto rest = a.query; !rest.empty();) {
    const auto one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    if (one.empty()) continue;
    const auto name = one.substr(0, one.find('='));
    bool known = false;
    for (auto names = a.route.parameters; !names.empty() && !known;) {
      const auto word = names.substr(0, names.find(' '));
      names.remove_prefix(std::min(word.size() + 1, names.size()));
      known = word == name;
    }
    if (known && seen.insert(name).second) continue;
    return std::move(problem{problems::invalid_parameter}
                         .with("parameter", name)
                         .detail(std::string{name} + (known ? " is there twice" : " is no parameter of this route")));
  }
  return std::nullopt;
}

}  // namespace

std::span<const route> all_routes() { return table; }

std::string read_signature(fields& body, const call& c) {
  auto by = body.maybe_text("by", 64).value_or("");
  if (by.find_first_of("()") != by.npos) body.blame("by", "has no brackets: those say which key it was");
  if (const auto* who = c.who())
    by += (by.empty() ? "(" : " (") + std::string{to_text(who->role)} + ' ' + id_of_key(who->key) + ')';
  return by;
}

void render(const http_request& request, const call& c) {
  const std::string_view target = request.target;
  const auto mark = target.find('?');
  const auto path = target.substr(0, mark);
  const segments asked_for{path};
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view{request.method};
  std::string allowed;
  for (std::size_t i = 0; i < std::size(table); ++i) {
    if (!fits(patterns()[i], asked_for)) continue;
    const auto& route = table[i];
    if (!c.serves(route.guard)) continue;
    if (route.method != method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string{route.method};
      if (route.method == "GET") allowed += ", HEAD";
      continue;
    }
    c.note(request.method == "HEAD" ? "HEAD" : route.method, route.pattern, request.header("traceparent"));
    if (!c.hall().guarded() && is_of_a_foreign_page(request)) return c.answer(problem{problems::foreign_page});
    if (!c.let_in(route.guard, request.header("authorization"))) return;
    asked what{request, route, mark == target.npos ? std::string_view{} : target.substr(mark + 1),
               {},      {},    c.hall().now()};
    std::size_t n = 0;
    for (std::size_t s = 0; s < asked_for.count; ++s) {
      if (!patterns()[i].at[s].starts_with('{')) continue;
      auto id = percent_decoded(asked_for.at[s], false);
      if (!id || !is_name(*id)) {
        const auto name = patterns()[i].at[s].substr(1, patterns()[i].at[s].size() - 2);
        return c.answer(problem{route.method == "PUT" ? problems::invalid_id : problems::unknown_path}.detail(
            std::string{name} + " must be an id: 1 to 64 letters, digits and -_.:"));
      }
      what.id[n++] = *std::move(id);
    }
    if (auto trouble = trouble_of_parameters(what)) return c.answer(*trouble);
    if (!is_callers_own(what, c)) return;
    what.key = request.header("idempotency-key");
    const bool given = !what.key.empty();
    if ((given && !is_key(what.key)) || (!given && route.key == key_rule::required))
      return c.answer(problem{problems::invalid_header}
                          .with("header", "Idempotency-Key")
                          .detail(given ? "Idempotency-Key must have 1 to 255 visible ASCII characters"
                                        : "Idempotency-Key is missing"));
    try {
      return route.handle(what, c);
    } catch (const std::exception& broken) {
      spdlog::error("{} {} broke: {}", route.method, route.pattern, broken.what());
      return c.answer(problem{problems::internal});
    }
  }
  c.note("other", {}, request.header("traceparent"));
  if (allowed.empty()) return c.answer(problem{problems::unknown_path});
  c.answer(problem{problems::wrong_method}.header("Allow", allowed));
}

bool asked::read(const call& c, const std::function<void(fields&)>& read, bool may_be_missing) const {
  if (request.body.empty() && may_be_missing) return true;
  const auto type = request.header("content-type");
  if (!type.empty() && !equal_without_case(trimmed(type.substr(0, type.find(';'))), "application/json")) {
    c.answer(problem{problems::media_type});
    return false;
  }
  document body{request.body};
  if (const auto& trouble = body.trouble()) {
    c.answer(problem{body.trouble_is_duplicate() ? problems::duplicate_member : problems::malformed_body}.errors(
        {*trouble}));
    return false;
  }
  // Here, and not in the handlers, so that none forgets it; and first, because reading takes the texts out of the body.
  bool foreign = false;
  if (route.guard.whose() == belongs::to_user_in_body && c.who()) {
    auto copy = body;
    flaws ignored;
    const auto user = fields{copy, ignored}.maybe_id("user");
    foreign = user && !c.owns(*user);
  }
  flaws found;
  fields in{body, found};
  read(in);
  in.done();
  if (!found.empty()) {
    c.answer(problem{problems::invalid_member}.errors(found));
    return false;
  }
  if (foreign) {
    c.answer(problem{problems::foreign_user}.with("member", "user"));
    return false;
  }
  return true;
}

std::optional<std::string> asked::parameter(std::string_view name) const {
  for (auto rest = query; !rest.empty();) {
    const auto one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const auto equals = one.find('=');
    if (one.substr(0, equals) == name)
      return percent_decoded(equals == one.npos ? std::string_view{} : one.substr(equals + 1), true).value_or("%");
  }
  return std::nullopt;
}

std::optional<number> asked::number_in_path(const call& c) const {
  const auto found = parse_number(id[0]);
  if (!found) c.answer(problem{reason::not_found}.detail(id[0]));
  return found;
}

std::optional<std::uint32_t> asked::limit(const call& c, std::uint32_t otherwise) const {
  const auto text = parameter("limit");
  if (!text) return otherwise;
  std::uint32_t n = 0;
  const auto [end, wrong] = std::from_chars(text->data(), text->data() + text->size(), n);
  if (wrong == std::errc{} && end == text->data() + text->size() && n >= 1 && n <= 1000) return n;
  c.answer(problem{problems::invalid_parameter}.with("parameter", "limit").detail("limit must be from 1 to 1000"));
  return std::nullopt;
}

std::int64_t asked::wait_ms(const gateway_options& options) const {
  auto wait = options.wait_ms;
  for (auto rest = request.header("prefer"); !rest.empty();) {
    const auto one = rest.substr(0, rest.find_first_of(",;"));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const auto word = trimmed(one);
    if (equal_without_case(word, "respond-async")) return 0;
    if (word.size() <= 5 || !equal_without_case(word.substr(0, 5), "wait=")) continue;
    std::int64_t seconds = 0;
    const auto [end, wrong] = std::from_chars(word.data() + 5, word.data() + word.size(), seconds);
    // A preference that makes no sense is ignored, as RFC 7240 has it.
    if (wrong == std::errc{} && end == word.data() + word.size() && seconds >= 0)
      wait = std::min(seconds, options.wait_ms_max / 1000) * 1000;
  }
  return wait;
}

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit(text[i + 1]), low = digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' && plus_is_blank ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace souk::edge
