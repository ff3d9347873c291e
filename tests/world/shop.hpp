// A shop for tests: a real node on a temporary folder, filled and asked in a few words, audited at its end.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/runtime/node.hpp"
#include "tests/temporary.hpp"
#include "tools/sim/guarded.hpp"

namespace souk::tests {

// Long enough for the slowest machine; a passing test never waits for it.
inline constexpr std::int64_t patience_ms = 240'000;

bool eventually(const std::function<bool()>& holds);

// A node's brains as they are; a guard stands before those of some domains.
decltype(runtime::node_options::make_brain) guarding(std::vector<domain> which, sim::guarded::guard guard);

struct want {
  std::string user;
  std::vector<product::line> lines;
  coupon_id coupon;
  std::string request;  // empty: a fresh one
  bool agreed = false;
  order::flow flow = order::flow::order_payment;
};

class shop {
public:
  // Impatient by default, so that lost letters cost a test little time.
  static runtime::node_options impatient();

  explicit shop(runtime::node_options options = impatient());

  runtime::node& node() { return *node_; }
  void close() { node_.reset(); }
  void open();
  std::string data() const { return folder_.path().string(); }
  runtime::node_options& options() { return options_; }

  answer ask(command what);
  void user(const std::string& name, std::int64_t balance);
  void product(const std::string& name, std::int64_t price, std::int64_t stock);
  coupon_id coupon(const std::string& code, const std::string& user, souk::coupon::discount off);

  order::place placing(const want& what);
  // Places it and waits for its end.
  order::ticket buy(const want& what);
  // All at once; the tickets in the order of the wants.
  std::vector<order::ticket> buy_all(const std::vector<want>& all);

  std::int64_t stock(const std::string& product);
  std::int64_t balance(const std::string& user);
  souk::coupon::state coupon_state(coupon_id coupon);
  order::view find(number id);
  std::string timeline(number id);  // "began, asked verify_user, done verify_user, ..."
  moment now() const { return runtime::wall_clock{}.now(); }

  // Stops the node and audits its stores: empty when every invariant holds, else what is broken. running: how many
  // sagas may be left open.
  std::string broken_invariants(std::int64_t running = 0);

private:
  temporary_folder folder_;
  runtime::node_options options_;
  std::unique_ptr<runtime::node> node_;
  int requests_ = 0;
};

}  // namespace souk::tests
