// Copies of a node's stores that belong together: of a running node in its own process, or of a stopped one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace souk::persistence {

// It cannot be done as asked: the place is taken, nothing is there, somebody else has the stores.
struct backup_refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct backup_figures {
  std::int64_t stores = 0;
  std::int64_t bytes = 0;
  double cut_ms = 0;  // the longest that a commit was held back by the cut; the node works on while it is copied
};

// Copies the stores of `data` to a directory that is not there yet. Each copy is read through once: one that rotted
// ends the backup with store_damaged. What is there at the end is whole; what a crash leaves is called TO.partial.
backup_figures back_up(const std::filesystem::path& data, const std::filesystem::path& to);

// The same for the node that runs in this process.
backup_figures back_up_open(const std::filesystem::path& to);

// Copies a backup to where a node will find it, a directory that is not there yet or is empty, as a new incarnation:
// its events go on from a number beyond all that were ever told here, which follows from the time of day (microseconds,
// for a store tells less than one event in each), so that nobody takes what is new for what he has heard since the
// backup.
backup_figures restore(const std::filesystem::path& from, const std::filesystem::path& data);

// Moves what a copy's WAL has to the copy itself, and reads all of it: throws store_damaged, which names the original
// where it is given. Of a store that was open its WAL was copied up to a commit, and must reach it.
void finish_copy(const std::filesystem::path& copy, const std::filesystem::path& of = {}, bool was_open = false);

// Which incarnation of itself a node is: empty, until it has been restored. Whoever heard of events that the backup
// does not know must not take new ones of the same number for those.
std::string incarnation_of(const std::filesystem::path& data);

}  // namespace souk::persistence
