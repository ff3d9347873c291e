// Keeps wallets and their ledger in SQLite.
#include "persistence/wallet.hpp"

#include <string>

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE wallet(id INTEGER PRIMARY KEY, user TEXT NOT NULL UNIQUE, balance INTEGER NOT NULL CHECK(balance>=0),"
    " entries INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;"
    "CREATE TABLE entry(key INTEGER PRIMARY KEY, wallet INTEGER NOT NULL, previous INTEGER NOT NULL,"
    " number INTEGER NOT NULL, what INTEGER NOT NULL, amount INTEGER NOT NULL, balance INTEGER NOT NULL,"
    " at INTEGER NOT NULL) STRICT;" +
    std::string{requests::schema} + std::string{own_numbers::schema};
static const std::string_view migrations[]{version_1};

wallet_store::wallet_store(const open_options& options)
    : file(options, migrations),
      requests(file),
      numbers(file),
      load_(file.prepare("SELECT id, balance, entries, last FROM wallet WHERE user=?1")),
      open_(file.prepare("INSERT INTO wallet(user, balance, entries, last) VALUES(?1,0,0,0)")),
      save_(file.prepare("UPDATE wallet SET balance=?2, entries=?3, last=?4 WHERE id=?1")),
      append_(file.prepare("INSERT INTO entry VALUES(?1,?2,?3,?4,?5,?6,?7,?8)")),
      find_(file.prepare("SELECT wallet, previous, number, what, amount, balance, at FROM entry WHERE key=?1")) {}

std::optional<wallet_store::account> wallet_store::load(const user_id& user) {
  return load_.first(
      [](auto row) {
        return account{row.integer(0), {row.integer(1)}, row.integer(2), row.integer(3)};
      },
      user.text);
}

std::int64_t wallet_store::open(const user_id& user) {
  open_.run(user.text);
  return file.last_row();
}

void wallet_store::save(const account& account) {
  save_.run(account.id, account.balance.minor, account.entries, account.last);
}

bool wallet_store::append(const entry& entry) {
  return append_.insert(entry.key, entry.wallet, entry.previous, entry.number, entry.what, entry.amount.minor,
                        entry.balance.minor, entry.at.ms);
}

std::optional<wallet_store::entry> wallet_store::find(std::int64_t key) {
  return find_.first(
      [&](auto row) {
        return entry{key,
                     row.integer(0),
                     row.integer(1),
                     row.integer(2),
                     static_cast<wallet_store::what>(row.integer(3)),
                     {row.integer(4)},
                     {row.integer(5)},
                     {row.integer(6)}};
      },
      key);
}

}  // namespace souk::persistence
