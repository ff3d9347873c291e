// The steps that plans are made of: what each says to which domain, how it is undone, what it learns.
//
// A step's commands carry the key (saga, index of the step in its plan); its undo names the same key. A step that has
// nothing to ask writes no command and counts as done.
#pragma once

#include <string_view>
#include <vector>

#include "messages/letter.hpp"

namespace souk::sagas {

// What a step works with: the case, the key of this step, and the moment.
struct scene {
  const order::brief& about;
  souk::once once;
  moment now;
  const std::vector<order::happening>& timeline;
  reason why;                 // of the refusal that turned the saga back
  const std::string& detail;  // of that refusal
};

struct step {
  std::string_view name;
  domain home{};
  void (*run)(const scene&, std::vector<command>& out) = nullptr;
  void (*undo)(const scene&, std::vector<command>& out) = nullptr;  // none: it only looks, or cannot be undone
  void (*learn)(order::brief&, const reply&) = nullptr;             // keeps what the answer says
};

extern const step verify_user;
extern const step verify_products;
extern const step quote_prices;
extern const step take_stock;
extern const step use_coupon;
extern const step debit_wallet;
extern const step approve_payment;
extern const step complete_order;
extern const step fail_order;
extern const step announce_order;
extern const step cancel_order;
extern const step empty_cart;
extern const step credit_wallet;
extern const step take_in_stock;
extern const step give_back_coupon;
extern const step close_case;
extern const step book_payment;
extern const step count_sale;
extern const step tell_platform;
extern const step use_token;
extern const step confirm_seat;
extern const step release_seat;
extern const step count_sold_out;

}  // namespace souk::sagas
