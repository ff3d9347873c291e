// Decides what a power loss leaves.
#include "tools/sim/disk/platter.hpp"

#include <algorithm>
#include <unordered_map>

namespace souk::sim {

namespace {

constexpr std::size_t sector = 512;

void redo(std::string& to, const change& one, std::size_t from, std::size_t upto) {
  if (to.size() < upto) to.resize(upto);
  std::copy(one.bytes.begin() + static_cast<std::ptrdiff_t>(from - one.at),
            one.bytes.begin() + static_cast<std::ptrdiff_t>(upto - one.at),
            to.begin() + static_cast<std::ptrdiff_t>(from));
}

void redo(std::string& to, const change& one) {
  if (one.cut)
    to.resize(one.at);
  else
    redo(to, one, one.at, one.at + one.bytes.size());
}

// Each sector is left as it was after any of the changes to it, the size as it was after any of the changes.
std::string reordered(const file& of, dice& roll) {
  std::unordered_map<std::size_t, std::uint64_t> touched;
  std::vector<std::size_t> sizes{of.synced.size()};
  const auto sectors = [&](const change& one, std::size_t size, const auto& visit) {
    const auto end = one.cut ? std::max(size, one.at) : one.at + one.bytes.size();
    for (auto from = one.at; from < end;) {
      const auto upto = std::min(end, (from / sector + 1) * sector);
      visit(from, upto);
      from = upto;
    }
  };
  auto size = of.synced.size();
  for (const auto& one : of.unsynced) {
    sectors(one, size, [&](std::size_t from, std::size_t) { ++touched[from / sector]; });
    size = one.cut ? one.at : std::max(size, one.at + one.bytes.size());
    sizes.push_back(size);
  }
  // in the order of their place, so that a seed says the same everywhere
  std::vector<std::size_t> places;
  for (const auto& [place, times] : touched) places.push_back(place);
  std::sort(places.begin(), places.end());
  for (const auto place : places) touched[place] = roll.upto(touched[place]);

  auto left = of.synced;
  left.resize(*std::max_element(sizes.begin(), sizes.end()));
  std::unordered_map<std::size_t, std::uint64_t> done;
  size = of.synced.size();
  for (const auto& one : of.unsynced) {
    sectors(one, size, [&](std::size_t from, std::size_t upto) {
      if (done[from / sector]++ >= touched[from / sector]) return;
      if (one.cut)
        std::fill(left.begin() + static_cast<std::ptrdiff_t>(from), left.begin() + static_cast<std::ptrdiff_t>(upto),
                  '\0');
      else
        redo(left, one, from, upto);
    });
    size = one.cut ? one.at : std::max(size, one.at + one.bytes.size());
  }
  left.resize(sizes[roll.upto(sizes.size() - 1)]);
  return left;
}

std::string torn(const file& of, std::uint64_t upto, dice& roll) {
  auto left = of.synced;
  for (const auto& one : of.unsynced) {
    if (one.order < upto) redo(left, one);
    if (one.order != upto || one.cut || one.bytes.empty()) continue;
    const auto part = one.at + roll.upto(one.bytes.size());
    if (roll.upto(1))
      redo(left, one, one.at, part);
    else
      redo(left, one, part, one.at + one.bytes.size());
  }
  return left;
}

}  // namespace

std::shared_ptr<file> platter::find(const std::string& name) const {
  const auto found = seen_.find(name);
  return found == seen_.end() ? nullptr : found->second;
}

std::shared_ptr<file> platter::create(const std::string& name) {
  auto made = std::make_shared<file>();
  seen_[name] = made;
  unsynced_.push_back({++order_, name, made});
  return made;
}

void platter::remove(const std::string& name) {
  seen_.erase(name);
  unsynced_.push_back({++order_, name, nullptr});
}

void platter::write(file& in, std::size_t at, std::string bytes) {
  in.unsynced.push_back({++order_, at, std::move(bytes)});
  redo(in.seen, in.unsynced.back());
}

void platter::cut(file& in, std::size_t size) {
  in.unsynced.push_back({++order_, size, {}, true});
  redo(in.seen, in.unsynced.back());
}

void platter::sync(file& one) {
  for (const auto& change : one.unsynced) redo(one.synced, change);
  one.unsynced.clear();
}

void platter::sync_names() {
  synced_ = seen_;
  unsynced_.clear();
}

void platter::fail_sync(file& one, bool still_seen) {
  one.unsynced.clear();
  if (!still_seen) one.seen = one.synced;
}

void platter::put(const std::string& name, std::string content) {
  auto made = std::make_shared<file>();
  made->seen = made->synced = std::move(content);
  seen_[name] = synced_[name] = made;
}

// One of the changes that are not synced, or the one that did not come to be.
std::uint64_t platter::torn_at(dice& roll) const {
  std::vector<std::uint64_t> open{order_ + 1};
  for (const auto& one : unsynced_) open.push_back(one.order);
  for (const auto* names : {&seen_, &synced_})
    for (const auto& [name, of] : *names)
      for (const auto& one : of->unsynced) open.push_back(one.order);
  std::sort(open.begin(), open.end());
  open.erase(std::unique(open.begin(), open.end()), open.end());
  return open[roll.upto(open.size() - 1)];
}

void platter::crash(crash_mode mode, std::uint64_t seed) {
  dice roll{seed};
  const auto upto = mode == crash_mode::tear ? torn_at(roll) : 0;
  std::map<std::string, std::uint64_t> changed;
  for (const auto& one : unsynced_) ++changed[one.name];
  for (auto& [name, times] : changed) times = roll.upto(times);
  std::map<std::string, std::uint64_t> done;
  auto left = synced_;
  for (const auto& one : unsynced_) {
    const bool survives = mode == crash_mode::keep || (mode == crash_mode::tear && one.order < upto) ||
                          (mode == crash_mode::reorder && done[one.name]++ < changed[one.name]);
    if (!survives) continue;
    if (one.file)
      left[one.name] = one.file;
    else
      left.erase(one.name);
  }
  for (auto& [name, one] : left) {
    if (mode == crash_mode::keep) sync(*one);
    if (mode == crash_mode::reorder) one->synced = reordered(*one, roll);
    if (mode == crash_mode::tear) one->synced = torn(*one, upto, roll);
    one->unsynced.clear();
    one->seen = one->synced;
  }
  seen_ = synced_ = left;
  unsynced_.clear();
  order_ = 0;
}

platter platter::copy() const {
  platter twin = *this;
  std::map<const file*, std::shared_ptr<file>> twins;
  const auto twin_of = [&](const std::shared_ptr<file>& one) {
    auto& found = twins[one.get()];
    if (one && !found) found = std::make_shared<file>(*one);
    return found;
  };
  for (auto* names : {&twin.seen_, &twin.synced_})
    for (auto& [name, one] : *names) one = twin_of(one);
  for (auto& one : twin.unsynced_) one.file = twin_of(one.file);
  return twin;
}

}  // namespace souk::sim
