// What a node thinks of another one: whether it is let in, whether it is still there, and how much may be on its way.
//
//   away --hello, let in--> open --silent--> suspect --heard of--> open
//   open, suspect --silent for longer, or its link broke--> away
//
// Plain classes: they are told what is heard and when, and say what follows. The porter does it.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "actors/runtime/porter_words.hpp"

namespace souk::runtime {

// How a peer's silence is read. A ping is answered within milliseconds; a machine that is out of breath takes longer.
struct manners {
  std::int64_t ping_ms = 200;
  std::int64_t suspect_ms = 1'000;    // nothing is sent any more: it would pile up here
  std::int64_t lost_ms = 2'000;       // its desks are out of reach
  std::int64_t letters_max = 50'000;  // on their way to one peer, as far as it has not said that they arrived
};

// Lets letters through to one peer, or not. Shared by all who send.
class gate {
public:
  explicit gate(std::int64_t letters_max) : letters_max_(letters_max) {}

  // False: they are lost, as on any link.
  bool admit(std::int64_t letters) {
    const bool may = open_.load(std::memory_order_relaxed) &&
                     sent_.load(std::memory_order_relaxed) - arrived_.load(std::memory_order_relaxed) < letters_max_;
    (may ? sent_ : kept_back_).fetch_add(letters, std::memory_order_relaxed);
    return may;
  }
  void open() {
    arrived_ = sent_.load();
    open_ = true;
  }
  void shut() { open_ = false; }
  void go_on() { open_ = true; }

  bool is_open() const { return open_; }
  std::int64_t sent() const { return sent_; }
  std::int64_t in_flight() const { return sent_ - arrived_; }
  std::int64_t kept_back() const { return kept_back_; }
  // All that was sent before this count has arrived.
  void arrived(std::int64_t upto) {
    if (upto > arrived_ && upto <= sent_) arrived_ = upto;
  }

private:
  const std::int64_t letters_max_;
  std::atomic<bool> open_{false};
  std::atomic<std::int64_t> sent_{0}, arrived_{0}, kept_back_{0};
};

class acquaintance {
public:
  enum class standing : std::uint8_t { away, open, suspect };
  enum class finding : std::uint8_t { nothing, suspect, heard_again, lost };

  explicit acquaintance(manners how) : how_(how) {}

  // Why it is not let in; empty: it is. An incarnation that was let in is remembered for ever.
  std::string judge(const hello& theirs, const hello& mine);
  // It was let in, and this is the number of the visit: what is said with another one belongs to an earlier visit.
  void let_in(std::uint64_t session, std::int64_t now_ms);
  void leave() { standing_ = standing::away; }

  // Something that belongs to this visit was heard; false: it does not.
  bool heard(std::uint64_t session, std::int64_t now_ms);
  // What its silence means by now. Said once.
  finding look(std::int64_t now_ms);

  standing now() const { return standing_; }
  bool here() const { return standing_ != standing::away; }
  std::uint64_t session() const { return session_; }
  std::int64_t incarnation() const { return incarnation_; }

private:
  manners how_;
  standing standing_ = standing::away;
  std::uint64_t session_ = 0;
  std::int64_t heard_ms_ = 0;
  std::int64_t incarnation_ = 0;  // the newest that was ever let in
  bool was_suspect_ = false;
};

// Of two nodes one dials, or both would, at the same moment, and each would hang up on the other.
inline bool dials(const std::string& mine, const std::string& theirs) { return mine < theirs; }

}  // namespace souk::runtime
