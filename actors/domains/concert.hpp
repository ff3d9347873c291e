// Concert: lists what is played and when, and decides whose a date is.
#pragma once

#include "actors/domains/brain.hpp"
#include "persistence/concert.hpp"

namespace souk::domains {

class concert final : public brain {
public:
  explicit concert(const persistence::open_options& options) : store_(options) {}

  answer decide(const command& what) override { return dispatch(*this, what); }
  persistence::store_file& file() override { return store_.file; }

  answer on(const souk::concert::put& put);
  answer on(const souk::concert::find& find);
  answer on(const souk::concert::list& list);

private:
  persistence::concert_store store_;
};

}  // namespace souk::domains
