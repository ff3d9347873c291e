// What of the audit can be asked of a store that its desk works with: invariants of single rows, and of rows that hang
// together by their keys, a stretch of keys at a time.
//
// The audit of a stopped node (persistence/audit.hpp) makes the same checks over all keys, and those that need more
// than that: sums over a store, what the file itself is like, and whatever lies in several stores. Of these a running
// node says nothing, because between two questions its books move on: not_asked() names them.
#pragma once

#include <string>
#include <vector>

#include "messages/examine.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

// Looks through the next stretch; of a store without anything to look at it is through at once.
examined look_through(store_file& file, const examine& wanted);

// Names of invariants, as audit() has them.
std::vector<std::string> asked();      // at least in part
std::vector<std::string> not_asked();  // of a running node

namespace auditing {

struct findings;

// Keys above `after`, up to and with `upto`.
struct stretch {
  std::int64_t after = INT64_MIN;
  std::int64_t upto = INT64_MAX;
};

// What each store must keep by itself, row by row.
void look_at_entries(store_file& file, const stretch& keys, findings& found);    // of wallets
void look_at_wallets(store_file& file, const stretch& keys, findings& found);    // each with its newest entry
void look_at_movements(store_file& file, const stretch& keys, findings& found);  // of shelves
void look_at_uses(store_file& file, const stretch& keys, findings& found);       // of coupons
void look_at_audit_log(store_file& file, const stretch& keys, findings& found);  // all of it: it is short
void look_at_repaired(store_file& file, const stretch& keys, findings& found);   // cases of which it has no line

}  // namespace auditing

}  // namespace souk::persistence
