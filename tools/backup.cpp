// Asks a running node for a backup, or takes one of a stopped node itself; brings one back.
#include "tools/backup.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "actors/edge/http.hpp"
#include "persistence/backup.hpp"
#include "persistence/sqlite/store_file.hpp"
#include "tools/command_line.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

enum exit_codes : int { done = 0, failed = 1, usage = 2, conflict = 4, unreachable = 5, damaged = 65 };

struct way {
  std::string from, to, key;
};

int ask_node(const way& what) {
  const auto node = edge::parse_url(what.from);
  if (!node) {
    std::cerr << "souk backup: '" << what.from << "' is no http://HOST:PORT\n";
    return usage;
  }
  edge::http_client client{node->host, node->port};
  const nlohmann::json body{{"to", std::filesystem::absolute(what.to).string()}};
  auto headers = headers_with(what.key);
  headers.emplace_back("content-type", "application/json");
  const auto said = client.request("POST", "/v1/admin/backups", headers, body.dump(), std::chrono::hours{1});
  const auto told = nlohmann::json::parse(said.body, nullptr, false);
  if (said.status == 201 && told.is_object()) {
    std::cout << grouped(told.value("stores", 0)) << " stores, " << grouped(told.value("bytes", 0)) << " bytes in "
              << told.value("to", "") << "; no commit was held back for longer than " << told.value("cut_ms", 0.0)
              << " ms\n";
    return done;
  }
  std::cerr << "souk backup: the node says " << said.status << ' '
            << (told.is_object() ? told.value("detail", told.value("title", "")) : std::string{}) << '\n';
  return said.status == 409 ? conflict : failed;
}

int report(const char* name, const std::function<persistence::backup_figures()>& copy, const way& what) {
  try {
    const auto figures = copy();
    std::cout << grouped(figures.stores) << " stores, " << grouped(figures.bytes) << " bytes in " << what.to << '\n';
    return done;
  } catch (const persistence::backup_refused& no) {
    std::cerr << name << ": " << no.what() << '\n';
    return conflict;
  } catch (const persistence::store_damaged& damage) {
    return say_damaged(name, {what.from}, damage);
  } catch (const std::exception& trouble) {
    std::cerr << name << ": " << trouble.what() << '\n';
    return failed;
  }
}

int back_up(const way& what) {
  if (!what.from.starts_with("http://"))
    return report(
        "souk backup", [&] { return persistence::back_up(what.from, what.to); }, what);
  try {
    return ask_node(what);
  } catch (const edge::http_unreachable& why) {
    std::cerr << "souk backup: cannot reach " << what.from << ": " << why.what() << '\n';
    return unreachable;
  }
}

}  // namespace

int say_damaged(const std::string& command, const std::vector<std::string>& data,
                const persistence::store_damaged& damage) {
  std::string names;
  for (const auto& one : data) names += (names.empty() ? "" : ", ") + one;
  std::cerr << command << ": a store is damaged: " << damage.what() << "\nwhat to do: ";
  if (damage.mends)
    std::cerr << "start the node once: souk serve\n";
  else
    std::cerr << "start no node on " << names << ", keep it as it is to be looked into, and restore the last backup"
              << " that is whole to another directory: souk restore BACKUP DIR\n";
  return damaged;
}

void add_backup(CLI::App& app, int& exit_code) {
  const auto there = std::make_shared<way>();
  auto* backup = app.add_subcommand("backup", "copies all stores of a node as they are at one instant");
  backup->add_option("FROM", there->from, "a stopped node's data directory, or http://HOST:PORT of a running one")
      ->required();
  backup->add_option("TO", there->to, "a directory that is not there yet, on the node's machine")->required();
  add_key_option(*backup, there->key);
  backup->callback([there, &exit_code] { exit_code = back_up(*there); });

  const auto back = std::make_shared<way>();
  auto* restore = app.add_subcommand("restore", "brings a backup back, as a new incarnation of its node");
  restore->add_option("BACKUP", back->from, "what `souk backup` has made")->required();
  restore->add_option("DIR", back->to, "the data directory to be: not there yet, or empty")->required();
  restore->callback([back, &exit_code] {
    exit_code = report(
        "souk restore", [&] { return persistence::restore(back->from, back->to); }, *back);
    if (exit_code == done)
      std::cout << "no API keys came along: until it has some (`souk keys add --data " << back->to
                << "`, or the old keys.json) it answers this machine only, and everybody on it\n";
  });
}

}  // namespace souk::tools
