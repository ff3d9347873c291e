// Says what each step says.
#include "actors/sagas/steps.hpp"

namespace souk::sagas {

namespace {

using commands = std::vector<command>;

std::vector<product::wanted> wanted(const order::brief& about) {
  std::vector<product::wanted> lines;
  lines.reserve(about.lines.size());
  for (const auto& one : about.lines)
    lines.push_back({static_cast<std::uint32_t>(lines.size()), one.product, one.quantity});
  return lines;
}

std::vector<money> amounts_of(const order::brief& about) {
  std::vector<money> amounts;
  amounts.reserve(about.lines.size());
  for (const auto& one : about.lines) amounts.push_back(one.amount);
  return amounts;
}

money due(const order::brief& about) { return {about.total().minor - about.discount.minor}; }

// Agreed amounts stand; otherwise the shelf's first answer is the price.
void learn_prices(order::brief& about, const reply& said) {
  if (about.agreed || about.priced) return;
  if (const auto* taken = std::get_if<product::taken>(&said))
    for (const auto& one : taken->lines)
      if (one.position < about.lines.size()) about.lines[one.position].amount = one.amount;
}

void learn_quote(order::brief& about, const reply& said) {
  about.priced = false;  // a pool of shelves answers in parts
  learn_prices(about, said);
  about.priced = true;
}

void learn_discount(order::brief& about, const reply& said) {
  if (const auto* used = std::get_if<coupon::used>(&said)) about.discount = used->off;
}

void learn_seat(order::brief& about, const reply& said) {
  const auto* told = std::get_if<reservation::confirmed>(&said);
  if (!told || !about.seat) return;
  about.seat->seats = told->seats;
  about.seat->opened = told->opened;
}

}  // namespace

const step verify_user{"verify_user", domain::user,
                       [](const scene& s, commands& out) { out.emplace_back(user::verify{s.about.user}); }};

const step verify_products{"verify_products", domain::product,
                           [](const scene& s, commands& out) { out.emplace_back(product::verify{wanted(s.about)}); }};

const step quote_prices{"quote_prices", domain::product,
                        [](const scene& s, commands& out) {
                          if (!s.about.agreed) out.emplace_back(product::quote{s.once, wanted(s.about), s.now});
                        },
                        nullptr, learn_quote};

const step take_stock{
    "take_stock", domain::product,
    [](const scene& s, commands& out) {
      out.emplace_back(product::take{s.once, wanted(s.about), s.now, s.about.agreed || s.about.priced});
    },
    [](const scene& s, commands& out) {
      out.emplace_back(product::undo_take{s.once, wanted(s.about), s.now});
    },
    learn_prices};

const step use_coupon{"use_coupon", domain::coupon,
                      [](const scene& s, commands& out) {
                        if (s.about.coupon)
                          out.emplace_back(coupon::use{s.once, s.about.coupon, s.about.user, s.about.total(), s.now});
                      },
                      [](const scene& s, commands& out) {
                        if (s.about.coupon) out.emplace_back(coupon::undo_use{s.once, s.about.coupon, s.now});
                      },
                      learn_discount};

const step debit_wallet{"debit_wallet", domain::wallet,
                        [](const scene& s, commands& out) {
                          if (due(s.about).minor != 0)
                            out.emplace_back(wallet::debit{s.once, s.about.user, due(s.about), s.now});
                        },
                        // Asked whatever is due: only the wallet knows whether the debit took effect.
                        [](const scene& s, commands& out) {
                          out.emplace_back(wallet::undo_debit{s.once, s.about.user, s.now});
                        }};

const step approve_payment{"approve_payment", domain::payment,
                           [](const scene& s, commands& out) {
                             out.emplace_back(payment::pay{s.once, s.about.user, due(s.about), s.now});
                           },
                           [](const scene& s, commands& out) {
                             out.emplace_back(payment::undo_pay{s.once, s.now});
                           }};

const step empty_cart{"empty_cart", domain::cart,
                      [](const scene& s, commands& out) {
                        std::vector<cart::item> items;
                        items.reserve(s.about.lines.size());
                        for (const auto& one : s.about.lines) items.push_back({one.product, one.quantity});
                        out.emplace_back(cart::take_out{s.once, s.about.user, std::move(items), s.now});
                      },
                      [](const scene& s, commands& out) {
                        out.emplace_back(cart::undo_take_out{s.once, s.about.user, s.now});
                      }};

const step complete_order{"complete_order", domain::order, [](const scene& s, commands& out) {
                            out.emplace_back(order::complete{s.about.id, amounts_of(s.about), s.about.discount,
                                                             s.timeline, s.now, s.about.seat});
                          }};

const step announce_order{"announce_order", domain::order, [](const scene& s, commands& out) {
                            out.emplace_back(order::announce{s.once, amounts_of(s.about), s.timeline, s.now});
                          }};

const step cancel_order{"cancel_order", domain::order, [](const scene& s, commands& out) {
                          out.emplace_back(order::give_up{s.about.id, s.why, s.detail, s.now});
                        }};

const step fail_order{"fail_order", domain::order, [](const scene& s, commands& out) {
                        out.emplace_back(order::fail{s.about.id, s.why, s.detail, s.timeline, s.now});
                      }};

const step credit_wallet{"credit_wallet", domain::wallet, [](const scene& s, commands& out) {
                           if (due(s.about).minor != 0)
                             out.emplace_back(wallet::credit{s.once, s.about.user, due(s.about), s.now});
                         }};

const step take_in_stock{"take_in_stock", domain::product, [](const scene& s, commands& out) {
                           if (!s.about.lines.empty())
                             out.emplace_back(product::take_in{s.once, wanted(s.about), s.now});
                         }};

const step give_back_coupon{"give_back_coupon", domain::coupon, [](const scene& s, commands& out) {
                              if (s.about.coupon)
                                out.emplace_back(coupon::give_back{s.once, s.about.coupon, s.about.refund_of, s.now});
                            }};

const step use_token{"use_token", domain::queue,
                     [](const scene& s, commands& out) {
                       if (const auto& seat = s.about.seat)
                         out.emplace_back(queue::use{s.once, seat->token, seat->schedule, s.about.user, s.now});
                     },
                     [](const scene& s, commands& out) {
                       if (const auto& seat = s.about.seat)
                         out.emplace_back(queue::undo_use{s.once, seat->token, s.now});
                     }};

const step confirm_seat{
    "confirm_seat", domain::reservation,
    [](const scene& s, commands& out) {
      if (const auto& seat = s.about.seat)
        out.emplace_back(reservation::confirm{s.once, s.about.user, seat->reservation, seat->token, s.now});
    },
    [](const scene& s, commands& out) {
      if (const auto& seat = s.about.seat)
        out.emplace_back(reservation::undo_confirm{s.once, seat->reservation, s.now});
    },
    learn_seat};

const step release_seat{
    "release_seat", domain::reservation, [](const scene& s, commands& out) {
      if (const auto& seat = s.about.seat)
        out.emplace_back(reservation::give_back{s.once, seat->reservation, s.about.refund_of, s.now});
    }};

const step close_case{"close_case", domain::order, [](const scene& s, commands& out) {
                        out.emplace_back(order::close{s.about.id, s.timeline, s.now});
                      }};

// Carried by the event that complete_order writes: the followers of the outbox do these.
const step book_payment{"book_payment", domain::payment};
const step count_sale{"count_sale", domain::ranking};
const step count_sold_out{"count_sold_out", domain::ranking};
const step tell_platform{"tell_platform", domain::platform};

}  // namespace souk::sagas
