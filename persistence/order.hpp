// The store of orders, returns and refunds, which is also their sagas' log, and of the events that tell of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "messages/letter.hpp"
#include "persistence/logs/audit_log.hpp"
#include "persistence/logs/exchange.hpp"
#include "persistence/logs/late_index.hpp"
#include "persistence/logs/outbox.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class order_store {
public:
  // One case: what was asked, and how far it is.
  struct record {
    order::brief brief;
    std::string request;
    std::uint64_t print = 0;  // of the request's content
    order::state state{};
    order::saga_state saga{};
    reason why{};
    std::string detail;
    number refund;  // of a sale: the case that gives it back
    moment ended;   // 0: open
    std::vector<order::happening> timeline;
    std::int64_t repairs = 0;        // lines of the audit log that are about it
    rare<order::standstill> parked;  // while it is
  };

  explicit order_store(const open_options& options);

  void append(const record& fresh);
  void save(const record& changed);
  std::optional<record> find(number id);
  std::optional<record> find_request(const std::string& request);
  std::vector<record> open();  // every case that has not ended
  std::vector<order::pausing> pausings();
  void save_pausing(order::flow flow, const order::pausing* paused);  // null: it is no more
  void save_standstill(const record& parked);                         // or that it is parked no more
  std::vector<order::runner> runners();                               // by share
  void save_runner(const order::runner& of);
  // Sales, newest first, below `before` (0: all).
  std::vector<record> list(const order::list& wanted);
  // The numbers of cases below `before` (0: all), newest first, until visit answers false.
  void each_number_below(number before, const std::function<bool(number)>& visit);

  // The next case's number: larger than any before.
  number next_number(moment now, slice where);
  number newest() const { return newest_; }

  // Called with every commit, inside its transaction: what need not be written with each order. oldest_open: 0 when no
  // case is open.
  void write_late(number oldest_open);

  store_file file;
  persistence::exchange exchange;
  persistence::outbox<order::event> outbox;
  persistence::audit_log audit;

private:
  static constexpr int commits_a_mark = 64;

  late_index by_request_, by_user_;
  statement append_, save_, find_, open_, save_open_from_, list_, list_ended_badly_, numbers_, park_, unpark_,
      standstill_, pause_, resume_, save_runner_;
  number newest_;
  int commits_since_mark_ = 0;
};

}  // namespace souk::persistence
