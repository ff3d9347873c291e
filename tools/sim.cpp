// Plays seed after seed, and says what was seen and what is broken.
#include "tools/sim.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/commit.hpp"
#include "tools/progress.hpp"
#include "tools/sim/last_words.hpp"
#include "tools/sim/shrink.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

// Of so many plays no more histories than one in a hundred may be left undecided: who cannot tell proves nothing. Of
// fewer plays one with a very busy shelf may be too many.
constexpr std::uint64_t many_plays = 100;
constexpr std::int64_t undecided_one_in = 100;

std::string in_hex(std::uint64_t n) {
  std::ostringstream out;
  out << std::hex << n;
  return out.str();
}

struct sum {
  std::uint64_t plays = 0, failed_plays = 0;
  std::int64_t cases = 0, completed = 0, failed = 0, cancelled = 0, letters = 0, virtual_ms = 0, recoveries = 0,
               histories = 0, undecided = 0;
  sim::situations seen;
  nlohmann::json broken = nlohmann::json::array();
  nlohmann::json traces = nlohmann::json::object();

  void add(const sim::outcome& one) {
    ++plays;
    failed_plays += !one.broken.empty();
    cases += one.cases;
    completed += one.completed;
    failed += one.failed;
    cancelled += one.cancelled;
    letters += one.letters;
    virtual_ms += one.virtual_ms;
    recoveries += one.recoveries;
    histories += one.histories;
    undecided += one.undecided;
    seen.add(one.seen);
  }
  bool leaves_too_much_open() const { return plays >= many_plays && undecided * undecided_one_in > histories; }
  bool holds() const { return failed_plays == 0 && !leaves_too_much_open(); }
};

void print_text(const sum& all) {
  std::cout << "  plays " << all.plays << ", cases " << grouped(all.cases) << " (completed " << grouped(all.completed)
            << ", failed " << grouped(all.failed) << ", cancelled " << grouped(all.cancelled) << "), letters "
            << grouped(all.letters) << ", hours of virtual time " << all.virtual_ms / 3'600'000
            << "\n  recoveries of desks, coordinators and nodes " << grouped(all.recoveries)
            << "\n  histories that clients saw " << grouped(all.histories) << ", too wide to search "
            << grouped(all.undecided) << "\n\n";
  table lines{{{"situation", side::left}, {"times", side::right}}};
  for (std::size_t i = 0; i < sim::situation_count; ++i) {
    const auto what = static_cast<sim::situation>(i);
    lines.row({std::string{to_text(what)}, grouped(all.seen.times(what))});
  }
  std::cout << lines.text() << '\n'
            << (all.failed_plays ? grouped(static_cast<std::int64_t>(all.failed_plays)) + " plays are broken"
                : all.holds()    ? "everything holds"
                                 : "too many histories could not be searched")
            << '\n';
}

nlohmann::json to_json(const sum& all, double seconds) {
  nlohmann::json seen = nlohmann::json::object();
  for (std::size_t i = 0; i < sim::situation_count; ++i)
    seen[std::string{sim::situation_names[i]}] = all.seen.times(static_cast<sim::situation>(i));
  return {{"holds", all.holds()},
          {"plays", all.plays},
          {"broken_plays", all.failed_plays},
          {"cases", all.cases},
          {"completed", all.completed},
          {"failed", all.failed},
          {"cancelled", all.cancelled},
          {"letters", all.letters},
          {"recoveries", all.recoveries},
          {"histories", all.histories},
          {"histories_undecided", all.undecided},
          {"commit", source_commit()},
          {"virtual_ms", all.virtual_ms},
          {"seconds", seconds},
          {"situations", seen},
          {"never_seen", all.seen.never_seen()},
          {"broken", all.broken},
          {"traces", all.traces}};
}

// The play is played once to learn which case is meant, and again to follow it. A number that is none in the end may
// have been one, or be a refund's.
int follow(sim::play_options play, const std::string& which) {
  const auto first = sim::play(play);
  const auto id = parse_number(which);
  const auto found = std::find_if(first.opened_by.begin(), first.opened_by.end(),
                                  [&](const auto& one) { return one.first == which || (id && one.second.id == *id); });
  play.follow.emplace();
  play.follow->tell = [](const std::string& line) { std::cout << line << '\n'; };
  if (found != first.opened_by.end()) {
    play.follow->id = found->second.id;
    play.follow->flow = found->second.flow;
    play.follow->request = found->first;
  } else if (id) {
    play.follow->id = *id;
  } else {
    std::cerr << "souk sim: this play has no case " << which << '\n';
    return 3;
  }
  std::cout << "seed " << play.seed << ", source " << source_commit() << ": case " << to_text(play.follow->id)
            << (found == first.opened_by.end() ? ", which nobody has" : ", asked for as " + found->first) << '\n';
  const auto again = sim::play(play);
  for (const auto& what : again.broken) std::cout << "broken: " << what << '\n';
  return again.broken.empty() ? 0 : 1;
}

}  // namespace

