// Prints plans.
#include "tools/plans.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <vector>

#include "actors/sagas/plans.hpp"

namespace souk::tools {

namespace {

struct wish {
  std::string name;
  std::string output = "text";
};

int print(const wish& wanted) {
  std::vector<const sagas::plan*> plans;
  if (wanted.name.empty()) {
    plans.assign(sagas::all_plans().begin(), sagas::all_plans().end());
  } else if (const auto* one = sagas::find_plan(wanted.name)) {
    plans.push_back(one);
  } else {
    std::cerr << "souk plans: there is no plan called " << wanted.name << "; there are:";
    for (const auto* known : sagas::all_plans()) std::cerr << " " << known->name();
    std::cerr << '\n';
    return 3;
  }
  if (wanted.output == "json") {
    // One plan is an object, all of them are an array of objects.
    std::string text = wanted.name.empty() ? "[" : "";
    for (const auto* one : plans) text += (text.size() > 1 ? "," : "") + sagas::to_json(*one);
    std::cout << text << (wanted.name.empty() ? "]" : "") << '\n';
    return 0;
  }
  for (const auto* one : plans) {
    if (one != plans.front()) std::cout << '\n';
    std::cout << (wanted.output == "mermaid" ? sagas::to_mermaid(*one) : sagas::to_text(*one));
  }
  return 0;
}

}  // namespace

void add_plans(CLI::App& app, int& exit_code) {
  auto* plans = app.add_subcommand("plans", "prints the sagas, the way there and the way back, from the code itself");
  const auto wanted = std::make_shared<wish>();
  plans->add_option("NAME", wanted->name, "one of them; else all");
  plans->add_option("-o", wanted->output, "text, mermaid or json")
      ->check(CLI::IsMember({"text", "mermaid", "json"}))
      ->capture_default_str();
  plans->callback([wanted, &exit_code] { exit_code = print(*wanted); });
}

}  // namespace souk::tools
