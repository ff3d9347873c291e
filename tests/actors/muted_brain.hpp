// A domain that gives no answer to some commands, and never sees them.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "actors/domains/brain.hpp"

namespace souk::tests {

class muted_brain final : public domains::brain {
public:
  muted_brain(std::unique_ptr<domains::brain> of, std::function<bool(const command&)> is_unheard)
      : inner_(std::move(of)), is_unheard_(std::move(is_unheard)) {}
  answer decide(const command& what) override {
    if (is_unheard_(what)) return lose(reason::unreachable);
    auto said = inner_->decide(what);
    later_ = inner_->put_off();
    for (const auto one : inner_->rung_early()) rung_early_.push_back(one);
    for (const auto one : inner_->rung()) rung_.push_back(one);
    for (auto& one : inner_->begun()) begun_.push_back(std::move(one));
    return said;
  }
  void before_commit() override { inner_->before_commit(); }
  persistence::store_file& file() override { return inner_->file(); }
  persistence::exchange* exchange() override { return inner_->exchange(); }
  void hear(const event_log::event& event) override { inner_->hear(event); }
  const std::vector<order::happening>* story(number id) const override { return inner_->story(id); }
  std::int64_t run_by_events() const override { return inner_->run_by_events(); }
  order::runner runner_of(std::uint32_t share) const override { return inner_->runner_of(share); }

private:
  std::unique_ptr<domains::brain> inner_;
  std::function<bool(const command&)> is_unheard_;
};

}  // namespace souk::tests
