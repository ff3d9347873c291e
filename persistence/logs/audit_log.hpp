// The audit log: what operators did to sagas, append-only, in the store of the sagas and in the repair's transaction.
//
// Each line carries the SHA-256 of the line before it and of itself, and a row of its own says how many lines there are
// and what the newest hash is. Whoever cuts the end off and mends that row is given away by what the lines were about:
// each case knows how often it was repaired, each design whether it is paused. No secret is in it, so whoever writes
// all of that anew goes unnoticed, unless somebody has written the newest hash down elsewhere.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "messages/order.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class audit_log {
public:
  static std::string schema();
  explicit audit_log(store_file& file);

  // Gives the line its number and its hashes.
  order::audit_line append(order::audit_line fresh);
  // Oldest first.
  std::vector<order::audit_line> of(number about);
  // Newest first, below `before` (0: all), of one case if given.
  std::vector<order::audit_line> list(const order::read_audit& wanted, std::uint32_t limit);
  // Reads all of it, oldest first.
  order::audit_state verify();

private:
  struct head {
    std::int64_t seq = 0;
    std::string hash;
  };
  head newest();

  void compare_with_store(order::audit_state& state, const std::map<order::flow, order::audit_line>& last);

  statement append_, move_head_, head_, of_, list_, list_of_, all_, repaired_, paused_;
};

// The hash of a line: of all that it says, the hash before it included.
std::string hash_of(const order::audit_line& line);

}  // namespace souk::persistence
