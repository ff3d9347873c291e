// Every word that actors exchange goes through CAF's serializer and back: an unregistered one would arrive empty.
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/message.hpp>
#include <vector>

#include "actors/runtime/porter_words.hpp"
#include "actors/runtime/wire.hpp"
#include "tests/catch.hpp"

using namespace souk;

namespace {

template <class T>
void comes_back(caf::actor_system& system, const T& word) {
  std::vector<char> bytes;
  caf::binary_serializer writer{system, bytes};
  const auto sent = caf::make_message(word);
  REQUIRE_FALSE(writer(sent));
  caf::binary_deserializer reader{system, bytes};
  caf::message heard;
  REQUIRE_FALSE(reader(heard));
  REQUIRE(heard.match_elements<T>());
  CHECK(heard.get_as<T>(0) == word);
}

}  // namespace

TEST_CASE("every registered word survives the way between nodes", "[C.5]") {
  caf::actor_system_config config;
  config.add_message_types<caf::id_block::souk>();
  config.add_message_types<caf::id_block::souk_porters>();
  config.set("logger.verbosity", caf::atom("quiet"));
  caf::actor_system system{config};
  envelope mail;
  mail.letters.push_back({1, wallet::debit{{{4711}, 3}, {"ann"}, {299}, {5}}});
  mail.letters.push_back({2, product::take{{{4711}, 1}, {{0, {"cup"}, 2}}, {5}}});
  comes_back(system, mail);
  comes_back(system, responses{{{1, refuse(reason::sold_out, "cup")}, {2, reply_with(order::position{9})}}});
  order::brief brief;
  brief.id = {4711};
  brief.lines = {{{"cup"}, 2, {300}}};
  comes_back(system, begin{{brief, brief}});
  comes_back(system, follow{{4711}, 8});
  comes_back(system, progress{8, {4711}, {{1, order::mark::done, 5, reason::none}}, true});
  comes_back(system, flush{});
  comes_back(system, sweep{});
  comes_back(system, wake{});
  comes_back(system, drain{});
  comes_back(system, unfollow{{4711}, 8});
  comes_back(system, hello{nodes_protocol, "north", 5, 77, 9, true});
  comes_back(system, refusal{9, "another placement"});
  const persistence::deed deed{1, 2, 3, "south", "north", 4'096, 77, {5}, "ann", "more room"};
  comes_back(system, seats{9, {1, 2}, {3}, {deed}});
  comes_back(system, move_wish{9, 1, 2, "south", "ann", "more room", "/data"});
  comes_back(system, move_news{9, move_state::refused, "it is not there", 3});
  comes_back(system, move_offer{1, 2, 3, 4'096, true, false});
  comes_back(system, move_declined{1, 2, 3, "no room"});
  comes_back(system, move_want{1, 2, 3, 256});
  comes_back(system, move_piece{1, 2, 3, 256, std::string(300, '\0'), true, 77});
  comes_back(system, move_arrived{1, 2, 3, 4'096, 77});
  comes_back(system, move_taken{deed, "no room"});
  comes_back(system, retire{7});
  comes_back(system, retired{7});
  comes_back(system, engage{7});
  comes_back(system, spread_deeds{});
  comes_back(system, ping{9, 100});
  comes_back(system, pong{9, 100});
  runtime::node_report report;
  report.coordinators.push_back({1, 2, 3});
  report.passed = {0, 7};
  report.audit.first.push_back({"the books balance", "they do not"});
  report.audit.silent.push_back("wallet/1");
  comes_back(system, tidings{9, report});
  comes_back(system, farewell{9});
}
