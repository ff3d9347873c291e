// Order: opens cases, decides at the pivot whether a sale is completed or was taken back, and writes the events.
//
//   sale:    PENDING -> COMPLETED -> CANCELLED (by its refund)
//            PENDING -> FAILED | CANCELLED     (stays open until everybody who acted has undone it)
//   return, refund: PENDING -> COMPLETED | FAILED
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/domains/brain.hpp"
#include "persistence/order.hpp"

namespace souk::domains {

class order final : public brain {
public:
  // Every case that has not ended is begun again: its saga asks with the same keys and finds the recorded outcomes.
  order(const persistence::open_options& options, std::uint32_t shard);

  answer decide(const command& what) override { return dispatch(*this, what); }
  void before_commit() override { store_.write_late(open_.empty() ? number{} : number{open_.begin()->first}); }
  persistence::store_file& file() override { return store_.file; }
  persistence::exchange* exchange() override { return &store_.exchange; }
  void hear(const souk::event_log::event& event) override;
  const std::vector<souk::order::happening>* story(number id) const override;
  souk::order::runner runner_of(std::uint32_t share) const override;
  std::int64_t run_by_events() const override { return by_events_; }

  answer on(const souk::order::place& place);
  answer on(const souk::order::watch& watch);
  answer on(const souk::order::complete& complete);
  answer on(const souk::order::announce& announce);
  answer on(const souk::order::give_up& give_up);
  answer on(const souk::order::claim& claim);
  answer on(const souk::order::fail& fail);
  answer on(const souk::order::close& close);
  answer on(const souk::order::park& park);
  answer on(const souk::order::cancel& cancel);
  answer on(const souk::order::find& find);
  answer on(const souk::order::find_request& find);
  answer on(const souk::order::list& list);
  answer on(const souk::order::resume& resume);
  answer on(const souk::order::fetch& fetch);
  answer on(const souk::order::repair& repair);
  answer on(const souk::order::pause& pause);
  answer on(const souk::order::replay& replay);
  answer on(const souk::order::list_sagas& list);
  answer on(const souk::order::survey& survey);
  answer on(const souk::order::read_audit& read);
  answer on(const souk::order::verify_audit& verify);

private:
  using record = persistence::order_store::record;

  bool is_outdated(number id, std::uint32_t turn) const;
  void share_anew(std::uint32_t of);
  record* open_case(number id);  // null: it has ended, or never was
  std::optional<record> any_case(number id);
  void end(record& r, souk::order::state state, moment at);
  void put_away(number id);  // from those that are open to those that ended lately
  void remember(record ended);
  void tell(const record& r, souk::order::kind what, moment at);
  void begin_refund(record& sale, moment at);
  void send_on(record& parked);
  void unpark(record& moving);
  void count_end(const record& ended);

  persistence::order_store store_;
  std::uint32_t shard_;
  static constexpr std::size_t ended_max = 4096;
  std::map<std::int64_t, record> open_;   // by number: the oldest first
  std::int64_t by_events_ = 0;            // of those that are open
  std::map<std::int64_t, record> ended_;  // lately, for those who watch; a cache
  std::int64_t placed_ = 0;               // since it sits here, like the next
  std::vector<souk::order::overview::ended_so> ends_;
  std::array<std::optional<souk::order::pausing>, souk::order::flows> paused_;
  std::vector<souk::order::runner> runners_;  // by share; none: no coordinator has asked yet
};

// What people see of a case.
souk::order::ticket ticket_of(const persistence::order_store::record& r);
souk::order::view view_of(const persistence::order_store::record& r);

}  // namespace souk::domains
