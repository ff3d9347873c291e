// Decides what is in a cart.
#include "actors/domains/cart.hpp"

#include <algorithm>

namespace souk::domains {

using what = persistence::cart_store::what;

namespace {
souk::cart::item* find_in(std::vector<souk::cart::item>& items, const product_id& product) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const auto& one) { return one.product == product; });
  return found == items.end() ? nullptr : &*found;
}

answer refuse_without(const product_id& missing) {
  return refuse(reason::not_found, "the cart no longer holds what was ordered of " + missing.text);
}
}  // namespace

answer cart::on(const souk::cart::put& put) {
  auto items = store_.load(put.user);
  if (put.quantity > 0 && items.size() >= souk::cart::items_max && !find_in(items, put.product))
    return refuse(reason::limit_reached, "the cart is full");
  store_.save(put.user, {put.product, put.quantity});
  return reply_with(souk::cart::view{put.user, store_.load(put.user)});
}

answer cart::on(const souk::cart::find& find) {
  return reply_with(souk::cart::view{find.user, store_.load(find.user)});
}

answer cart::on(const souk::cart::checkout& checkout) {
  const auto print = persistence::print_of(checkout);
  if (auto first = store_.requests.known(checkout.request, print)) return *first;
  auto items = store_.load(checkout.user);
  // Not kept: the same key may try again when something is in it.
  if (items.empty()) return refuse(reason::not_found, "the cart is empty");
  auto said = reply_with(souk::cart::view{checkout.user, std::move(items)});
  store_.requests.keep(checkout.request, print, said);
  return said;
}

answer cart::on(const souk::cart::take_out& take) {
  auto items = store_.load(take.user);
  store::operation op{take.once.key(), take.user, what::taken_out, {}, take.at};
  // Two checkouts may have seen the same goods: whoever comes second does not get them.
  const bool all = from_cart_ == take.once.saga;
  for (const auto& ordered : take.items) {
    auto* mine = find_in(items, ordered.product);
    const auto moved = mine ? std::min(mine->quantity, ordered.quantity) : 0;
    if (all && moved < ordered.quantity) {
      op.what = what::refused;
      op.items = {{ordered.product, 0}};
      break;
    }
    if (moved == 0) continue;
    mine->quantity -= moved;
    op.items.push_back({ordered.product, moved});
  }
  if (!store_.append(op)) return known(*store_.operation_at(take.once.key()));
  if (op.what == what::refused) return refuse_without(op.items.front().product);
  for (const auto& moved : op.items) store_.save(take.user, *find_in(items, moved.product));
  return {};
}

// The key was used before: the first outcome stands.
answer cart::known(const store::operation& first) {
  if (first.what == what::tombstone || store_.operation_at(first.key | 1)) return refuse(reason::undone);
  if (first.what == what::taken_out) return reply_with(reply{}, true);
  auto again = refuse_without(first.items.front().product);
  again.replayed = true;
  return again;
}

answer cart::on(const souk::cart::undo_take_out& undo) {
  const auto first = store_.operation_at(undo.once.key());
  if (!first) {
    // It never came. It may still come: the tombstone will refuse it.
    (void)store_.append({undo.once.key(), undo.user, what::tombstone, {}, undo.at});
    return {};
  }
  if (first->what != what::taken_out) return {};
  if (!store_.append({undo.once.undo_key(), undo.user, what::put_back, first->items, undo.at})) return {};
  auto items = store_.load(undo.user);
  for (const auto& back : first->items) {
    auto* mine = find_in(items, back.product);
    if (!mine) mine = &items.emplace_back(souk::cart::item{back.product, 0});
    mine->quantity = std::min(mine->quantity + back.quantity, product::units_max);
    store_.save(undo.user, *mine);
  }
  return {};
}

}  // namespace souk::domains
