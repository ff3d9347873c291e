// Follows all ways at once in which a thing may have come to be what it was seen to be.
#include "tools/sim/linear.hpp"

#include <algorithm>
#include <bitset>
#include <optional>
#include <set>
#include <unordered_set>

namespace souk::sim {

namespace {

// Of all deeds those count that are under way, and those that somebody still has to follow: so many at most.
constexpr std::size_t places = 128;

// One way: how things stand, and which of the deeds that count were done, by their places.
struct way {
  thing now;
  std::bitset<places> done;
  friend bool operator==(const way&, const way&) = default;
};
struct hash_of_way {
  std::size_t operator()(const way& one) const {
    auto sum = std::hash<std::bitset<places>>{}(one.done);
    for (const auto word : {one.now.what, one.now.whose, one.now.until})
      sum = (sum ^ static_cast<std::size_t>(word)) * 0x9fb21c651e98df25ULL, sum ^= sum >> 29;
    return sum;
  }
};
using ways = std::unordered_set<way, hash_of_way>;

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
        ways_{{first, {}}},
        place_(all.size(), places),
        closed_(all.size()),
        follower_(all.size(), -1) {
    for (int i = 0; i < static_cast<int>(all.size()); ++i)
      if (at(i).how == need::follows) follower_[static_cast<std::size_t>(at(i).after)] = i;
  }

  search_result run() {
    for (const auto& one : moments()) {
      if (!one.told) {
        if (!open(one.which)) return {search_result::end::too_wide, {}};
        continue;
      }
      auto left = settle(one.which);
      if (!left) return {search_result::end::too_wide, {}};
      if (left->empty()) return {search_result::end::contradiction, in_words(one.which)};
      close(one.which, *std::move(left));
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
    open_.push_back(which);
    for (auto& place = place_of(which) = 0; place < places; ++place)
      if (!taken_[place]) return taken_.set(place), true;
    return false;
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
  std::optional<way> next(const way& mine, int which) const {
    if (did(mine, which) || !can_follow(mine, which)) return std::nullopt;
    auto then = mine;
    if (!at(which).happen(then.now)) return std::nullopt;
    then.done.set(place_[static_cast<std::size_t>(which)]);
    return then;
  }

  // A deed is told: only those ways are left in which it was done. None: too many ways.
  std::optional<ways> settle(int which) const {
    ways left, seen;
    std::vector<way> at_work;
    for (const auto& mine : ways_) {
      const bool has = has_to(mine, which);
      if (did(mine, which) || !has) left.insert(mine);
      if (did(mine, which) || (!has && (late_ || !might_have(which)))) continue;
      // Mostly it just was done now, and whatever else was under way can wait.
      auto then = next(mine, which);
      if (then) left.insert(*then);
      if (!then || !late_) at_work.push_back(mine);
    }
    while (!at_work.empty()) {
      const auto mine = at_work.back();
      at_work.pop_back();
      for (const auto other : open_) {
        auto then = next(mine, other);
        if (!then) continue;
        if (other == which) {
          left.insert(*then);
        } else if (seen.insert(*then).second) {
          at_work.push_back(*then);
        }
        if (seen.size() + left.size() > widest_) return std::nullopt;
      }
    }
    return left;
  }

  void close(int which, ways&& left) {
    std::erase(open_, which);
    told_.push_back(which);
    closed_[static_cast<std::size_t>(which)] = true;
    std::bitset<places> forgotten;
    if (!is_followed(which)) forget(which, forgotten);
    if (const auto before = at(which).after;
        before >= 0 && closed_[static_cast<std::size_t>(before)] && !is_followed(before))
      forget(before, forgotten);
    ways_.clear();
    for (auto mine : left) {
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
  bool is_followed(int which) const {
    for (std::size_t i = 0; i < all_.size(); ++i)
      if (all_[i].after == which && !closed_[i]) return true;
    return false;
  }

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
    text += open_.size() > 1 ? ", with these under way:" : ", with nothing else under way";
    for (const auto one : open_)
      if (one != which) text += " [" + at(one).words + "]";
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
  std::vector<std::size_t> place_;  // of each deed; `places`: it has none
  std::bitset<places> taken_;
  std::vector<int> open_;
  std::vector<bool> closed_;
  std::vector<int> follower_;
  std::vector<int> told_;  // in the order of telling
};

}  // namespace

search_result find_order(const std::vector<deed>& all, thing first, std::size_t widest) {
  // First by ways in which each deed is done as late as can be, which are few. An order that they find is one.
  const auto quick = search{all, first, widest, true}.run();
  if (quick.how != search_result::end::contradiction) return quick;
  return search{all, first, widest, false}.run();
}

}  // namespace souk::sim
