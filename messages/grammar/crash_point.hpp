// Places at which a test build dies as if by kill -9, to see that nothing is lost between one and the next.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace souk {

enum class crash_point : std::uint8_t {
  transaction_begun,
  before_commit,
  after_commit,
  wal_written,
  wal_synced,
  page_moved,
  store_synced,
  wal_wiped,
  wal_cut,
  before_migration,
  migrated,
  migration_committed,
  outbox_written,
  outbox_forgets,
  before_begin,
  answered_early,
  before_answer,
  answered,
  before_step,
  step_answered,
  turned_back,
  timer_fires,
  before_append,
  appended,
  before_react,
  reacted,
  before_booking,
  booked,
  before_delivery,
  delivered,
  recorded,
  before_errand,
  errand_done,
  before_http_answer,
  move_closed,
  move_fetched,
  move_copied,
  move_decided,
  move_set_aside,
  move_learned,
  move_in_place,
  move_done,
};

struct crash_point_row {
  crash_point at;
  std::string_view name, what;
};
inline constexpr std::array crash_points{
    crash_point_row{crash_point::transaction_begun, "transaction_begun", "a store has begun a transaction"},
    crash_point_row{crash_point::before_commit, "before_commit", "a batch is decided and not committed"},
    crash_point_row{crash_point::after_commit, "after_commit", "it is committed, and nobody knows"},
    crash_point_row{crash_point::wal_written, "wal_written", "a part of a commit is in the log of a store"},
    crash_point_row{crash_point::wal_synced, "wal_synced", "all of it is, durably"},
    crash_point_row{crash_point::page_moved, "page_moved", "a checkpoint has moved a page"},
    crash_point_row{crash_point::store_synced, "store_synced", "it has moved all, durably"},
    crash_point_row{crash_point::wal_wiped, "wal_wiped", "a log of which all was moved says that nothing is in it"},
    crash_point_row{crash_point::wal_cut, "wal_cut", "it is empty"},
    crash_point_row{crash_point::before_migration, "before_migration", "a statement of a new schema is about to run"},
    crash_point_row{crash_point::migrated, "migrated", "all have run, and are not committed"},
    crash_point_row{crash_point::migration_committed, "migration_committed", "they are, and others may follow"},
    crash_point_row{crash_point::outbox_written, "outbox_written", "events lie in the outbox of a running batch"},
    crash_point_row{crash_point::outbox_forgets, "outbox_forgets", "events that all have are deleted in one"},
    crash_point_row{crash_point::before_begin, "before_begin", "cases are open, and no coordinator has heard of them"},
    crash_point_row{crash_point::answered_early, "answered_early", "the log has handed on what is not on its own disk"},
    crash_point_row{crash_point::before_answer, "before_answer", "a desk has committed and not answered"},
    crash_point_row{crash_point::answered, "answered", "it has"},
    crash_point_row{crash_point::before_step, "before_step", "a coordinator is about to ask for a step"},
    crash_point_row{crash_point::step_answered, "step_answered", "it knows what came of it, and has not gone on"},
    crash_point_row{crash_point::turned_back, "turned_back", "it may turn back, and has not begun to"},
    crash_point_row{crash_point::timer_fires, "timer_fires", "a coordinator looks at what is due"},
    crash_point_row{crash_point::before_append, "before_append", "events are on their way from a desk to the log"},
    crash_point_row{crash_point::appended, "appended", "they are in the log, and the desk has not heard"},
    crash_point_row{crash_point::before_react, "before_react", "events are on their way from the log to a desk"},
    crash_point_row{crash_point::reacted, "reacted", "it has acted on them, and the log has not heard"},
    crash_point_row{crash_point::before_booking, "before_booking", "ends of orders are on their way to the books"},
    crash_point_row{crash_point::booked, "booked", "they are booked, and the outbox has not heard"},
    crash_point_row{crash_point::before_delivery, "before_delivery", "events are about to go to the platform"},
    crash_point_row{crash_point::delivered, "delivered", "the platform has them, and that is not recorded"},
    crash_point_row{crash_point::recorded, "recorded", "that it has them is recorded, and the outbox has not heard"},
    crash_point_row{crash_point::before_errand, "before_errand", "the payment provider is about to be asked"},
    crash_point_row{crash_point::errand_done, "errand_done", "it has answered, and that is not recorded"},
    crash_point_row{crash_point::before_http_answer, "before_http_answer", "an answer over HTTP is about to be sent"},
    crash_point_row{crash_point::move_closed, "move_closed", "a shard that is to move has been closed"},
    crash_point_row{crash_point::move_fetched, "move_fetched", "another node has its copy, and nobody knows"},
    crash_point_row{crash_point::move_copied, "move_copied", "its keeper knows that, and has not decided"},
    crash_point_row{crash_point::move_decided, "move_decided", "its deed is written, and nobody knows"},
    crash_point_row{crash_point::move_set_aside, "move_set_aside", "its old store is out of the way"},
    crash_point_row{crash_point::move_learned, "move_learned",
                    "the new keeper has the deed, and no store in its place"},
    crash_point_row{crash_point::move_in_place, "move_in_place", "he has that, too, and nobody sits there"},
    crash_point_row{crash_point::move_done, "move_done", "somebody does, and the old store is still there"},
};

// In the product there is nothing at all. Each variant has a name of its own, so that objects of both may be linked.
#ifdef SOUK_CRASH_POINTS
inline namespace armed {
// SOUK_CRASH_AT=name:n in the environment: the n-th time here is the last. SOUK_CRASH_AT=count prints at the end how
// often each was passed.
void may_crash(crash_point at);
}  // namespace armed
#else
inline namespace unarmed {
constexpr void may_crash(crash_point) {}
}  // namespace unarmed
#endif

}  // namespace souk
