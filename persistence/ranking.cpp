// Keeps best sellers in SQLite.
#include "persistence/ranking.hpp"

namespace souk::persistence {

static constexpr std::string_view migrations[]{
    "CREATE TABLE seller(product TEXT NOT NULL PRIMARY KEY, sold INTEGER NOT NULL, returned INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE position(source INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;",
};

ranking_store::ranking_store(const open_options& options)
    : file(options, migrations),
      add_(file.prepare("INSERT INTO seller VALUES(?1,?2,?3)"
                        " ON CONFLICT DO UPDATE SET sold=sold+?2, returned=returned+?3")),
      best_(file.prepare("SELECT product, sold, sold-returned FROM seller ORDER BY sold DESC, product LIMIT ?1")),
      best_net_(file.prepare("SELECT product, sold, sold-returned FROM seller ORDER BY sold-returned DESC, product"
                             " LIMIT ?1")),
      position_(file.prepare("SELECT seq FROM position WHERE source=?1")),
      save_position_(file.prepare("INSERT INTO position VALUES(?1,?2) ON CONFLICT DO UPDATE SET seq=?2")) {}

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

std::int64_t ranking_store::position(std::uint32_t source) {
  return position_.first([](auto row) { return row.integer(0); }, source).value_or(0);
}

void ranking_store::save_position(std::uint32_t source, std::int64_t seq) { save_position_.run(source, seq); }

}  // namespace souk::persistence
