// Decides about money: nothing moves without an entry, and no entry is made twice.
#include "actors/domains/wallet.hpp"

#include <algorithm>

#include "messages/grammar/planted.hpp"

namespace souk::domains {

using what = persistence::wallet_store::what;

wallet::wallet(const persistence::open_options& options) : store_(options), caught_up_(store_.caught_up()) {
  for (const auto& [user, found] : store_.behind()) {
    auto& mine = accounts_[user];
    static_cast<store::account&>(mine) = found;
    mine.changed = true;
    changed_.push_back(&mine);
  }
}

answer wallet::on(const souk::wallet::debit& debit) {
  auto& mine = account_of(debit.user);
  const bool enough = mine.balance >= debit.amount;
  const bool fresh =
      enough ? move(mine, {debit.once.key(), what::debit, {-debit.amount.minor}, debit.at})
             : store_.append({debit.once.key(), mine.id, 0, 0, what::refused, debit.amount, mine.balance, debit.at});
  if (!fresh) return known(*store_.find(debit.once.key()), debit.amount, mine.id);
  return enough ? reply_with(order::entry{debit.amount, mine.balance}) : refuse(reason::insufficient_funds);
}

// The key was used before: the first outcome stands.
answer wallet::known(const store::entry& first, money amount, std::int64_t wallet) {
  if (first.what == what::tombstone || store_.find(first.key | 1)) return refuse(reason::undone);
  // Who was refused may have had no wallet yet.
  const bool same =
      (first.wallet == wallet || first.wallet == 0) && (first.amount == amount || first.amount.minor == -amount.minor);
  if (!same) return refuse(reason::key_reused, "the same key came with another user or amount");
  if (first.what == what::refused) {
    auto again = refuse(reason::insufficient_funds);
    again.replayed = true;
    return again;
  }
  return reply_with(order::entry{amount, first.balance}, true);
}

answer wallet::on(const souk::wallet::undo_debit& undo) {
  const auto first = store_.find(undo.once.key());
  if (!first) {
    // It never came. It may still come: the tombstone will refuse it.
    if (!planted(bug::no_tombstone)) (void)store_.append({undo.once.key(), 0, 0, 0, what::tombstone, {}, {}, undo.at});
    return {};
  }
  if (first->what != what::debit) return {};  // it never took anything: nothing to give back
  auto& mine = account_of(undo.user);
  if (first->wallet != mine.id) return refuse(reason::key_reused, "the debit was of another wallet");
  const money back{-first->amount.minor};
  if (move(mine, {undo.once.undo_key(), what::debit_undone, back, undo.at}))
    return reply_with(order::entry{back, mine.balance});
  return reply_with(order::entry{back, store_.find(undo.once.undo_key())->balance}, true);
}

answer wallet::on(const souk::wallet::credit& credit) {
  auto& mine = opened(credit.user);
  if (!add(mine.balance, credit.amount)) return refuse(reason::limit_reached, "the balance would leave its range");
  auto key = credit.once.key();
  if (planted(bug::refund_without_key)) key = own_key(credit.at, credit.user);
  if (move(mine, {key, what::credit, credit.amount, credit.at})) return {};
  const auto first = store_.find(credit.once.key());
  if (first->wallet != mine.id || first->amount != credit.amount)
    return refuse(reason::key_reused, "the same key came with another user or amount");
  return reply_with(reply{}, true);
}

answer wallet::on(const souk::recall& recall) {
  using effect = recorded::effect;
  const auto first = store_.find(recall.once.key());
  if (!first) {
    if (!recall.forbid) return reply_with(recorded{});
    (void)store_.append({recall.once.key(), 0, 0, 0, what::tombstone, {}, {}, recall.now});
    return reply_with(recorded{effect::forbidden, {}, {}});
  }
  if (first->what == what::refused) return reply_with(recorded{effect::refused, {}, {}});
  if (first->what == what::tombstone) return reply_with(recorded{effect::forbidden, {}, {}});
  const bool undone = store_.find(recall.once.undo_key()).has_value();
  return reply_with(recorded{undone ? effect::undone : effect::done, first->amount, {}});
}

answer wallet::on(const souk::wallet::charge& charge) {
  const auto key = charge.user.text + '/' + charge.request;
  const auto print = persistence::print_of(charge);
  if (auto first = store_.requests.known(key, print)) return *first;
  auto& mine = opened(charge.user);
  const auto sum = add(mine.balance, charge.amount);
  // A balance of 2^62 leaves room for every refund that may come.
  if (!sum || sum->minor > INT64_MAX / 2) return refuse(reason::limit_reached, "the balance would leave its range");
  (void)move(mine, {own_key(charge.at, charge.user), what::charge, charge.amount, charge.at});
  if (planted(bug::key_after_effect)) {
    store_.file.commit();
    store_.file.begin();
  }
  auto said = reply_with(souk::wallet::view{charge.user, mine.balance, mine.entries});
  store_.requests.keep(key, print, said);
  return said;
}

answer wallet::on(const souk::wallet::find& find) {
  const auto& mine = account_of(find.user);
  return reply_with(souk::wallet::view{find.user, mine.balance, mine.entries});
}

answer wallet::on(const souk::wallet::read_entries& read) {
  const auto& mine = account_of(read.user);
  auto key = mine.last;
  if (read.after) {
    const auto from = store_.find(read.after);
    if (!from || from->wallet != mine.id) return refuse(reason::not_found, "no such entry in this wallet");
    key = from->previous;
  }
  souk::wallet::page page;
  while (key && page.entries.size() < read.limit) {
    const auto e = store_.find(key);
    const auto cause = e->what == what::charge ? number{} : saga_of_key(e->key);
    page.entries.push_back(
        {e->key, e->number, static_cast<souk::wallet::kind>(e->what), e->amount, e->balance, cause, e->at});
    key = e->previous;
  }
  page.more = key != 0;
  return reply_with(std::move(page));
}

wallet::account& wallet::account_of(const user_id& user) {
  if (const auto found = accounts_.find(user); found != accounts_.end()) return found->second;
  if (accounts_.size() >= accounts_max) std::erase_if(accounts_, [](const auto& one) { return !one.second.changed; });
  auto& mine = accounts_[user];
  if (const auto stored = store_.load(user)) static_cast<store::account&>(mine) = *stored;
  return mine;
}

wallet::account& wallet::opened(const user_id& user) {
  auto& mine = account_of(user);
  if (!mine.id) mine.id = store_.open(user);
  return mine;
}

std::int64_t wallet::own_key(moment at, const user_id& user) {
  return once{store_.numbers.next(at, slice_of(user.text)), step_of_own_number}.key();
}

bool wallet::move(account& in, const movement& m) {
  const money after{in.balance.minor + m.amount.minor};
  if (!store_.append({m.key, in.id, in.last, in.entries + 1, m.what, m.amount, after, m.at})) return false;
  in.balance = after;
  in.entries += 1;
  in.last = m.key;
  oldest_behind_ = std::min(oldest_behind_, m.key);
  newest_ = std::max(newest_, m.key);
  if (!in.changed) changed_.push_back(&in);
  in.changed = true;
  return true;
}

// Entries are the truth and are written at once; the wallets' rows follow a round later.
void wallet::before_commit() {
  if (++commits_ >= commits_a_round || changed_.size() >= changed_max) {
    commits_ = 0;
    std::sort(changed_.begin(), changed_.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
    for (auto* one : changed_) {
      store_.save(*one);
      one->changed = false;
    }
    if (const auto mark = std::max(newest_ - slack, caught_up_); !changed_.empty() && mark != caught_up_)
      store_.save_caught_up(caught_up_ = mark);
    changed_.clear();
    oldest_behind_ = INT64_MAX;
  } else if (oldest_behind_ < caught_up_) {
    store_.save_caught_up(caught_up_ = oldest_behind_);
  }
}

}  // namespace souk::domains
