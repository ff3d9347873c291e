// The backlog: whoever has stopped listening is named, with how much he has missed.
#include "tools/sim/backlog.hpp"

#include "persistence/event_log.hpp"
#include "persistence/order.hpp"
#include "persistence/payment.hpp"
#include "persistence/platform.hpp"
#include "persistence/ranking.hpp"
#include "tests/catch.hpp"
#include "tools/sim/disk.hpp"

using namespace souk;
using persistence::open_options;

namespace {

const number someone{7 << 8};

struct shelf_of_stores {
  sim::disk disk{"backlog"};

  open_options at(const char* name) const {
    open_options options;
    options.path = name;
    options.vfs = disk.name();
    return options;
  }
  std::vector<std::string> missing() const {
    persistence::store_files files{{}, disk.name()};
    for (const auto& name : disk.names()) files.paths.emplace_back(name);
    return sim::backlog(files);
  }
};

}  // namespace

TEST_CASE("an outbox that somebody does not read, and an event that nobody takes, are found", "[S4.5]") {
  shelf_of_stores all;
  order::event sold;
  sold.subject = someone;
  {
    persistence::event_log_store{all.at("/event_log-0.db")};
    persistence::payment_store{all.at("/payment-0.db")};
    persistence::ranking_store{all.at("/ranking-0.db")};
    persistence::platform_store{all.at("/platform-0.db")};
    persistence::order_store orders{all.at("/order-0.db")};
    orders.file.begin();
    orders.outbox.write(sold);
    orders.outbox.write_the_row();
    orders.file.commit();
  }
  const auto first = all.missing();
  REQUIRE(first.size() == 3);
  CHECK(first.front() == "the ranking stands at 0 of 1 events of order/0");

  persistence::ranking_store{all.at("/ranking-0.db")}.positions.save(0, 1);
  persistence::payment_store{all.at("/payment-0.db")}.positions.save(0, 1);
  {
    persistence::platform_store platform{all.at("/platform-0.db")};
    platform.positions.save(0, 1);
    auto rejected = sold;
    rejected.seq = 1;
    platform.troubles.add(0, rejected, "422 not today", {1'000});
  }
  const auto second = all.missing();
  REQUIRE(second.size() == 1);
  CHECK(second.front() ==
        "event 1 of case " + to_text(someone) + " is in trouble on its way to the platform, after 1 tries");
}
