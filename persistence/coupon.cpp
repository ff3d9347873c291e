// Keeps campaigns, coupons and their uses in SQLite.
#include "persistence/coupon.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE campaign(id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL,"
    " percent INTEGER NOT NULL, coupons INTEGER NOT NULL, starts INTEGER NOT NULL, ends INTEGER NOT NULL,"
    " issued INTEGER NOT NULL CHECK(issued<=coupons)) STRICT;"
    "CREATE TABLE coupon(id INTEGER PRIMARY KEY, campaign INTEGER NOT NULL, user TEXT NOT NULL, state INTEGER NOT NULL,"
    " used_by INTEGER NOT NULL) STRICT;"
    "CREATE INDEX coupon_user ON coupon(user);"
    "CREATE TABLE operation(key INTEGER PRIMARY KEY, coupon INTEGER NOT NULL, what INTEGER NOT NULL,"
    " amount INTEGER NOT NULL, off INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;" +
    std::string{requests::schema} + std::string{own_numbers::schema};
static const std::string version_2 = exchange::schema();
static const std::string_view migrations[]{version_1, version_2};

static const std::string campaign_columns =
    "SELECT id, code, amount, percent, coupons, starts, ends, issued FROM campaign ";

coupon_store::coupon_store(const open_options& options)
    : file(options, migrations),
      exchange(file),
      requests(file),
      numbers(file),
      load_(file.prepare(campaign_columns + "WHERE code=?1")),
      load_id_(file.prepare(campaign_columns + "WHERE id=?1")),
      open_(file.prepare("INSERT INTO campaign(code, amount, percent, coupons, starts, ends, issued)"
                         " VALUES(?1,?2,?3,?4,?5,?6,?7)")),
      save_(file.prepare("UPDATE campaign SET amount=?2, percent=?3, coupons=?4, starts=?5, ends=?6, issued=?7"
                         " WHERE id=?1")),
      issue_(file.prepare("INSERT INTO coupon VALUES(?1,?2,?3,?4,?5)")),
      find_(file.prepare("SELECT campaign, user, state, used_by FROM coupon WHERE id=?1")),
      mark_(file.prepare("UPDATE coupon SET state=?2, used_by=?3 WHERE id=?1")),
      list_(file.prepare("SELECT id FROM coupon WHERE user=?1 AND id>?2 ORDER BY id LIMIT ?3")),
      append_(file.prepare("INSERT INTO operation VALUES(?1,?2,?3,?4,?5,?6)")),
      operation_(file.prepare("SELECT coupon, what, amount, off, at FROM operation WHERE key=?1")) {}

static coupon_store::campaign_row read_campaign(statement::row row) {
  return {row.integer(0),
          {campaign_code{row.string(1)},
           {{row.integer(2)}, static_cast<std::int32_t>(row.integer(3))},
           row.integer(4),
           {row.integer(5)},
           {row.integer(6)},
           row.integer(7)}};
}

std::optional<coupon_store::campaign_row> coupon_store::load(const campaign_code& code) {
  return load_.first(read_campaign, code.text);
}

std::optional<coupon_store::campaign_row> coupon_store::load(std::int64_t campaign) {
  return load_id_.first(read_campaign, campaign);
}

std::int64_t coupon_store::open(const coupon::campaign& c) {
  open_.run(c.code.text, c.discount.amount.minor, c.discount.percent, c.limit, c.starts.ms, c.ends.ms, c.issued);
  return file.last_row();
}

void coupon_store::save(const campaign_row& row) {
  const auto& c = row.campaign;
  save_.run(row.id, c.discount.amount.minor, c.discount.percent, c.limit, c.starts.ms, c.ends.ms, c.issued);
}

void coupon_store::issue(coupon_id coupon, const held& to) {
  issue_.run(coupon.value, to.campaign, to.user.text, to.now, to.used_by.value);
}

std::optional<coupon_store::held> coupon_store::find(coupon_id coupon) {
  return find_.first(
      [](auto row) {
        return held{
            row.integer(0), user_id{row.string(1)}, static_cast<coupon::state>(row.integer(2)), {row.integer(3)}};
      },
      coupon.value);
}

void coupon_store::mark(coupon_id coupon, coupon::state now, number used_by) {
  mark_.run(coupon.value, now, used_by.value);
}

std::vector<coupon_id> coupon_store::list(const user_id& user, coupon_id after, std::uint32_t limit) {
  std::vector<coupon_id> all;
  list_.each([&](auto row) { all.push_back({row.integer(0)}); }, user.text, after.value, limit);
  return all;
}

bool coupon_store::append(const operation& op) {
  return append_.insert(op.key, op.coupon.value, op.what, op.amount.minor, op.off.minor, op.at.ms);
}

std::optional<coupon_store::operation> coupon_store::operation_at(std::int64_t key) {
  return operation_.first(
      [&](auto row) {
        return operation{key,
                         {row.integer(0)},
                         static_cast<coupon_store::what>(row.integer(1)),
                         {row.integer(2)},
                         {row.integer(3)},
                         {row.integer(4)}};
      },
      key);
}

}  // namespace souk::persistence
