// The roster: one line a domain, from its name to the class that is its brain.
#pragma once

#include <memory>

#include "actors/domains/payment.hpp"
#include "messages/letter.hpp"

namespace souk::runtime {

// Seats the domain's brain in front of its store, which is opened (and created or migrated if need be).
std::unique_ptr<domains::brain> make_brain(domain which, std::uint32_t shard, const persistence::open_options& store,
                                           domains::approval of_payments = domains::approval::internal);

// The name of a domain's store inside a data directory: wallet-0.db
std::string store_name(domain which, std::uint32_t shard);

}  // namespace souk::runtime
