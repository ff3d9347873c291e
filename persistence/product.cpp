// Keeps the catalogue, the shelves and the movements of stock in SQLite.
#include "persistence/product.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE shelf(id INTEGER PRIMARY KEY, product TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    " price INTEGER NOT NULL, stock INTEGER NOT NULL CHECK(stock>=0)) STRICT;"
    "CREATE TABLE movement(key INTEGER PRIMARY KEY, what INTEGER NOT NULL, print INTEGER NOT NULL, why INTEGER NOT "
    "NULL,"
    " detail TEXT NOT NULL, lines BLOB NOT NULL, at INTEGER NOT NULL) STRICT;" +
    std::string{requests::schema} + std::string{own_numbers::schema};
static const std::string version_2 = exchange::schema();
static const std::string_view migrations[]{version_1, version_2};

product_store::product_store(const open_options& options)
    : file(options, migrations),
      exchange(file),
      requests(file),
      numbers(file),
      load_(file.prepare("SELECT id, name, price, stock FROM shelf WHERE product=?1")),
      open_(file.prepare("INSERT INTO shelf(product, name, price, stock) VALUES(?1,?2,?3,?4)")),
      save_(file.prepare("UPDATE shelf SET name=?2, price=?3 WHERE id=?1")),
      save_stock_(file.prepare("UPDATE shelf SET stock=?2 WHERE id=?1")),
      name_(file.prepare("SELECT product FROM shelf WHERE id=?1")),
      list_(file.prepare("SELECT product, name, price, stock FROM shelf WHERE product>?1 ORDER BY product LIMIT ?2")),
      append_(file.prepare("INSERT INTO movement VALUES(?1,?2,?3,?4,?5,?6,?7)")),
      find_(file.prepare("SELECT what, print, why, detail, lines, at FROM movement WHERE key=?1")) {}

std::optional<product_store::shelf> product_store::load(const product_id& product) {
  return load_.first(
      [](auto row) {
        return shelf{row.integer(0), row.string(1), {row.integer(2)}, row.integer(3)};
      },
      product.text);
}

std::int64_t product_store::open(const product_id& product, const shelf& shelf) {
  open_.run(product.text, shelf.name, shelf.price.minor, shelf.stock);
  return file.last_row();
}

void product_store::save(const shelf& shelf) { save_.run(shelf.id, shelf.name, shelf.price.minor); }

void product_store::save_stock(std::int64_t shelf, std::int64_t stock) { save_stock_.run(shelf, stock); }

std::optional<product_id> product_store::name_of(std::int64_t shelf) {
  return name_.first([](auto row) { return product_id{row.string(0)}; }, shelf);
}

std::vector<product::view> product_store::list(const product_id& after, std::uint32_t limit) {
  std::vector<product::view> all;
  list_.each(
      [&](auto row) {
        all.push_back({product_id{row.string(0)}, row.string(1), {row.integer(2)}, row.integer(3)});
      },
      after.text, limit);
  return all;
}

bool product_store::append(const movement& movement) {
  const auto lines = pack(movement.lines);
  return append_.insert(movement.key, movement.what, static_cast<std::int64_t>(movement.print), movement.why,
                        movement.detail, blob{lines}, movement.at.ms);
}

std::optional<product_store::movement> product_store::find(std::int64_t key) {
  return find_.first(
      [&](auto row) {
        return movement{key,
                        static_cast<product_store::what>(row.integer(0)),
                        static_cast<std::uint64_t>(row.integer(1)),
                        static_cast<reason>(row.integer(2)),
                        row.string(3),
                        unpack<std::vector<moved>>(row.text(4)),
                        {row.integer(5)}};
      },
      key);
}

}  // namespace souk::persistence
