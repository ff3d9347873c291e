// A domain whose code throws when it is told to, in the midst of a batch or when that is to be committed.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>

#include "actors/domains/brain.hpp"

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

class fragile final : public domains::brain {
public:
  fragile(std::unique_ptr<domains::brain> of, std::shared_ptr<fuse> until)
      : inner_(std::move(of)), fuse_(std::move(until)) {
    pass_on();
  }
  answer decide(const command& what) override {
    if (fuse_->left && --fuse_->left == 0) throw std::runtime_error("broken on purpose");
    auto said = inner_->decide(what);
    later_ = inner_->put_off();
    pass_on();
    return said;
  }
  // All is decided and nothing is written for good: the last moment at which it can all be lost.
  void before_commit() override {
    inner_->before_commit();
    if (fuse_->commits_left && --fuse_->commits_left == 0) throw std::runtime_error("the disk failed on purpose");
  }
  persistence::store_file& file() override { return inner_->file(); }
  persistence::exchange* exchange() override { return inner_->exchange(); }
  void hear(const event_log::event& event) override { inner_->hear(event); }
  const std::vector<order::happening>* story(number id) const override { return inner_->story(id); }

private:
  void pass_on() {
    for (const auto one : inner_->rung()) rung_.push_back(one);
    for (auto& one : inner_->begun()) begun_.push_back(std::move(one));
  }

  std::unique_ptr<domains::brain> inner_;
  std::shared_ptr<fuse> fuse_;
};

}  // namespace souk::sim
