// Keeps best sellers and sold out schedules in SQLite.
#include "persistence/ranking.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE seller(product TEXT NOT NULL PRIMARY KEY, sold INTEGER NOT NULL, returned INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;" +
    positions::schema();
static constexpr std::string_view version_2 =
    "CREATE TABLE house(schedule TEXT NOT NULL PRIMARY KEY, seats INTEGER NOT NULL, sold INTEGER NOT NULL,"
    " opened INTEGER NOT NULL, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX house_full ON house(max(last-opened,0), schedule) WHERE sold>=seats;";
static const std::string_view migrations[]{version_1, version_2};

ranking_store::ranking_store(const open_options& options)
    : file(options, migrations),
      positions(file),
      add_(file.prepare("INSERT INTO seller VALUES(?1,?2,?3)"
                        " ON CONFLICT DO UPDATE SET sold=sold+?2, returned=returned+?3")),
      best_(file.prepare("SELECT product, sold, sold-returned FROM seller ORDER BY sold DESC, product LIMIT ?1")),
      best_net_(file.prepare("SELECT product, sold, sold-returned FROM seller ORDER BY sold-returned DESC, product"
                             " LIMIT ?1")),
      add_seat_(file.prepare("INSERT INTO house VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO UPDATE SET seats=max(seats,?2),"
                             " sold=sold+?3, opened=min(opened,?4), last=max(last,?5)")),
      sold_out_(file.prepare("SELECT schedule, seats, opened, last FROM house WHERE sold>=seats"
                             " ORDER BY max(last-opened,0), schedule LIMIT ?1")) {}

void ranking_store::add(const product_id& product, std::int64_t sold, std::int64_t returned) {
  add_.run(product.text, sold, returned);
}

std::vector<ranking::seller> ranking_store::best(std::uint32_t limit, bool net) {
  std::vector<ranking::seller> all;
  (net ? best_net_ : best_)
      .each(
          [&](auto row) {
            all.push_back({product_id{row.string(0)}, row.integer(1), row.integer(2)});
          },
          limit);
  return all;
}

void ranking_store::add(const order::seat_sale& seat, std::int64_t sold, moment at) {
  add_seat_.run(seat.schedule.text, seat.seats, sold, seat.opened.ms, at.ms);
}

std::vector<ranking::full_house> ranking_store::sold_out(std::uint32_t limit) {
  std::vector<ranking::full_house> all;
  sold_out_.each(
      [&](auto row) {
        all.push_back({schedule_id{row.string(0)}, row.integer(1), {row.integer(2)}, {row.integer(3)}});
      },
      limit);
  return all;
}

}  // namespace souk::persistence
