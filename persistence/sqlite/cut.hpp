// A cut through the stores that this process has open: one instant, seen by all of them alike, that a backup can copy
// at leisure while the node works on.
//
// A commit counts when its WAL was synced, and nobody hears of it before. So the synced length of every WAL, all taken
// at once, is a state that the node has been in, and no effect is in it without its cause. (What the event log hands on
// before it commits has been committed by whoever told it.) As long as the cut lives nothing is moved from a WAL to its
// store's file, so that neither changes up to that length: nobody waits, the WALs grow instead.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace souk::persistence {

class cut {
public:
  // Of the platform's own file system.
  explicit cut(const std::filesystem::path& directory);
  ~cut();
  cut(const cut&) = delete;
  cut& operator=(const cut&) = delete;

  // The longest that a commit was held back by the last one, by its beginning or its end.
  static double held_back_ms_max();

  // Where this process has stores open.
  static std::set<std::filesystem::path> open_directories();

  struct wal {
    std::int64_t synced = 0;  // bytes
    std::uint64_t begun = 0;  // how often it was begun anew
  };
  // Of the stores that are open, by their path.
  const std::map<std::string, wal>& stores() const { return stores_; }
  // Was the WAL begun anew since? Then all of it had been moved to the store's file before the cut.
  bool begun_anew(const std::string& store) const;

private:
  std::map<std::string, wal> stores_;
};

}  // namespace souk::persistence
