// Orders: placing one and waiting for its end, following it, taking it back.
#include <algorithm>

#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"
#include "actors/sagas/plans.hpp"

namespace souk::edge::orders {

namespace {

using order::flow;
using order::state;

void read_items(fields& body, bool agreed, std::vector<product::line>& lines) {
  body.each("items", order::lines_max, [&](fields& item) {
    auto& line = lines.emplace_back();
    line.product = {item.id("product")};
    line.quantity = item.whole("quantity", {1, product::units_max});
    if (agreed) line.amount = item.amount("amount", 0);
  });
}

void read_order(const call& c, fields& body, order::place& what) {
  what.user = {body.id("user")};
  read_items(body, what.agreed, what.lines);
  if (what.flow == flow::take_back) return;
  read_flow(c, body, what.flow);
  if (const auto text = body.maybe_id("coupon")) {
    const auto coupon = parse_number(*text);
    if (!coupon) body.blame("coupon", "is no coupon's id");
    if (!sagas::uses_coupons(what.flow)) body.blame("coupon", "is not for this flow");
    what.coupon = coupon.value_or(coupon_id{});
  }
}

// Small, because every order gets one; GET has the rest.
std::string receipt(const order::ticket& ticket, const order::place& what, const std::string& currency) {
  const auto paid = ticket.state == state::completed ? ticket.total.minor - ticket.discount.minor : 0;
  std::string out;
  out.reserve(256);
  out.append(R"({"id":")").append(to_text(ticket.id));
  out.append(R"(","user":")").append(what.user.text);
  out.append(R"(","flow":")").append(edge::to_text(what.flow));
  out.append(R"(","state":")").append(edge::to_text(ticket.state));
  out.append(R"(","total":)").append(std::to_string(ticket.total.minor));
  out.append(R"(,"discount":)").append(std::to_string(ticket.discount.minor));
  out.append(R"(,"paid":)").append(std::to_string(paid));
  out.append(R"(,"currency":)");
  append_quoted(out, currency);
  return out += '}';
}

std::string location_of(number id) { return "/v1/orders/" + to_text(id); }

// An order that did not come to pass, and which line was to blame.
void answer_failed(const call& c, const order::ticket& ticket, const order::place& what, bool replayed) {
  auto said = failure_of(ticket);
  const auto line = std::find_if(what.lines.begin(), what.lines.end(),
                                 [&](const auto& one) { return one.product.text == ticket.detail; });
  if (ticket.why == reason::limit_reached && line != what.lines.end())
    said.errors({{"items[" + std::to_string(line - what.lines.begin()) + "].quantity",
                  "times the price of " + ticket.detail + " is more than an amount may be"}});
  else if (!ticket.detail.empty())
    said.detail(ticket.detail);
  answer_failure(c, std::move(said), location_of(ticket.id), replayed);
}

void answer_ticket(const call& c, const order::ticket& ticket, const order::place& what, bool replayed) {
  if (ticket.state == state::failed) return answer_failed(c, ticket, what, replayed);
  answer_receipt(c, ticket, receipt(ticket, what, c.hall().options().currency), location_of(ticket.id), replayed);
}

void settle(const call& c, answer&& said, const order::place& what, bool replayed) {
  if (!said.done()) return c.answer_no(said);
  const auto& ticket = std::get<order::ticket>(said.body);
  if (ticket.state != state::cancelled) return answer_ticket(c, ticket, what, replayed);
  // Cancelled before it was completed: it never came to pass. Cancelled by a refund: the first answer stands.
  c.want<order::view>(order::find{ticket.id}, [c, ticket, what, replayed](order::view&& found, bool) {
    if (found.saga == order::saga_state::completed) return answer_ticket(c, ticket, what, replayed);
    answer_failed(c, ticket, what, replayed);
  });
}

void place_as(const asked& a, const call& c, flow as, bool agreed) {
  // Who is turned away is turned away before anything is read or asked.
  if (!c.admit()) return;
  order::place what;
  what.request = a.key;
  what.flow = as;
  what.agreed = agreed;
  what.at = a.at;
  what.trace = c.continued();
  if (!a.read(c, [&](fields& body) { read_order(c, body, what); })) return;
  place_this(c, std::move(what), a.wait_ms(c.hall().options()));
}

std::string text_of(const call& c, const order::view& found) {
  std::string out;
  append_order(out, found, c.hall().options().currency);
  return out;
}

}  // namespace

void read_flow(const call& c, fields& body, flow& into) {
  const auto name = body.maybe_text("flow", name_bytes_max);
  if (!name) return;
  const auto known = sagas::find_flow(*name);
  if (!known || !order::sells_goods(*known)) body.blame("flow", "must be one of " + sagas::names_of_sales());
  into = known.value_or(into);
  if (order::begins_by_event(into) && c.hall().shards(domain::product) > 1)
    body.blame("flow", "needs all products in one shard, because nobody there puts parts together");
}

problem failure_of(const order::ticket& ticket) {
  const auto& row = row_of(ticket.why);
  problem said{row.status_of_order, to_text(ticket.why), row.title};
  said.reason_is(ticket.why).with("order", to_text(ticket.id)).with("state", edge::to_text(ticket.state));
  return said;
}

void answer_failure(const call& c, problem said, const std::string& location, bool replayed) {
  said.header("Location", location);
  if (replayed) said.header("Idempotent-Replayed", "true");
  c.answer(std::move(said));
}

void answer_receipt(const call& c, const order::ticket& ticket, std::string receipt, const std::string& location,
                    bool replayed) {
  const bool running = ticket.state == state::pending;
  if (running && replayed)
    return c.answer(problem{reason::still_running}
                        .with("order", to_text(ticket.id))
                        .header("Location", location)
                        .header("Retry-After", "1"));
  http_response said{running ? 202U : 201U, {{"Location", location}}, "application/json", std::move(receipt)};
  if (replayed) said.headers.emplace_back("Idempotent-Replayed", "true");
  c.answer(std::move(said));
}

void place_this(const call& c, order::place what, std::int64_t wait_ms) {
  place_and_wait(c, std::move(what), wait_ms, settle);
}

void place_and_wait(const call& c, order::place what, std::int64_t wait_ms, tell_end settle) {
  if (!c.admit(what.flow)) return;
  auto first = what;
  first.wait = wait_ms > 0;
  // The first question is asked once and kept by nobody: if its answer does not come in time, the same key asks how
  // things stand. That finds the order, or places it if the first letter was lost.
  runtime::ask_options once;
  if (first.wait) once = {{}, wait_ms, 0};
  c.ask(std::move(first), once, [c, what = std::move(what), settle, waited = wait_ms > 0](answer&& said) {
    const bool in_time = !waited || said.what != verdict::lost || said.why != reason::unreachable;
    if (in_time) {
      const bool before = said.replayed;
      return settle(c, std::move(said), what, before);
    }
    c.ask(what, {}, [c, what, settle](answer&& now) {
      // The desk calls our own second question a repetition, too. But an order's number says when it was placed: before
      // this request came means by an earlier one.
      const auto* ticket = std::get_if<order::ticket>(&now.body);
      const bool before = ticket && ticket->id < next_number({}, what.at.ms, 0);
      settle(c, std::move(now), what, before);
    });
  });
}

void place(const asked& a, const call& c) { place_as(a, c, flow::order_payment, false); }
void place_agreed(const asked& a, const call& c) { place_as(a, c, flow::order_payment, true); }
void place_return(const asked& a, const call& c) { place_as(a, c, flow::take_back, true); }

void get(const asked& a, const call& c) {
  if (const auto id = a.number_in_path(c))
    c.want_own<order::view>(order::find{*id}, to_text(*id),
                            [c](order::view&& found, bool) { c.answer(200, text_of(c, found)); });
}

order::page newest_of(std::vector<order::page>&& pages, std::uint32_t limit) {
  order::page all;
  for (auto& page : pages) {
    all.more = all.more || page.more;
    all.next = std::max(all.next, page.next);
    std::move(page.orders.begin(), page.orders.end(), std::back_inserter(all.orders));
  }
  // What one store has below the place where another stopped looking comes with the next page.
  std::erase_if(all.orders, [&](const auto& one) { return one.id < all.next; });
  std::sort(all.orders.begin(), all.orders.end(), [](const auto& x, const auto& y) { return x.id > y.id; });
  if (all.orders.size() > limit) {
    all.orders.resize(limit);
    all.more = true;
    all.next = {};
  }
  if (all.more && !all.next && !all.orders.empty()) all.next = all.orders.back().id;
  return all;
}

void list(const asked& a, const call& c) {
  const auto wrong = [&](std::string_view parameter, std::string_view text) {
    c.answer(problem{problems::invalid_parameter}.with("parameter", parameter).detail(text));
  };
  order::list what;
  const auto limit = a.limit(c);
  if (!limit) return;
  what.limit = *limit;
  if (auto user = a.parameter("user")) {
    if (!is_name(*user)) return wrong("user", "user must be an id");
    what.user = user_id{*std::move(user)};
  } else if (c.who() && c.who()->role == role::customer) {
    what.user = user_id{c.who()->user};
  }
  if (const auto name = a.parameter("state")) {
    what.state = parse_order_state(*name);
    if (!what.state) return wrong("state", "state must be PENDING, COMPLETED, FAILED or CANCELLED");
  }
  if (const auto after = a.parameter("starting_after")) {
    const auto id = parse_number(*after);
    if (!id) return wrong("starting_after", "starting_after must be an order's id");
    what.before = *id;
  }
  c.want_all<order::page>(domain::order, what, [c, limit = what.limit](std::vector<order::page>&& pages) {
    const auto all = newest_of(std::move(pages), limit);
    std::string out = R"({"data":[)";
    for (const auto& one : all.orders) {
      if (out.back() == '}') out += ',';
      append_order(out, one, c.hall().options().currency);
    }
    out.append(R"(],"has_more":)").append(all.more ? "true}" : "false}");
    c.answer(200, std::move(out));
  });
}

void timeline(const asked& a, const call& c) {
  if (const auto id = a.number_in_path(c))
    c.want_own<order::view>(order::find{*id}, to_text(*id), [c](order::view&& found, bool) {
      c.answer(200, timeline_of(found, !c.who() || c.who()->role != role::customer));
    });
}

void cancel(const asked& a, const call& c) {
  const auto id = a.number_in_path(c);
  if (!id || !a.read(
                 c, [](fields&) {}, true))
    return;
  // What is there to say when it is cancelled, or not yet.
  const auto show = [c, id = *id](bool replayed) {
    c.want<order::view>(order::find{id}, [c, replayed](order::view&& now, bool) {
      c.answer(now.state == state::cancelled ? 200 : 202, text_of(c, now), replayed);
    });
  };
  const auto wait_ms = a.wait_ms(c.hall().options());
  const auto begin = [c, id = *id, show, wait_ms, at = a.at](order::view&& before, bool) {
    if (before.state == state::cancelled) return show(true);
    if (wait_ms == 0) return c.want<order::ticket>(order::cancel{id, false, at}, [show](auto&&, bool) { show(false); });
    c.ask(order::cancel{id, true, at}, {{}, wait_ms, 0}, [c, id, show, at](answer&& said) {
      if (said.done()) return show(false);
      if (said.what == verdict::refused || said.why != reason::unreachable) return c.answer_no(said);
      // Still going, or the letter was lost: asked again without waiting, so that it is surely known.
      c.want<order::ticket>(order::cancel{id, false, at}, [show](auto&&, bool) { show(false); });
    });
  };
  c.want_own<order::view>(order::find{*id}, to_text(*id), begin);
}

void get_payment(const asked& a, const call& c) {
  if (const auto id = a.number_in_path(c))
    c.want_own<payment::view>(payment::find{*id}, to_text(*id), [c](payment::view&& found, bool) {
      c.answer(200, dumped(json_of(found, c.hall().options().currency)));
    });
}

}  // namespace souk::edge::orders
