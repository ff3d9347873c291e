// Runs the sweep over the simulated disk and says what it found.
#include "tools/sweep.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "tools/progress.hpp"
#include "tools/sim/node_sweep.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

struct wish {
  std::string store, output = "text";
  std::uint64_t points = 0, seed = 1, rounds = 1, losses = 0, struck = 0;
  bool power = false, node = false;
};

int sweep(const wish& wanted) {
  sim::sweep_options options;
  options.points_max = wanted.points;
  options.seed = wanted.seed;
  options.rounds = wanted.rounds;
  options.power = wanted.power;
  std::optional<progress> bar;
  options.tell = [&](std::uint64_t, std::uint64_t of) {
    if (!bar) bar.emplace("points", of, standard_error(true));
    bar->advance();
  };
  if (const auto at = std::find(domain_names.begin(), domain_names.end(), wanted.store); at != domain_names.end())
    options.only = static_cast<domain>(at - domain_names.begin());
  const auto result = wanted.node ? sim::sweep_node(options) : sim::sweep_stores(options);
  if (bar) bar->finish();
  for (const auto& one : result.failures) std::cerr << one << '\n';
  if (wanted.output == "json")
    std::cout << nlohmann::json{{"points", result.points},
                                {"struck", result.struck},
                                {"power_losses", result.power_losses},
                                {"failures", result.failures.size()}}
              << '\n';
  else
    std::cout << grouped(static_cast<std::int64_t>(result.points)) << " points, "
              << grouped(static_cast<std::int64_t>(result.struck)) << " of them struck a store, "
              << grouped(static_cast<std::int64_t>(result.power_losses)) << " by a power loss; "
              << result.failures.size() << " went wrong\n";
  if (result.power_losses < wanted.losses)
    std::cerr << "souk sweep: " << grouped(static_cast<std::int64_t>(result.power_losses))
              << " power losses are fewer than " << grouped(static_cast<std::int64_t>(wanted.losses)) << '\n';
  if (result.struck < wanted.struck)
    std::cerr << "souk sweep: " << grouped(static_cast<std::int64_t>(result.struck)) << " strikes are fewer than "
              << grouped(static_cast<std::int64_t>(wanted.struck)) << '\n';
  return result.failures.empty() && result.power_losses >= wanted.losses && result.struck >= wanted.struck ? 0 : 1;
}

}  // namespace

void add_sweep(CLI::App& app, int& exit_code) {
  const auto wanted = std::make_shared<wish>();
  auto* command = app.add_subcommand("sweep", "power losses and faults at every file operation, on a simulated disk");
  command->add_option("--store", wanted->store, "only this one: wallet, order, ...")
      ->check(CLI::IsMember(std::vector<std::string>{domain_names.begin(), domain_names.end()}));
  command->add_option("--points", wanted->points, "so many, drawn by the seed; else every one");
  command->add_option("--seed", wanted->seed, "of the dice: what a power loss leaves of what was not synced")
      ->capture_default_str();
  command->add_option("--rounds", wanted->rounds, "so often, each time with the next seed")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}))
      ->capture_default_str();
  command
      ->add_flag("--node", wanted->node,
                 "a whole node with orders, one taken back, a return and a seat, instead of each store by itself")
      ->excludes("--store");
  command->add_flag("--power", wanted->power,
                    "power losses alone: at every operation that changes a file, in four modes");
  command->add_option("--losses", wanted->losses, "fail when the power was lost less often");
  command->add_option("--struck", wanted->struck, "fail when fewer points struck");
  command->add_option("-o,--output", wanted->output, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->callback([wanted, &exit_code] { exit_code = sweep(*wanted); });
}

}  // namespace souk::tools
