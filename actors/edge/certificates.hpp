// Makes what nodes show each other: the authority of a cluster, and a certificate for each node.
//
// Keys are EC P-256. A directory has ca.crt and ca.key, and NODE.crt and NODE.key of each node; to a node's machine go
// ca.crt and its own two, ca.key goes nowhere.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "messages/grammar/moment.hpp"

namespace souk::edge {

// 1 to 64 letters, digits, '-', '_' and '.', the first a letter or a digit: a name is a file's as well.
bool is_node_name(std::string_view name);

// The text names the file.
struct certificate_trouble : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// Something is there that is not what would be made: nothing is ever written over.
struct certificate_conflict : certificate_trouble {
  using certificate_trouble::certificate_trouble;
};

struct certificate_files {
  std::string certificate, key;
  moment until;       // it holds no longer than that
  bool made = false;  // else it was there already, and is right
};

struct certificate_term {
  moment now;
  std::int64_t days = 0;  // from now on; a node's ends with its authority's at the latest
};

certificate_files make_authority(const std::string& directory, certificate_term term);
certificate_files make_certificate(const std::string& directory, const std::string& node, certificate_term term);

}  // namespace souk::edge
