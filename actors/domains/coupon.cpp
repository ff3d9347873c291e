// Decides who gets a coupon and when it counts.
#include "actors/domains/coupon.hpp"

#include "messages/grammar/planted.hpp"

namespace souk::domains {

using what = persistence::coupon_store::what;
using souk::coupon::state;

namespace {
bool within_its_days(const souk::coupon::campaign& campaign, moment now) {
  return (campaign.starts.ms == 0 || now >= campaign.starts) && (campaign.ends.ms == 0 || now < campaign.ends);
}
}  // namespace

answer coupon::on(const souk::coupon::use& use) {
  const auto held = store_.find(use.coupon);
  money off;
  bool valid = held && held->user == use.user && (held->now == state::issued || planted(bug::coupon_believed));
  if (valid) {
    const auto& campaign = campaign_of(held->campaign);
    valid = within_its_days(campaign, use.at);
    off = campaign.discount.off(use.amount);
  }
  if (store_.append({use.once.key(), use.coupon, valid ? what::used : what::refused, use.amount, off, use.at})) {
    if (!valid) return refuse(reason::coupon_invalid, to_text(use.coupon));
    store_.mark(use.coupon, state::used, use.once.saga);
    return reply_with(souk::coupon::used{off});
  }
  // The key was used before: the first outcome stands.
  const auto first = store_.operation_at(use.once.key());
  if (first->what == what::tombstone || store_.operation_at(use.once.undo_key())) return refuse(reason::undone);
  if (first->coupon != use.coupon || first->amount != use.amount)
    return refuse(reason::key_reused, "the same key came with another coupon or amount");
  if (first->what == what::refused) {
    auto again = refuse(reason::coupon_invalid, to_text(use.coupon));
    again.replayed = true;
    return again;
  }
  return reply_with(souk::coupon::used{first->off}, true);
}

answer coupon::on(const souk::coupon::undo_use& undo) {
  const auto first = store_.operation_at(undo.once.key());
  if (!first) {
    // It never came. It may still come: the tombstone will refuse it.
    (void)store_.append({undo.once.key(), undo.coupon, what::tombstone, {}, {}, undo.at});
    return {};
  }
  if (first->what != what::used) return {};  // it never took the coupon: nothing to give back
  if (store_.append({undo.once.undo_key(), first->coupon, what::use_undone, first->amount, first->off, undo.at}))
    store_.mark(first->coupon, state::issued, {});
  return {};
}

answer coupon::on(const souk::coupon::give_back& back) {
  const auto held = store_.find(back.coupon);
  const bool free = held && held->now == state::used && held->used_by == back.used_by &&
                    within_its_days(campaign_of(held->campaign), back.at);
  if (store_.append({back.once.key(), back.coupon, what::given_back, {}, {}, back.at}) && free)
    store_.mark(back.coupon, state::issued, {});
  return {};
}

answer coupon::on(const souk::recall& recall) {
  using effect = recorded::effect;
  const auto first = store_.operation_at(recall.once.key());
  if (!first) {
    if (!recall.forbid) return reply_with(recorded{});
    (void)store_.append({recall.once.key(), {}, what::tombstone, {}, {}, recall.now});
    return reply_with(recorded{effect::forbidden, {}, {}});
  }
  if (first->what == what::refused) return reply_with(recorded{effect::refused, {}, {}});
  if (first->what == what::tombstone) return reply_with(recorded{effect::forbidden, {}, {}});
  const bool undone = store_.operation_at(recall.once.undo_key()).has_value();
  return reply_with(recorded{undone ? effect::undone : effect::done, first->off, {}});
}

answer coupon::on(const souk::coupon::put& put) {
  auto row = store_.load(put.code).value_or(store::campaign_row{});
  if (put.limit < row.campaign.issued)
    return refuse(reason::limit_reached, "more coupons are issued than the new limit allows");
  row.campaign = {put.code, put.discount, put.limit, put.starts, put.ends, row.campaign.issued};
  if (row.id)
    store_.save(row);
  else
    row.id = store_.open(row.campaign);
  campaigns_[row.id] = row.campaign;
  return reply_with(std::move(row.campaign));
}

answer coupon::on(const souk::coupon::find_campaign& find) {
  if (auto row = store_.load(find.code)) return reply_with(std::move(row->campaign));
  return refuse(reason::not_found, find.code.text);
}

answer coupon::on(const souk::coupon::issue& issue) {
  const auto key = issue.code.text + '/' + issue.request;
  const auto print = persistence::print_of(issue);
  if (auto first = store_.requests.known(key, print)) return *first;
  auto row = store_.load(issue.code);
  if (!row) return refuse(reason::not_found, issue.code.text);
  if (!within_its_days(row->campaign, issue.at))
    return refuse(reason::coupon_invalid, "the campaign does not run at this time");
  if (row->campaign.issued >= row->campaign.limit)
    return refuse(reason::limit_reached, "every coupon of the campaign is issued");
  row->campaign.issued += 1;
  store_.save(*row);
  campaigns_[row->id] = row->campaign;
  const store::held held{row->id, issue.user, state::issued, {}};
  const auto id = store_.numbers.next(issue.at, slice_of(issue.code.text));
  store_.issue(id, held);
  auto said = reply_with(view_of(id, held));
  store_.requests.keep(key, print, said);
  return said;
}

answer coupon::on(const souk::coupon::find& find) {
  if (const auto held = store_.find(find.coupon)) return reply_with(view_of(find.coupon, *held));
  return refuse(reason::not_found, to_text(find.coupon));
}

answer coupon::on(const souk::coupon::list& list) {
  souk::coupon::page page;
  for (const auto id : store_.list(list.user, list.after, list.limit + 1))
    page.coupons.push_back(view_of(id, *store_.find(id)));
  page.more = page.coupons.size() > list.limit;
  if (page.more) page.coupons.pop_back();
  return reply_with(std::move(page));
}

const souk::coupon::campaign& coupon::campaign_of(std::int64_t id) {
  const auto found = campaigns_.find(id);
  return found != campaigns_.end() ? found->second : campaigns_[id] = store_.load(id)->campaign;
}

souk::coupon::view coupon::view_of(coupon_id id, const store::held& held) {
  const auto& campaign = campaign_of(held.campaign);
  return {id, campaign.code, held.user, held.now, held.used_by, campaign.discount, campaign.starts, campaign.ends};
}

}  // namespace souk::domains
