// Keeps wallets and their ledger in SQLite.
#include "persistence/wallet.hpp"

#include <string>
#include <unordered_map>

#include "messages/grammar/planted.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE wallet(id INTEGER PRIMARY KEY, user TEXT NOT NULL UNIQUE, balance INTEGER NOT NULL CHECK(balance>=0),"
    " entries INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;"
    "CREATE TABLE entry(key INTEGER PRIMARY KEY, wallet INTEGER NOT NULL, previous INTEGER NOT NULL,"
    " number INTEGER NOT NULL, what INTEGER NOT NULL, amount INTEGER NOT NULL, balance INTEGER NOT NULL,"
    " at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE caught_up(id INTEGER PRIMARY KEY CHECK(id=1), key INTEGER NOT NULL) STRICT;"
    "INSERT INTO caught_up VALUES(1,0);" +
    std::string{requests::schema} + std::string{own_numbers::schema};
static const std::string version_2 = exchange::schema();
static const std::string_view migrations[]{version_1, version_2};

wallet_store::wallet_store(const open_options& options)
    : file(options, migrations),
      exchange(file),
      requests(file),
      numbers(file),
      load_(file.prepare("SELECT id, balance, entries, last FROM wallet WHERE user=?1")),
      open_(file.prepare("INSERT INTO wallet(user, balance, entries, last) VALUES(?1,0,0,0)")),
      save_(file.prepare("UPDATE wallet SET balance=?2, entries=?3, last=?4 WHERE id=?1")),
      append_(file.prepare("INSERT INTO entry VALUES(?1,?2,?3,?4,?5,?6,?7,?8)")),
      find_(file.prepare("SELECT wallet, previous, number, what, amount, balance, at FROM entry WHERE key=?1")),
      caught_up_(file.prepare("SELECT key FROM caught_up")),
      save_caught_up_(file.prepare("UPDATE caught_up SET key=?1")) {
  if (options.read_only) catch_up_in_memory();
  if (planted(bug::tombstones_tidied_away) && !options.read_only) file.execute("DELETE FROM entry WHERE what=11");
}

std::vector<std::pair<user_id, wallet_store::account>> wallet_store::behind() {
  std::unordered_map<std::int64_t, account> newest;
  file.prepare("SELECT wallet, number, balance, key FROM entry WHERE key>=?1 AND what<10")
      .each(
          [&](auto row) {
            auto& mine = newest[row.integer(0)];
            if (row.integer(1) > mine.entries)
              mine = {row.integer(0), {row.integer(2)}, row.integer(1), row.integer(3)};
          },
          caught_up());
  std::vector<std::pair<user_id, account>> all;
  auto row_of = file.prepare("SELECT user FROM wallet WHERE id=?1 AND entries<?2");
  for (const auto& [id, mine] : newest)
    if (auto user = row_of.first([](auto row) { return user_id{row.string(0)}; }, id, mine.entries))
      all.emplace_back(*std::move(user), mine);
  return all;
}

// Nothing may be written to a store that is audited: a table of the same name in memory takes the place of the rows.
void wallet_store::catch_up_in_memory() {
  const auto all = behind();
  file.execute(
      "PRAGMA query_only=OFF;"
      "CREATE TEMP TABLE wallet(id INTEGER PRIMARY KEY, user TEXT NOT NULL, balance INTEGER NOT NULL,"
      " entries INTEGER NOT NULL, last INTEGER NOT NULL);"
      "INSERT INTO temp.wallet SELECT id, user, balance, entries, last FROM main.wallet;");
  for (const auto& [user, mine] : all) save(mine);
  file.execute("PRAGMA query_only=ON");
}

std::int64_t wallet_store::caught_up() {
  return caught_up_.first([](auto row) { return row.integer(0); }).value_or(0);
}

void wallet_store::save_caught_up(std::int64_t key) { save_caught_up_.run(key); }

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
