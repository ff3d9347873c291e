// SQLite's memory, made to run out when it is told to: each thread for itself.
#pragma once

#include <cstdint>

namespace souk::sim::memory {

// Takes SQLite's allocator over, once a process. No store may be open.
void watch();

std::uint64_t allocations();  // of this thread, since it last said from when on
// From the nth allocation of this thread on one fails, or all until it is lifted.
void fail_at(std::uint64_t n, bool sticky);
void lift();
bool failed();

}  // namespace souk::sim::memory
