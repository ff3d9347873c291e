// souk bench orders: a closed loop of orders against an own node, in this process or over HTTP.
#pragma once

#include <cstdint>
#include <string>

namespace souk::tools {

struct bench_options {
  std::string data;        // empty: a directory of its own, removed afterwards
  unsigned in_flight = 0;  // 0: 512 in process, 64 connections over HTTP
  unsigned items = 1;      // lines an order
  std::string flow = "order_payment";
  std::string skew = "uniform";  // uniform, flash (all orders on one product), zipf
  double coupons = 30;           // percent of orders that use one
  double failures = 0;           // percent of orders whose buyer is too poor
  double seconds = 5;
  std::int64_t users = 1'000;
  std::int64_t products = 1'000;
  bool http = false;       // in_flight connections, one request outstanding on each
  bool keys = false;       // over HTTP: every user has a key and shows it
  std::string access_log;  // over HTTP: a file; empty: none
  unsigned coordinators = 1;
  unsigned order_shards = 1;
  unsigned nodes = 1;              // or 3: of them one keeps the wallets, one the products, one all the rest
  std::string desks = "detached";  // or scheduled
  std::string sink = "file";       // file, none, or the URL of a platform
  unsigned consoles = 0;           // open in every other window: what they cost is measured as well
  double window = 3;               // seconds of each
  bool json = false;
  bool quiet = false;
};

// Prints figures to stdout; answers the exit code.
int bench_orders(const bench_options& options);

}  // namespace souk::tools
