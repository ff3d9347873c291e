// Shoppers who want a seat: a number in the waiting room, a hold, a payment.
#include <algorithm>

#include "tools/sim/shoppers.hpp"

namespace souk::sim {

struct shoppers::seat_visit {
  user_id user;
  token_id token;
  reservation::view held;
  int polls = 0;
  int tries = 0;
};

namespace {
constexpr int polls_max = 60;
constexpr std::int64_t poll_us = 150'000;
const schedule_id schedule{"mon"};
}  // namespace

void shoppers::queue_up() {
  auto mine = std::make_shared<seat_visit>();
  mine->user = {"u" + std::to_string(dice(8))};
  ++underway_;
  counter_.ask(queue::join{key("token"), schedule, mine->user, stage_.now()}, [this, mine](const answer& said) {
    const auto* token = std::get_if<queue::view>(&said.body);
    if (!token) {
      --underway_;
      return book_.broken("the waiting room gave no number: " + std::string{to_text(said.why)});
    }
    mine->token = token->token;
    token->now == queue::state::admitted ? hold_a_seat(mine) : wait_for_turn(mine);
  });
}

void shoppers::wait_for_turn(const std::shared_ptr<seat_visit>& mine) {
  if (++mine->polls == 2) seen_.saw(situation::token_waited);
  later(poll_us, [this, mine] {
    counter_.ask(queue::find{mine->token, stage_.now()}, [this, mine](const answer& said) {
      const auto* token = std::get_if<queue::view>(&said.body);
      if (token && token->now == queue::state::admitted) return hold_a_seat(mine);
      if (token && token->now == queue::state::waiting && mine->polls < polls_max) return wait_for_turn(mine);
      --underway_;  // used, expired, or no patience left
    });
  });
}

void shoppers::hold_a_seat(const std::shared_ptr<seat_visit>& mine) {
  counter_.ask(queue::enter{mine->token, schedule, mine->user, stage_.now()}, [this, mine](const answer& door) {
    if (!door.done() || ++mine->tries > 4) {
      --underway_;
      return;
    }
    const reservation::spot where{schedule, {"A" + std::to_string(dice(10))}};
    counter_.ask(
        reservation::hold{key("hold"), mine->user, where, mine->token, stage_.now()}, [this, mine](const answer& said) {
          const auto* held = std::get_if<reservation::view>(&said.body);
          if (!held) {
            if (said.why == reason::seat_taken) seen_.saw(situation::seat_taken);
            return hold_a_seat(mine);
          }
          mine->held = *held;
          book_.held(*held);
          const auto roll = dice(100);
          if (roll < 8) {  // vanishes
            --underway_;
            return seen_.saw(situation::hold_expired);
          }
          if (roll < 16) {
            book_.let_go(held->reservation);
            counter_.ask(reservation::release{held->reservation, stage_.now()}, [this](const answer&) { --underway_; });
            return;
          }
          // Some pay at once, others at the last moment, or too late.
          const auto wait_us = roll < 40 ? 1'200'000 + dice(600'000) : dice(300'000);
          later(static_cast<std::int64_t>(wait_us), [this, mine] { pay_for_it(mine); });
        });
  });
}

void shoppers::pay_for_it(const std::shared_ptr<seat_visit>& mine) {
  const auto payment = key("payment");
  book_.let_go(mine->held.reservation);  // it may be paid for, and given back
  counter_.ask(
      reservation::check_out{key("pay"), mine->user, payment, mine->held.reservation, stage_.now()},
      [this, mine, payment](const answer& said) {
        const auto* held = std::get_if<reservation::view>(&said.body);
        if (!held) {
          --underway_;
          return;
        }
        order::place what;
        what.request = "seat payment " + payment;
        what.user = mine->user;
        what.flow = order::flow::seat_payment;
        what.seat = order::seat_sale{held->schedule, held->seat, held->reservation, held->token, held->price, 0, {}};
        what.wait = percent(70);
        place(what);
        if (percent(30)) {
          // A second payment for the same hold: one of the two is refused.
          seen_.saw(situation::seat_paid_twice);
          what.request = "seat payment " + key("payment");
          place(what);
        }
        later(1'000'000 + static_cast<std::int64_t>(dice(2'000'000)), [this, mine] { use_the_token_again(mine); });
      });
}

// A token that paid for a seat opens no door any more.
void shoppers::use_the_token_again(const std::shared_ptr<seat_visit>& mine) {
  counter_.ask(queue::find{mine->token, stage_.now()}, [this, mine](const answer& said) {
    const auto* token = std::get_if<queue::view>(&said.body);
    if (!token || token->now != queue::state::used) {
      --underway_;
      return;
    }
    seen_.saw(situation::seat_sold);
    counter_.ask(queue::enter{mine->token, schedule, mine->user, stage_.now()}, [this](const answer& door) {
      --underway_;
      // Unless its payment was undone meanwhile it is used up.
      if (door.why == reason::not_admitted) seen_.saw(situation::token_replayed);
    });
  });
}

}  // namespace souk::sim
