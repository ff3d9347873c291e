// Events written in the transaction that causes them, kept until every subscriber has them in effect.
//
// The events of one transaction are one row: they are written, read and deleted together, and a row for each was a
// twentieth of a busy shop's time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "messages/order.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class outbox {
public:
  static constexpr std::string_view schema =
      // seq: of the row's last event
      "CREATE TABLE outbox(seq INTEGER PRIMARY KEY, events BLOB NOT NULL) STRICT;"
      "CREATE TABLE acknowledged(subscriber INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;"
      "INSERT INTO acknowledged VALUES(0,0),(1,0),(2,0);";

  explicit outbox(store_file& file);

  void write(order::event what);  // gives it its seq
  // Called with every commit, inside its transaction.
  void write_the_row();
  // At least one event if there is one; about `limit`, because rows are read whole.
  std::vector<order::event> after(std::int64_t seq, std::uint32_t limit);
  std::int64_t newest() const { return newest_; }

  // This subscriber has everything up to seq durably in effect. What all have is deleted, some at a time.
  void acknowledge(order::subscriber who, std::int64_t seq);

private:
  // The newest events stay in memory for subscribers that keep up; those that do not read the rows.
  static constexpr std::size_t recent_max = 4096;
  // Deleting row by row as acknowledgements come would dirty the same pages again and again.
  static constexpr std::int64_t delete_at_once = 256;

  statement write_, after_, acknowledge_, forget_;
  std::array<std::int64_t, order::subscribers> acknowledged_{};
  std::deque<order::event> recent_;
  std::vector<order::event> unwritten_;
  std::int64_t newest_ = 0;
  std::int64_t forgotten_ = 0;  // every row up to it is deleted
};

}  // namespace souk::persistence
