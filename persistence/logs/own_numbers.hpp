// Gives the numbers that a store gives by itself (charges, coupons, orders), growing across restarts even when the
// clock steps back.
#pragma once

#include <algorithm>

#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class own_numbers {
public:
  static constexpr std::string_view schema =
      "CREATE TABLE own_number(id INTEGER PRIMARY KEY CHECK(id=1), last INTEGER NOT NULL) STRICT;"
      "INSERT INTO own_number VALUES(1,0);";

  explicit own_numbers(store_file& file) : save_(file.prepare("UPDATE own_number SET last=?1")) {
    last_.value =
        file.prepare("SELECT last FROM own_number").first([](auto row) { return row.integer(0); }).value_or(0);
  }

  // above: a number of another store that this one is to be larger than.
  number next(moment now, slice where, number above = {}) {
    last_ = next_number(std::max(last_, above), now.ms, where);
    save_.run(last_.value);
    return last_;
  }

private:
  statement save_;
  number last_;
};

}  // namespace souk::persistence
