// An index over random keys that stays cheap: new pairs wait in memory and reach their table later, sorted, a slice
// with every commit.
//
// A random key puts every new row of an ordinary index on another page (214,000 inserts a second fell to 65,000). Here
// pairs (hash, number) are collected until there are many, then written in order of the hash, so that neighbours share
// pages. Nothing is lost in a crash: the pairs can be read again from the rows they index, from the mark on, which is
// kept in the same file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "messages/grammar/ids.hpp"
#include "persistence/sqlite/store_file.hpp"

namespace souk::persistence {

class late_index {
public:
  static std::string schema(const std::string& name) {
    return "CREATE TABLE " + name +
           "(hash INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY(hash, id)) STRICT,"
           " WITHOUT ROWID;"
           "CREATE TABLE " +
           name +
           "_mark(id INTEGER PRIMARY KEY CHECK(id=1), upto INTEGER NOT NULL) STRICT;"
           "INSERT INTO " +
           name + "_mark VALUES(1,0);";
  }

  late_index(store_file& file, const std::string& name)
      : insert_(file.prepare("INSERT OR IGNORE INTO " + name + " VALUES(?1,?2)")),
        find_(file.prepare("SELECT id FROM " + name + " WHERE hash=?1 ORDER BY id DESC")),
        save_mark_(file.prepare("UPDATE " + name + "_mark SET upto=?1")) {
    mark_ =
        file.prepare("SELECT upto FROM " + name + "_mark").first([](auto row) { return row.integer(0); }).value_or(0);
    empty_ = mark_ == 0;
  }

  // Rows with a number above it must be added again after a start, in the order of their numbers.
  std::int64_t mark() const { return mark_; }

  void add(std::uint64_t hash, std::int64_t id) {
    young_.add(hash, id);
    newest_ = id;
  }

  // Calls visit(id) for all numbers under this hash, newest first, until it answers false.
  template <class Visit>
  void each(std::uint64_t hash, Visit&& visit) {
    std::vector<std::int64_t> found;
    young_.find(hash, found);
    old_.find(hash, found);
    std::sort(found.rbegin(), found.rend());
    const auto lowest = found.empty() ? INT64_MAX : found.back();
    for (const auto id : found)
      if (!visit(id)) return;
    if (empty_) return;
    find_.each([&](auto row) { return row.integer(0) >= lowest || visit(row.integer(0)); },
               static_cast<std::int64_t>(hash));
  }

  // Called with every commit, inside its transaction.
  void write_a_slice() {
    if (sorted_.empty()) {
      if (young_.size() < pairs_at_once) return;
      std::swap(old_, young_);
      old_newest_ = newest_;
      sorted_ = old_.all();
      std::sort(sorted_.begin(), sorted_.end(), [](const auto& a, const auto& b) {
        return static_cast<std::int64_t>(a.first) > static_cast<std::int64_t>(b.first);  // taken from the back
      });
    }
    empty_ = false;
    for (std::size_t n = 0; n < slice_pairs && !sorted_.empty(); ++n, sorted_.pop_back())
      insert_.run(static_cast<std::int64_t>(sorted_.back().first), sorted_.back().second);
    if (sorted_.empty()) {
      old_.clear();
      mark_ = old_newest_;
      save_mark_.run(mark_);
    }
  }

private:
  static constexpr std::size_t pairs_at_once = 65'536;
  static constexpr std::size_t slice_pairs = 512;
  using pair = std::pair<std::uint64_t, std::int64_t>;

  // Open addressing: a node of its own for every pair was a fiftieth of a busy shop's time. Numbers are never 0.
  class pairs {
  public:
    void add(std::uint64_t hash, std::int64_t id) {
      if (2 * (size_ + 1) > cells_.size()) grow();
      put(hash, id);
    }
    void find(std::uint64_t hash, std::vector<std::int64_t>& out) const {
      if (size_ == 0) return;
      for (auto at = hash & (cells_.size() - 1); cells_[at].second; at = (at + 1) & (cells_.size() - 1))
        if (cells_[at].first == hash) out.push_back(cells_[at].second);
    }
    std::vector<pair> all() const {
      std::vector<pair> list;
      list.reserve(size_);
      for (const auto& one : cells_)
        if (one.second) list.push_back(one);
      return list;
    }
    std::size_t size() const { return size_; }
    void clear() {
      std::fill(cells_.begin(), cells_.end(), pair{});
      size_ = 0;
    }

  private:
    void put(std::uint64_t hash, std::int64_t id) {
      auto at = hash & (cells_.size() - 1);
      while (cells_[at].second) at = (at + 1) & (cells_.size() - 1);
      cells_[at] = {hash, id};
      ++size_;
    }
    void grow() {
      const auto before = all();
      cells_.assign(std::max<std::size_t>(64, 2 * cells_.size()), {});
      size_ = 0;
      for (const auto& [hash, id] : before) put(hash, id);
    }

    std::vector<pair> cells_;
    std::size_t size_ = 0;
  };

  statement insert_, find_, save_mark_;
  pairs young_;
  pairs old_;  // on its way to the table
  std::vector<pair> sorted_;
  std::int64_t newest_ = 0;
  std::int64_t old_newest_ = 0;
  std::int64_t mark_ = 0;
  bool empty_ = true;  // the table has no row: nothing to ask it
};

}  // namespace souk::persistence
