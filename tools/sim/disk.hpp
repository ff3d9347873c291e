// A disk for tests: files in memory under SQLite that lose power, fail and fill up when they are told to.
//
// It keeps apart what programs see and what would be left without power. A write is durable when its file was synced. A
// name that was made or removed is durable when its directory was synced, which SQLite asks for when it removes a file,
// and when it first syncs a journal or WAL that it has made; a database's own name has to wait for one of those.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "persistence/audit.hpp"

namespace souk::sim {

// What of the unsynced changes outlives a power loss. A failed sync is no sync.
enum class crash_mode : std::uint8_t {
  lose,     // nothing
  keep,     // everything
  reorder,  // any subset of sectors of 512 bytes, of sizes and of names
  tear,     // all up to some change, of which only a part is done
};

enum class operation : std::uint8_t { open, read, write, truncate, sync, remove };

enum class trouble : std::uint8_t {
  io_error,     // an operation fails; a write was done by half
  full,         // a file cannot grow
  failed_sync,  // and what was to be synced will never be: it may still be seen, or be gone at once
};

class disk {
public:
  // Registers itself as a VFS of SQLite. Files are to be closed before it goes. Threads may share it.
  explicit disk(std::string name);
  ~disk();
  disk(const disk&) = delete;
  disk& operator=(const disk&) = delete;
  const std::string& name() const;

  // How many operations there were, and which: operation n is history()[n - 1].
  std::uint64_t operations() const;
  std::vector<operation> history() const;
  // Does the operation change something? A crash in others is one in the next change.
  static bool changes(operation what) { return what != operation::open && what != operation::read; }

  // The power fails while operation n is done: it and all later ones fail, until crash() says what is left.
  void crash_at(std::uint64_t n);
  bool powered() const;
  // The power fails (if it did not yet) and comes back. Whoever has a file open has to open it again.
  void crash(crash_mode mode, std::uint64_t seed);
  // Only the program died: what it wrote is still there, and still not durable.
  void abandon();

  // From operation n on the next one that can fail so does, or all of them until it is lifted.
  void fail_at(std::uint64_t n, trouble what, bool sticky = false, std::uint64_t seed = 0);
  void lift();
  std::uint64_t failures() const;  // how many operations were failed so far
  struct failure {
    operation what;
    trouble why;
  };
  std::vector<failure> failed() const;  // and which

  // Files as programs see them. What is put there is durable at once.
  std::vector<std::string> names() const;
  std::string content(const std::string& name) const;
  void put(const std::string& name, std::string content);
  // For an audit.
  persistence::store_files files() const;
  // A copy of each as it is now, in place of all that is on the other one.
  void show_on(disk& other) const;
  void save_to(const std::filesystem::path& folder) const;  // by the last part of their names
  void clear();

  // Everything of it, to be played again from there.
  struct image;
  std::shared_ptr<const image> take() const;
  void restore(const image& from);

  struct inside;  // of the implementation

private:
  std::unique_ptr<inside> in_;
};

}  // namespace souk::sim
