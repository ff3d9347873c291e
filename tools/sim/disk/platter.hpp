// What a simulated disk has on it: files and names, each as programs see it and as it would be left without power.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tools/sim/disk.hpp"

namespace souk::sim {

// What was done to a file since it was last synced.
struct change {
  std::uint64_t order = 0;  // over the whole disk
  std::size_t at = 0;
  std::string bytes;
  bool cut = false;  // to the size `at`, instead of writing
};

struct file {
  std::string seen;
  std::string synced;
  std::vector<change> unsynced;
};

struct name_change {
  std::uint64_t order = 0;
  std::string name;
  std::shared_ptr<sim::file> file;  // nobody: the name was removed
};

class dice {
public:
  explicit dice(std::uint64_t seed) : engine_(seed * 0x9e3779b97f4a7c15ULL + 1) {}
  std::uint64_t upto(std::uint64_t most) { return engine_() % (most + 1); }

private:
  std::mt19937_64 engine_;
};

class platter {
public:
  using directory = std::map<std::string, std::shared_ptr<file>>;

  std::shared_ptr<file> find(const std::string& name) const;
  std::shared_ptr<file> create(const std::string& name);
  void remove(const std::string& name);
  void write(file& in, std::size_t at, std::string bytes);
  void cut(file& in, std::size_t size);
  void sync(file& one);
  void sync_names();
  // The system drops what it could not sync and calls it clean: seen says whether readers still find it for a while.
  void fail_sync(file& one, bool still_seen);
  void put(const std::string& name, std::string content);

  void crash(crash_mode mode, std::uint64_t seed);

  const directory& names() const { return seen_; }
  platter copy() const;

private:
  std::uint64_t torn_at(dice& roll) const;

  directory seen_, synced_;
  std::vector<name_change> unsynced_;
  std::uint64_t order_ = 0;
};

}  // namespace souk::sim
