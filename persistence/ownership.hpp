// Whose stores these are: of several incarnations of a node the newest.
//
// A node of a cluster takes its stores under a number that is larger than any before, and writes it into each. Whoever
// took them earlier, and stood still meanwhile, finds a larger number than its own before its next batch, and stops.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>

namespace souk::persistence {

// Where the number stands in a store's file: SQLite's application_id, four bytes, most significant first.
inline constexpr int owner_at = 68;

using owner_bytes = std::array<unsigned char, 4>;
std::int64_t owner_in(const owner_bytes& at);

// 0: there is no such store, or nobody has ever taken it.
std::int64_t owner_of(const std::filesystem::path& store);

// Larger than the number of any store in the directory, and than any that was given in an earlier second anywhere: a
// restored backup knows only old ones. Before any of the stores is opened.
std::int64_t next_owner(const std::filesystem::path& data);

}  // namespace souk::persistence
