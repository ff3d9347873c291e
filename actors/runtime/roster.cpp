// Lists the domains.
#include "actors/runtime/roster.hpp"

#include <cstdlib>

#include "actors/domains/cart.hpp"
#include "actors/domains/concert.hpp"
#include "actors/domains/coupon.hpp"
#include "actors/domains/event_log.hpp"
#include "actors/domains/order.hpp"
#include "actors/domains/platform.hpp"
#include "actors/domains/product.hpp"
#include "actors/domains/queue.hpp"
#include "actors/domains/ranking.hpp"
#include "actors/domains/reservation.hpp"
#include "actors/domains/user.hpp"
#include "actors/domains/wallet.hpp"

namespace souk::runtime {

std::unique_ptr<domains::brain> make_brain(domain which, std::uint32_t shard, const persistence::open_options& store,
                                           const brain_options& options) {
  switch (which) {
    case domain::user: return std::make_unique<domains::user>(store);
    case domain::wallet: return std::make_unique<domains::wallet>(store);
    case domain::product: return std::make_unique<domains::product>(store);
    case domain::coupon: return std::make_unique<domains::coupon>(store);
    case domain::order: return std::make_unique<domains::order>(store, shard);
    case domain::payment: return std::make_unique<domains::payment>(store, options.of_payments);
    case domain::ranking: return std::make_unique<domains::ranking>(store);
    case domain::platform: return std::make_unique<domains::platform>(store);
    case domain::cart: return std::make_unique<domains::cart>(store);
    case domain::event_log: return std::make_unique<domains::event_log>(store, shard, options.keep_events_ms);
    case domain::concert: return std::make_unique<domains::concert>(store);
    case domain::reservation: return std::make_unique<domains::reservation>(store);
    case domain::queue: return std::make_unique<domains::queue>(store);
  }
  std::abort();  // the domains are listed above
}

std::string store_name(domain which, std::uint32_t shard) {
  return std::string{to_text(which)} + '-' + std::to_string(shard) + ".db";
}

}  // namespace souk::runtime
