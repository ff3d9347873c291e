// souk-planted: the simulator and the sweep over a souk that has bugs, one at a time, to see that they notice each.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "messages/grammar/planted.hpp"
#include "tools/command_line.hpp"
#include "tools/sim.hpp"
#include "tools/sweep.hpp"
#include "tools/table.hpp"

namespace {

using souk::planted_bugs;

void plant_named(const std::string& name) {
  const auto found =
      std::find_if(planted_bugs.begin(), planted_bugs.end(), [&](const auto& one) { return one.name == name; });
  souk::plant(static_cast<souk::bug>(found - planted_bugs.begin()));
}

void list_planted() {
  souk::tools::table lines{{{"bug"}, {"noticed by"}, {"mistake"}}};
  for (const auto& one : planted_bugs)
    lines.row({std::string{one.name}, std::string{one.noticed_by}, std::string{one.mistake}});
  std::cout << lines.text();
  throw CLI::Success{};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"souk with bugs: who does not notice them would not notice others", "souk-planted"};
  app.require_subcommand(1);
  app.add_flag_callback("--list-planted", list_planted, "print the bugs");
  int exit_code = 0;
  souk::tools::add_sim(app, exit_code);
  souk::tools::add_sweep(app, exit_code);
  std::vector<std::string> names;
  for (const auto& one : planted_bugs) names.emplace_back(one.name);
  for (auto* command : app.get_subcommands({}))
    command->add_option_function<std::string>("--plant", plant_named, "the bug; none: everything holds")
        ->check(CLI::IsMember(names));
  return souk::tools::run(app, argc, argv, exit_code);
}
