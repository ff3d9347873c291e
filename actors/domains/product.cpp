// Decides about goods: all lines of an order or none, and never below nothing.
#include "actors/domains/product.hpp"

#include "messages/grammar/planted.hpp"

namespace souk::domains {

using what = persistence::product_store::what;
using persistence::product_store;

// What so many cost; none: more than any line may.
static std::optional<money> cost_of(const product_store::shelf& shelf, std::int64_t quantity) {
  const auto amount = times(shelf.price, quantity);
  return amount && *amount <= money_max ? amount : std::nullopt;
}

answer product::on(const souk::product::take& take) {
  const auto print = fingerprint(pack(take.lines));
  effects_.clear();
  souk::product::taken taken;
  taken.lines.reserve(take.lines.size());
  answer said;
  for (const auto& line : take.lines) {
    auto* shelf = shelf_of(line.product);
    if (!shelf) {
      said = refuse(reason::unknown_product, line.product.text);
      break;
    }
    // Several lines may ask for one product: what the earlier ones take is no longer there.
    std::int64_t left = shelf->stock;
    for (const auto& earlier : effects_)
      if (earlier.on == shelf) left += earlier.units;
    if (left < line.quantity) {
      said = refuse(reason::sold_out, line.product.text);
      break;
    }
    const auto amount = take.agreed ? money{} : cost_of(*shelf, line.quantity);
    if (!amount) {
      said = refuse(reason::limit_reached, line.product.text);
      break;
    }
    effects_.push_back({shelf, -line.quantity, line.position, *amount});
    taken.lines.push_back({line.position, *amount});
  }
  if (!said.done()) effects_.clear();
  const bool fresh =
      move({take.once.key(), said.done() ? what::taken : what::refused, print, said.why, said.detail, {}, take.at},
           effects_);
  if (!fresh) return known(take.once.key(), print);
  if (said.done()) said.body = std::move(taken);
  return said;
}

// The key was used before: the first outcome stands.
answer product::known(std::int64_t key, std::uint64_t print) {
  const auto first = store_.find(key);
  if (first->what == what::tombstone || store_.find(key | 1)) return refuse(reason::undone);
  if (first->print != print) return refuse(reason::key_reused, "the same key came with other lines");
  if (first->what == what::refused) {
    auto again = refuse(first->why, first->detail);
    again.replayed = true;
    return again;
  }
  souk::product::taken taken;
  for (const auto& line : first->lines) taken.lines.push_back({line.position, line.amount});
  return reply_with(std::move(taken), true);
}

answer product::on(const souk::product::undo_take& undo) {
  const auto first = store_.find(undo.once.key());
  if (!first) {
    // It never came. It may still come: the tombstone will refuse it.
    effects_.clear();
    if (planted(bug::undo_of_nothing))
      for (const auto& line : undo.lines)
        if (auto* shelf = shelf_of(line.product)) effects_.push_back({shelf, line.quantity, line.position, {}});
    (void)move({undo.once.key(), what::tombstone, 0, reason::none, {}, {}, undo.at}, effects_);
    return {};
  }
  if (first->what != what::taken) return {};  // it never took anything: nothing to put back
  effects_.clear();
  for (const auto& line : first->lines)
    effects_.push_back({shelf_at(line.shelf), -line.units, line.position, line.amount});
  (void)move({undo.once.undo_key(), what::put_back, first->print, reason::none, {}, {}, undo.at}, effects_);
  return {};
}

answer product::on(const souk::product::take_in& in) {
  const auto print = fingerprint(pack(in.lines));
  effects_.clear();
  for (const auto& line : in.lines) {
    auto* shelf = shelf_of(line.product);
    if (!shelf) return refuse(reason::unknown_product, line.product.text);
    effects_.push_back({shelf, line.quantity, line.position, {}});
  }
  if (move({in.once.key(), what::taken_in, print, reason::none, {}, {}, in.at}, effects_)) return {};
  const auto first = store_.find(in.once.key());
  if (first->what == what::tombstone) return refuse(reason::undone);
  if (first->print != print) return refuse(reason::key_reused, "the same key came with other lines");
  return reply_with(reply{}, true);
}

answer product::on(const souk::product::quote& quote) {
  const auto print = fingerprint(pack(quote.lines));
  store::movement prices{quote.once.key(), what::quoted, print, reason::none, {}, {}, quote.at};
  souk::product::taken quoted;
  // What was answered once stands, whatever prices are now.
  const auto unless_known = [&](answer&& no) {
    return store_.find(prices.key) ? known(prices.key, print) : std::move(no);
  };
  for (const auto& line : quote.lines) {
    const auto* shelf = shelf_of(line.product);
    if (!shelf) return unless_known(refuse(reason::unknown_product, line.product.text));
    const auto amount = cost_of(*shelf, line.quantity);
    if (!amount) return unless_known(refuse(reason::limit_reached, line.product.text));
    prices.lines.push_back({shelf->id, 0, shelf->stock, line.position, *amount});
    quoted.lines.push_back({line.position, *amount});
  }
  if (!store_.append(prices)) return known(quote.once.key(), print);
  return reply_with(std::move(quoted));
}

answer product::on(const souk::recall& recall) {
  using effect = recorded::effect;
  const auto first = store_.find(recall.once.key());
  if (!first) {
    if (!recall.forbid) return reply_with(recorded{});
    (void)store_.append({recall.once.key(), what::tombstone, 0, reason::none, {}, {}, recall.now});
    return reply_with(recorded{effect::forbidden, {}, {}});
  }
  if (first->what == what::refused) return reply_with(recorded{effect::refused, {}, {}});
  if (first->what == what::tombstone) return reply_with(recorded{effect::forbidden, {}, {}});
  recorded found{store_.find(recall.once.undo_key()) ? effect::undone : effect::done, {}, {}};
  for (const auto& line : first->lines) found.goods.push_back({*store_.name_of(line.shelf), line.units, line.amount});
  return reply_with(std::move(found));
}

answer product::on(const souk::product::verify& verify) {
  for (const auto& line : verify.lines)
    if (!shelf_of(line.product)) return refuse(reason::unknown_product, line.product.text);
  return {};
}

answer product::on(const souk::product::put& put) {
  auto* shelf = shelf_of(put.product);
  if (!shelf) {
    product_store::shelf fresh{0, put.name, put.price, 0};
    store_.open(put.product, fresh);
    shelf = shelf_of(put.product);
  } else {
    shelf->name = put.name;
    shelf->price = put.price;
    store_.save(*shelf);
  }
  if (put.stock) set_stock(*shelf, *put.stock, put.at);
  return reply_with(souk::product::view{put.product, shelf->name, shelf->price, shelf->stock});
}

answer product::on(const souk::product::change& change) {
  auto* shelf = shelf_of(change.product);
  if (!shelf) return refuse(reason::unknown_product, change.product.text);
  if (change.name) shelf->name = *change.name;
  if (change.price) shelf->price = *change.price;
  store_.save(*shelf);
  return reply_with(souk::product::view{change.product, shelf->name, shelf->price, shelf->stock});
}

answer product::on(const souk::product::restock& restock) {
  const auto key = restock.product.text + '/' + restock.request;
  const auto print = persistence::print_of(restock);
  if (auto first = store_.requests.known(key, print)) return *first;
  auto* shelf = shelf_of(restock.product);
  if (!shelf) return refuse(reason::unknown_product, restock.product.text);
  if (shelf->stock > souk::product::stock_max - restock.quantity)
    return refuse(reason::limit_reached, "the shelf is full");
  set_stock(*shelf, shelf->stock + restock.quantity, restock.at);
  auto said = reply_with(souk::product::view{restock.product, shelf->name, shelf->price, shelf->stock});
  store_.requests.keep(key, print, said);
  return said;
}

answer product::on(const souk::product::find& find) {
  const auto* shelf = shelf_of(find.product);
  if (!shelf) return refuse(reason::unknown_product, find.product.text);
  return reply_with(souk::product::view{find.product, shelf->name, shelf->price, shelf->stock});
}

answer product::on(const souk::product::list& list) {
  souk::product::page page{store_.list(list.after, list.limit + 1), false};
  page.more = page.products.size() > list.limit;
  if (page.more) page.products.pop_back();
  // Stock that moved in this batch is written at its end: the shelves know better than the rows.
  for (auto& one : page.products)
    if (const auto found = shelves_.find(one.product); found != shelves_.end()) one.stock = found->second.stock;
  return reply_with(std::move(page));
}

product::shelf* product::shelf_of(const product_id& product) {
  if (const auto found = shelves_.find(product); found != shelves_.end()) return &found->second;
  const auto stored = store_.load(product);
  if (!stored) return nullptr;
  if (shelves_.size() >= shelves_max && changed_.empty() && effects_.empty()) {
    shelves_.clear();
    by_id_.clear();
  }
  auto& mine = shelves_[product];
  static_cast<product_store::shelf&>(mine) = *stored;
  by_id_[mine.id] = &mine;
  return &mine;
}

product::shelf* product::shelf_at(std::int64_t id) {
  if (const auto found = by_id_.find(id); found != by_id_.end()) return found->second;
  const auto name = store_.name_of(id);
  if (!name) throw persistence::store_damaged(store_.file.path() + ": a movement names no shelf", SQLITE_CORRUPT);
  return shelf_of(*name);
}

bool product::move(store::movement movement, const std::vector<effect>& effects) {
  // The stock after each line, worked out before anything moves: the key may turn out to be taken.
  for (std::size_t i = 0; i < effects.size(); ++i) {
    std::int64_t after = effects[i].on->stock;
    for (std::size_t j = 0; j <= i; ++j)
      if (effects[j].on == effects[i].on) after += effects[j].units;
    movement.lines.push_back({effects[i].on->id, effects[i].units, after, effects[i].position, effects[i].amount});
  }
  if (!store_.append(movement)) return false;
  for (const auto& one : effects) {
    one.on->stock += one.units;
    if (!one.on->changed) changed_.push_back(one.on);
    one.on->changed = true;
  }
  return true;
}

void product::set_stock(shelf& of, std::int64_t stock, moment at) {
  if (stock == of.stock) return;
  (void)move({once{store_.numbers.next(at, 0), step_of_own_number}.key(), what::set, 0, reason::none, {}, {}, at},
             {{&of, stock - of.stock, 0, {}}});
}

// A shelf that moved often in one batch is written once: a hot product costs what a cold one does.
void product::before_commit() {
  for (auto* one : changed_) {
    store_.save_stock(one->id, one->stock);
    one->changed = false;
  }
  changed_.clear();
}

}  // namespace souk::domains
