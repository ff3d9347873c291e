// Makes a cluster's authority and its nodes' certificates, and says until when they hold.
#include "tools/certs.hpp"

#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "actors/edge/certificates.hpp"

namespace souk::tools {

namespace {

struct wish {
  std::string directory;
  std::vector<std::string> nodes;
  bool authority = false;
  std::int64_t days = 0;
};

// An authority outlives its nodes' certificates by far: a new one means new files on every host.
constexpr std::int64_t authority_days = 3'650;
constexpr std::int64_t node_days = 397;

moment now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

void tell(const edge::certificate_files& files) {
  std::cout << (files.made ? "made " : "kept ") << files.certificate << " and " << files.key << ", until "
            << to_text(files.until).substr(0, 10) << '\n';
}

int make(const wish& what) {
  try {
    if (what.authority) tell(edge::make_authority(what.directory, {now(), what.days ? what.days : authority_days}));
    for (const auto& node : what.nodes)
      tell(edge::make_certificate(what.directory, node, {now(), what.days ? what.days : node_days}));
    return 0;
  } catch (const edge::certificate_conflict& there) {
    std::cerr << "souk certs: " << there.what() << '\n';
    return 4;
  } catch (const edge::certificate_trouble& trouble) {
    std::cerr << "souk certs: " << trouble.what() << '\n';
    return 1;
  }
}

}  // namespace

void add_certs(CLI::App& app, int& exit_code) {
  const auto what = std::make_shared<wish>();
  auto* certs = app.add_subcommand("certs", "makes the certificates by which nodes know each other");
  certs->add_option("DIR", what->directory, "where they are, or will be")->required();
  certs->add_option("NODE", what->nodes, "names of nodes: each gets NODE.crt and NODE.key in DIR")
      ->check([](const std::string& name) {
        return edge::is_node_name(name) && name != "ca" ? std::string{} : "'" + name + "' is no node's name";
      });
  certs->add_flag("--ca", what->authority,
                  "the authority first: ca.crt, which goes to every node, and ca.key, which goes nowhere");
  certs->add_option("--days", what->days, "how long they hold (else 3650 an authority, 397 a node)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{36'500}));
  certs->callback([what, &exit_code] {
    if (!what->authority && what->nodes.empty()) {
      std::cerr << "souk certs: say --ca, or which nodes\n";
      exit_code = 2;
      return;
    }
    exit_code = make(*what);
  });
}

}  // namespace souk::tools
