// A domain with a guard before it, who sees each command first: he may answer himself, or throw in the midst of a
// batch.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "actors/domains/brain.hpp"

namespace souk::sim {

class guarded final : public domains::brain {
public:
  // Nothing: the domain may have it.
  using guard = std::function<std::optional<answer>(const command&)>;

  // at_commit: when all is decided and nothing is written for good, the last moment at which it can all be lost.
  guarded(
      std::unique_ptr<domains::brain> of, guard before, std::function<void()> at_commit = [] {})
      : inner_(std::move(of)), guard_(std::move(before)), at_commit_(std::move(at_commit)) {
    pass_on();
  }
  answer decide(const command& what) override {
    if (auto said = guard_(what)) return *std::move(said);
    auto said = inner_->decide(what);
    later_ = inner_->put_off();
    pass_on();
    return said;
  }
  void before_commit() override {
    inner_->before_commit();
    at_commit_();
  }
  persistence::store_file& file() override { return inner_->file(); }
  persistence::exchange* exchange() override { return inner_->exchange(); }
  void hear(const event_log::event& event) override { inner_->hear(event); }
  const std::vector<order::happening>* story(number id) const override { return inner_->story(id); }
  std::int64_t run_by_events() const override { return inner_->run_by_events(); }
  order::runner runner_of(std::uint32_t share) const override { return inner_->runner_of(share); }

private:
  void pass_on() {
    for (const auto one : inner_->rung_early()) rung_early_.push_back(one);
    for (const auto one : inner_->rung()) rung_.push_back(one);
    for (auto& one : inner_->begun()) begun_.push_back(std::move(one));
  }

  std::unique_ptr<domains::brain> inner_;
  guard guard_;
  std::function<void()> at_commit_;
};

}  // namespace souk::sim
