// How many shards each domain has in a directory's stores.
//
// What belongs to a key lies in the shard that the key and their number say. Under another number it would be looked
// for elsewhere: balances would seem to be gone, and a request that was answered would be carried out again.
#pragma once

#include <filesystem>
#include <string_view>

#include "messages/grammar/domain.hpp"

namespace souk::persistence {

// The file beside the stores: a line for each domain, "wallet 2".
inline constexpr std::string_view shards_name = "shards";

// Before any store is opened: notes the numbers in a directory that has none yet. Throws std::invalid_argument when it
// has others, std::system_error.
void keep_shards(const std::filesystem::path& data, const shard_counts& counts);

}  // namespace souk::persistence
