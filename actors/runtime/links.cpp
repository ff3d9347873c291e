// Opens the port that the other nodes' letters come in by, and counts what goes out.
#include "actors/runtime/links.hpp"

#include <caf/io/all.hpp>
#include <caf/scoped_actor.hpp>
#include <mutex>
#include <system_error>

#include "actors/runtime/porter.hpp"

namespace souk::runtime {

namespace {

// Both ends of a connection beat: without, CAF never notices that a peer has fallen silent.
constexpr std::chrono::milliseconds heartbeat{500};
constexpr std::chrono::milliseconds silence{2'000};

std::int64_t letters_in(const caf::message& what) {
  if (what.match_elements<envelope>()) return static_cast<std::int64_t>(what.get_as<envelope>(0).letters.size());
  if (what.match_elements<responses>()) return static_cast<std::int64_t>(what.get_as<responses>(0).list.size());
  if (what.match_elements<begin>()) return static_cast<std::int64_t>(what.get_as<souk::begin>(0).cases.size());
  return 1;
}

}  // namespace

void gated_link::lead(const caf::node_id& there, std::shared_ptr<peer_figures> through) {
  const std::unique_lock hold{mutex_};
  // A node that was started anew has another id: the old one is nobody's any more.
  std::erase_if(ways_, [&](const auto& one) { return one.second == through || one.first == there; });
  ways_.emplace_back(there, std::move(through));
}

void gated_link::carry(const caf::strong_actor_ptr& from, const caf::actor& to, caf::message what) {
  const auto there = to.node();
  if (there == here_) return within_->carry(from, to, std::move(what));
  std::shared_ptr<peer_figures> through;
  {
    const std::shared_lock hold{mutex_};
    for (const auto& [node, figures] : ways_)
      if (node == there) through = figures;
  }
  if (through && through->door.admit(letters_in(what))) within_->carry(from, to, std::move(what));
}

void links::install(caf::actor_system_config& config) {
  config.load<caf::io::middleman>();
  config.add_message_types<caf::id_block::souk_porters>();
  config.set("middleman.heartbeat-interval", caf::timespan{heartbeat});
  config.set("middleman.connection-timeout", caf::timespan{silence});
  // Nodes of other programs are not spoken to, even on this machine.
  config.set("middleman.app-identifiers", std::vector<std::string>{"souk"});
}

links::links(caf::actor_system& system, cluster_options options, std::int64_t incarnation,
             std::shared_ptr<directory> where, std::shared_ptr<deed_book> deeds,
             std::shared_ptr<const surroundings> around, std::shared_ptr<gated_link> through,
             std::function<node_report()> report, std::function<void()> on_superseded)
    : system_(system) {
  // Who connects could ask these two to spawn actors here, or to keep what he likes.
  for (const std::string name : {"SpawnServ", "ConfigServ"}) system_.registry().erase(caf::atom_from_string(name));
  through->begin(system_.node());
  for (const auto& one : options.placement.nodes)
    if (one != options.name) peers_.push_back(std::make_shared<peer_figures>(one, options.manners.letters_max));
  port_ = options.port;
  porter_papers papers{std::move(options), incarnation, std::move(where),  std::move(deeds),        std::move(around),
                       std::move(through), peers_,      std::move(report), std::move(on_superseded)};
  // Without a thread of its own, though it knocks at ports of this machine: about once in thirty times CAF's middleman
  // keeps a handle of it when it ends, and whoever has a thread is waited for until nobody knows him any more.
  porter_ = system_.spawn<porter>(std::move(papers));
}

void links::open() {
  const auto open = system_.middleman().publish(porter_, port_, "127.0.0.1", true);
  if (!open)
    throw std::system_error(EADDRINUSE, std::generic_category(), "127.0.0.1:" + std::to_string(port_) + ", for nodes");
  port_ = *open;
  caf::anon_send(porter_, souk::wake{});
}

links::~links() {
  caf::scoped_actor self{system_};
  self->monitor(porter_);
  self->send(porter_, souk::drain{});
  self->receive([](const caf::down_msg&) {});
  porter_ = nullptr;
}

void links::announce(std::uint32_t seat, caf::actor who) { caf::anon_send(porter_, seat, std::move(who)); }

void links::spread_deeds() { caf::anon_send(porter_, souk::spread_deeds{}); }

}  // namespace souk::runtime
