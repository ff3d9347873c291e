// Fuses: domains whose code throws when it is told to, in the midst of a batch.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "tools/sim/guarded.hpp"

namespace souk::sim {

// How many commands are left until it burns through; 0: never.
struct fuse {
  unsigned left = 0;
  unsigned commits_left = 0;  // how many commits until one fails
};
class fuses {
public:
  fuses() {
    for (auto& [which, one] : all_) one = std::make_shared<fuse>();
  }
  std::shared_ptr<fuse>& operator[](domain which) { return all_[static_cast<std::size_t>(which)].second; }
  auto begin() { return all_.begin(); }
  auto end() { return all_.end(); }

private:
  std::array<std::pair<domain, std::shared_ptr<fuse>>, domain_count> all_{};
};

// Its guard for a domain.
inline guarded::guard burns(std::shared_ptr<fuse> it) {
  return [it = std::move(it)](const command&) -> std::optional<answer> {
    if (it->left && --it->left == 0) throw std::runtime_error("broken on purpose");
    return std::nullopt;
  };
}

inline std::function<void()> burns_at_commit(std::shared_ptr<fuse> it) {
  return [it = std::move(it)] {
    if (it->commits_left && --it->commits_left == 0) throw std::runtime_error("the disk failed on purpose");
  };
}

}  // namespace souk::sim
