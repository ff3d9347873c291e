// Changes the file of API keys; running nodes read it again within a second.
#include "tools/keys.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "actors/edge/keys.hpp"
#include "actors/runtime/surroundings.hpp"
#include "messages/grammar/ids.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

struct wish {
  std::string data = "./.data";
  std::string file;
  std::string role, user, note, id;
  std::string output = "text";
  std::string where() const { return file.empty() ? data + "/keys.json" : file; }
};

int usage(const std::string& text) {
  std::cerr << "souk keys: " << text << '\n';
  return 2;
}

int add(const wish& wanted) {
  const auto role = edge::parse_role(wanted.role);
  const bool customer = role == edge::role::customer;
  if (customer && !is_name(wanted.user)) return usage("a customer's key is for one user: name it with --user");
  if (!customer && !wanted.user.empty()) return usage("only a customer's key is for one user");
  const auto folder = std::filesystem::absolute(wanted.where()).parent_path();
  std::filesystem::create_directories(folder);
  edge::key_row row;
  row.role = *role;
  row.user = wanted.user;
  row.note = wanted.note;
  row.made = runtime::wall_clock{}.now();
  const auto made = edge::add_key(wanted.where(), std::move(row));
  // The key alone on stdout, for scripts; it is never shown again.
  std::cerr << "key " << made.row.id << " (" << wanted.role << (customer ? " " + wanted.user : "") << ") in "
            << wanted.where() << "; it is shown this once:\n";
  std::cout << made.key << std::endl;
  return 0;
}

int list(const wish& wanted) {
  const auto rows = edge::read_keys(wanted.where());
  if (wanted.output == "json") {
    auto data = nlohmann::ordered_json::array();
    for (const auto& row : rows) {
      nlohmann::ordered_json one{{"id", row.id},
                                 {"role", edge::to_text(row.role)},
                                 {"user", row.user},
                                 {"note", row.note},
                                 {"made", to_text(row.made)}};
      one["revoked"] = row.revoked.ms ? nlohmann::ordered_json(to_text(row.revoked)) : nlohmann::ordered_json();
      data.push_back(std::move(one));
    }
    std::cout << nlohmann::ordered_json{{"data", std::move(data)}}.dump() << std::endl;
    return 0;
  }
  if (rows.empty()) {
    std::cout << "no keys in " << wanted.where() << '\n';
    return 0;
  }
  table shown{{{"id", side::left},
               {"role", side::left},
               {"user", side::left},
               {"made", side::left},
               {"revoked", side::left},
               {"note", side::left}}};
  for (const auto& row : rows)
    shown.row({row.id, std::string{edge::to_text(row.role)}, row.user, to_text(row.made),
               row.revoked.ms ? to_text(row.revoked) : "", row.note});
  std::cout << shown.text();
  return 0;
}

int revoke(const wish& wanted) {
  if (edge::revoke_key(wanted.where(), wanted.id, runtime::wall_clock{}.now())) return 0;
  std::cerr << "souk keys: no key has the id '" << wanted.id << "'\n";
  return 3;
}

}  // namespace

void add_keys(CLI::App& app, int& exit_code) {
  auto* verbs = app.add_subcommand("keys", "who may do what: makes, lists and revokes API keys")->require_subcommand(1);
  verbs->fallthrough();
  const auto wanted = std::make_shared<wish>();
  if (const char* data = std::getenv("SOUK_DATA"); data && *data) wanted->data = data;
  if (const char* file = std::getenv("SOUK_KEYS"); file && *file) wanted->file = file;
  verbs->add_option("--data", wanted->data, "the node's data directory: keys.json is in it ($SOUK_DATA)")
      ->capture_default_str();
  verbs->add_option("--file", wanted->file, "or the file itself, as the configuration's \"keys\" has it ($SOUK_KEYS)");
  const auto on = [wanted, &exit_code](CLI::App* one, int (*what)(const wish&)) {
    one->fallthrough();
    one->callback([wanted, what, &exit_code] {
      try {
        exit_code = what(*wanted);
      } catch (const std::exception& trouble) {
        std::cerr << "souk keys: " << trouble.what() << '\n';
        exit_code = 1;
      }
    });
    return one;
  };
  auto* fresh = on(verbs->add_subcommand("add", "makes a key, and prints it this once"), add);
  fresh->add_option("--role", wanted->role, "customer, staff, operator, admin or provider")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{edge::role_names.begin(), edge::role_names.end()}));
  fresh->add_option("--user", wanted->user, "whose it is: a customer's key sees and spends only what is theirs");
  fresh->add_option("--note", wanted->note, "for people: who has it");
  on(verbs->add_subcommand("list", "all keys, without what is secret"), list)
      ->add_option("-o", wanted->output, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  on(verbs->add_subcommand("revoke", "takes a key out of force; running nodes see it within a second"), revoke)
      ->add_option("ID", wanted->id, "as list shows it")
      ->required();
}

}  // namespace souk::tools
