// Learns deeds, and has the directory say what they say.
#include "actors/runtime/deed_book.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "actors/runtime/roster.hpp"
#include "persistence/durable.hpp"
#include "persistence/ownership.hpp"

namespace souk::runtime {

deed_book::deed_book(std::filesystem::path data, std::string me, const placement& placed,
                     std::shared_ptr<directory> where)
    : data_(std::move(data)), me_(std::move(me)), nodes_(placed.nodes), where_(std::move(where)) {
  for (std::size_t d = 0; d < domain_count; ++d)
    for (const auto keeper : placed.desks[d]) placed_[d].push_back(placed.nodes.at(keeper));
  deeds_.node = me_;
  const persistence::deeds_lock hold{data_};
  if (read_file()) {
    // Whoever wrote it may have died, or failed, before it was durable.
    persistence::make_durable(data_ / persistence::deeds_name);
    persistence::make_durable(data_);
    saved_ = true;
    return;
  }
  // They are written before any store is taken. Without them it would begin anew what it has given away.
  for (const auto& one : std::filesystem::directory_iterator{data_})
    if (one.path().extension() == ".db" && persistence::owner_of(one.path()) > 0)
      throw std::invalid_argument(data_.string() + " has stores of one of several nodes, and its file " +
                                  std::string{persistence::deeds_name} +
                                  " is gone, which says what was moved: put it back, or restore a backup of the node");
  save();
}

std::optional<persistence::deed> deed_book::find(directory::place at) const {
  const std::lock_guard hold{mutex_};
  const auto* one = deeds_.find(static_cast<std::uint32_t>(at.domain), at.shard);
  return one ? std::optional{*one} : std::nullopt;
}

std::vector<persistence::deed> deed_book::all() const {
  const std::lock_guard hold{mutex_};
  auto list = deeds_.list;
  if (unsure_) std::erase(list, *unsure_);
  return list;
}

std::int64_t deed_book::turn(directory::place at) const {
  const auto one = find(at);
  return one ? one->turn : 0;
}

std::string deed_book::keeper(directory::place at) const {
  const auto one = find(at);
  return one ? one->keeper : placed_[static_cast<std::size_t>(at.domain)][at.shard];
}

std::filesystem::path deed_book::store(directory::place at) const { return data_ / store_name(at.domain, at.shard); }

deed_book::finding deed_book::learn(const deed& heard) {
  const std::lock_guard hold{mutex_};
  const auto* mine = deeds_.find(heard.domain, heard.shard);
  if (mine && mine->turn == heard.turn && mine->keeper != heard.keeper) return finding::contradiction;
  if (!is_new(heard)) return finding::known;
  take(heard);
  saved_ = false;
  return finding::news;
}

void deed_book::look_again() { const standstill read{*this}; }

deed_book::standstill::standstill(deed_book& of) : here_(of.file_), elsewhere_(of.data_) {
  const std::lock_guard hold{of.mutex_};
  of.read_file();
}

std::optional<persistence::deed> deed_book::give(deed wanted) {
  const standstill alone{*this};
  const std::lock_guard hold{mutex_};
  const auto* mine = deeds_.find(wanted.domain, wanted.shard);
  if (wanted.turn != (mine ? mine->turn : 0) + 1) return std::nullopt;
  if (unsure_) throw std::system_error(EIO, std::generic_category(), shard_of(*unsure_) + " is still being given");
  auto before = deeds_;
  deeds_.put(wanted);
  try {
    save();
  } catch (...) {
    // It may have got there all the same, for the time being: a power loss could still take it back.
    deeds_ = std::move(before);
    const auto* there = read_file() ? deeds_.find(wanted.domain, wanted.shard) : nullptr;
    if (!there || there->turn != wanted.turn) throw;
    unsure_ = wanted;
    saved_ = false;
    return wanted;
  }
  take(wanted);
  return wanted;
}

bool deed_book::is_saved() {
  {
    const std::lock_guard hold{mutex_};
    if (saved_) return true;
  }
  try {
    const standstill alone{*this};
    const std::lock_guard hold{mutex_};
    save();
    return true;
  } catch (const std::exception& trouble) {
    spdlog::error("deeds cannot be written: {}", trouble.what());
    return false;
  }
}

bool deed_book::is_new(const deed& heard) const {
  if (heard.domain >= domain_count || heard.shard >= placed_[heard.domain].size()) return false;
  if (std::find(nodes_.begin(), nodes_.end(), heard.keeper) == nodes_.end()) return false;
  const auto* mine = deeds_.find(heard.domain, heard.shard);
  if (!mine || heard.turn > mine->turn) return heard.turn > 0;
  // The same, by somebody who has read the store meanwhile.
  return heard.turn == mine->turn && mine->checksum == 0 && heard.checksum != 0;
}

void deed_book::take(const deed& heard) {
  deeds_.put(heard);
  const auto keeper = std::find(nodes_.begin(), nodes_.end(), heard.keeper) - nodes_.begin();
  where_->entrust({static_cast<domain>(heard.domain), heard.shard}, static_cast<std::uint32_t>(keeper));
}

// False: there is none.
bool deed_book::read_file() {
  const auto found = persistence::read_deeds(data_);
  if (!found) return false;
  if (found->node != me_)
    throw std::invalid_argument(data_.string() + " is the directory of node " + found->node + ", not of " + me_);
  for (const auto& one : found->list) {
    const bool known = one.domain < domain_count && one.shard < placed_[one.domain].size();
    if (known && std::find(nodes_.begin(), nodes_.end(), one.keeper) == nodes_.end())
      throw std::invalid_argument(shard_of(one) + " was given to node " + one.keeper +
                                  ", whom the configuration does not know");
    if (is_new(one)) take(one);
  }
  return true;
}

void deed_book::save() {
  persistence::write_deeds(data_, deeds_);
  unsure_.reset();
  saved_ = true;
}

}  // namespace souk::runtime
