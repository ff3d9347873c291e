// Event log: what happened to the steps of cases that run by events, on disk before anybody hears of it.
//
// A domain writes what it did into its own outbox, in the transaction of the deed; a relay appends that to the log;
// every domain that subscribes hears it, in order for each case, at least once on the way and once in effect. The topic
// of an event is the domain of its step; its key is the case; a partition of the log is a shard of this domain's
// pool.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/grammar/answer.hpp"
#include "messages/grammar/domain.hpp"
#include "messages/grammar/ids.hpp"
#include "messages/grammar/moment.hpp"
#include "messages/grammar/shared.hpp"
#include "messages/order.hpp"

namespace souk::event_log {

inline constexpr std::uint8_t placed = 15;  // stands for the step of the event that begins a case

// An event by its number in its teller's outbox, which it keeps however often it is told.
struct told_as {
  std::uint32_t by = 0;  // party::id()
  std::int64_t seq = 0;
  SOUK_FIELDS(told_as, by, seq);
};

struct event {
  std::int64_t seq = 0;  // grows within one outbox, and again within one partition
  domain topic{};
  std::uint8_t step = 0;  // index into the steps of the case's plan, or `placed`
  outcome how{};
  reason why{};  // of the refusal that turned the case back
  std::string detail;
  moment at;
  shared<order::brief> about;  // the case, with what its steps have learned
  rare<order::entry> entry;    // what the step wrote into its domain's history; none: nothing
  // On the way to a subscriber: which event this is, when the log has not got it on disk yet. On the way to the log:
  // the one of that kind that it came of, behind which it must stand.
  std::optional<told_as> early;
  SOUK_IN_ONE_BYTE(event, entry, early)
  SOUK_FIELDS(event, seq, topic, step, how, why, detail, at, about, entry_and_early);
};

using batch = shared<std::vector<event>>;  // who waits for an answer to it holds it as well

// Events, and how far they reach: what is not among them from `after` up to there was not subscribed to.
struct events {
  std::int64_t upto = 0;
  batch list;
  std::int64_t after = 0;
  SOUK_FIELDS(events, upto, list, after);
};

// Which desk tells or hears.
struct party {
  souk::domain domain{};
  std::uint32_t shard = 0;
  SOUK_FIELDS(party, domain, shard);
  constexpr std::uint32_t id() const { return static_cast<std::uint32_t>(domain) << 8 | shard; }
  static constexpr party of(std::uint32_t id) { return {static_cast<souk::domain>(id >> 8), id & 0xff}; }
};

// What a desk has told after `after`, and that all up to it is in the log. Answered with events as soon as there are
// any.
struct collect {
  party from;
  std::int64_t after = 0;
  std::uint32_t limit = 512;
  SOUK_FIELDS(collect, from, after, limit);
};

// How far a desk has heard a partition. Answers heard.
struct find_heard {
  party by;
  std::uint32_t partition = 0;
  SOUK_FIELDS(find_heard, by, partition);
};
struct heard {
  std::int64_t upto = 0;  // everything up to here is in effect
  std::int64_t kept = 0;  // what comes after this is still wanted, should the desk start again
  std::int64_t bad = 0;   // the next event, which cannot be taken; 0: there is none such
  std::string error;      // why
  SOUK_FIELDS(heard, upto, kept, bad, error);
};

// Does what these events ask of the desk's domain, and tells what came of it, in one transaction. Answers heard; leaves
// alone what does not follow on what was heard before.
struct react {
  party by;
  std::uint32_t partition = 0;
  event_log::events events;
  bool again = false;  // one that was in trouble: whatever was heard after it
  SOUK_FIELDS(react, by, partition, events, again);
};

// A desk to itself: what its domain put off can be decided now. Answers nothing.
struct go_on {
  party by;
  std::int64_t subject = 0;
  SOUK_FIELDS(go_on, by, subject);
};

// How far an outbox is in this partition. Answers order::position.
struct find_position {
  std::uint32_t partition = 0;
  party from;
  SOUK_FIELDS(find_position, partition, from);
};

// Once each, by their numbers in the outbox, and none before what it came of: it is answered when that has come. What
// this partition has not got up to `after` will never come. Answers order::position.
struct append {
  std::uint32_t partition = 0;
  party from;
  batch events;
  std::int64_t after = 0;
  SOUK_FIELDS(append, partition, from, events, after);
};

// The events of these topics and flows after `after`, and that none up to `kept` is wanted any more: the
// acknowledgement and the next request are one message. Answered with events as soon as there are any.
struct fetch {
  std::uint32_t partition = 0;
  party by;
  std::uint32_t topics = 0;  // bit n: domain n
  std::int64_t after = 0;
  std::int64_t kept = 0;
  std::uint32_t subscribers = 0;  // that there are: nothing is deleted before all have asked
  std::uint32_t limit = 512;
  std::uint32_t flows = ~0U;  // bit n: cases of flow n
  bool committed = false;     // only what is on the log's own disk
  SOUK_FIELDS(fetch, partition, by, topics, after, kept, subscribers, limit, flows, committed);

