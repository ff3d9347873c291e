// The configuration of a node: one JSON file, checked key by key; the environment and flags go over it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "messages/grammar/domain.hpp"

namespace souk::config {

enum class desks : std::uint8_t { detached, scheduled };

struct node {
  std::string data = "./.data";  // directory of the stores

  struct {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8080;  // 0: the system chooses
    unsigned threads = 1;
  } http;

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

  struct {
    std::int64_t orders_in_flight = 4096;
    std::int64_t connections = 1024;
    std::int64_t body_bytes = 1024 * 1024;
    std::int64_t header_bytes = 16 * 1024;
    std::int64_t wait_ms = 2'000;  // for an order's end, when the caller does not say
    std::int64_t idle_seconds = 30;
  } limits;
};

// Something in a file, the environment or a flag is not what it should be; the text names where.
struct wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Sets what the file says, and leaves the rest. Throws wrong naming the file and the path of the key:
// "single.json: http.port must be a whole number from 0 to 65535".
void read_file(const std::string& path, node& into);
void read_text(std::string_view json, const std::string& name, node& into);

// SOUK_DATA, SOUK_HTTP (HOST:PORT), SOUK_PLATFORM, SOUK_DESKS, SOUK_PAYMENT_PROVIDER. look: usually std::getenv.
void read_environment(const std::function<const char*(const char*)>& look, node& into);

// HOST:PORT or :PORT or [IPv6]:PORT. name: of the flag or variable, for the error.
void read_address(std::string_view text, const std::string& name, node& into);

// internal or http://HOST:PORT/PATH. name: as above.
void read_payment_provider(std::string_view text, const std::string& name, node& into);

}  // namespace souk::config
