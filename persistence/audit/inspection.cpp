// Walks through the tables of a store, a stretch at a time.
#include "persistence/audit/inspection.hpp"

#include <algorithm>
#include <iterator>

#include "persistence/audit/findings.hpp"

namespace souk::persistence {

using namespace auditing;

namespace {

struct walk {
  souk::domain domain{};
  const char* key;
  const char* table;
  void (*look)(store_file&, const stretch&, findings&);
  bool at_once = false;  // the look is at the whole table
};
constexpr walk walks[]{
    {domain::wallet, "key", "entry", look_at_entries},        {domain::wallet, "id", "wallet", look_at_wallets},
    {domain::product, "key", "movement", look_at_movements},  {domain::coupon, "key", "operation", look_at_uses},
    {domain::order, "seq", "audit", look_at_audit_log, true}, {domain::order, "id", "orders", look_at_repaired},
};

// What these looks may find broken; the rest of the findings they leave alone.
constexpr invariant findings::*looked_for[]{&findings::ledger,    &findings::not_negative, &findings::undos,
                                            &findings::no_effect, &findings::coupons,      &findings::repairs};

const walk* walk_of(domain of, std::uint32_t nth) {
  for (const auto& one : walks)
    if (one.domain == of && nth-- == 0) return &one;
  return nullptr;
}

}  // namespace

examined look_through(store_file& file, const examine& wanted) {
  examined out;
  const auto* here = walk_of(wanted.at.domain, wanted.walk);
  if (!here) {
    out.through = true;
    return out;
  }
  stretch keys{wanted.after, wanted.after};
  const std::string key = here->key, table = here->table;
  file.prepare("SELECT " + key + " FROM " + table + " WHERE " + key + ">?1 ORDER BY " + key + " LIMIT ?2")
      .each(
          [&](auto row) {
            keys.upto = row.integer(0);
            ++out.rows;
          },
          wanted.after, here->at_once ? 1U : std::clamp(wanted.rows, 1U, 4'096U));
  if (out.rows || here->at_once) {  // also where every row was taken out
    findings found;
    here->look(file, keys, found);
    for (const auto what : looked_for)
      for (const auto& row : (found.*what).rows) out.flaws.push_back({(found.*what).name, row});
  }
  out.walk = wanted.walk;
  out.after = keys.upto;
  if (!out.rows || here->at_once) {
    out.walk += 1;
    out.after = INT64_MIN;
    out.through = !walk_of(wanted.at.domain, out.walk);
  }
  return out;
}

std::vector<std::string> asked() {
  findings all;
  std::vector<std::string> names;
  for (const auto what : looked_for) names.push_back((all.*what).name);
  return names;
}

std::vector<std::string> not_asked() {
  const auto known = asked();
  std::vector<std::string> names;
  for (const auto& one : findings{}.all())
    if (std::find(known.begin(), known.end(), one.name) == known.end()) names.push_back(one.name);
  return names;
}

}  // namespace souk::persistence
