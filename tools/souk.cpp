// souk: one executable for running a node, replaying, checking, measuring.
#include <CLI/CLI.hpp>

#include "tools/bench/orders.hpp"

int main(int argc, char** argv) {
  CLI::App app{"souk: orders, payments and tickets that never stop half way"};
  app.require_subcommand(1);
  souk::tools::bench_options bench;
  auto* measure = app.add_subcommand("bench", "measures")->require_subcommand(1);
  auto* orders = measure->add_subcommand("orders", "orders per second against an own node");
  orders->add_option("--in-flight", bench.in_flight);
  orders->add_option("--items", bench.items);
  orders->add_option("--skew", bench.skew);
  orders->add_option("--coupons", bench.coupons);
  orders->add_option("--failures", bench.failures);
  orders->add_option("--seconds", bench.seconds);
  orders->add_option("--users", bench.users);
  orders->add_option("--products", bench.products);
  orders->add_option("--desks", bench.desks);
  orders->add_option("--sink", bench.sink);
  orders->add_option("--data", bench.data);
  orders->add_flag("--http", bench.http);
  std::string output = "text";
  orders->add_option("-o", output);
  CLI11_PARSE(app, argc, argv);
  bench.json = output == "json";
  return souk::tools::bench_orders(bench);
}
