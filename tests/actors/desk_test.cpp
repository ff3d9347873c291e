// The desk: nobody hears of what was rolled back, and nobody goes on waiting for it.
#include "actors/runtime/desk.hpp"

#include <sqlite3.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <map>

#include "actors/domains/order.hpp"
#include "tests/catch.hpp"
#include "tests/temporary.hpp"
#include "tools/sim/guarded.hpp"

using namespace souk;
using namespace souk::tests;

TEST_CASE("who waited for an order that the full disk took away hears nothing of the next of that number",
          "[S0.8][S4.5]") {
  caf::actor_system_config config;
  config.add_message_types<caf::id_block::souk>();
  config.set("logger.verbosity", caf::atom("quiet"));
  caf::actor_system system{config};
  caf::scoped_actor client{system};
  temporary_folder folder;
  int full_for = 0;  // so many commits
  runtime::desk_papers papers;
  papers.at = {domain::order, 0};
  papers.make_brain = [&]() -> std::unique_ptr<domains::brain> {
    persistence::open_options options;
    options.path = folder.file("order-0.db");
    return std::make_unique<sim::guarded>(
        std::make_unique<domains::order>(options, 0), [](const command&) { return std::optional<answer>{}; },
        [&] {
          if (full_for > 0 && full_for--) throw persistence::store_full("no room", SQLITE_FULL);
        });
  };
  shard_counts shards;
  shards.fill(1);
  papers.where = std::make_shared<runtime::directory>(shards, 1);
  papers.around = std::make_shared<runtime::surroundings>();
  papers.counts = std::make_shared<runtime::desk_counts>();
  const auto desk = system.spawn<runtime::desk>(papers);
  std::multimap<std::uint64_t, answer> heard;
  const auto say = [&](std::uint64_t ticket, command what) {
    envelope mail;
    mail.letters.push_back({ticket, std::move(what)});
    client->send(desk, std::move(mail));
  };
  const auto hear = [&](std::uint64_t ticket) {
    while (!heard.contains(ticket))
      client->receive([&](const responses& mail) {
        for (const auto& one : mail.list) heard.emplace(one.ticket, one.answer);
      });
    return heard.find(ticket)->second;
  };
  order::place place;
  place.request = "r0";
  place.user = {"ann"};
  place.lines = {{{"cup"}, 1, {}}};
  place.wait = true;
  place.at = {1'767'225'600'000};
  full_for = 2;  // the batch, and then the letter by itself
  say(1, place);
  CHECK(hear(1).why == reason::storage_full);
  // In the same moment, and with a key that leads to the same slice: it gets the number that is free again.
  const auto slice = slice_of(place.request);
  for (int i = 1; place.request == "r0" || slice_of(place.request) != slice; ++i)
    place.request = "r" + std::to_string(i);
  place.wait = false;
  say(2, place);
  const auto taken = std::get<order::ticket>(hear(2).body);
  say(3, order::watch{taken.id});
  say(4, order::fail{taken.id, reason::sold_out, "cup", {}, place.at});
  CHECK(std::get<order::ticket>(hear(3).body).state == order::state::failed);
  say(5, order::find{taken.id});
  hear(5);
  CHECK(heard.count(1) == 1);
  CHECK(heard.count(3) == 1);
  caf::anon_send_exit(desk, caf::exit_reason::user_shutdown);
}
