// The porter: the one actor of a node that is known to the others. It looks for them, lets them in, and tells who sits
// where here and there.
//
// Nobody keeps a handle of an earlier visit: when a peer is gone its slots in the directory are emptied, and when it
// comes again it says anew who sits there.
#pragma once

#include <caf/event_based_actor.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/runtime/links.hpp"

namespace souk::runtime {

struct porter_papers {
  cluster_options cluster;
  std::int64_t incarnation = 0;
  std::shared_ptr<directory> where;
  std::shared_ptr<deed_book> deeds;
  std::shared_ptr<const surroundings> around;
  std::shared_ptr<gated_link> through;
  all_peers peers;                      // without this node
  std::function<node_report()> report;  // of this node
  std::function<void()> on_superseded;
};

class porter : public caf::event_based_actor {
public:
  porter(caf::actor_config& config, porter_papers papers);
  caf::behavior make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "porter"; }

private:
  struct peer {
    std::shared_ptr<peer_figures> figures;
    acquaintance known;
    std::uint32_t number = 0;     // in the placement
    caf::actor porter;            // of its visit, or while it is greeted
    std::uint64_t greeting = 0;   // the number of the visit that we asked for; 0: none
    std::int64_t dial_at_ms = 0;  // not before
    std::int64_t ping_at_ms = 0;
    bool dialling = false;
    caf::actor mover;
    std::string complaint;  // the last that was said in the log
  };

  void on_hello(const hello& said);
  void on_refusal(const refusal& said);
  void on_seats(const seats& said, const std::vector<caf::actor>& who);
  void on_sweep();
  void on_gone(const caf::down_msg& news);
  void dial(peer& to);
  void greet(peer& to, const caf::node_id& node, const caf::strong_actor_ptr& who);
  void let_in(peer& one, std::uint64_t session);
  void lose(peer& one, const std::string& why);
  void try_later(peer& one, const std::string& why, std::int64_t pause_ms);
  void complain(peer& of, const std::string& what);
  bool learn(peer& from, const seats& said);
  void tell_seats(const peer& to);
  void tell_deeds();
  void tell_tidings();
  void tell_mover(const peer& of, const caf::actor& theirs);
  void seat(std::uint32_t where, const caf::actor& who);
  bool keeps(const peer& one, std::uint32_t seat) const;
  void wake_coordinators();
  peer* find(std::string_view name);
  peer* sender_of(std::uint64_t session);
  hello card(std::uint64_t session, bool is_answer) const;
  template <class Word>
  void tell(const peer& to, Word what) {
    if (to.porter) send(to.porter, std::move(what));
  }
  std::int64_t now_ms() const { return papers_.around->clock->steady_ms(); }

  porter_papers papers_;
  std::vector<peer> peers_;
  std::map<std::uint32_t, caf::actor> seated_;  // here
  caf::actor mover_;
  std::uint64_t sessions_ = 0;
  std::int64_t wake_at_ms_ = 0;  // 0: nobody
  std::int64_t tidings_at_ms_ = 0;
  bool superseded_ = false;
};

}  // namespace souk::runtime
