// Keeps best sellers in SQLite.
#include "persistence/ranking.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE seller(product TEXT NOT NULL PRIMARY KEY, sold INTEGER NOT NULL, returned INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;" +
    positions::schema();
static const std::string_view migrations[]{version_1};

ranking_store::ranking_store(const open_options& options)
    : file(options, migrations),
      positions(file),
      add_(file.prepare("INSERT INTO seller VALUES(?1,?2,?3)"
                        " ON CONFLICT DO UPDATE SET sold=sold+?2, returned=returned+?3")),
      best_(file.prepare("SELECT product, sold, sold-returned FROM seller ORDER BY sold DESC, product LIMIT ?1")),
      best_net_(file.prepare("SELECT product, sold, sold-returned FROM seller ORDER BY sold-returned DESC, product"
                             " LIMIT ?1")) {}

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

}  // namespace souk::persistence
