// The roster: one line a domain, from its name to the class that is its brain.
#pragma once

#include <memory>

#include "actors/domains/payment.hpp"
#include "messages/letter.hpp"

namespace souk::runtime {

// What a node's configuration says to single domains.
struct brain_options {
  domains::approval of_payments = domains::approval::internal;
  std::int64_t keep_events_ms = 0;  // in the event log, beyond what its subscribers need
};

// Seats the domain's brain in front of its store, which is opened (and created or migrated if need be).
std::unique_ptr<domains::brain> make_brain(domain which, std::uint32_t shard, const persistence::open_options& store,
                                           const brain_options& options = {});

// The name of a domain's store inside a data directory: wallet-0.db
std::string store_name(domain which, std::uint32_t shard);

}  // namespace souk::runtime
