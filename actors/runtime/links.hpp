// The links of a node to the others: CAF's middleman, the gates that letters go through, and the porter.
//
// CAF's own protocol between nodes knows no authentication and does not survive hostile bytes: it is spoken on loopback
// only, whatever is configured. What crosses hosts goes through a tunnel, whose near ends are on loopback as well.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/runtime/acquaintance.hpp"
#include "actors/runtime/deed_book.hpp"
#include "actors/runtime/directory.hpp"
#include "actors/runtime/surroundings.hpp"
#include "messages/grammar/placement.hpp"

namespace souk::runtime {

// A node among others.
struct cluster_options {
  std::string name;  // of this node, in the placement
  souk::placement placement;
  std::uint16_t port = 0;  // of 127.0.0.1, where the others' letters come in; 0: the system chooses
  // The port of 127.0.0.1 at which a peer is reached: its own, or the near end of a tunnel to it. 0: not yet. Asked
  // from the porter's thread, each time.
  std::function<std::uint16_t(const std::string& peer)> dial;
  runtime::manners manners;
};

// What is known of another node, for figures.
struct peer_figures {
  explicit peer_figures(std::string of, std::int64_t letters_max) : name(std::move(of)), door(letters_max) {}
  const std::string name;
  gate door;
  std::atomic<std::int64_t> visits{0};  // how often it came
  std::atomic<std::int64_t> incarnation{0};
  latest<node_report> said;  // when it was there last
};
using all_peers = std::vector<std::shared_ptr<peer_figures>>;

// Carries letters to whoever sits here directly, and to others through their node's gate.
class gated_link final : public link {
public:
  explicit gated_link(std::shared_ptr<link> within) : within_(std::move(within)) {}

  void carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) override;
  void begin(const caf::node_id& here) { here_ = here; }
  // Letters to that node go through this gate from now on.
  void lead(const caf::node_id& there, std::shared_ptr<peer_figures> through);

private:
  std::shared_ptr<link> within_;
  caf::node_id here_;
  std::shared_mutex mutex_;
  std::vector<std::pair<caf::node_id, std::shared_ptr<peer_figures>>> ways_;
};

// A seat as porters call it: a desk, or a coordinator.
struct seat_name {
  static constexpr std::uint32_t coordinators = 0xff;
  static std::uint32_t of(directory::place at) { return static_cast<std::uint32_t>(at.domain) << 16 | at.shard; }
  static std::uint32_t of_coordinator(std::uint32_t share) { return coordinators << 16 | share; }
  // Whoever moves shards at the node with that number.
  static constexpr std::uint32_t movers = 0xfe;
  static std::uint32_t of_mover(std::uint32_t node) { return movers << 16 | node; }
  static directory::place desk(std::uint32_t seat) { return {static_cast<domain>(seat >> 16), seat & 0xffff}; }
};

class links {
public:
  // Before the actor system is made.
  static void install(caf::actor_system_config& config);

  links(caf::actor_system& system, cluster_options options, std::int64_t incarnation, std::shared_ptr<directory> where,
        std::shared_ptr<deed_book> deeds, std::shared_ptr<const surroundings> around,
        std::shared_ptr<gated_link> through, std::function<node_report()> report, std::function<void()> on_superseded);
  ~links();  // says farewell
  links(const links&) = delete;
  links& operator=(const links&) = delete;

  // Opens the port and begins to look for the others. Throws std::system_error when the port is taken.
  void open();
  std::uint16_t port() const { return port_; }
  const all_peers& peers() const { return peers_; }
  // Somebody sits there now, or nobody: the others are told. From any thread.
  void announce(std::uint32_t seat, caf::actor who);
  // The others are told what deeds there are. From any thread.
  void spread_deeds();

private:
  caf::actor_system& system_;
  all_peers peers_;
  caf::actor porter_;
  std::uint16_t port_ = 0;
};

}  // namespace souk::runtime
