// The book of deeds: who keeps which shard, as far as this node has heard, in memory and in its directory.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actors/runtime/directory.hpp"
#include "persistence/deeds.hpp"

namespace souk::runtime {

// Thread-safe. What it learns, the directory says from then on.
class deed_book {
public:
  using deed = persistence::deed;

  // Throws store_damaged, std::system_error, std::invalid_argument: a deed names a node that the configuration does
  // not.
  deed_book(std::filesystem::path data, std::string me, const placement& placed, std::shared_ptr<directory> where);

  std::optional<deed> find(directory::place at) const;
  // What others may hear of and act upon.
  std::vector<deed> all() const;
  std::int64_t turn(directory::place at) const;
  std::string keeper(directory::place at) const;
  const std::string& me() const { return me_; }
  const std::filesystem::path& data() const { return data_; }
  std::filesystem::path store(directory::place at) const;

  enum class finding : std::uint8_t { known, news, contradiction };
  // A contradiction is another keeper under the same turn: somebody was restored who did not know of a move.
  finding learn(const deed& heard);
  // Somebody else may have written into the file: an operator, while this node stood still.
  void look_again();
  // While it lives nobody takes a store of this node's away, nor gives one: the file was read again, and is locked.
  class standstill {
  public:
    explicit standstill(deed_book& of);

  private:
    const std::lock_guard<std::mutex> here_;
    const persistence::deeds_lock elsewhere_;
  };
  // The shard's next deed, written by its keeper. Throws std::system_error; nothing: it is no longer his to give.
  // Where nobody knows whether it is durable it is his no more, but all() keeps silent about it until it is.
  std::optional<deed> give(deed wanted);
  // All that was learned is in the file; else it is tried again.
  bool is_saved();

private:
  bool is_new(const deed& heard) const;
  void take(const deed& heard);
  bool read_file();
  void save();

  const std::filesystem::path data_;
  const std::string me_;
  const std::vector<std::string> nodes_;
  const std::shared_ptr<directory> where_;
  std::mutex file_;  // before mutex_
  mutable std::mutex mutex_;
  std::array<std::vector<std::string>, domain_count> placed_;  // the names of those who keep it under turn 0
  persistence::deeds deeds_;
  std::optional<deed> unsure_;
  bool saved_ = false;
};

}  // namespace souk::runtime
