// Wallet: a user's balance and the ledger that explains it, entry by entry.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/money.hpp"

namespace souk::wallet {

enum class kind : std::uint8_t {
  charge,        // topped up by its owner
  debit,         // paid for an order
  debit_undone,  // the compensation of a debit
  credit,        // money back: a refund or a return
};

// One ledger entry. amount is signed; the first balance is 0 and every balance is the one before plus
// the amount.
struct entry {
  std::int64_t id = 0;      // the operation's key, unique in its store; pages go on from it
  std::int64_t number = 0;  // grows within a wallet: 1, 2, 3
  kind what{};
  money amount;
  money balance;       // after this entry
  souk::number cause;  // the order, return or refund; 0 for a charge
  moment at;
  SOUK_FIELDS(entry, id, number, what, amount, balance, cause, at);
};

struct view {
  user_id user;
  money balance;
  std::int64_t entries = 0;
  SOUK_FIELDS(view, user, balance, entries);
};

struct page {
  std::vector<entry> entries;
  bool more = false;
  SOUK_FIELDS(page, entries, more);
};

// Tops up, once per request key. Answers the view after it.
struct charge {
  std::string request;  // the caller's Idempotency-Key
  user_id user;
  money amount;
  moment at;
  SOUK_FIELDS(charge, request, user, amount, at);
};

// Takes the amount when the balance allows it, else insufficient_funds. Answers order::entry.
struct debit {
  souk::once once;
  user_id user;
  money amount;
  moment at;
  SOUK_FIELDS(debit, once, user, amount, at);
};

// Gives back exactly what that debit took, and answers order::entry; nothing when it took nothing, and then it never
// will.
struct undo_debit {
  souk::once once;  // of the debit
  user_id user;
  moment at;
  SOUK_FIELDS(undo_debit, once, user, at);
};

// Puts money back: a refund or a return.
struct credit {
  souk::once once;
  user_id user;
  money amount;
  moment at;
  SOUK_FIELDS(credit, once, user, amount, at);
};

struct find {
  user_id user;
  SOUK_FIELDS(find, user);
};

// The ledger, newest first, from below the given entry id (0: from the newest). Answers a page.
struct read_entries {
  user_id user;
  std::int64_t after = 0;
  std::uint32_t limit = 100;
  SOUK_FIELDS(read_entries, user, after, limit);
};

}  // namespace souk::wallet
