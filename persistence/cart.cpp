// Keeps carts in SQLite.
#include "persistence/cart.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE item(user TEXT NOT NULL, product TEXT NOT NULL, quantity INTEGER NOT NULL CHECK(quantity>0),"
    " PRIMARY KEY(user, product)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE operation(key INTEGER PRIMARY KEY, user TEXT NOT NULL, what INTEGER NOT NULL, items BLOB NOT NULL,"
    " at INTEGER NOT NULL) STRICT;" +
    std::string{requests::schema} + exchange::schema();
static const std::string_view migrations[]{version_1};

cart_store::cart_store(const open_options& options)
    : file(options, migrations),
      requests(file),
      exchange(file),
      load_(file.prepare("SELECT product, quantity FROM item WHERE user=?1 ORDER BY product")),
      save_(file.prepare("INSERT INTO item VALUES(?1,?2,?3) ON CONFLICT DO UPDATE SET quantity=?3")),
      remove_(file.prepare("DELETE FROM item WHERE user=?1 AND product=?2")),
      append_(file.prepare("INSERT INTO operation VALUES(?1,?2,?3,?4,?5)")),
      operation_(file.prepare("SELECT user, what, items, at FROM operation WHERE key=?1")) {}

std::vector<cart::item> cart_store::load(const user_id& user) {
  std::vector<cart::item> all;
  load_.each([&](auto row) { all.push_back({product_id{row.string(0)}, row.integer(1)}); }, user.text);
  return all;
}

void cart_store::save(const user_id& user, const cart::item& item) {
  if (item.quantity > 0)
    save_.run(user.text, item.product.text, item.quantity);
  else
    remove_.run(user.text, item.product.text);
}

bool cart_store::append(const operation& op) {
  const auto items = pack(op.items);
  return append_.insert(op.key, op.user.text, op.what, blob{items}, op.at.ms);
}

std::optional<cart_store::operation> cart_store::operation_at(std::int64_t key) {
  return operation_.first(
      [&](auto row) {
        return operation{key,
                         user_id{row.string(0)},
                         static_cast<cart_store::what>(row.integer(1)),
                         unpack<std::vector<cart::item>>(row.text(2)),
                         {row.integer(3)}};
      },
      key);
}

}  // namespace souk::persistence
