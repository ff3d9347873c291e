// What each store must keep by itself: ledgers that chain, shelves that add up, coupons that are used once.
#include <unordered_map>

#include "persistence/audit/findings.hpp"
#include "persistence/audit/inspection.hpp"

namespace souk::persistence::auditing {

namespace {

using std::to_string;

std::string key_text(std::int64_t key) {
  return to_text(saga_of_key(key)) + '.' + to_string((key >> 1) & 15) + (key & 1 ? "u" : "");
}

// A question to one store whose answer must be empty; a row explains itself in its first column.
template <class... Args>
void must_be_none(store_file& file, invariant& found, const std::string& question, const Args&... args) {
  file.prepare(question).each([&](auto row) { found.broken(file.path() + ": " + row.string(0)); }, args...);
}
// The same for a row that is named by a key.
void no_key_must(store_file& file, const stretch& keys, invariant& found, const std::string& question,
                 const std::string& why) {
  file.prepare(question).each([&](auto row) { found.broken(file.path() + ": " + key_text(row.integer(0)) + why); },
                              keys.after, keys.upto);
}

// A sum of 64-bit numbers that may need more bits, as (high, low) with 0 <= low < 2^32.
struct wide_sum {
  std::int64_t high = 0;
  std::int64_t low = 0;
  wide_sum(std::int64_t h, std::int64_t l) : high(h + (l >> 32)), low(l & 0xffffffff) {}
  friend bool operator==(const wide_sum&, const wide_sum&) = default;
};
wide_sum sum_of(store_file& file, const std::string& what) {
  return *file.prepare("SELECT coalesce(sum(" + what + ">>32),0), coalesce(sum(" + what + "&4294967295),0) FROM " +
                       (what == "balance" ? "wallet" : "entry WHERE what<10"))
              .first([](auto row) {
                return wide_sum{row.integer(0), row.integer(1)};
              });
}

// Where a shelf has been, as one number: a walk from stock to stock adds where it arrives and takes away where it left,
// so that only the two ends are left over, in whatever order the steps are seen.
std::uint64_t footprint(std::int64_t stock) {
  auto h = static_cast<std::uint64_t>(stock) + 0x9e3779b97f4a7c15ULL;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
  return h ^ (h >> 31);
}

struct movement_row {
  std::int64_t key = 0;
  product_store::what what{};
  std::vector<product_store::moved> lines;
};
movement_row read_movement(statement::row row) {
  return {row.integer(0), static_cast<product_store::what>(row.integer(1)),
          unpack<std::vector<product_store::moved>>(row.text(2))};
}

std::string product_on(store_file& file, std::int64_t shelf) {
  return file.prepare("SELECT product FROM shelf WHERE id=?1")
      .first([](auto row) { return row.string(0); }, shelf)
      .value_or("shelf " + to_string(shelf));
}

bool negated(const movement_row& undo, const movement_row& of) {
  if (undo.lines.size() != of.lines.size()) return false;
  for (std::size_t i = 0; i < of.lines.size(); ++i)
    if (undo.lines[i].shelf != of.lines[i].shelf || undo.lines[i].units != -of.lines[i].units) return false;
  return true;
}

}  // namespace

// In the questions ?1 is the key before the first row that is looked at, ?2 that of the last.
void look_at_entries(store_file& file, const stretch& keys, findings& found) {
  // Kinds: 0 charge, 1 debit, 2 debit_undone, 3 credit; 10 refused, 11 tombstone.
  no_key_must(file, keys, found.ledger,
              "SELECT e.key FROM entry AS e LEFT JOIN entry AS p ON p.key=e.previous WHERE e.key>?1 AND e.key<=?2 AND"
              " e.what<10 AND (e.number<>coalesce(p.number,0)+1 OR e.balance<>coalesce(p.balance,0)+e.amount"
              "  OR (e.previous<>0 AND (p.key IS NULL OR p.wallet<>e.wallet OR p.what>=10)))",
              " does not go on from the entry before it");
  no_key_must(file, keys, found.ledger,
              "SELECT key FROM entry WHERE key>?1 AND key<=?2 AND ((what=1 AND amount>=0)"
              " OR (what IN (0,2,3) AND amount<=0) OR what NOT IN (0,1,2,3,10,11))",
              " moves money in the wrong direction");
  no_key_must(file, keys, found.not_negative, "SELECT key FROM entry WHERE key>?1 AND key<=?2 AND balance<0",
              " leaves less than nothing");
  no_key_must(file, keys, found.undos,
              "SELECT u.key FROM entry AS u LEFT JOIN entry AS d ON d.key=u.key-1 WHERE u.key>?1 AND u.key<=?2 AND"
              " ((u.key&1)<>(u.what=2) OR (u.what=2 AND (d.key IS NULL OR d.what<>1 OR d.amount<>-u.amount"
              "  OR d.wallet<>u.wallet)))",
              " undoes something else than its debit");
  no_key_must(file, keys, found.no_effect,
              "SELECT key FROM entry WHERE key>?1 AND key<=?2 AND what>=10 AND (number<>0 OR (what=11 AND amount<>0))",
              " was never in effect, yet it counts");
}

void look_at_wallets(store_file& file, const stretch& keys, findings& found) {
  must_be_none(file, found.ledger,
               "SELECT 'wallet of '||w.user||' has balance '||w.balance||' and '||w.entries||' entries, its ledger '"
               "||coalesce(e.balance,0)||' and '||coalesce(e.number,0) FROM wallet AS w LEFT JOIN entry AS e"
               " ON e.key=w.last AND e.wallet=w.id WHERE w.id>?1 AND w.id<=?2 AND (w.balance<>coalesce(e.balance,0)"
               " OR w.entries<>coalesce(e.number,0))",
               keys.after, keys.upto);
  must_be_none(
      file, found.no_effect,
      "SELECT 'wallet of '||w.user||' counts an entry that was never in effect' FROM wallet AS w JOIN entry AS e"
      " ON e.key=w.last WHERE w.id>?1 AND w.id<=?2 AND e.what>=10",
      keys.after, keys.upto);
  must_be_none(file, found.not_negative,
               "SELECT 'wallet of '||user||' has '||balance FROM wallet WHERE id>?1 AND id<=?2 AND balance<0",
               keys.after, keys.upto);
}

void audit_wallets(stores& all, findings& found) {
  for (auto& [shard, store] : all.wallets) {
    auto& file = store->file;
    look_at_entries(file, {}, found);
    look_at_wallets(file, {}, found);
    must_be_none(
        file, found.ledger,
        "SELECT 'wallet '||coalesce(w.user, 'number '||n.wallet)||' has '||n.rows||' entries, not '"
        "||coalesce(w.entries,0) FROM (SELECT wallet, count(*) AS rows FROM entry WHERE what<10 GROUP BY wallet)"
        " AS n LEFT JOIN wallet AS w ON w.id=n.wallet WHERE n.rows<>coalesce(w.entries,-1)");
    if (sum_of(file, "amount") != sum_of(file, "balance"))
      found.conserved.broken(file.path() + ": the sum of all balances is not the sum of all entries");
  }
}

static void look_at_movement(store_file& file, const movement_row& m, const movement_row& last, findings& found) {
  const auto name = [&] { return file.path() + ": " + key_text(m.key); };
  for (const auto& line : m.lines)
    if (line.stock < 0)
      found.not_negative.broken(name() + " leaves " + to_string(line.stock) + " of " + product_on(file, line.shelf));
  const bool undo = m.what == product_store::what::put_back;
  if (undo != ((m.key & 1) != 0) ||
      (undo && (last.key != m.key - 1 || last.what != product_store::what::taken || !negated(m, last))))
    found.undos.broken(name() + " puts back something else than was taken");
  if (m.what >= product_store::what::refused && !m.lines.empty())
    found.no_effect.broken(name() + " was never in effect, yet it moves stock");
}

void look_at_movements(store_file& file, const stretch& keys, findings& found) {
  movement_row last;
  file.prepare("SELECT key, what, lines FROM movement WHERE key>=?1 AND key<=?2 ORDER BY key")
      .each(
          [&](auto row) {
            auto m = read_movement(row);
            // What was looked at before is read once more, because an undo stands behind what it undoes.
            if (m.key > keys.after) look_at_movement(file, m, last, found);
            last = std::move(m);
          },
          keys.after, keys.upto);
}

void audit_shelves(stores& all, findings& found) {
  struct shelf {
    std::string product;
    std::int64_t stock = 0;
    std::int64_t sum = 0;
    std::uint64_t walk = 0;
  };
  for (auto& [shard, store] : all.products) {
    auto& file = store->file;
    std::unordered_map<std::int64_t, shelf> shelves;
    file.prepare("SELECT id, product, stock FROM shelf").each([&](auto row) {
      shelves[row.integer(0)] = {row.string(1), row.integer(2)};
    });
    movement_row last;
    for (in_order<movement_row> rows{file, "SELECT key, what, lines FROM movement WHERE key>?1 ORDER BY key LIMIT ?2",
                                     read_movement};
         rows.now(); rows.pass()) {
      const auto& m = *rows.now();
      look_at_movement(file, m, last, found);
      for (const auto& line : m.lines) {
        auto& on = shelves[line.shelf];
        on.sum += line.units;
        on.walk += footprint(line.stock) - footprint(line.stock - line.units);
      }
      last = m;
    }
    for (const auto& [id, on] : shelves) {
      if (on.product.empty())
        found.shelves.broken(file.path() + ": movements name shelf " + to_string(id) + ", which is not there");
      else if (on.stock != on.sum)
        found.shelves.broken(file.path() + ": " + on.product + " has " + to_string(on.stock) + ", its movements make " +
                             to_string(on.sum));
      else if (on.walk != footprint(on.stock) - footprint(0))
        found.shelves.broken(file.path() + ": a movement of " + on.product +
                             " leaves a stock that no other starts from");
      if (on.stock < 0) found.not_negative.broken(file.path() + ": " + on.product + " has " + to_string(on.stock));
    }
  }
}

void look_at_uses(store_file& file, const stretch& keys, findings& found) {
  no_key_must(file, keys, found.coupons,
              "SELECT o.key FROM operation AS o LEFT JOIN coupon AS c ON c.id=o.coupon WHERE o.key>?1 AND o.key<=?2 AND"
              " o.what<2 AND (c.id IS NULL OR o.off<0 OR o.off>o.amount)",
              " uses a coupon that is not there, or takes off more than all");
  no_key_must(
      file, keys, found.undos,
      "SELECT u.key FROM operation AS u LEFT JOIN operation AS d ON d.key=u.key-1 WHERE u.key>?1 AND u.key<=?2 AND"
      " ((u.key&1)<>(u.what=1) OR (u.what=1 AND (d.key IS NULL OR d.what<>0 OR d.coupon<>u.coupon"
      "  OR d.off<>u.off)))",
      " undoes something else than its use");
}

void audit_coupons(stores& all, findings& found) {
  for (auto& [shard, store] : all.coupons) {
    auto& file = store->file;
    must_be_none(
        file, found.campaigns,
        "SELECT c.code||' gave '||coalesce(n.given,0)||' coupons, counts '||c.issued||' and may give '||c.coupons"
        " FROM campaign AS c LEFT JOIN (SELECT campaign, count(*) AS given FROM coupon GROUP BY campaign) AS n"
        " ON n.campaign=c.id WHERE coalesce(n.given,0)<>c.issued OR c.issued>c.coupons");
    // Kinds: 0 used, 1 use_undone, 2 given_back; 10 refused, 11 tombstone. A giving back is written down even when the
    // coupon's days were over and it stayed used.
    file.prepare(
            "SELECT c.id, c.state, c.used_by, coalesce(o.live,0), coalesce(o.back,0), EXISTS (SELECT 1 FROM operation"
            " AS u WHERE u.key BETWEEN c.used_by<<5 AND (c.used_by<<5)+31 AND u.what=0 AND u.coupon=c.id"
            " AND NOT EXISTS (SELECT 1 FROM operation AS x WHERE x.key=u.key+1)) FROM coupon AS c"
            " LEFT JOIN (SELECT coupon, sum(what=0)-sum(what=1) AS live, sum(what=2) AS back FROM operation"
            " GROUP BY coupon) AS o ON o.coupon=c.id"
            " WHERE c.state<>0 OR o.live<>0")
        .each([&](auto row) {
          const auto used = row.integer(1), live = row.integer(3), back = row.integer(4);
          const auto name = file.path() + ": coupon " + to_text(number{row.integer(0)});
          if (used && !row.integer(5))
            found.coupons.broken(name + " is marked used by " + to_text(number{row.integer(2)}) +
                                 ", which has no such use");
          else if (live > back + used)
            found.coupons.broken(name + " has " + to_string(live) + " uses in effect, given back " + to_string(back) +
                                 ", marked " + (used ? "used" : "free"));
          else if (live < used)
            found.coupons.broken(name + " is marked used without a use in effect");
        });
    look_at_uses(file, {}, found);
  }
}

}  // namespace souk::persistence::auditing