int simulate(const sim_options& options) {
  sim::play_options play;
  play.seed = options.seed;
  play.visits = sim::visits_for(options.sagas);
  if (!options.script.empty()) {
    std::ifstream file{options.script};
    if (!file) {
      std::cerr << "souk sim: there is no file " << options.script << '\n';
      return 3;
    }
    std::ostringstream text;
    text << file.rdbuf();
    play = sim::read_script(text.str());
  }
  if (!options.follow.empty()) return follow(play, options.follow);
  if (!options.keep.empty()) std::filesystem::create_directories(options.keep);
  play.keep = options.keep;
  sum all;
  const auto start = std::chrono::steady_clock::now();
  sim::last_words last_words;
  progress bar{"plays", options.seeds, options.seeds > 1 && !options.trace_hash ? standard_error(true) : screen{}};
  for (std::uint64_t n = 0; n < options.seeds; ++n, ++play.seed) {
    const auto to_see_it =
        "souk sim " +
        (options.script.empty() ? "--seed " + std::to_string(play.seed) + " --sagas " + std::to_string(options.sagas)
                                : "--script " + options.script) +
        " (source " + std::string{source_commit()} + ")\n";
    const auto ends_here = "the process ended in the play of seed " + std::to_string(play.seed) + ": " + to_see_it;
    last_words.are('\n' + ends_here);
    const auto one = sim::play(play);
    all.add(one);
    bar.advance();
    if (options.trace_hash) {
      all.traces[std::to_string(play.seed)] = in_hex(one.trace);
      if (!options.json) std::cout << "seed " << play.seed << " trace " << in_hex(one.trace) << '\n';
    }
    if (one.broken.empty()) continue;
    all.broken.push_back({{"seed", play.seed}, {"what", one.broken}});
    std::cerr << "seed " << play.seed << " is broken: " << to_see_it;
    for (const auto& what : one.broken) std::cerr << "  " << what << '\n';
    if (!play.keep.empty()) std::cerr << "  its stores are in " << play.keep << '\n';
    play.keep.clear();  // the first one's stay
    if (options.until_broken) break;
    if (options.shrink.empty() || all.failed_plays > 1) continue;
    last_words.are("\nwhile it was made smaller, " + ends_here);
    const auto smaller = sim::to_script(sim::shrink(play, std::chrono::seconds{60}));
    std::ofstream{options.shrink} << "# " << one.broken.front() << "\n# at " << source_commit() << '\n' << smaller;
    // Printed as well: of a machine that is gone the next minute only its words are left.
    std::cerr << "  made smaller: souk sim --script " << options.shrink << '\n' << smaller;
  }
  bar.finish();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  if (options.json)
    std::cout << to_json(all, took.count()).dump() << '\n';
  else
    print_text(all);
  const auto missing = all.seen.never_seen();
  if (options.all_situations && !missing.empty()) {
    for (const auto& one : missing) std::cerr << "souk sim: nothing of this kind ever happened: " << one << '\n';
    return 1;
  }
  if (all.recoveries < options.recoveries) {
    std::cerr << "souk sim: " << grouped(all.recoveries) << " recoveries are fewer than " << grouped(options.recoveries)
              << '\n';
    return 1;
  }
  if (all.leaves_too_much_open())
    std::cerr << "souk sim: of " << grouped(all.histories) << " histories " << grouped(all.undecided)
              << " were too wide to search, more than one in " << undecided_one_in << '\n';
  return all.holds() ? 0 : 1;
}

void add_sim(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("sim", "plays a whole node in one thread, from seeds, with everything going wrong");
  const auto options = std::make_shared<sim_options>();
  const auto output = std::make_shared<std::string>("text");
  command->add_option("--seed", options->seed, "the first seed")->capture_default_str();
  command->add_option("--seeds", options->seeds, "how many seeds from there on")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}))
      ->capture_default_str();
  command->add_option("--sagas", options->sagas, "that the shoppers of a play begin, about")
      ->check(CLI::Range(1U, 100'000U))
      ->capture_default_str();
  command->add_option("--script", options->script, "a file with seed, visits and what goes wrong");
  command->add_option("--shrink", options->shrink,
                      "make the first play that fails smaller, within a minute, and keep it there");
  command->add_option("--follow", options->follow, "print every letter about one case: its number, or its request");
  command->add_option("--keep", options->keep, "a directory: leave the stores of the first play that fails there");
  command->add_flag("--trace-hash", options->trace_hash, "print a fingerprint of all that was carried");
  command->add_flag("--until-broken", options->until_broken, "stop at the first play that fails");
  command->add_flag("--all-situations", options->all_situations, "fail when a situation never occurred");
  command->add_option("--recoveries", options->recoveries,
                      "fail when desks, coordinators and nodes recovered less often");
  command->add_option("-o", *output, "text, or json: one object on the last line of stdout")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([options, output, &exit_code] {
    options->json = *output == "json";
    exit_code = simulate(*options);
  });
}

}  // namespace souk::tools
