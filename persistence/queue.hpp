// The store of waiting rooms: every token ever issued, and every payment that used one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "messages/queue.hpp"
#include "persistence/logs/own_numbers.hpp"
#include "persistence/logs/requests.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class queue_store {
public:
  enum class what : std::uint8_t { used, use_undone, refused = 10, tombstone = 11 };

  // One use of a token, or what came of the wish; its primary key is its command's key: the inbox.
  struct operation {
    std::int64_t key = 0;
    queue_store::what what{};
    token_id token;
    moment at;
  };
  // The waiting room of one date.
  struct room {
    std::int64_t id = 0;
    schedule_id schedule;
    moment sales_open;
    std::int64_t admits = 0;
    std::int64_t hold_ms = 0;
    std::int64_t issued = 0;   // places given
    std::int64_t turns = 0;    // tokens let in for the first time
    std::int64_t crowded = 0;  // the most that `admits` ever was
  };
  struct token {
    token_id id;
    std::int64_t room = 0;
    user_id user;
    std::int64_t place = 0;
    queue::state now{};
    moment until;
    std::int64_t turn = 0;  // as the how manieth it was let in first; 0: not yet
    number used_by;         // the payment
    moment admitted;        // since when it is in, this time
  };

  explicit queue_store(const open_options& options);

  std::optional<room> load(const schedule_id& schedule);
  std::optional<room> load(std::int64_t room);
  std::int64_t open(const room& fresh);
  void save(const room& room);

  void issue(const token& fresh);
  void save(const token& token);
  std::optional<token> find(token_id token);
  std::optional<token> live_of(std::int64_t room, const user_id& user);  // that waits or is in
  std::optional<token> first_waiting(std::int64_t room);
  std::optional<token> first_due(std::int64_t room, moment at);  // that is in, but no longer than until now
  std::int64_t in(std::int64_t room);
  std::int64_t waiting_below(std::int64_t room, std::int64_t place);

  [[nodiscard]] bool append(const operation& operation);  // false: the key is there already
  std::optional<operation> operation_at(std::int64_t key);

  store_file file;
  persistence::requests requests;
  own_numbers numbers;  // of tokens

private:
  statement load_, load_id_, open_, save_, issue_, save_token_, find_, live_, waiting_, due_, in_, below_, append_,
      operation_;
};

}  // namespace souk::persistence
