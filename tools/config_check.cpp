// Prints the placement of a configuration, or what is wrong with it.
#include "tools/config_check.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "node-config/config.hpp"
#include "tools/table.hpp"

namespace souk::tools {

namespace {

struct wish {
  std::string file;
  std::string output = "text";
};

// "wallet" when all of its shards are there, "wallet/1" for one of several.
std::vector<std::string> kept_by(std::uint32_t member, const config::node& all) {
  std::vector<std::string> found;
  const auto look = [&](std::string_view name, const std::vector<std::uint32_t>& pool) {
    const auto n = std::count(pool.begin(), pool.end(), member);
    if (n == static_cast<std::ptrdiff_t>(pool.size())) return found.emplace_back(name), void();
    for (std::size_t shard = 0; shard < pool.size(); ++shard)
      if (pool[shard] == member) found.push_back(std::string{name} + '/' + std::to_string(shard));
  };
  for (std::size_t d = 0; d < domain_count; ++d) look(to_text(static_cast<domain>(d)), all.placement.desks[d]);
  look("coordinator", all.placement.coordinators);
  return found;
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& one : words) all += (all.empty() ? "" : " ") + one;
  return all;
}

std::string address_of(const std::string& host, std::uint16_t port) {
  return (host.find(':') == host.npos ? host : '[' + host + ']') + ':' + std::to_string(port);
}

void print(const config::node& all) {
  table lines{{{"node", side::left},
               {"address", side::left},
               {"http", side::left},
               {"data", side::left},
               {"tls", side::left},
               {"keeps", side::left}}};
  if (all.members.empty())
    lines.row({"(one)", "-", address_of(all.http.host, all.http.port), all.data, "-", "everything"});
  for (std::uint32_t i = 0; i < all.members.size(); ++i) {
    const auto& one = all.members[i];
    lines.row({one.name, address_of(one.host, one.port), address_of(one.http_host, one.http_port), one.data,
               one.tls() ? "yes" : "no", joined(kept_by(i, all))});
  }
  std::cout << lines.text();
}

void print_json(const config::node& all) {
  nlohmann::ordered_json nodes = nlohmann::ordered_json::array();
  for (std::uint32_t i = 0; i < all.members.size(); ++i) {
    const auto& one = all.members[i];
    nodes.push_back({{"name", one.name},
                     {"address", address_of(one.host, one.port)},
                     {"http", address_of(one.http_host, one.http_port)},
                     {"data", one.data},
                     {"tls", one.tls()},
                     {"keeps", kept_by(i, all)}});
  }
  if (all.members.empty())
    nodes.push_back({{"name", nullptr},
                     {"http", address_of(all.http.host, all.http.port)},
                     {"data", all.data},
                     {"keeps", "everything"}});
  std::cout << nlohmann::ordered_json{{"nodes", nodes}}.dump() << '\n';
}

int check(const wish& wanted) {
  try {
    config::node all;
    config::read_file(wanted.file, all);
    wanted.output == "json" ? print_json(all) : print(all);
    return 0;
  } catch (const config::wrong& wrong) {
    std::cerr << "souk config: " << wrong.what() << '\n';
    return 2;
  }
}

}  // namespace

void add_config(CLI::App& app, int& exit_code) {
  auto* looks = app.add_subcommand("config", "looks at a configuration")->require_subcommand(1);
  auto* check_it = looks->add_subcommand("check", "says who keeps what, or what is wrong, by file and line");
  const auto wanted = std::make_shared<wish>();
  check_it->add_option("FILE", wanted->file, "JSON file, see node-config/")->required();
  check_it->add_option("-o,--output", wanted->output, "text or json")->check(CLI::IsMember({"text", "json"}));
  check_it->callback([wanted, &exit_code] { exit_code = check(*wanted); });
}

}  // namespace souk::tools
