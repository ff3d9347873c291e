// How far a subscriber has come in each outbox, kept in the same file as what it made of the events: an inbox for
// events that come in order.
#pragma once

#include <cstdint>
#include <string>

#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class positions {
public:
  static std::string schema(const std::string& table = "position") {
    return "CREATE TABLE " + table + "(source INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;";
  }

  explicit positions(store_file& file, const std::string& table = "position")
      : find_(file.prepare("SELECT seq FROM " + table + " WHERE source=?1")),
        save_(file.prepare("INSERT INTO " + table + " VALUES(?1,?2) ON CONFLICT DO UPDATE SET seq=?2")) {}

  // The last event of this outbox that is in effect; 0: none.
  std::int64_t of(std::uint32_t source) {
    return find_.first([](auto row) { return row.integer(0); }, source).value_or(0);
  }
  void save(std::uint32_t source, std::int64_t seq) { save_.run(source, seq); }

private:
  statement find_, save_;
};

}  // namespace souk::persistence
