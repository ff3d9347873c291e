// Deeds: who keeps a shard now, where that is no longer what the configuration says.
//
// A shard has a turn: 0 where the configuration places it, and one more with each move. Only its keeper writes the deed
// of the next turn, in the file `deeds` of his own directory; whoever has a higher one than others is right. A store
// that was given away is called wallet-0.db.given-TURN from then on, and nobody takes it for one that is kept; its copy
// is called wallet-0.db.coming-TURN until all of it is there and the new keeper has the deed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "messages/grammar/domain.hpp"
#include "messages/grammar/moment.hpp"

namespace souk::persistence {

struct deed {
  std::uint32_t domain = 0;  // a number also where it is none: a newer node may have more of them
  std::uint32_t shard = 0;
  std::int64_t turn = 0;
  std::string keeper, from;    // names of nodes
  std::int64_t bytes = 0;      // of the store's file as it was given
  std::uint64_t checksum = 0;  // likewise; 0: it was taken from a directory, nobody has read it before
  moment at;
  std::string by, reason;
  SOUK_FIELDS(deed, domain, shard, turn, keeper, from, bytes, checksum, at, by, reason);
};
std::string shard_of(const deed& of);  // wallet/0

struct deeds {
  std::string node;  // whose directory it is
  std::vector<deed> list;
  SOUK_FIELDS(deeds, node, list);

  const deed* find(std::uint32_t domain, std::uint32_t shard) const;
  // In the place of the shard's former one.
  void put(const deed& one);
};

// The file beside the stores.
inline constexpr std::string_view deeds_name = "deeds";

// Nothing: this directory was never that of one of several nodes. Throws store_damaged, std::system_error.
std::optional<deeds> read_deeds(const std::filesystem::path& data);
// When it returns they are durable. Throws as write_durably() does.
void write_deeds(const std::filesystem::path& data, const deeds& all);

// Whoever is about to write deeds into a directory reads them first, and keeps others from it meanwhile: an operator
// may take a store away from a node that only stands still.
class deeds_lock {
public:
  explicit deeds_lock(const std::filesystem::path& data);
  ~deeds_lock();
  deeds_lock(const deeds_lock&) = delete;
  deeds_lock& operator=(const deeds_lock&) = delete;

private:
  int file_ = -1;
};

std::filesystem::path given(const std::filesystem::path& store, std::int64_t turn);
std::filesystem::path coming(const std::filesystem::path& store, std::int64_t turn);

// Takes a store out of its place, with its WAL. From then on whoever has it open finds another file there, or none,
// before his next commit and again before he answers. May be repeated.
void set_aside(const std::filesystem::path& store, std::int64_t turn);
// Puts a copy in the store's place.
void put_in_place(const std::filesystem::path& store, std::int64_t turn);
// Removes all copies of a store, whole or not, but the one of that turn.
void forget_coming(const std::filesystem::path& store, std::int64_t but);
void forget_given(const std::filesystem::path& store);
// The turns under which it was given away, as far as the files are still there.
std::vector<std::int64_t> given_turns(const std::filesystem::path& store);

// Of what was read so far: to tell a whole copy from another one.
class checksum {
public:
  void add(std::string_view bytes) {
    for (const char one : bytes) sum_ = (sum_ ^ static_cast<unsigned char>(one)) * prime;
    bytes_ += static_cast<std::int64_t>(bytes.size());
  }
  std::uint64_t sum() const { return sum_ ? sum_ : 1; }
  std::int64_t bytes() const { return bytes_; }

private:
  static constexpr std::uint64_t prime = 1'099'511'628'211ULL;  // FNV-1a's
  std::uint64_t sum_ = 14'695'981'039'346'656'037ULL;
  std::int64_t bytes_ = 0;
};
checksum checksum_of(const std::filesystem::path& file);

// Copies a store that was set aside, with what its WAL has, reading every page; the copy is durable and needs no WAL.
// Throws store_damaged, std::system_error.
void copy_whole(const std::filesystem::path& given, const std::filesystem::path& to);
// The store's file says all by itself: nothing is left in its WAL. Nobody else has it open.
bool stands_alone(const std::filesystem::path& store);

}  // namespace souk::persistence
