// A shop as the player of a history sees it: it answers commands, in this process or at the other end of HTTP.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "actors/edge/http.hpp"
#include "messages/letter.hpp"

namespace souk::runtime {
class front;
}

namespace souk::replay {

class shop {
public:
  using make_command = std::function<command(std::size_t)>;  // called from any thread, once for each
  using on_answer = std::function<void(std::size_t, answer&&, double ms)>;

  virtual ~shop() = default;

  // Asks `count` commands, never more than in_flight at once, and returns when nothing more will come. `hear` is called
  // for one after the other, at most once each. What was lost, or never heard of, may be asked again: all commands that
  // change something carry a key. May throw edge::http_unreachable.
  virtual void ask_all(std::size_t count, unsigned in_flight, const make_command& make, const on_answer& hear) = 0;
};

// The desks of a node in this process.
std::unique_ptr<shop> shop_in_process(runtime::front& desks);

// The HTTP interface of a running node, or of several nodes that are one shop: each gets its part of what is underway,
// and while one is not there the others get it all. Throws edge::http_unreachable when nobody listens at any. It knows
// what a replay asks: users, products, restocks, charges, back-office orders and returns, wallets, best sellers.
// credentials: headers that go with every request.
std::unique_ptr<shop> shop_at(std::vector<edge::url> addresses, edge::header_list credentials = {});

}  // namespace souk::replay
