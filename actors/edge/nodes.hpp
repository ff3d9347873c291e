// How all nodes are: this one as it is, the others as they said last.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/edge/json_of.hpp"
#include "actors/runtime/links.hpp"
#include "actors/runtime/node_report.hpp"

namespace souk::edge {

class hall;

struct node_now {
  std::string name;                             // empty: there is but this one
  std::shared_ptr<runtime::peer_figures> peer;  // none: it is this one
  bool there = true;
  runtime::node_report said;
};
// This one first; none once it is closed. Of a node that is out of reach all desks are silent.
std::vector<node_now> nodes_now(edge::hall& of);

// What the background audits of all of them have found: as often and as lately as of the one that is behind.
runtime::audit_verdict books_of(const std::vector<node_now>& all);
json json_of(const runtime::coordinator_now& one, const node_now& of);

}  // namespace souk::edge
