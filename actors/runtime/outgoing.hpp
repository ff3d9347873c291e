// Letters on their way out of an actor: those for one desk travel together, and leave when the mailbox has been read.
#pragma once

#include <array>
#include <caf/event_based_actor.hpp>
#include <memory>
#include <vector>

#include "actors/runtime/directory.hpp"
#include "actors/runtime/surroundings.hpp"
#include "actors/runtime/wire.hpp"

namespace souk::runtime {

class outgoing {
public:
  outgoing(caf::event_based_actor* self, std::shared_ptr<const directory> where, std::shared_ptr<runtime::link> link)
      : self_(self), where_(std::move(where)), link_(std::move(link)) {
    std::size_t places = 0;
    for (std::size_t d = 0; d < domain_count; ++d) {
      first_[d] = places;
      places += where_->shards(static_cast<domain>(d));
    }
    envelopes_.resize(places);
  }

  const runtime::directory& directory() const { return *where_; }

  void post(directory::place to, letter what) {
    const auto at = first_[static_cast<std::size_t>(to.domain)] + to.shard;
    auto& envelope = envelopes_[at];
    if (envelope.letters.empty()) waiting_.push_back({to, at});
    envelope.letters.push_back(std::move(what));
    // A flush sent to oneself comes after all that waits in the mailbox: batches follow the load by themselves, and a
    // lone letter is not delayed.
    if (!flush_is_due_) self_->send(self_, souk::flush{});
    flush_is_due_ = true;
  }

  // When the flush arrives.
  void send() {
    flush_is_due_ = false;
    for (const auto& [to, at] : waiting_) {
      auto letters = std::exchange(envelopes_[at].letters, {});
      envelopes_[at].letters.reserve(letters.size());  // the next one will be much like it
      // Nobody there: the letters are lost, as on any link; deadlines ask again.
      if (const auto desk = where_->desk(to))
        link_->carry(self_->ctrl(), desk, caf::make_message(envelope{std::move(letters)}));
    }
    waiting_.clear();
  }

private:
  struct bound {
    directory::place to;
    std::size_t at;
  };

  caf::event_based_actor* self_;
  std::shared_ptr<const runtime::directory> where_;
  std::shared_ptr<runtime::link> link_;
  std::array<std::size_t, domain_count> first_{};
  std::vector<envelope> envelopes_;
  std::vector<bound> waiting_;
  bool flush_is_due_ = false;
};

}  // namespace souk::runtime
