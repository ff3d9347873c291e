// What a node thinks of another: whom it lets in, when it takes silence for absence, how much it sends on trust.
#include "actors/runtime/acquaintance.hpp"

#include "tests/catch.hpp"

using namespace souk;
using namespace souk::runtime;
using finding = acquaintance::finding;

namespace {

constexpr manners quick{100, 300, 1'000, 10};
const hello mine{nodes_protocol, "north", 7, 77, 0, false};

hello theirs(std::int64_t incarnation) { return {nodes_protocol, "south", incarnation, 77, 1, false}; }

}  // namespace

TEST_CASE("a node with another placement or another protocol is not let in", "[C.6]") {
  acquaintance south{quick};
  CHECK(south.judge(theirs(5), mine).empty());
  auto said = theirs(5);
  said.placement = 78;
  CHECK(south.judge(said, mine) == "its configuration places domains and coordinators otherwise than this node's");
  said = theirs(5);
  said.protocol += 1;
  CHECK(south.judge(said, mine).find("version " + std::to_string(said.protocol) + " of the nodes' protocol") !=
        std::string::npos);
  CHECK(south.incarnation() == 5);
}

TEST_CASE("an older incarnation of a node is superseded by a newer one that has been here", "[C.6]") {
  acquaintance south{quick};
  CHECK(south.judge(theirs(5), mine).empty());
  CHECK(south.judge(theirs(5), mine).empty());  // the same again: only the link broke
  CHECK(south.judge(theirs(9), mine).empty());
  const auto why = south.judge(theirs(8), mine);
  CHECK(why.starts_with(superseded));
  CHECK(why.find("number 8, number 9 has been here") != std::string::npos);
  CHECK(south.judge(theirs(9), mine).empty());
}

TEST_CASE("silence makes a node suspect, then lost; what is heard of it in between makes it trusted again", "[C.6]") {
  acquaintance south{quick};
  CHECK(south.look(0) == finding::nothing);
  south.let_in(3, 1'000);
  CHECK(south.look(1'299) == finding::nothing);
  CHECK(south.look(1'300) == finding::suspect);
  CHECK(south.look(1'400) == finding::nothing);  // said once
  CHECK(south.now() == acquaintance::standing::suspect);
  CHECK(south.heard(3, 1'450));
  CHECK(south.look(1'460) == finding::heard_again);
  CHECK(south.look(1'749) == finding::nothing);
  CHECK(south.look(1'750) == finding::suspect);
  CHECK(south.look(2'449) == finding::nothing);
  CHECK(south.look(2'450) == finding::lost);
  CHECK_FALSE(south.here());
  CHECK(south.look(9'000) == finding::nothing);
}

TEST_CASE("what belongs to an earlier visit is not heard", "[C.6]") {
  acquaintance south{quick};
  CHECK_FALSE(south.heard(0, 0));
  south.let_in(3, 0);
  south.leave();
  CHECK_FALSE(south.heard(3, 10));
  south.let_in(4, 20);
  CHECK_FALSE(south.heard(3, 200));
  CHECK(south.look(320) == finding::suspect);
  CHECK(south.heard(4, 330));
}

TEST_CASE("no more is on its way to a node than it may be, and nothing while its gate is shut", "[C.6]") {
  gate door{10};
  CHECK_FALSE(door.admit(1));
  door.open();
  CHECK(door.admit(6));
  CHECK(door.admit(6));  // the last one may pass the bound: letters travel in bundles
  CHECK_FALSE(door.admit(1));
  CHECK(door.in_flight() == 12);
  CHECK(door.kept_back() == 2);
  door.arrived(6);
  CHECK(door.in_flight() == 6);
  CHECK(door.admit(1));
  door.arrived(99);  // more than was ever sent: somebody is confused
  CHECK(door.in_flight() == 7);
  door.shut();
  CHECK_FALSE(door.admit(1));
  door.go_on();
  CHECK(door.admit(1));
  CHECK(door.in_flight() == 8);
  // On a new visit nothing is on its way.
  door.open();
  CHECK(door.in_flight() == 0);
}

TEST_CASE("of two nodes exactly one dials", "[C.6]") {
  CHECK(dials("north", "south"));
  CHECK_FALSE(dials("south", "north"));
  CHECK_FALSE(dials("north", "north"));
}
