// Concerts and their seats: listing them, waiting for one's turn, holding a seat, paying for it.
#include <set>

#include "actors/edge/json_of.hpp"
#include "actors/edge/routes.hpp"

namespace souk::edge::seats {

namespace {

using order::state;

constexpr std::size_t name_characters_max = 256;
constexpr std::size_t label_characters_max = 64;  // what a ticket has room for
constexpr std::size_t schedules_max = 400;        // more dates than a year has
constexpr std::int64_t admits_otherwise = 100;
constexpr std::int64_t hold_seconds_otherwise = 300;

// A concert on its way into three domains. First its dates are claimed, then seats and waiting rooms are opened, and
// only then is it listed: whoever repeats a request that was cut off half way brings it to its end.
struct listing {
  call c;
  concert::put put;
  std::vector<reservation::open> seats;
  std::vector<queue::open> rooms;
  unsigned status = 201;

  static void claim(const std::shared_ptr<listing>& it) {
    it->c.ask(it->put, {}, [it](answer&& said) {
      if (said.done()) return open(it, 0);
      if (said.why != reason::key_reused) return it->c.answer_no(said);
      const auto& dates = it->put.schedules;
      for (std::size_t i = 0; i < dates.size(); ++i)
        if (dates[i].schedule.text == said.detail)
          return it->c.answer(problem{problems::invalid_member}.errors(
              {{"schedules[" + std::to_string(i) + "].id", "is a date of another concert"}}));
      it->c.answer_no(said);
    });
  }
  static void open(const std::shared_ptr<listing>& it, std::size_t next) {
    if (next == it->seats.size()) return show(it);
    it->c.want<void>(std::move(it->seats[next]), [it, next](bool) {
      it->c.want<void>(std::move(it->rooms[next]), [it, next](bool) { open(it, next + 1); });
    });
  }
  static void show(const std::shared_ptr<listing>& it) {
    it->put.listed = true;
    it->c.want<concert::view>(it->put,
                              [it](concert::view&& now, bool) { it->c.answer(it->status, dumped(json_of(now))); });
  }
};

reservation::offer read_seat(fields& seat) {
  reservation::offer one;
  one.seat = {seat.id("id")};
  one.section = seat.text("section", label_characters_max);
  one.row = seat.text("row", label_characters_max);
  one.number = seat.text("number", label_characters_max);
  one.category = seat.text("category", label_characters_max);
  one.price = seat.amount("price", 0);
  return one;
}

void read_schedule(fields& body, listing& into) {
  concert::date date;
  reservation::open seats;
  queue::open room;
  date.schedule = {body.id("id")};
  for (const auto& before : into.put.schedules)
    if (before.schedule == date.schedule) body.blame("id", "is there twice");
  date.starts = body.when("starts");
  date.venue = body.maybe_text("venue", name_characters_max).value_or("");
  date.sales_open = body.maybe_moment("sales_open").value_or(moment{});
  room.admits = body.maybe_whole("admits", {1, 100'000}).value_or(admits_otherwise);
  room.hold_ms = body.maybe_whole("hold_seconds", {1, 86'400}).value_or(hold_seconds_otherwise) * 1000;
  std::set<std::string> known;
  body.each("seats", reservation::seats_max, [&](fields& seat) {
    auto& one = seats.seats.emplace_back(read_seat(seat));
    if (!known.insert(one.seat.text).second) seat.blame("id", "is there twice");
  });
  date.seats = static_cast<std::int64_t>(seats.seats.size());
  seats.schedule = room.schedule = date.schedule;
  seats.concert = into.put.concert;
  seats.sales_open = room.sales_open = date.sales_open;
  seats.hold_ms = room.hold_ms;
  into.put.schedules.push_back(std::move(date));
  into.seats.push_back(std::move(seats));
  into.rooms.push_back(std::move(room));
}

std::optional<number> number_of(fields& body, std::string_view name) {
  const auto found = parse_number(body.id(name));
  if (!found) body.blame(name, "must be what an earlier answer named");
  return found;
}

// The request of a payment in the order domain; no caller's key has a blank, so that none is taken for one.
const std::string payments = "seat payment ";
std::string location_of(const std::string& payment) { return "/v1/seat-payments/" + payment; }

json json_of_payment(const std::string& payment, const order::seat_sale& seat, const user_id& user) {
  return {{"payment", payment},
          {"reservation", to_text(seat.reservation)},
          {"schedule", seat.schedule.text},
          {"seat", seat.seat.text},
          {"user", user.text}};
}
void add_end(json& to, const order::ticket& ticket, const std::string& currency) {
  to["order"] = to_text(ticket.id);
  to["state"] = edge::to_text(ticket.state);
  to["amount"] = ticket.total.minor;
  to["currency"] = currency;
}

void answer_ticket(const call& c, const order::ticket& ticket, const order::place& what, bool replayed) {
  const auto payment = what.request.substr(payments.size());
  if (ticket.state == state::failed || ticket.state == state::cancelled) {
    auto said = orders::failure_of(ticket);
    if (!ticket.detail.empty()) said.detail(ticket.detail);
    return orders::answer_failure(c, std::move(said), location_of(payment), replayed);
  }
  auto receipt = json_of_payment(payment, *what.seat, what.user);
  add_end(receipt, ticket, c.hall().options().currency);
  orders::answer_receipt(c, ticket, dumped(receipt), location_of(payment), replayed);
}

void settle(const call& c, answer&& said, const order::place& what, bool replayed) {
  if (!said.done()) return c.answer_no(said);
  auto ticket = std::get<order::ticket>(said.body);
  if (ticket.state != state::cancelled) return answer_ticket(c, ticket, what, replayed);
  // Cancelled by a refund, it was completed first: the first answer stands.
  c.want<order::view>(order::find{ticket.id}, [c, ticket, what, replayed](order::view&& found, bool) mutable {
    if (found.saga == order::saga_state::completed) ticket.state = state::completed;
    answer_ticket(c, ticket, what, replayed);
  });
}

}  // namespace

void put_concert(const asked& a, const call& c) {
  auto it = std::make_shared<listing>(listing{c});
  it->put.concert = {a.id[0]};
  if (!a.read(c, [&](fields& body) {
        it->put.name = body.text("name", name_characters_max);
        body.each("schedules", schedules_max, [&](fields& schedule) { read_schedule(schedule, *it); });
      }))
    return;
  c.ask(concert::find{it->put.concert}, {}, [it](answer&& said) {
    if (said.what == verdict::lost) return it->c.answer_no(said);
    if (said.done()) it->status = 200;
    listing::claim(it);
  });
}

void get_concert(const asked& a, const call& c) {
  c.want<concert::view>(concert::find{{a.id[0]}},
                        [c](concert::view&& found, bool) { c.answer(200, dumped(json_of(found))); });
}

void list_concerts(const asked& a, const call& c) {
  const auto limit = a.limit(c);
  if (!limit) return;
  c.want<concert::page>(concert::list{{a.parameter("starting_after").value_or("")}, *limit},
                        [c](concert::page&& page, bool) {
                          auto data = json::array();
                          for (const auto& one : page.concerts) data.push_back(json_of(one));
                          c.answer(200, dumped(json_of_list(std::move(data), page.more)));
                        });
}

void list_schedules(const asked& a, const call& c) {
  c.want<concert::view>(concert::find{{a.id[0]}}, [c](concert::view&& found, bool) {
    auto data = json::array();
    for (const auto& one : found.schedules) data.push_back(json_of(one));
    c.answer(200, dumped(json_of_list(std::move(data), false)));
  });
}

void list_seats(const asked& a, const call& c) {
  const auto limit = a.limit(c);
  if (!limit) return;
  reservation::read what{{a.id[0]}, {a.parameter("starting_after").value_or("")}, *limit, a.at};
  c.ask(what, {}, [c, after = what.after.text](answer&& said) {
    if (said.why == reason::not_found && !after.empty() && said.detail == after)
      return c.answer(problem{problems::invalid_parameter}
                          .with("parameter", "starting_after")
                          .detail("starting_after is no seat of this date"));
    if (!said.done()) return c.answer_no(said);
    const auto& page = std::get<reservation::page>(said.body);
    auto data = json::array();
    for (const auto& one : page.seats) data.push_back(json_of(one, c.hall().options().currency));
    c.answer(200, dumped(json_of_list(std::move(data), page.more)));
  });
}

void join_queue(const asked& a, const call& c) {
  queue::join what{a.key, {a.id[0]}, {}, a.at};
  if (!a.read(c, [&](fields& body) { what.user = {body.id("user")}; })) return;
  c.want<void>(user::verify{what.user}, [c, what](bool) {
    c.want<queue::view>(what,
                        [c](queue::view&& token, bool replayed) { c.answer(201, dumped(json_of(token)), replayed); });
  });
}

void get_token(const asked& a, const call& c) {
  if (const auto id = a.number_in_path(c))
    c.want_own<queue::view>(queue::find{*id, a.at}, to_text(*id),
                            [c](queue::view&& token, bool) { c.answer(200, dumped(json_of(token))); });
}

void hold_seat(const asked& a, const call& c) {
  reservation::hold what{a.key, {}, reservation::spot{{a.id[0]}, {}}, {}, a.at};
  if (!a.read(c, [&](fields& body) {
        what.user = {body.id("user")};
        what.where->seat = {body.id("seat")};
        what.token = number_of(body, "token").value_or(token_id{});
      }))
    return;
  // Whoever is not let in may still hear again what he was told before, under the same key.
  c.ask(queue::enter{what.token, what.where->schedule, what.user, a.at}, {}, [c, what](answer&& door) mutable {
    if (door.what == verdict::lost) return c.answer_no(door);
    what.admitted = door.done();
    c.ask(std::move(what), {}, [c, door = std::move(door)](answer&& said) {
      if (!said.done()) return c.answer_no(door.done() || said.why != reason::not_admitted ? said : door);
      c.answer(201, dumped(json_of(std::get<reservation::view>(said.body), c.hall().options().currency)),
               said.replayed);
    });
  });
}

void release_hold(const asked& a, const call& c) {
  const auto id = a.number_in_path(c);
  if (!id) return;
  const auto release = [c, id = *id, at = a.at] {
    c.want<reservation::view>(reservation::release{id, at}, [c](reservation::view&& now, bool) {
      c.answer(200, dumped(json_of(now, c.hall().options().currency)));
    });
  };
  // Whoever may release everybody's need not ask whose it is.
  if (!c.who()) return release();
  c.want_own<reservation::view>(reservation::find{*id, a.at}, to_text(*id),
                                [release](reservation::view&&, bool) { release(); });
}

void pay(const asked& a, const call& c) {
  if (!c.admit()) return;
  reservation::check_out what{a.key, {}, {}, {}, a.at};
  if (!a.read(c, [&](fields& body) {
        what.payment = body.id("payment");
        what.reservation = number_of(body, "reservation").value_or(reservation_id{});
        what.user = {body.id("user")};
      }))
    return;
  const auto wait_ms = a.wait_ms(c.hall().options());
  c.want<reservation::view>(what, [c, what, wait_ms](reservation::view&& held, bool) {
    order::place sale;
    sale.request = payments + what.payment;
    sale.user = what.user;
    sale.flow = order::flow::seat_payment;
    sale.seat = order::seat_sale{held.schedule, held.seat, held.reservation, held.token, held.price, 0, {}};
    sale.at = what.at;
    sale.trace = c.continued();
    orders::place_and_wait(c, std::move(sale), wait_ms, settle);
  });
}

void get_payment(const asked& a, const call& c) {
  const auto payment = a.id[0];
  c.want_own<order::view>(order::find_request{payments + payment}, payments + payment,
                          [c, payment](order::view&& found, bool) {
                            auto out = json_of_payment(payment, *found.seat, found.user);
                            add_end(out, {found.id, found.state, found.why, found.detail, found.total, found.discount},
                                    c.hall().options().currency);
                            if (found.why != reason::none) out["reason"] = to_text(found.why);
                            out["placed"] = to_text(found.placed);
                            if (found.ended.ms) out["ended"] = to_text(found.ended);
                            c.answer(200, dumped(out));
                          });
}

void sold_out(const asked& a, const call& c) {
  const auto limit = a.limit(c, 10);
  if (!limit) return;
  c.want<ranking::full_houses>(ranking::sold_out{*limit}, [c](ranking::full_houses&& found, bool) {
    auto data = json::array();
    for (const auto& one : found.list) data.push_back(json_of(one));
    c.answer(200, dumped(json_of_list(std::move(data), false)));
  });
}

}  // namespace souk::edge::seats
