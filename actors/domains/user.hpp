// User: registers, changes and verifies who may order.
#pragma once

#include <unordered_set>

#include "actors/domains/brain.hpp"
#include "persistence/user.hpp"

namespace souk::domains {

class user final : public brain {
public:
  explicit user(const persistence::open_options& options) : store_(options) {}

  answer decide(const command& what) override { return dispatch(*this, what); }
  persistence::store_file& file() override { return store_.file; }
  persistence::exchange* exchange() override { return &store_.exchange; }

  answer on(const souk::user::put& put);
  answer on(const souk::user::find& find);
  answer on(const souk::user::verify& verify);

private:
  // Users are never removed, so that whoever was seen once stays known.
  static constexpr std::size_t known_max = 1 << 20;

  persistence::user_store store_;
  std::unordered_set<user_id> known_;
};

}  // namespace souk::domains
