// Ranking: counts best sellers and what sold out from the events of orders, each event exactly once.
#pragma once

#include "actors/domains/brain.hpp"
#include "persistence/ranking.hpp"

namespace souk::domains {

class ranking final : public brain {
public:
  explicit ranking(const persistence::open_options& options) : store_(options) {}

  answer decide(const command& what) override { return dispatch(*this, what); }
  persistence::store_file& file() override { return store_.file; }

  answer on(const souk::ranking::best& best);
  answer on(const souk::ranking::sold_out& sold_out);
  answer on(const souk::ranking::count& count);
  answer on(const souk::ranking::find_position& find);

private:
  persistence::ranking_store store_;
};

}  // namespace souk::domains
