// Prints the audit as a table, and as one JSON object on the last line for scripts.
#include "tools/check.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "persistence/audit.hpp"
#include "persistence/sqlite/store_file.hpp"
#include "tools/backup.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

enum exit_codes : int { done = 0, failed = 1, not_found = 3 };

struct check_options {
  std::vector<std::string> data;
  std::string output = "text";
};

void print(const std::vector<persistence::invariant>& all, const persistence::audit_figures& figures) {
  table lines{{{"invariant", side::left}, {"holds", side::left}, {"violations", side::right}}};
  for (const auto& one : all)
    lines.row({one.name, one.holds() ? "yes" : "NO", one.holds() ? "" : grouped(one.violations)});
  std::cout << lines.text();
  for (const auto& one : all) {
    if (one.holds()) continue;
    std::cout << "\nbroken: " << one.name << '\n';
    for (const auto& row : one.rows) std::cout << "  " << row << '\n';
    if (const auto rest = one.violations - static_cast<std::int64_t>(one.rows.size()))
      std::cout << "  and " << grouped(rest) << " more\n";
  }
  std::cout << "\n  stores " << grouped(figures.stores) << ", cases " << grouped(figures.cases) << ", of which running "
            << grouped(figures.running) << " and parked " << grouped(figures.parked) << "; events "
            << grouped(figures.events) << "; refunds that the payment provider owes " << grouped(figures.refunds_owed)
            << '\n';
  if (figures.settled) std::cout << "  " << grouped(figures.settled) << " cases were settled by operators\n";
  if (figures.unchecked)
    std::cout << "  " << grouped(figures.unchecked) << " of the stores were made before pages had checksums\n";
}

nlohmann::json to_json(const std::vector<persistence::invariant>& all, const persistence::audit_figures& figures) {
  auto invariants = nlohmann::json::array();
  for (const auto& one : all)
    invariants.push_back(
        {{"name", one.name}, {"holds", one.holds()}, {"violations", one.violations}, {"rows", one.rows}});
  return {{"holds", persistence::all_hold(all)},
          {"invariants", invariants},
          {"stores", figures.stores},
          {"cases", figures.cases},
          {"running", figures.running},
          {"parked", figures.parked},
          {"events", figures.events},
          {"refunds_owed", figures.refunds_owed},
          {"settled", figures.settled},
          {"unchecked", figures.unchecked}};
}

int check(const check_options& options) {
  const auto fail = [](const std::exception& trouble, int code) {
    std::cerr << "souk check: " << trouble.what() << '\n';
    return code;
  };
  try {
    persistence::audit_figures figures;
    const std::vector<std::filesystem::path> directories{options.data.begin(), options.data.end()};
    const auto all = persistence::audit(directories, &figures);
    if (options.output == "json")
      // a name in a damaged row may be no UTF-8: it is shown as well as can be
      std::cout << to_json(all, figures).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    else
      print(all, figures);
    return persistence::all_hold(all) ? done : failed;
  } catch (const persistence::no_stores& trouble) {
    return fail(trouble, not_found);
  } catch (const persistence::store_damaged& trouble) {
    return say_damaged("souk check", options.data, trouble);
  } catch (const std::exception& trouble) {
    return fail(trouble, failed);
  }
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<check_options>();
  auto* command =
      app.add_subcommand("check", "audits the stores of a stopped node, or of several together, changing nothing");
  command->add_option("DIR", options->data, "the node's data directory; of several nodes all of them")->required();
  command->add_option("-o,--output", options->output, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->callback([options, &exit_code] { exit_code = check(*options); });
}

}  // namespace souk::tools
