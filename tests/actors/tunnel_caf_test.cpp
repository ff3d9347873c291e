// Two systems of actors, as of two nodes, speak through the tunnel and find each other again.
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include "tests/actors/cluster.hpp"
#include "tests/catch.hpp"

using namespace souk;
using namespace souk::tests;
using edge::tunnel;

namespace {

// As nodes have it, so that a silent peer is noticed.
struct node_config : caf::actor_system_config {
  node_config() {
    set("logger.verbosity", caf::atom("quiet"));
    set("middleman.heartbeat-interval", caf::timespan{std::chrono::milliseconds{500}});
    set("scheduler.max-threads", 2);
    load<caf::io::middleman>();
  }
};

caf::behavior adding(caf::event_based_actor*, std::int64_t more) {
  return {[more](std::int64_t n) { return n + more; }, [](const std::string& text) { return text; }};
}

// One node that publishes an actor which adds one, and the tunnel before it.
struct counting_node {
  node_config config;
  caf::actor_system system{config};
  caf::actor adds;
  std::uint16_t behind = 0;
  std::unique_ptr<tunnel> before;

  counting_node(const cluster& papers, std::uint16_t port) {
    adds = system.spawn(adding, std::int64_t{1});
    const auto opened = system.middleman().publish(adds, 0, "127.0.0.1", true);
    REQUIRE(opened);
    behind = *opened;
    auto wanted = papers.options("ben", behind, {{"anna", "127.0.0.1", 0}});
    wanted.port = port;
    before = std::make_unique<tunnel>(wanted);
  }
  ~counting_node() { caf::anon_send_exit(adds, caf::exit_reason::kill); }
};

// From the other node, through the tunnel; nothing while there is no way.
caf::actor reach(caf::actor_system& from, const tunnel& by) {
  caf::actor found;
  in_the_end([&] {
    const auto there = from.middleman().remote_actor("127.0.0.1", by.local_port("ben"));
    if (there) found = *there;
    return static_cast<bool>(found);
  });
  return found;
}

std::int64_t asked(caf::scoped_actor& self, const caf::actor& whom, std::int64_t n) {
  std::int64_t heard = -1;
  self->request(whom, std::chrono::seconds{30}, n)
      .receive([&](std::int64_t back) { heard = back; }, [](const caf::error&) {});
  return heard;
}

}  // namespace

TEST_CASE("actors of two nodes speak through the tunnel, and do so again after it was cut", "[C.5]") {
  cluster papers{{"anna", "ben"}};
  auto ben = std::make_unique<counting_node>(papers, 0);
  const auto port = ben->before->port();
  node_config config;
  caf::actor_system system{config};
  const plain_listener nobody;
  tunnel anna{papers.options("anna", nobody.port(), {{"ben", "127.0.0.1", port}})};
  {
    caf::scoped_actor self{system};
    auto there = reach(system, anna);
    REQUIRE(there);
    for (std::int64_t n = 0; n < 100; ++n) REQUIRE(asked(self, there, n) == n + 1);
    // A message larger than any buffer on the way.
    const std::string large(3'000'000, 'x');
    self->request(there, std::chrono::seconds{60}, large)
        .receive([&](const std::string& back) { CHECK((back == large)); }, [](const caf::error&) { FAIL(); });
    // The tunnel is cut: whoever watches hears of it.
    self->monitor(there);
    ben->before->stop();
    bool down = false;
    self->receive([&](const caf::down_msg&) { down = true; }, caf::after(std::chrono::seconds{60}) >> [] {});
    CHECK(down);
    there = {};
    // And a whole node comes again where the first one was.
    ben.reset();
    ben = std::make_unique<counting_node>(papers, port);
    there = reach(system, anna);
    REQUIRE(there);
    CHECK(asked(self, there, 41) == 42);
  }
  CHECK(anna.counts().called >= 2);
}

TEST_CASE("while strangers throw at the tunnel what ends a node, the nodes behind it go on speaking", "[C.5]") {
  cluster papers{{"anna", "ben"}};
  counting_node ben{papers, 0};
  node_config config;
  caf::actor_system system{config};
  const plain_listener nobody;
  tunnel anna{papers.options("anna", nobody.port(), {{"ben", "127.0.0.1", ben.before->port()}})};
  caf::scoped_actor self{system};
  const auto there = reach(system, anna);
  REQUIRE(there);
  std::string direct_message(32, '\0'), endless(32, '\0');
  direct_message[0] = 3;
  endless[4] = endless[5] = endless[6] = endless[7] = '\xff';
  for (std::int64_t n = 0; n < 50; ++n) {
    auto hostile = plain_socket::to(ben.before->port());
    hostile.send(n % 2 ? direct_message : endless);
    REQUIRE(asked(self, there, n) == n + 1);
  }
  CHECK(in_the_end([&] { return ben.before->counts().refused == 50; }));
  CHECK(ben.before->counts().accepted == 1);
}
