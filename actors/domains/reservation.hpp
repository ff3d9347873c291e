// Reservation: sells each seat of each date once: held by a user until a moment, then paid for, or free again.
#pragma once

#include "actors/domains/brain.hpp"
#include "persistence/reservation.hpp"

namespace souk::domains {

class reservation final : public brain {
public:
  explicit reservation(const persistence::open_options& options) : store_(options) {}

  answer decide(const command& what) override { return dispatch(*this, what); }
  persistence::store_file& file() override { return store_.file; }

  answer on(const souk::reservation::open& open);
  answer on(const souk::reservation::hold& hold);
  answer on(const souk::reservation::release& release);
  answer on(const souk::reservation::check_out& out);
  answer on(const souk::reservation::confirm& confirm);
  answer on(const souk::reservation::undo_confirm& undo);
  answer on(const souk::reservation::give_back& back);
  answer on(const souk::reservation::find& find);
  answer on(const souk::reservation::read& read);
  answer on(const souk::recall& recall);

private:
  using store = persistence::reservation_store;

  souk::reservation::view view_of(const store::hold& hold, const store::seat& seat, moment at);
  answer view_of(reservation_id id, moment at);
  reason why_not(const souk::reservation::confirm& confirm, const std::optional<store::hold>& hold);
  souk::reservation::confirmed told_of(const store::hold& hold);
  answer known(const store::operation& first, const souk::reservation::confirm& confirm);
  // Whoever had the seat has it no more.
  void free(store::seat seat);

  store store_;
};

}  // namespace souk::domains
