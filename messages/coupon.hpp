// Coupon: campaigns that give discounts, first come first served, and the coupons they gave.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"

namespace souk::coupon {

// Either an amount off, or a percentage of 1 to 100 (rounded down to whole minor units); the other is 0.
// A discount never exceeds what it is taken off.
struct discount {
  money amount;
  std::int32_t percent = 0;
  SOUK_FIELDS(discount, amount, percent);

  constexpr money off(money total) const {
    // percent of 10^12 x 100 stays far below 2^63
    const money off = percent ? money{total.minor / 100 * percent + total.minor % 100 * percent / 100} : amount;
    return off < total ? off : total;
  }
};

struct campaign {
  campaign_code code;
  coupon::discount discount;
  std::int64_t limit = 0;  // coupons that may be issued
  moment starts;           // 0: always been
  moment ends;             // 0: never
  std::int64_t issued = 0;
  SOUK_FIELDS(campaign, code, discount, limit, starts, ends, issued);
};

enum class state : std::uint8_t { issued, used };

struct view {
  coupon_id coupon;
  campaign_code code;
  user_id user;
  state now{};
  number used_by;  // the order
  coupon::discount discount;
  moment starts;
  moment ends;
  SOUK_FIELDS(view, coupon, code, user, now, used_by, discount, starts, ends);
};

struct page {
  std::vector<view> coupons;
  bool more = false;
  SOUK_FIELDS(page, coupons, more);
};

// What a used coupon takes off.
struct used {
  money off;
  SOUK_FIELDS(used, off);
};

// Opens a campaign, or changes one: its limit may not fall below what was issued (limit_reached).
// Answers the campaign.
struct put {
  campaign_code code;
  coupon::discount discount;
  std::int64_t limit = 0;
  moment starts;
  moment ends;
  SOUK_FIELDS(put, code, discount, limit, starts, ends);
};

struct find_campaign {
  campaign_code code;
  SOUK_FIELDS(find_campaign, code);
};

// Issues one coupon, once per request key. Refused: not_found, limit_reached, coupon_invalid (outside the
// campaign's days). Answers a view.
struct issue {
  std::string request;  // the caller's Idempotency-Key
  campaign_code code;
  user_id user;
  moment at;
  SOUK_FIELDS(issue, request, code, user, at);
};

// Uses a coupon of this user, within its days, for an order of this amount; else coupon_invalid. Answers used.
struct use {
  souk::once once;
  coupon_id coupon;
  user_id user;
  money amount;
  moment at;
  SOUK_FIELDS(use, once, coupon, user, amount, at);
};

// Gives the coupon back if that use took it; and if it did not, it never will.
struct undo_use {
  souk::once once;  // of the use
  coupon_id coupon;
  moment at;
  SOUK_FIELDS(undo_use, once, coupon, at);
};

// After a refund: the coupon that this order used is free again if it is still valid. Done either way.
struct give_back {
  souk::once once;
  coupon_id coupon;
  number used_by;
  moment at;
  SOUK_FIELDS(give_back, once, coupon, used_by, at);
};

struct find {
  coupon_id coupon;
  SOUK_FIELDS(find, coupon);
};

// A user's coupons, oldest first. Answers a page.
struct list {
  user_id user;
  coupon_id after;
  std::uint32_t limit = 100;
  SOUK_FIELDS(list, user, after, limit);
};

}  // namespace souk::coupon
