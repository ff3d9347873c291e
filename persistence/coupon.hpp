// The store of campaigns, their coupons, and every use of a coupon.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "messages/coupon.hpp"
#include "persistence/logs/exchange.hpp"
#include "persistence/logs/own_numbers.hpp"
#include "persistence/logs/requests.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class coupon_store {
public:
  enum class what : std::uint8_t { used, use_undone, given_back, refused = 10, tombstone = 11 };

  // One use of a coupon, or what came of the wish; its primary key is its command's key: the inbox.
  struct operation {
    std::int64_t key = 0;
    coupon_id coupon;
    coupon_store::what what{};
    money amount;  // that it was to be taken off
    money off;
    moment at;
  };
  struct held {
    std::int64_t campaign = 0;  // row id
    user_id user;
    coupon::state now{};
    number used_by;
  };
  struct campaign_row {
    std::int64_t id = 0;
    coupon::campaign campaign;
  };

  explicit coupon_store(const open_options& options);

  std::optional<campaign_row> load(const campaign_code& code);
  std::optional<campaign_row> load(std::int64_t campaign);
  std::int64_t open(const coupon::campaign& campaign);
  void save(const campaign_row& campaign);

  void issue(coupon_id coupon, const held& to);
  std::optional<held> find(coupon_id coupon);
  void mark(coupon_id coupon, coupon::state now, number used_by);
  std::vector<coupon_id> list(const user_id& user, coupon_id after, std::uint32_t limit);

  [[nodiscard]] bool append(const operation& operation);  // false: the key is there already
  std::optional<operation> operation_at(std::int64_t key);

  store_file file;
  persistence::exchange exchange;
  persistence::requests requests;
  own_numbers numbers;  // of coupons

private:
  statement load_, load_id_, open_, save_, issue_, find_, mark_, list_, append_, operation_;
};

}  // namespace souk::persistence
