// Judges peers by what they say and by their silence.
#include "actors/runtime/acquaintance.hpp"

#include <utility>

namespace souk::runtime {

std::string acquaintance::judge(const hello& theirs, const hello& mine) {
  if (theirs.protocol != mine.protocol)
    return "it speaks version " + std::to_string(theirs.protocol) + " of the nodes' protocol, this node version " +
           std::to_string(mine.protocol);
  if (theirs.placement != mine.placement)
    return "its configuration places domains and coordinators otherwise than this node's";
  if (theirs.incarnation < incarnation_)
    return std::string{superseded} + ": its stores were taken under number " + std::to_string(theirs.incarnation) +
           ", number " + std::to_string(incarnation_) + " has been here";
  incarnation_ = theirs.incarnation;
  return {};
}

void acquaintance::let_in(std::uint64_t session, std::int64_t now_ms) {
  standing_ = standing::open;
  session_ = session;
  heard_ms_ = now_ms;
  was_suspect_ = false;
}

bool acquaintance::heard(std::uint64_t session, std::int64_t now_ms) {
  if (!here() || session != session_) return false;
  heard_ms_ = now_ms;
  standing_ = standing::open;
  return true;
}

acquaintance::finding acquaintance::look(std::int64_t now_ms) {
  if (!here()) return finding::nothing;
  const auto silent_ms = now_ms - heard_ms_;
  if (silent_ms >= how_.lost_ms) {
    leave();
    return finding::lost;
  }
  if (silent_ms >= how_.suspect_ms) standing_ = standing::suspect;
  const bool is_suspect = standing_ == standing::suspect;
  if (is_suspect == std::exchange(was_suspect_, is_suspect)) return finding::nothing;
  return is_suspect ? finding::suspect : finding::heard_again;
}

}  // namespace souk::runtime
