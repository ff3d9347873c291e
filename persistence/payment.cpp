// Keeps payments and their history in SQLite.
#include "persistence/payment.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE payment(id INTEGER PRIMARY KEY, user TEXT NOT NULL, amount INTEGER NOT NULL, state INTEGER NOT NULL,"
    " history BLOB NOT NULL) STRICT;" +
    positions::schema();
static const std::string version_2 = exchange::schema();
// States 0 and 4: requested and cancelling. Payments that the provider has nothing more to say about, nearly all, have
// no row in the index.
static const std::string version_3 =
    "ALTER TABLE payment ADD COLUMN by_provider INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX payment_open ON payment(id) WHERE state IN (0,4);";
static const std::string_view migrations[]{version_1, version_2, version_3};

static const std::string columns = "SELECT id, user, amount, state, history, by_provider FROM payment WHERE ";

static payment::view read(statement::row row) {
  return {{row.integer(0)},
          user_id{row.string(1)},
          {row.integer(2)},
          static_cast<payment::state>(row.integer(3)),
          unpack<std::vector<payment::change>>(row.text(4)),
          row.integer(5) != 0};
}

payment_store::payment_store(const open_options& options)
    : file(options, migrations),
      exchange(file),
      positions(file),
      append_(file.prepare("INSERT INTO payment VALUES(?1,?2,?3,?4,?5,?6)")),
      find_(file.prepare(columns + "id=?1")),
      save_(file.prepare("UPDATE payment SET state=?2, history=?3 WHERE id=?1")),
      open_(file.prepare(columns + "state IN (0,4) ORDER BY id")) {}

bool payment_store::append(const payment::view& payment) {
  const auto history = pack(payment.history);
  return append_.insert(payment.order.value, payment.user.text, payment.amount.minor, payment.now, blob{history},
                        payment.by_provider);
}

std::optional<payment::view> payment_store::find(number order) { return find_.first(read, order.value); }

void payment_store::save(const payment::view& payment) {
  const auto history = pack(payment.history);
  save_.run(payment.order.value, payment.now, blob{history});
}

std::vector<payment::view> payment_store::open() {
  std::vector<payment::view> all;
  open_.each([&](auto row) { all.push_back(read(row)); });
  return all;
}

}  // namespace souk::persistence
