// Queue: gives places in the waiting rooms, lets people in by the order of their places, and checks who is at the door.
#pragma once

#include "actors/domains/brain.hpp"
#include "persistence/queue.hpp"

namespace souk::domains {

class queue final : public brain {
public:
  explicit queue(const persistence::open_options& options) : store_(options) {}

  answer decide(const command& what) override { return dispatch(*this, what); }
  persistence::store_file& file() override { return store_.file; }

  answer on(const souk::queue::open& open);
  answer on(const souk::queue::join& join);
  answer on(const souk::queue::find& find);
  answer on(const souk::queue::enter& enter);
  answer on(const souk::queue::use& use);
  answer on(const souk::queue::undo_use& undo);
  answer on(const souk::recall& recall);

private:
  using store = persistence::queue_store;

  // Whoever stayed too long goes, and those who are next come in.
  void turn_over(store::room& room, moment at);
  souk::queue::view view_of(const store::room& room, const store::token& token);
  answer known(const store::operation& first, token_id token);

  store store_;
};

}  // namespace souk::domains
