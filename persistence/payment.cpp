// Keeps payments and their history in SQLite.
#include "persistence/payment.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE payment(id INTEGER PRIMARY KEY, user TEXT NOT NULL, amount INTEGER NOT NULL, state INTEGER NOT NULL,"
    " history BLOB NOT NULL) STRICT;" +
    positions::schema() + exchange::schema();
static const std::string_view migrations[]{version_1};

payment_store::payment_store(const open_options& options)
    : file(options, migrations),
      exchange(file),
      positions(file),
      append_(file.prepare("INSERT INTO payment VALUES(?1,?2,?3,?4,?5)")),
      find_(file.prepare("SELECT user, amount, state, history FROM payment WHERE id=?1")),
      save_(file.prepare("UPDATE payment SET state=?2, history=?3 WHERE id=?1")) {}

bool payment_store::append(const payment::view& payment) {
  const auto history = pack(payment.history);
  return append_.insert(payment.order.value, payment.user.text, payment.amount.minor, payment.now, blob{history});
}

std::optional<payment::view> payment_store::find(number order) {
  return find_.first(
      [&](auto row) {
        return payment::view{order,
                             user_id{row.string(0)},
                             {row.integer(1)},
                             static_cast<payment::state>(row.integer(2)),
                             unpack<std::vector<payment::change>>(row.text(3))};
      },
      order.value);
}

void payment_store::save(const payment::view& payment) {
  const auto history = pack(payment.history);
  save_.run(payment.order.value, payment.now, blob{history});
}

}  // namespace souk::persistence
