// The store of seats, of every hold ever made, and of every confirmation of one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "messages/grammar/answer.hpp"
#include "messages/reservation.hpp"
#include "persistence/logs/own_numbers.hpp"
#include "persistence/logs/requests.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class reservation_store {
public:
  enum class what : std::uint8_t { confirmed, undone, given_back, refused = 10, tombstone = 11 };

  // One confirmation, or what came of the wish; its primary key is its command's key: the inbox.
  struct operation {
    std::int64_t key = 0;
    reservation_store::what what{};
    reservation_id reservation;
    reason why{};  // of a refusal
    moment at;
  };
  struct schedule {
    std::int64_t id = 0;
    schedule_id schedule;
    concert_id concert;
    moment sales_open;
    moment first_hold;
    std::int64_t hold_ms = 0;
    std::int64_t seats = 0;

    moment opened() const { return sales_open.ms ? sales_open : first_hold; }
  };
  // A seat and its newest hold; now and until say whether that hold is anything still.
  struct seat {
    std::int64_t id = 0;
    std::int64_t schedule = 0;
    reservation::offer offer;
    reservation::state now{};
    reservation_id newest;
    moment until;
    number sale;  // the payment that has it

    bool held_at(moment at) const { return now == reservation::state::held && at < until; }
  };
  struct hold {
    reservation_id id;
    std::int64_t seat = 0;
    user_id user;
    token_id token;
    money price;
    moment until;
  };

  explicit reservation_store(const open_options& options);

  std::optional<schedule> load(const schedule_id& schedule);
  std::optional<schedule> load(std::int64_t schedule);
  std::int64_t open(const schedule& fresh);
  void save(const schedule& schedule);

  void offer(std::int64_t schedule, const reservation::offer& offer);  // a new seat, or a changed one
  std::int64_t seats_of(std::int64_t schedule);
  std::optional<seat> find_seat(std::int64_t schedule, const seat_id& seat);
  std::optional<seat> seat_at(std::int64_t id);
  std::vector<seat> list(std::int64_t schedule, std::int64_t after, std::uint32_t limit);
  void mark(const seat& seat);  // state, newest hold, until, sale

  void append(const hold& fresh);
  std::optional<hold> find_hold(reservation_id id);
  std::optional<hold> newest_of(token_id token);

  [[nodiscard]] bool append(const operation& operation);  // false: the key is there already
  std::optional<operation> operation_at(std::int64_t key);

  store_file file;
  persistence::requests requests;
  own_numbers numbers;  // of holds

private:
  statement load_, load_id_, open_, save_, offer_, count_, seat_, seat_id_, list_, mark_, append_hold_, hold_, newest_,
      append_, operation_;
};

}  // namespace souk::persistence
