// Says what each answer means for the thing that it is about.
#include "tools/sim/histories.hpp"

#include <algorithm>

#include "actors/sagas/plans.hpp"

namespace souk::sim {

using order::flow;

namespace {

// What a thing is: units on a shelf; whether a coupon is used; how a seat stands.
constexpr std::int64_t unused = 0, used = 1;
constexpr std::int64_t available = 0, held = 1, reserved = 2;

std::string shelf(const product_id& product) { return "shelf " + product.text; }
std::string coupon_name(coupon_id coupon) { return "coupon " + to_text(coupon); }
std::string seat_name(const schedule_id& schedule, const seat_id& seat) {
  return "seat " + schedule.text + '/' + seat.text;
}

// Held by a letter whose sender never heard of it: it has one of his stamps, and so ends between these two moments.
thing held_unheard_of(std::int64_t until_least, std::int64_t until_most) { return {held, -until_least, until_most}; }
std::int64_t until_least(const thing& seat) { return seat.whose < 0 ? -seat.whose : seat.until; }
// By every stamp, or by some.
bool surely_held(const thing& seat, const asking& when) {
  return seat.what == held && when.latest.ms < until_least(seat);
}
bool perhaps_held(const thing& seat, const asking& when) { return seat.what == held && when.earliest.ms < seat.until; }

// When it was over: all that it did was done by then, and had come back if it was to. An operator may go on.
std::int64_t over_us(const order_told& one) {
  return one.by_hand ? one.found_us : std::min(one.ended_us, one.found_us);
}
// When it was decided at the latest.
std::int64_t known_us(const order_told& one) { return std::min(one.told_us, over_us(one)); }

}  // namespace

bool was_completed(const order::view& end) {
  return end.state == order::state::completed ||
         (end.state == order::state::cancelled && end.saga == order::saga_state::completed);
}

void histories::did(const std::string& of, std::string words, const asking& when, effect happen) {
  deeds_[of].push_back({std::move(words), when.asked_us, when.told_us, need::must, -1, std::move(happen)});
}

void histories::saw(const std::string& of, std::string words, const asking& when, sight holds) {
  deeds_[of].push_back({std::move(words), when.asked_us, when.told_us, need::must, -1, std::move(holds), true});
}

void histories::shelved(const product::put& what, const answer& said, const asking& when) {
  if (!said.done() || !what.stock) return;
  did(shelf(what.product), "set to " + std::to_string(*what.stock), when, [units = *what.stock](thing& it) {
    it.what = units;
    return true;
  });
}

// The answer to a key that comes again is the first one: it shows what was, and that lies between as well.
void histories::restocked(const product::restock& what, const answer& said, const asking& when) {
  const auto* view = std::get_if<product::view>(&said.body);
  if (!said.done() || !view) return;
  did(shelf(what.product), "restocked by " + std::to_string(what.quantity) + " to " + std::to_string(view->stock), when,
      [units = what.quantity, after = view->stock](thing& it) {
        it.what += units;
        return it.what == after;
      });
  deeds_[shelf(what.product)].back().rarely = true;
}

void histories::issued(const answer& said) {
  if (const auto* view = std::get_if<coupon::view>(&said.body)) owners_[view->coupon.value] = view->user;
}

void histories::held(const reservation::hold& what, const answer& said, const asking& when) {
  if (!what.where) return;
  const auto seat = seat_name(what.where->schedule, what.where->seat);
  // Only what was done is kept under a caller's key: a copy of the question that is still under way may be answered
  // otherwise later, and then the seat is held as of the moment that was stamped on it, without anybody knowing.
  if (!said.done())
    deeds_[seat].push_back({"held after all by a late copy of what was refused to " + what.user.text, when.asked_us,
                            deed::never, need::may, -1,
                            [when, first = std::min(what.at, when.earliest).ms + hold_ms_,
                             last = std::max(what.at, when.latest).ms + hold_ms_](thing& it) {
                              if (it.what == reserved || surely_held(it, when)) return false;
                              it = held_unheard_of(first, last);
                              return true;
                            }});
  if (said.why == reason::seat_taken)
    return saw(seat, "refused as taken to " + what.user.text, when,
               [when](const thing& it) { return it.what == reserved || perhaps_held(it, when); });
  const auto* view = std::get_if<reservation::view>(&said.body);
  if (!said.done() || !view) return;
  const auto hold = view->reservation.value;
  seats_[hold] = seat;
  did(seat, "held by " + what.user.text + " as " + std::to_string(hold), when,
      [when, hold, until = view->until.ms](thing& it) {
        if (it.what == sim::held && it.whose == hold) return true;  // a token has one hold
        // Its first question may have held it unheard of: a later one is answered with that hold.
        const bool is_that = it.what == sim::held && it.whose < 0 && until_least(it) <= until && until <= it.until;
        if (!is_that && (it.what == reserved || surely_held(it, when))) return false;
        it = {sim::held, hold, until};
        return true;
      });
}

void histories::released(const reservation::release& what, const answer& said, const asking& when) {
  const auto seat = seats_.find(what.reservation.value);
  if (seat == seats_.end()) return;
  const auto hold = what.reservation.value;
  if (said.why == reason::not_cancellable)
    return saw(seat->second, "not released, because it is sold as " + std::to_string(hold), when,
               [hold](const thing& it) { return it.what == reserved && it.whose == hold; });
  if (!said.done()) return;
  did(seat->second, "released by " + std::to_string(hold), when, [hold](thing& it) {
    if (it.whose != hold) return true;  // another had it already
    if (it.what == reserved) return false;
    it = {};
    return true;
  });
}

void histories::checked_out(const answer& said, const asking& when) {
  const auto* view = std::get_if<reservation::view>(&said.body);
  if (!said.done() || !view) return;
  const auto hold = view->reservation.value;
  saw(seat_name(view->schedule, view->seat),
      "seen by " + std::to_string(hold) + " as " + std::to_string(static_cast<int>(view->now)), when,
      [when, hold, now = view->now](const thing& it) {
        const bool mine = it.whose == hold;
        if (now == reservation::state::reserved) return mine && it.what == reserved;
        if (now == reservation::state::held) return mine && perhaps_held(it, when);
        return !mine || (it.what != reserved && !surely_held(it, when));
      });
}

void histories::looked(const answer& said, const asking& when) {
  if (!said.done()) return;
  if (const auto* view = std::get_if<product::view>(&said.body))
    return saw(shelf(view->product), "seen with " + std::to_string(view->stock), when,
               [units = view->stock](const thing& it) { return it.what == units; });
  if (const auto* view = std::get_if<coupon::view>(&said.body))
    return saw(coupon_name(view->coupon),
               view->now == coupon::state::used ? "seen as used by " + to_text(view->used_by) : "seen as unused", when,
               [now = view->now, by = view->used_by.value](const thing& it) {
                 return now == coupon::state::used ? it.what == used && it.whose == by : it.what == unused;
               });
  const auto* page = std::get_if<reservation::page>(&said.body);
  if (!page) return;
  for (const auto& one : page->seats)
    saw(seat_name({"mon"}, one.what.seat),
        "seen as " + std::to_string(static_cast<int>(one.now)) + " until " + std::to_string(one.until.ms), when,
        [when, now = one.now, until = one.until.ms](const thing& it) {
          if (now == reservation::state::reserved) return it.what == reserved;
          if (now == reservation::state::held)
            return perhaps_held(it, when) && until_least(it) <= until && until <= it.until;
          return it.what != reserved && !surely_held(it, when);
        });
}

void histories::ordered(const order_told& one) {
  of_goods(one);
  of_its_coupon(one);
  of_its_seat(one);
}

// What an order does, if it does it, it does before its end is told; what is taken back comes after it.
void histories::of_an_order(const order_told& one, const move& what) {
  auto& all = deeds_[what.of];
  const auto first = static_cast<int>(all.size());
  const auto words = what.words + " by " + one.what.request;
  const auto back = "what was " + words + " comes back";
  if (!was_completed(one.end)) {
    all.push_back({words, one.asked_us, over_us(one), need::may, -1, what.there});
    all.push_back({back, one.asked_us, over_us(one), one.by_hand ? need::may : need::follows, first, what.back, false,
                   false, what.units});
    return;
  }
  const bool stays = one.end.state != order::state::cancelled;
  all.push_back(
      {words, one.asked_us, known_us(one), need::must, -1, what.there, false, false, stays ? -what.units : 0});
  if (!stays)
    all.push_back({back, one.back_us, one.found_us, one.by_hand ? need::may : need::must, first, what.back, false,
                   false, what.units});
}

void histories::of_goods(const order_told& one) {
  std::map<product_id, std::int64_t> units;
  for (const auto& line : one.what.lines) units[line.product] += line.quantity;
  const bool sold_out = one.end.state == order::state::failed && one.end.why == reason::sold_out;
  if (one.end.why == reason::unknown_product || one.end.why == reason::unknown_user) return;  // it came to no shelf
  for (const auto& [product, n] : units) {
    const auto put_there = [n = n](thing& it) {
      it.what += n;
      return true;
    };
    if (one.what.flow == flow::take_back) {
      if (one.end.state != order::state::completed) continue;
      deeds_[shelf(product)].push_back({"given " + std::to_string(n) + " by " + one.what.request, one.asked_us,
                                        known_us(one), need::must, -1, put_there, false, false, n});
    } else if (sold_out) {
      // Of several products it may have been any, and of the others nothing was taken either.
      if (units.size() == 1)
        saw(shelf(product), "sold out for " + one.what.request + " of " + std::to_string(n),
            {one.asked_us, known_us(one), {}, {}}, [n = n](const thing& it) { return it.what < n; });
    } else {
      of_an_order(one, {shelf(product), "taken " + std::to_string(n),
                        [n = n](thing& it) {
                          it.what -= n;
                          return it.what >= 0;
                        },
                        put_there, n});
    }
  }
}

void histories::of_its_coupon(const order_told& one) {
  if (!one.what.coupon || !sagas::uses_coupons(one.what.flow)) return;
  const auto of = coupon_name(one.what.coupon);
  const bool invalid = one.end.state == order::state::failed && one.end.why == reason::coupon_invalid;
  const auto owner = owners_.find(one.what.coupon.value);
  if (invalid) {
    if (owner != owners_.end() && owner->second == one.what.user)
      saw(of, "refused as used to " + one.what.request, {one.asked_us, known_us(one), {}, {}},
          [](const thing& it) { return it.what == used; });
    return;
  }
  of_an_order(one, {of, "used",
                    [id = one.end.id.value](thing& it) {
                      if (it.what == used) return false;
                      it = {used, id};
                      return true;
                    },
                    [id = one.end.id.value](thing& it) {
                      if (it.what != used || it.whose != id) return false;
                      it = {};
                      return true;
                    }});
}

void histories::of_its_seat(const order_told& one) {
  if (one.what.flow != flow::seat_payment || !one.what.seat) return;
  const auto& seat = *one.what.seat;
  of_an_order(one, {seat_name(seat.schedule, seat.seat), "sold as " + std::to_string(seat.reservation.value),
                    [hold = seat.reservation.value](thing& it) {
                      if (it.what != sim::held || it.whose != hold) return false;
                      it.what = reserved;
                      return true;
                    },
                    [hold = seat.reservation.value](thing& it) {
                      if (it.what != reserved || it.whose != hold) return false;
                      it = {};
                      return true;
                    }});
}

std::vector<std::string> histories::contradictions(std::size_t widest) {
  std::vector<std::string> found;
  for (const auto& [of, all] : deeds_) {
    const auto result = find_order(all, {}, widest);
    ++searched_;
    if (result.how == search_result::end::too_wide) ++too_wide_;
    if (result.how == search_result::end::contradiction) found.push_back(of + ": " + result.words);
  }
  return found;
}

}  // namespace souk::sim
