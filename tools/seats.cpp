// Prints what a seat plan or a list of concert dates holds.
#include "tools/seats.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "tools/seats/dates.hpp"
#include "tools/seats/hall.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

enum exit_codes : int { done = 0, failed = 1, not_found = 3 };

struct seats_options {
  std::string file;
  std::string output = "text";
  bool dates = false;
};

// The largest real plans have some megabytes.
constexpr std::uintmax_t bytes_max = 64 * 1024 * 1024;

std::string content_of(const std::string& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in || !std::filesystem::is_regular_file(file)) throw seats::unreadable("it cannot be read");
  if (std::filesystem::file_size(file) > bytes_max) throw seats::unreadable("it is larger than 64 MiB");
  return {std::istreambuf_iterator<char>{in}, {}};
}

// A row named with blanks only would be invisible.
std::string shown(const std::string& name) {
  return name.find_first_not_of(' ') == name.npos ? '"' + name + '"' : name;
}

void print_notes(const std::vector<std::string>& notes) {
  if (!notes.empty()) std::cout << '\n';
  for (const auto& one : notes) std::cout << "note: " << one << '\n';
}

void print_refused(const std::string& file, const std::vector<seats::refusal>& refused) {
  constexpr std::size_t shown_max = 100;
  for (std::size_t i = 0; i < refused.size() && i < shown_max; ++i)
    std::cerr << file << ": " << refused[i].where << " (" << refused[i].name << ") is refused: " << refused[i].reason
              << '\n';
  if (refused.size() > shown_max) std::cerr << "and " << grouped(refused.size() - shown_max) << " more are refused\n";
}

void print(const seats::hall& hall) {
  const auto counted = seats::count(hall);
  std::cout << hall.format << (hall.name.empty() ? "" : ": " + hall.name) << "\n\n";
  table lines{{{"section", side::left}, {"row", side::left}, {"seats", side::right}}};
  for (const auto& [section, n] : counted.per_section) {
    lines.row({shown(section), "", grouped(n)});
    for (const auto& row : counted.per_row)
      if (row.section == section) lines.row({"", shown(row.row), grouped(row.seats)});
  }
  std::cout << lines.text() << '\n';
  if (!counted.per_category.empty()) {
    table categories{{{"category", side::left}, {"seats", side::right}}};
    for (const auto& [name, n] : counted.per_category) categories.row({shown(name), grouped(n)});
    std::cout << categories.text() << '\n';
  }
  std::cout << grouped(counted.seats) << " seats in " << grouped(counted.per_row.size()) << " rows of "
            << grouped(counted.per_section.size()) << " sections, known by their " << hall.key << "; "
            << grouped(hall.refused.size()) << " refused\n";
  print_notes(hall.notes);
}

void print(const seats::calendar& all) {
  table lines{{{"starts (UTC)", side::left},
               {"there", side::left},
               {"concert", side::left},
               {"event", side::left},
               {"venue", side::left}}};
  std::size_t concerts = 0;
  for (const auto& programme : all.programmes)
    for (const auto& one : programme.concerts) {
      ++concerts;
      lines.row({one.starts ? to_text(*one.starts).substr(0, 16) + 'Z' : "not known", one.date + ' ' + one.time, one.id,
                 one.event, one.venue});
    }
  std::cout << lines.text() << '\n'
            << grouped(all.programmes.size()) << " programmes, " << grouped(concerts) << " concerts; "
            << grouped(all.refused.size()) << " refused\n";
  print_notes(all.notes);
}

template <class Found>
int show(const seats_options& wanted, const Found& found) {
  if (wanted.output == "json")
    std::cout << to_json(found).dump() << '\n';
  else
    print(found);
  print_refused(wanted.file, found.refused);
  return found.refused.empty() ? done : failed;
}

int read_and_show(const seats_options& wanted) {
  if (!std::filesystem::exists(wanted.file)) {
    std::cerr << "souk seats: " << wanted.file << " is not there\n";
    return not_found;
  }
  try {
    const auto text = content_of(wanted.file);
    return wanted.dates ? show(wanted, seats::read_dates(text)) : show(wanted, seats::read_hall(text));
  } catch (const seats::unreadable& why) {
    std::cerr << "souk seats: " << wanted.file << ": " << why.what() << '\n';
    return failed;
  }
}

}  // namespace

void add_seats(CLI::App& app, int& exit_code) {
  auto wanted = std::make_shared<seats_options>();
  auto* command = app.add_subcommand("seats", "reads a hall's seat plan, or concert dates, and says what is in it");
  command->add_option("FILE", wanted->file, "pretix, ticketland or nested level/section/row/seat JSON")->required();
  command->add_flag("--dates", wanted->dates, "the file holds concert dates (New York Philharmonic's form)");
  command->add_option("-o,--output", wanted->output, "text, or json: one object on the last line of stdout")
      ->check(CLI::IsMember({"text", "json"}));
  command->callback([wanted, &exit_code] { exit_code = read_and_show(*wanted); });
}

}  // namespace souk::tools
