// Wallet: charges, debits, credits and their compensation, each explained by an entry of the ledger.
#pragma once

#include <unordered_map>
#include <vector>

#include "actors/domains/brain.hpp"
#include "persistence/wallet.hpp"

namespace souk::domains {

class wallet final : public brain {
public:
  explicit wallet(const persistence::open_options& options);

  answer decide(const command& what) override { return dispatch(*this, what); }
  void before_commit() override;
  persistence::store_file& file() override { return store_.file; }
  persistence::exchange* exchange() override { return &store_.exchange; }

  answer on(const souk::wallet::charge& charge);
  answer on(const souk::wallet::debit& debit);
  answer on(const souk::wallet::undo_debit& undo);
  answer on(const souk::wallet::credit& credit);
  answer on(const souk::wallet::find& find);
  answer on(const souk::wallet::read_entries& read);
  answer on(const souk::recall& recall);

private:
  using store = persistence::wallet_store;
  struct account : store::account {
    bool changed = false;  // its row is behind
  };
  struct movement {
    std::int64_t key = 0;
    store::what what{};
    money amount;  // signed
    moment at;
  };
  static constexpr std::size_t accounts_max = 1 << 18;
  // A wallet that moves often is written once in so many commits; a batch of so many wallets holds nobody up for long.
  static constexpr int commits_a_round = 64;
  static constexpr std::size_t changed_max = 2048;
  // Sagas that are two seconds old still move wallets: with this slack their keys do not lower the mark again.
  static constexpr std::int64_t slack = once{number{std::int64_t{2'000} << 18}, 0}.key();

  account& account_of(const user_id& user);
  account& opened(const user_id& user);
  // Appends the movement and moves the balance; false when the key is there already, and nothing moved.
  bool move(account& in, const movement& movement);
  std::int64_t own_key(moment at, const user_id& user);  // of a movement that no saga numbers
  answer known(const store::entry& first, money amount, std::int64_t wallet);

  store store_;
  std::unordered_map<user_id, account> accounts_;
  std::vector<account*> changed_;
  std::int64_t caught_up_;                  // as the store has it
  std::int64_t oldest_behind_ = INT64_MAX;  // lowest key of an entry that no row has yet
  std::int64_t newest_ = 0;                 // highest key
  int commits_ = 0;                         // since the rows were written
};

}  // namespace souk::domains
