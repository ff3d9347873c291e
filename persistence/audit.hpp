// The audit of a stopped node: opens all of its stores, changes nothing, and names every invariant that is broken.
//
// It is the one place that sees several stores at once. Rows are compared as they stream by, in the order of their
// keys, so that a million orders need little memory. Of a running node some of it can be asked (audit/inspection.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace souk::persistence {

struct invariant {
  static constexpr std::size_t rows_max = 20;

  std::string name;
  std::int64_t violations = 0;
  std::vector<std::string> rows;  // the first of them, explained

  bool holds() const { return violations == 0; }
  void broken(std::string why) {
    if (++violations <= static_cast<std::int64_t>(rows_max)) rows.push_back(std::move(why));
  }
};

// What was looked at. Sagas that run are no violation: the next start goes on with them; parked ones wait for somebody.
struct audit_figures {
  std::int64_t stores = 0;
  std::int64_t cases = 0;
  std::int64_t running = 0;
  std::int64_t parked = 0;
  std::int64_t events = 0;        // ever written
  std::int64_t refunds_owed = 0;  // by an external payment provider, for orders that are cancelled already
  std::int64_t settled = 0;       // cases that operators answered for
  std::int64_t unchecked = 0;     // stores that were made before pages had checksums
};

// The directory has no store.
struct no_stores : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// A node is running on these stores.
struct stores_in_use : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A shard was given away and nobody has its store in place yet: who has its deed is to be started once.
struct store_underway : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Two directories have the same store: they are not those of nodes that belong together.
struct stores_twice : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Every invariant, broken or not, always in the same order. Throws no_stores, stores_in_use, store_damaged, and
// store_error for what else keeps a store from being read.
std::vector<invariant> audit(const std::filesystem::path& data_dir, audit_figures* figures = nullptr);

// The same for the stores of several nodes together. Throws stores_twice and store_underway as well.
std::vector<invariant> audit(const std::vector<std::filesystem::path>& data_dirs, audit_figures* figures = nullptr);

// The same for the stores among these files, on the file layer of that name.
struct store_files {
  std::vector<std::filesystem::path> paths;
  std::string vfs;
};
std::vector<invariant> audit(const store_files& files, audit_figures* figures = nullptr);

bool all_hold(const std::vector<invariant>& all);

}  // namespace souk::persistence
