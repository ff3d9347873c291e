// The configuration of a node: one JSON file, checked key by key; the environment and flags go over it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "messages/grammar/domain.hpp"
#include "messages/grammar/placement.hpp"

namespace souk::config {

enum class desks : std::uint8_t { detached, scheduled };
enum class log_format : std::uint8_t { automatic, text, json };  // automatic: text for a terminal, else JSON

// One of several nodes. Its number in the placement is that in the list.
struct member {
  std::string name;
  std::string host;  // where the others reach it
  std::uint16_t port = 0;
  std::string http_host = "127.0.0.1";
  std::uint16_t http_port = 0;  // 0: the system chooses
  std::string admin_host;       // empty: as souk serve chooses
  std::uint16_t admin_port = 0;
  std::string access_log;  // empty: that of all, or none
  std::string data;
  std::vector<std::string> keeps;    // as the file says it: "wallet", "product/1", "coordinator/0"
  std::string certificate, key, ca;  // files; all of them or none
  bool tls() const { return !certificate.empty(); }
};

// The designs of sagas, by their names (actors/sagas/plans.hpp).
inline constexpr std::array<std::string_view, 7> designs{"order_payment", "take_back",   "refund",   "balance_first",
                                                         "seat_payment",  "stock_first", "by_events"};

struct node {
  std::string data = "./.data";  // directory of the stores

  struct {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;  // 0: the system chooses
    unsigned threads = 1;
  } http;

  // Where admins come in. Empty host: nobody named one, then it is opened on loopback as soon as there are keys.
  struct {
    std::string host;
    std::uint16_t port = 0;  // 0: the system chooses
  } admin;
  std::string access_log;  // a file that gets a line a request; empty: none
  config::log_format log = log_format::automatic;
  std::string keys;  // the file of API keys; empty: keys.json in the directory of the stores

  shard_counts shards = one_each();  // 1 to 256 each
  std::uint32_t coordinators = 1;    // 1 to 64
  std::uint32_t threads = 0;         // of the actors' scheduler; 0: one a core
  std::string platform;              // where events go, a URL that actors/edge/sinks.hpp knows; empty: nowhere
  config::desks desks = config::desks::detached;
  std::string currency = "GBP";
  std::string payment_provider = "internal";  // or http://HOST:PORT/PATH

  struct {
    // What all subscribers have passed stays so long all the same, to be read. What one has not passed always stays.
    std::int64_t keep_hours = 0;
  } event_log;

  // Who looks after sagas that are late and books that do not balance.
  struct {
    std::int64_t rows_per_second = 2'000;                        // that are looked at; 0: none
    std::array<std::int64_t, designs.size()> overdue_seconds{};  // by design; 0: as the code has it
  } watch;

  struct {
    std::int64_t orders_in_flight = 4096;
    std::int64_t connections = 1024;
    std::int64_t body_bytes = 1024 * 1024;
    std::int64_t header_bytes = 16 * 1024;
    std::int64_t wait_ms = 2'000;  // for an order's end, when the caller does not say
    std::int64_t idle_seconds = 30;
  } limits;

  std::vector<member> members;  // none: one node keeps everything
  souk::placement placement;    // of the members
  std::string name;             // which of them this node is; see choose_node()
};

// Something in a file, the environment or a flag is not what it should be; the text names where.
struct wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Sets what the file says, and leaves the rest. Throws wrong naming the file, the line and the path of the key:
// "single.json:4: http.port must be a whole number from 0 to 65535".
void read_file(const std::string& path, node& into);
void read_text(std::string_view json, const std::string& name, node& into);

// SOUK_DATA, SOUK_HTTP (HOST:PORT), SOUK_ADMIN (likewise), SOUK_KEYS, SOUK_PLATFORM, SOUK_DESKS, SOUK_PAYMENT_PROVIDER.
// look: usually std::getenv.
void read_environment(const std::function<const char*(const char*)>& look, node& into);

// Makes it the member of that name: its data, its HTTP address. Empty: none was named, which only a file without nodes
// allows. Throws wrong.
void choose_node(const std::string& name, node& into);

// What others cannot overhear or forge: an address of this machine alone.
bool is_loopback(std::string_view host);

// HOST:PORT or :PORT or [IPv6]:PORT. name: of the flag or variable, for the error.
void read_address(std::string_view text, const std::string& name, node& into);
// Of the entrance for admins; without a host it is 127.0.0.1.
void read_admin_address(std::string_view text, const std::string& name, node& into);

// internal or http://HOST:PORT/PATH. name: as above.
void read_payment_provider(std::string_view text, const std::string& name, node& into);

}  // namespace souk::config
