// The command line of the on-sale, and its summary.
#include "tools/onsale.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <iostream>
#include <memory>

#include "persistence/audit.hpp"
#include "persistence/sqlite/store_file.hpp"
#include "tools/onsale/storm.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

namespace fs = std::filesystem;

enum exit_code : int { all_holds = 0, broken = 1, no_hall = 3, out_of_reach = 5, damaged = 65 };

// The stores' directory: given, or one of its own that goes when it goes.
class stores {
public:
  explicit stores(const std::string& given)
      : temporary_(given.empty()),
        path(temporary_ ? fs::temp_directory_path() / ("souk-onsale-" + std::to_string(getpid())) : fs::path{given}) {}
  ~stores() {
    std::error_code ignored;
    if (temporary_) fs::remove_all(path, ignored);
  }
  stores(const stores&) = delete;
  stores& operator=(const stores&) = delete;

private:
  bool temporary_;

public:
  const fs::path path;
};

// What `souk check` would say of the stores that were left behind.
onsale::comparison audited(const fs::path& data) {
  persistence::audit_figures figures;
  std::string differs;
  for (const auto& one : persistence::audit(data, &figures))
    if (!one.holds() && differs.empty()) differs = one.name + ": " + one.rows.front();
  if (differs.empty() && figures.running + figures.parked)
    differs = std::to_string(figures.running + figures.parked) + " payments are left on their way";
  return {"the audit of the stores finds nothing", differs};
}

std::string in_json(const onsale_options& options, const onsale::result& all) {
  nlohmann::ordered_json said;
  said["users"] = options.users;
  said["seats"] = all.seats;
  said["sold"] = all.sold;
  said["payments"] = all.payments;
  said["taken"] = all.taken;
  said["visitors"] = all.ends;
  said["refused"] = all.refused;
  said["seconds"] = std::round(all.seconds * 1000) / 1000;
  said["holds"] = all.holds();
  said["comparisons"] = nlohmann::ordered_json::array();
  for (const auto& one : all.comparisons)
    said["comparisons"].push_back({{"what", one.what}, {"holds", one.holds()}, {"differs", one.differs}});
  return said.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

std::string in_words(const onsale_options& options, const onsale::result& all) {
  table who{{{"visitors", side::left}, {"", side::right}}};
  for (const auto& [end, n] : all.ends) who.row({end, grouped(n)});
  who.row({"together", grouped(static_cast<std::int64_t>(options.users))});
  table figures{{{"", side::left}, {"", side::right}}};
  figures.row({"seats sold", grouped(all.sold) + " of " + grouped(all.seats)});
  figures.row({"pounds taken", pounds(all.taken)});
  for (const auto& [reason, n] : all.refused) figures.row({"payments refused: " + reason, grouped(n)});
  std::string text = who.text() + '\n' + figures.text() + '\n';
  for (const auto& one : all.comparisons)
    text += one.holds() ? "holds    " + one.what + '\n' : "DIFFERS  " + one.what + ": " + one.differs + '\n';
  return text + (all.holds() ? "Every ticket is where its money is.\n" : "The tickets do NOT add up.\n");
}

int fail(exit_code code, const std::string& why) {
  std::cerr << "souk onsale: " << why << '\n';
  return code;
}

}  // namespace

int play_onsale(const onsale_options& options) {
  const bool small = options.hall == "small";
  if (!small && !fs::is_regular_file(options.hall)) return fail(no_hall, options.hall + " is not there");
  if (!options.dates.empty() && !fs::is_regular_file(options.dates))
    return fail(no_hall, options.dates + " is not there");
  try {
    const auto hall =
        small ? onsale::small_hall()
              : onsale::read_hall(options.hall, options.prices.empty() ? onsale::usual_prices : options.prices);
    const stores data{options.data};
    onsale::storm_options how;
    how.users = options.users;
    how.seed = options.seed;
    how.admits = options.admits;
    how.hold_seconds = options.hold_seconds;
    if (!options.dates.empty()) how.when = onsale::read_occasion(options.dates, options.seed);
    if (!options.quiet) how.screen = standard_error(false);
    onsale::result all;
    {
      onsale::booth booth{data.path};
      all = onsale::play(hall, booth, how);
      booth.come_to_rest();
    }
    all.comparisons.push_back(audited(data.path));
    std::cout << (options.json ? in_json(options, all) : in_words(options, all)) << std::flush;
    return all.holds() ? all_holds : broken;
  } catch (const onsale::no_answer& why) {
    return fail(out_of_reach, why.what());
  } catch (const persistence::store_damaged& why) {
    return fail(damaged, why.what());
  } catch (const std::exception& why) {
    return fail(broken, why.what());
  }
}

void add_onsale(CLI::App& app, int& exit_code) {
  auto* onsale = app.add_subcommand("onsale", "plays the on-sale of a concert in a node of its own, and audits it");
  const auto options = std::make_shared<onsale_options>();
  const auto output = std::make_shared<std::string>("text");
  onsale->add_option("--users", options->users, "visitors")->check(CLI::Range(1U, 100'000U))->capture_default_str();
  onsale
      ->add_option("--hall", options->hall,
                   "small (60 seats), a seat plan as `souk seats` reads it, or a JSON file with the seats of a date")
      ->capture_default_str();
  onsale
      ->add_option(
          "--prices", options->prices,
          "pence for the seats of a plan's first category, its second, and so on: 9500,7500,6000,4500,3000,2000")
      ->delimiter(',')
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000'000}));
  onsale->add_option("--dates", options->dates, "concert dates as `souk seats --dates` reads them: the seed picks one");
  onsale->add_option("--seed", options->seed, "which visitors come, and what they do")->capture_default_str();
  onsale
      ->add_option("--admits", options->admits,
                   "how many the waiting room lets in at a time (a twentieth of the seats)")
      ->check(CLI::Range(1, 1'000));
  onsale->add_option("--hold-seconds", options->hold_seconds, "how long a hold lasts")
      ->check(CLI::Range(1, 3'600))
      ->capture_default_str();
  onsale->add_option("--data", options->data, "directory of the stores; else one that is removed afterwards");
  onsale->add_option("-o", *output, "text, or json: one object on the last line of stdout")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  onsale->add_flag("--quiet", options->quiet, "no progress");
  onsale->callback([options, output, &exit_code] {
    options->json = *output == "json";
    exit_code = play_onsale(*options);
  });
}

}  // namespace souk::tools
