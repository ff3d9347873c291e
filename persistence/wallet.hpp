// The store of wallets: the ledger is the truth, the wallet rows are its sums.
//
// An entry's primary key is its command's key, so that the ledger is the inbox as well: refusals and tombstones are
// rows without an amount. Entries of a wallet are chained by `previous`, because an index over (wallet, number) would
// put every new entry on a random page.
//
// A wallet's row may lag behind its entries: it is written now and then, not with every movement. `caught_up` is a key
// below which every entry is in its wallet's row; from there on the entries are read again when the store is opened.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "messages/wallet.hpp"
#include "persistence/logs/exchange.hpp"
#include "persistence/logs/own_numbers.hpp"
#include "persistence/logs/requests.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class wallet_store {
public:
  enum class what : std::uint8_t { charge, debit, debit_undone, credit, refused = 10, tombstone = 11 };

  struct account {
    std::int64_t id = 0;  // 0: has no row yet
    money balance;
    std::int64_t entries = 0;
    std::int64_t last = 0;  // key of the newest entry
  };
  struct entry {
    std::int64_t key = 0;
    std::int64_t wallet = 0;
    std::int64_t previous = 0;
    std::int64_t number = 0;
    wallet_store::what what{};
    money amount;  // of a refusal: what was asked
    money balance;
    moment at;
  };

  explicit wallet_store(const open_options& options);

  std::optional<account> load(const user_id& user);
  std::int64_t open(const user_id& user);  // answers the new wallet's id
  void save(const account& account);
  std::int64_t caught_up();
  void save_caught_up(std::int64_t key);
  // The wallets whose rows are behind, as their entries have them. Opening writes nothing: the disk may be full.
  std::vector<std::pair<user_id, account>> behind();

  [[nodiscard]] bool append(const entry& entry);  // false: the key is there already
  std::optional<entry> find(std::int64_t key);

  store_file file;
  persistence::exchange exchange;
  persistence::requests requests;
  own_numbers numbers;  // of charges, which no saga numbers

private:
  void catch_up_in_memory();

  statement load_, open_, save_, append_, find_, caught_up_, save_caught_up_;
};

}  // namespace souk::persistence
