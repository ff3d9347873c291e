// Follows all ways at once in which a thing may have come to be what it was seen to be.
#include "tools/sim/linear.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <bitset>
#include <optional>
#include <set>

namespace souk::sim {

namespace {

// Of all deeds those count that are under way, and those that somebody still has to follow: so many at most.
constexpr std::size_t places = 128;

// The quick search goes on with so many ways as soon as it has them, and looks at so many for them.
constexpr std::size_t enough = 16, tried = 4'000;

// One way: how things stand, and which of the deeds that count were done, by their places.
struct way {
  thing now;
  std::bitset<places> done;
  friend bool operator==(const way&, const way&) = default;
};
std::size_t hash_of(const way& one) {
  std::uint64_t sum = 0;
  const auto add = [&sum](std::uint64_t word) { sum = (sum ^ word) * 0x9fb21c651e98df25ULL, sum ^= sum >> 29; };
  for (const auto word : std::bit_cast<std::array<std::uint64_t, places / 64>>(one.done)) add(word);
  for (const auto word : {one.now.what, one.now.whose, one.now.until}) add(static_cast<std::uint64_t>(word));
  return sum;
}

// Each once, in the order in which they came; in one piece of memory, because a wide search has tens of thousands.
class ways {
public:
  // False: it is there.
  bool insert(const way& one) {
    if (all_.size() < few) {
      if (std::find(all_.begin(), all_.end(), one) != all_.end()) return false;
      all_.push_back(one);
      return true;
    }
    if (all_.size() * 2 >= slots_.size()) spread();
    auto& slot = slot_of(one);
    if (slot) return false;
    all_.push_back(one);
    slot = static_cast<std::uint32_t>(all_.size());
    return true;
  }
  void clear() {
    all_.clear();
    slots_.clear();
  }
  // Marks a place in those where it holds; two that differ go on to.
  template <class Holds>
  void mark(std::size_t place, Holds&& holds) {
    for (auto& one : all_)
      if (holds(one.now)) one.done.set(place);
    if (all_.size() > few) spread();
  }
  bool empty() const { return all_.empty(); }
  std::size_t size() const { return all_.size(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

private:
  static constexpr std::size_t few = 8;  // they are found without a table

  // Where it is, or would be.
  std::uint32_t& slot_of(const way& one) {
    auto at = hash_of(one) & (slots_.size() - 1);
    while (slots_[at] && all_[slots_[at] - 1] != one) at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }
  void spread() {
    slots_.assign(std::bit_ceil(all_.size() * 8), 0);
    for (std::size_t i = 0; i < all_.size(); ++i) slot_of(all_[i]) = static_cast<std::uint32_t>(i + 1);
  }

  std::vector<way> all_;
  std::vector<std::uint32_t> slots_;  // a place in all_, counted from 1; 0: free
};

struct moment_of {
  std::int64_t us;
  bool told;
  int which;
};

class search {
public:
  search(const std::vector<deed>& all, thing first, std::size_t widest, bool late)
      : all_(all),
        widest_(widest),
        late_(late),
        place_(all.size(), places),
        closed_(all.size()),
        follower_(all.size(), -1),
        to_come_(all.size()) {
    ways_.insert({first, {}});
    for (int i = 0; i < static_cast<int>(all.size()); ++i) {
      if (at(i).after < 0) continue;
      ++to_come_[static_cast<std::size_t>(at(i).after)];
      if (at(i).how == need::follows) follower_[static_cast<std::size_t>(at(i).after)] = i;
    }
  }

  search_result run() {
    for (const auto& one : moments()) {
      if (one.told) {
        if (!settle(one.which)) return {search_result::end::too_wide, {}};
        if (left_.empty()) return {search_result::end::contradiction, in_words(one.which)};
        close(one.which);
      } else if (!open(one.which)) {
        return {search_result::end::too_wide, {}};
      }
      if (late_) do_what_is_rarely_possible();
    }
    return {};
  }

private:
  const deed& at(int which) const { return all_[static_cast<std::size_t>(which)]; }
  std::size_t& place_of(int which) { return place_[static_cast<std::size_t>(which)]; }
  bool did(const way& mine, int which) const {
    const auto place = place_[static_cast<std::size_t>(which)];
    return place < places && mine.done[place];
  }

  // False: there is no place for it.
  bool open(int which) {
    auto& place = place_of(which) = 0;
    while (place < places && taken_[place]) ++place;
    if (place == places) return false;
    taken_.set(place);
    (at(which).looks ? looks_ : open_).push_back(which);
    // Whoever only looks does so as soon as things stand as they were seen: that hinders nobody.
    if (at(which).looks) ways_.mark(place, [&](thing now) { return at(which).happen(now); });
    return true;
  }

  // What was asked at the moment when another was told may have been done before it.
  std::vector<moment_of> moments() const {
    std::vector<moment_of> found;
    for (int i = 0; i < static_cast<int>(all_.size()); ++i) {
      found.push_back({at(i).asked_us, false, i});
      if (at(i).told_us != deed::never) found.push_back({at(i).told_us, true, i});
    }
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      if (a.us != b.us) return a.us < b.us;
      if (a.told != b.told) return b.told;
      return a.told ? a.which > b.which : a.which < b.which;  // what follows is told before what it follows
    });
    return found;
  }