  bool wants(const event& one) const {
    return topics >> static_cast<unsigned>(one.topic) & flows >> (static_cast<unsigned>(one.about->flow) & 31) & 1;
  }
};

// An event that a subscriber could not take: tried again with growing pauses, later events of its case behind it, and
// after a bounded number of tries a dead letter.
struct trouble {
  std::uint32_t source = 0;  // the subscriber: party::id()
  event_log::event event;
  std::int32_t tries = 0;
  moment next;        // not before
  bool dead = false;  // given up: an operator may revive it
  std::string error;  // why, the last time; empty: it only waits behind an earlier one
  SOUK_FIELDS(trouble, source, event, tries, next, dead, error);
};
struct troubles {
  std::vector<trouble> list;
  SOUK_FIELDS(troubles, list);
};
struct set_aside {
  std::uint32_t partition = 0;
  party by;
  std::vector<event> events;
  std::string error;  // of the first of them; empty: they wait behind an earlier one
  moment at;
  SOUK_FIELDS(set_aside, partition, by, events, error, at);
};
// The cases of which a subscriber has events in trouble, and the events that are due. Answers held.
struct find_held {
  std::uint32_t partition = 0;
  party by;
  moment at;
  SOUK_FIELDS(find_held, partition, by, at);
};
struct held {
  std::vector<number> cases;
  std::vector<trouble> due;
  SOUK_FIELDS(held, cases, due);
};
// What became of one more try. error empty: it was taken.
struct tried {
  std::uint32_t partition = 0;
  party by;
  std::int64_t seq = 0;
  std::string error;
  moment at;
  SOUK_FIELDS(tried, partition, by, seq, error, at);
};
// A dead letter gets its tries again; dry: only says which it is. Answers it as it was, as held. Refused: not_found.
struct revive {
  std::uint32_t partition = 0;
  party by;
  std::int64_t seq = 0;
  moment at;
  bool dry = false;
  SOUK_FIELDS(revive, partition, by, seq, at, dry);
};

// How a partition stands; every one of them is asked. Answers status.
struct find_status {
  std::uint32_t troubles = 100;  // that are listed
  SOUK_FIELDS(find_status, troubles);
};
struct topic_status {
  domain topic{};
  std::int64_t events = 0;  // ever told
  SOUK_FIELDS(topic_status, topic, events);
};
struct subscriber_status {
  party who;
  std::int64_t position = 0;
  std::int64_t lag = 0;  // events of its topics that it has not asked beyond
  SOUK_FIELDS(subscriber_status, who, position, lag);
};
struct status {
  std::uint32_t partition = 0;
  std::int64_t newest = 0;
  std::int64_t oldest = 0;    // still kept
  std::int64_t appended = 0;  // events ever: numbers have gaps
  std::int64_t kept = 0;      // of them
  std::vector<topic_status> topics;
  std::vector<subscriber_status> subscribers;
  std::vector<trouble> troubles;  // the first of them, dead letters first
  std::int64_t held = 0;          // events that wait to be tried again
  std::int64_t dead = 0;          // dead letters
  SOUK_FIELDS(status, partition, newest, oldest, appended, kept, topics, subscribers, troubles, held, dead);
};

}  // namespace souk::event_log
