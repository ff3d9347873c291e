// Platform: decides which events may go out now, and what becomes of those that were rejected.
#pragma once

#include "actors/domains/brain.hpp"
#include "persistence/platform.hpp"

namespace souk::domains {

class platform final : public brain {
public:
  explicit platform(const persistence::open_options& options) : store_(options) {}

  answer decide(const command& what) override { return dispatch(*this, what); }
  persistence::store_file& file() override { return store_.file; }

  answer on(const souk::platform::find_position& find);
  answer on(const souk::platform::offer& offer);
  answer on(const souk::platform::record& record);
  answer on(const souk::platform::due& due);
  answer on(const souk::platform::tried& tried);
  answer on(const souk::platform::list_troubles& list);
  answer on(const souk::platform::revive& revive);

private:
  persistence::platform_store store_;
};

}  // namespace souk::domains