  bool has_to(const way& mine, int which) const {
    switch (at(which).how) {
      case need::must: return true;
      case need::may: return false;
      case need::follows: return did(mine, at(which).after);
    }
    return true;
  }
  // When it is told that something may have been done, it is the last moment at which it may be taken to have been.
  bool might_have(int which) const {
    return at(which).how == need::follows ||
           (at(which).how == need::may && follower_[static_cast<std::size_t>(which)] < 0);
  }
  bool can_follow(const way& mine, int which) const {
    const auto follower = follower_[static_cast<std::size_t>(which)];
    if (follower >= 0 && closed_[static_cast<std::size_t>(follower)]) return false;
    const auto before = at(which).after;
    if (before < 0 || did(mine, before)) return true;
    return closed_[static_cast<std::size_t>(before)] && at(before).how == need::must;
  }
  // Of those that do the same, and have to be done, the one goes first that is told first: any order in which another
  // goes first is one still when the two change places.
  bool lets_another_go_first(const way& mine, int which) const {
    if (!at(which).alike || !has_to(mine, which)) return false;
    return std::any_of(open_.begin(), open_.end(), [&](int other) {
      return at(other).alike == at(which).alike && is_told_before(other, which) && !did(mine, other) &&
             has_to(mine, other) && can_follow(mine, other);
    });
  }
  bool is_told_before(int one, int other) const {
    return at(one).told_us != at(other).told_us ? at(one).told_us < at(other).told_us : one > other;
  }
  std::optional<way> next(const way& mine, int which) const {
    if (did(mine, which) || !can_follow(mine, which) || lets_another_go_first(mine, which)) return std::nullopt;
    auto then = mine;
    if (!at(which).happen(then.now)) return std::nullopt;
    then.done.set(place_[static_cast<std::size_t>(which)]);
    for (const auto look : looks_)
      if (const auto place = place_[static_cast<std::size_t>(look)]; !then.done[place] && at(look).happen(then.now))
        then.done.set(place);
    return then;
  }

  // A deed is told: only those ways are left in which it was done. False: too many ways.
  bool settle(int which) {
    left_.clear();
    seen_.clear();
    at_work_.clear();
    stood_.clear();
    for (const auto& mine : ways_) {
      const bool has = has_to(mine, which);
      if (did(mine, which) || !has) left_.insert(mine);
      if (did(mine, which) || (!has && (late_ || !might_have(which)))) continue;
      // Mostly it just was done now, and whatever else was under way can wait.
      const auto then = at(which).looks ? std::nullopt : next(mine, which);
      if (then) left_.insert(*then);
      if (!then || !late_) at_work_.push_back(mine);
    }
    for (std::size_t i = 0; i < at_work_.size(); ++i) {
      if (late_ && (left_.size() >= enough || seen_.size() >= tried)) return true;
      const auto mine = at_work_[i];
      for (const auto other : open_) {
        auto then = next(mine, other);
        if (!then) continue;
        if (did(*then, which)) {
          left_.insert(*then);
        } else if (!(late_ && !stood_.insert(then->now).second) && seen_.insert(*then)) {
          at_work_.push_back(*then);
        }
        if (seen_.size() + left_.size() > widest_) return false;
      }
    }
    return true;
  }

