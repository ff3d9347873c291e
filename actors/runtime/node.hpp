// The node: everything that one process runs, started from its options and stopped in order.
#pragma once

#include <array>
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/runtime/console.hpp"
#include "actors/runtime/coordinator.hpp"
#include "actors/runtime/desk.hpp"
#include "actors/runtime/errands.hpp"
#include "actors/runtime/front.hpp"
#include "actors/runtime/links.hpp"
#include "actors/runtime/mover.hpp"
#include "actors/runtime/provider.hpp"
#include "actors/runtime/sink.hpp"
#include "actors/runtime/supervisor.hpp"

namespace souk::runtime {

struct node_options {
  std::string data;  // directory of the stores; made if it is not there
  shard_counts shards = one_each();
  // On two cores a second one made the batches smaller and cost a tenth of the orders.
  std::uint32_t coordinators = 1;
  sink_maker make_sink;             // none: events are kept in the outbox until there is one
  provider_maker make_provider;     // of payments; none: souk's own, which books whatever is asked
  errands_maker make_errands;       // to that provider; none: threads of its own
  std::int64_t keep_events_ms = 0;  // in the event log, beyond what its subscribers need
  surroundings around;
  std::size_t threads = 0;  // of CAF's scheduler; 0: one a core (CAF itself would take at least four)
  // Tests put their own brain in a domain's place.
  std::function<std::unique_ptr<domains::brain>(directory::place, const persistence::open_options&)> make_brain;
  // Of several nodes: which this one is. Its placement then says how many shards and coordinators there are.
  std::optional<cluster_options> cluster;
};

struct cashier_counts;

// Of what this node keeps; of several nodes also of the desks and the cashier that it may keep some day.
struct node_figures {
  std::vector<std::pair<directory::place, std::shared_ptr<desk_counts>>> desks;
  std::vector<std::shared_ptr<coordinator_counts>> coordinators;
  std::shared_ptr<runtime::supervision> supervision;
  std::shared_ptr<cashier_counts> cashier;  // none: payments have no external provider, or are not kept here
  all_peers peers;                          // the other nodes
  // What the background audit has found here: whoever runs it puts it here, for the others to hear of.
  std::shared_ptr<latest<audit_verdict>> audit = std::make_shared<latest<audit_verdict>>();
};

struct given_up : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class node {
public:
  // Opens every store first and throws what is wrong with them: persistence::store_error. given_up: somebody who
  // belongs here fell again and again before all could begin.
  explicit node(node_options options);
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  runtime::front& front() { return *front_; }
  const node_figures& figures() const { return figures_; }
  // Of the desks that it keeps now, and of its cashier, if payments are kept here and have a provider.
  std::vector<std::pair<directory::place, std::shared_ptr<desk_counts>>> desks_here() const;
  std::shared_ptr<cashier_counts> cashier_here() const;
  // Of several nodes: the name of this one, of the one that keeps a desk, and the desks that others keep.
  std::string name() const;
  std::string keeper(directory::place at) const;
  std::vector<directory::place> desks_elsewhere() const;
  std::vector<std::uint32_t> shares_of(const std::string& name) const;  // of coordinators there
  // The shards that have ever moved; none where there is but one node.
  std::vector<persistence::deed> deeds() const;
  // Somebody sits there, here or at another node.
  bool is_open(directory::place at) const { return where_->desk(at) != nullptr; }
  // Has a shard moved, by whoever has to; `then` is called once, from an actor's thread. False: there is but one node,
  // or none of that name.
  bool move(move_wish wish, hear_of_move then);
  const surroundings& around() const { return *around_; }
  // Everybody who belongs here sits where they belong, and every coordinator knows what was open before: of several
  // nodes it has to hear that from the order desks of the others.
  bool ready() const;
  std::uint16_t link_port() const { return links_ ? links_->port() : 0; }  // of 127.0.0.1, for the other nodes
  std::int64_t sagas_running() const;

  // Somebody who looks around, on a thread of his own; he goes before the node does.
  std::unique_ptr<console> employ(const char* name, console::look around);

  // How it is, as the other nodes hear of it. It is not ready any more when somebody has said that it stops.
  node_report report() const;
  void about_to_stop() { stops_ = true; }

  // Ends a desk, or a coordinator, as if it had thrown: for tests of recovery.
  void fell(directory::place at);
  void fell_coordinator(std::uint32_t share);
  // Nobody sees it, as if a partition lay between; it goes on, and knows nothing of that. Then all see it again.
  void hide_coordinator(std::uint32_t share);
  void show_coordinators();
  // Lets its end be that of a process that is killed: nobody says farewell. Only with a driver.
  void vanish() { vanishes_ = true; }

private:
  void join_the_others();
  std::vector<post> desk_posts();
  post desk_post(directory::place at);
  std::unique_ptr<domains::brain> open_brain(directory::place at, bool first) const;
  std::int64_t number_for(directory::place at, const std::string& store) const;
  std::vector<post> coordinator_posts();
  void add_carriers(std::vector<post>& posts);
  bool may_be_here(directory::place at) const { return options_.cluster || where_->is_here(at); }
  bool is_engaged(directory::place at) const;
  void warn_of_open_payments();
  bool all_seated() const;
  void wait_for_all();
  void leave();
  void wait_until(const std::function<bool()>& holds) const;

  node_options options_;
  std::shared_ptr<const surroundings> around_;
  std::shared_ptr<directory> where_;
  node_figures figures_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::shared_ptr<gated_link> gates_;
  std::int64_t owner_ = 0;            // the number under which the stores are taken; 0: nobody else might want them
  std::shared_ptr<deed_book> deeds_;  // of several nodes
  // By seat: under which turn it came, and the number that it got then. Only in a standstill.
  mutable std::map<std::uint32_t, std::pair<std::int64_t, std::int64_t>> taken_;
  std::vector<directory::place> engaged_;  // at the start
  std::unique_ptr<links> links_;
  std::shared_ptr<move_tray> moves_;
  caf::actor supervisor_, mover_;
  std::vector<std::pair<std::uint32_t, caf::actor_addr>> hidden_;  // coordinators, by share
  std::unique_ptr<runtime::front> front_;
  std::atomic<bool> stops_{false};
  bool vanishes_ = false;
};

}  // namespace souk::runtime
