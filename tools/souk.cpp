// souk: one executable for running a node, replaying, checking, looking, measuring.
#include <sched.h>

#include <CLI/CLI.hpp>

#include "actors/edge/sinks.hpp"
#include "tools/admin.hpp"
#include "tools/backup.hpp"
#include "tools/bench/orders.hpp"
#include "tools/certs.hpp"
#include "tools/check.hpp"
#include "tools/command_line.hpp"
#include "tools/config_check.hpp"
#include "tools/keys.hpp"
#include "tools/onsale.hpp"
#include "tools/plans.hpp"
#include "tools/replay.hpp"
#include "tools/seats.hpp"
#include "tools/serve.hpp"
#include "tools/sim.hpp"
#include "tools/sweep.hpp"

namespace {

// Who is woken waits until a core is free, instead of taking it from who woke him: an order wakes a dozen threads. With
// one order in flight that is a seventh more, with 512, or over HTTP, a tenth. Where it is refused souk is slower.
void let_threads_finish() {
  const sched_param none{};
  if (sched_getscheduler(0) == SCHED_OTHER) sched_setscheduler(0, SCHED_BATCH, &none);
}

void add_bench(CLI::App& app, int& exit_code) {
  auto* measure = app.add_subcommand("bench", "measures")->require_subcommand(1);
  auto* orders = measure->add_subcommand("orders", "orders per second against a node of its own");
  const auto bench = std::make_shared<souk::tools::bench_options>();
  const auto output = std::make_shared<std::string>("text");
  orders->add_option("--in-flight", bench->in_flight, "orders outstanding (else 512, or 64 connections over HTTP)")
      ->check(CLI::Range(1U, 100'000U));
  orders->add_option("--items", bench->items, "lines an order")->check(CLI::Range(1U, 2'000U))->capture_default_str();
  orders->add_option("--flow", bench->flow, "the saga that orders go by")->capture_default_str();
  orders->add_option("--skew", bench->skew, "which products: uniform, flash (one for all), zipf")
      ->check(CLI::IsMember({"uniform", "flash", "zipf"}))
      ->capture_default_str();
  orders->add_option("--coupons", bench->coupons, "percent of orders that use one")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  orders->add_option("--failures", bench->failures, "percent of orders whose buyer is too poor")
      ->check(CLI::Range(0.0, 100.0))
      ->capture_default_str();
  orders->add_option("--seconds", bench->seconds)->check(CLI::Range(0.1, 86'400.0))->capture_default_str();
  orders->add_option("--users", bench->users)
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000'000}))
      ->capture_default_str();
  orders->add_option("--products", bench->products)
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{100'000'000}))
      ->capture_default_str();
  orders->add_option("--nodes", bench->nodes, "1, or 3 that share the work: wallets, products, and all the rest")
      ->check(CLI::IsMember({1U, 3U}))
      ->capture_default_str();
  orders->add_option("--coordinators", bench->coordinators, "how many coordinators share the sagas");
  orders->add_option("--order-shards", bench->order_shards, "how many desks, each with a store, share the orders")
      ->check(CLI::Range(1U, 256U));
  orders->add_option("--desks", bench->desks, "detached or scheduled")
      ->check(CLI::IsMember({"detached", "scheduled"}))
      ->capture_default_str();
  orders->add_option("--sink", bench->sink, "where events go: file, none, or a platform's URL")
      ->check([](const std::string& text) -> std::string {
        if (text == "file" || text == "none") return {};
        try {
          souk::edge::make_sink_maker(text);
          return {};
        } catch (const std::exception& wrong) {
          return wrong.what();
        }
      })
      ->capture_default_str();
  orders->add_option("--data", bench->data, "directory of the stores; else one that is removed afterwards");
  orders->add_flag("--http", bench->http, "over sockets instead of in process");
  orders->add_flag("--keys", bench->keys, "with --http: every user shows a key of his own, as customers do");
  orders->add_option("--access-log", bench->access_log, "with --http: a file that gets a line a request");
  orders
      ->add_option("--consoles", bench->consoles,
                   "so many listen to the node in every other window, and the run says what they cost")
      ->check(CLI::Range(0U, 100U));
  orders->add_option("--window", bench->window, "seconds of each")
      ->check(CLI::Range(0.5, 600.0))
      ->capture_default_str();
  orders->add_option("-o", *output, "text, or json: one object on the last line of stdout")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  orders->callback([bench, output, &exit_code] {
    bench->json = *output == "json";
    exit_code = souk::tools::bench_orders(*bench);
  });
}

}  // namespace

int main(int argc, char** argv) {
  let_threads_finish();
  CLI::App app{"souk: orders, payments and tickets that never stop half way", "souk"};
  app.require_subcommand(1);
  int exit_code = 0;
  souk::tools::add_serve(app, exit_code);
  souk::tools::add_replay(app, exit_code);
  souk::tools::add_onsale(app, exit_code);
  souk::tools::add_check(app, exit_code);
  souk::tools::add_plans(app, exit_code);
  souk::tools::add_config(app, exit_code);
  souk::tools::add_admin(app, exit_code);
  souk::tools::add_keys(app, exit_code);
  souk::tools::add_seats(app, exit_code);
  souk::tools::add_backup(app, exit_code);
  souk::tools::add_certs(app, exit_code);
  souk::tools::add_sweep(app, exit_code);
  add_bench(app, exit_code);
  souk::tools::add_sim(app, exit_code);
  return souk::tools::run(app, argc, argv, exit_code);
}