  // Who waits with it until it is told comes too late, mostly.
  void do_what_is_rarely_possible() {
    for (const auto which : open_) {
      if (!at(which).rarely) continue;
      if (std::any_of(ways_.begin(), ways_.end(), [&](const way& mine) { return did(mine, which); })) continue;
      settle(which);
      for (const auto& mine : left_) ways_.insert(mine);
    }
  }

  void close(int which) {
    std::erase(at(which).looks ? looks_ : open_, which);
    told_.push_back(which);
    closed_[static_cast<std::size_t>(which)] = true;
    const auto before = at(which).after;
    if (before >= 0) --to_come_[static_cast<std::size_t>(before)];
    std::bitset<places> forgotten;
    if (!is_followed(which)) forget(which, forgotten);
    if (before >= 0 && closed_[static_cast<std::size_t>(before)] && !is_followed(before)) forget(before, forgotten);
    ways_.clear();
    for (auto mine : left_) {
      mine.done &= ~forgotten;
      ways_.insert(mine);
    }
  }
  void forget(int which, std::bitset<places>& forgotten) {
    auto& place = place_of(which);
    if (place == places) return;
    forgotten.set(place);
    taken_.reset(place);
    place = places;
  }
  // By one that needs to know whether it was done.
  bool is_followed(int which) const { return to_come_[static_cast<std::size_t>(which)] > 0; }

  std::string in_words(int which) const {
    std::string text = "no order explains: " + at(which).words + ", asked at " + std::to_string(at(which).asked_us) +
                       " us and told at " + std::to_string(at(which).told_us) + " us; it could have been";
    std::set<thing> things;
    for (const auto& one : ways_) things.insert(one.now);
    int n = 0;
    for (const auto& one : things) {
      if (++n > 4) break;
      text += (n > 1 ? ", or " : " ") + std::to_string(one.what);
      if (one.whose) text += " of " + std::to_string(one.whose);
    }
    auto others = open_;
    std::erase(others, which);
    text += others.empty() ? ", with nothing else under way" : ", with these under way:";
    for (const auto one : others) text += " [" + at(one).words + "]";
    text += "; before it, the newest first:";
    for (auto one = told_.rbegin(); one != told_.rend() && one - told_.rbegin() < 8; ++one)
      if (*one != which)
        text += " [" + at(*one).words + ", " + std::to_string(at(*one).asked_us) + " to " +
                std::to_string(at(*one).told_us) + " us]";
    return text;
  }

  const std::vector<deed>& all_;
  std::size_t widest_;
  bool late_;
  ways ways_;
  ways left_, seen_;  // while a deed is settled
  std::vector<way> at_work_;
  std::set<thing> stood_;           // the quick search follows one way only to each
  std::vector<std::size_t> place_;  // of each deed; `places`: it has none
  std::bitset<places> taken_;
  std::vector<int> open_, looks_;  // under way
  std::vector<bool> closed_;
  std::vector<int> follower_;
  std::vector<int> to_come_;  // of each deed: how many that come after it are not told yet
  std::vector<int> told_;     // in the order of telling
};

}  // namespace

search_result find_order(const std::vector<deed>& all, thing first, std::size_t widest) {
  // First by a few ways in which each deed is done as late as can be. An order that they find is one.
  if (auto quick = search{all, first, widest, true}.run(); quick.how == search_result::end::explained) return quick;
  return search{all, first, widest, false}.run();
}

}  // namespace souk::sim
