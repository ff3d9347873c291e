// Puts together what nodes say of themselves.
#include "actors/edge/nodes.hpp"

#include <algorithm>

#include "actors/edge/call.hpp"

namespace souk::edge {

std::vector<node_now> nodes_now(edge::hall& of) {
  std::vector<node_now> all;
  of.with_node([&](runtime::node& node) {
    all.push_back({node.name(), nullptr, true, node.report()});
    for (const auto& one : node.figures().peers) {
      auto& other = all.emplace_back(node_now{one->name, one, one->door.is_open(), one->said.get()});
      if (other.there) continue;
      if (other.said.coordinators.empty())
        for (const auto share : node.shares_of(other.name)) other.said.coordinators.push_back({.share = share});
      auto& silent = other.said.audit.silent;
      silent.clear();
      for (const auto at : node.desks_elsewhere())
        if (node.keeper(at) == other.name) silent.push_back(name_of({at.domain, at.shard}));
    }
  });
  return all;
}

runtime::audit_verdict books_of(const std::vector<node_now>& all) {
  runtime::audit_verdict out;
  for (const auto& one : all) {
    const auto& found = one.said.audit;
    const bool first = &one == &all.front();
    out.rounds = first ? found.rounds : std::min(out.rounds, found.rounds);
    out.began = first ? found.began : std::min(out.began, found.began);
    out.ended = first ? found.ended : std::min(out.ended, found.ended);
    out.rows += found.rows;
    out.flaws += found.flaws;
    out.first.insert(out.first.end(), found.first.begin(), found.first.end());
    out.silent.insert(out.silent.end(), found.silent.begin(), found.silent.end());
  }
  return out;
}

json json_of(const runtime::coordinator_now& one, const node_now& of) {
  json out{{"name", "coordinator/" + std::to_string(one.share)}, {"kind", "coordinator"}};
  if (!of.name.empty()) out["node"] = of.name, out["state"] = of.there ? "open" : "away";
  if (of.there)
    out.update({{"running", one.running},
                {"parked", one.parked},
                {"begun", one.begun},
                {"completed", one.completed},
                {"compensated", one.compensated},
                {"asked_again", one.asked_again},
                {"adopted", one.adopted},
                {"restarts", one.restarts}});
  return out;
}

}  // namespace souk::edge
