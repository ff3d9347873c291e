// Coupon: campaigns with a limit, first come first served, and coupons that are used once.
#pragma once

#include <unordered_map>

#include "actors/domains/brain.hpp"
#include "persistence/coupon.hpp"

namespace souk::domains {

class coupon final : public brain {
public:
  explicit coupon(const persistence::open_options& options) : store_(options) {}

  answer decide(const command& what) override { return dispatch(*this, what); }
  persistence::store_file& file() override { return store_.file; }
  persistence::exchange* exchange() override { return &store_.exchange; }

  answer on(const souk::coupon::put& put);
  answer on(const souk::coupon::find_campaign& find);
  answer on(const souk::coupon::issue& issue);
  answer on(const souk::coupon::use& use);
  answer on(const souk::coupon::undo_use& undo);
  answer on(const souk::coupon::give_back& back);
  answer on(const souk::coupon::find& find);
  answer on(const souk::coupon::list& list);
  answer on(const souk::recall& recall);

private:
  using store = persistence::coupon_store;

  const souk::coupon::campaign& campaign_of(std::int64_t id);
  souk::coupon::view view_of(coupon_id id, const store::held& held);

  store store_;
  std::unordered_map<std::int64_t, souk::coupon::campaign> campaigns_;  // by row; few, and read with every use
};

}  // namespace souk::domains
