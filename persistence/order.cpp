// Keeps orders in SQLite.
#include "persistence/order.hpp"

namespace souk::persistence {

static const std::string version_1 =
    "CREATE TABLE orders(id INTEGER PRIMARY KEY, request TEXT NOT NULL, print INTEGER NOT NULL, flow INTEGER NOT NULL,"
    " user TEXT NOT NULL, brief BLOB NOT NULL, state INTEGER NOT NULL, saga INTEGER NOT NULL, why INTEGER NOT NULL,"
    " detail TEXT NOT NULL, refund INTEGER NOT NULL, placed INTEGER NOT NULL, ended INTEGER NOT NULL,"
    " total INTEGER NOT NULL, timeline BLOB NOT NULL) STRICT;"
    // every case below it has ended: where a start looks for open ones; an index of them would cost two writes an order
    "CREATE TABLE open_from(id INTEGER PRIMARY KEY CHECK(id=1), orders INTEGER NOT NULL) STRICT;"
    "INSERT INTO open_from VALUES(1,0);"
    "CREATE INDEX orders_ended_badly ON orders(state, id) WHERE state>=2;" +
    late_index::schema("order_request") + late_index::schema("order_user") +
    "CREATE TABLE outbox(seq INTEGER PRIMARY KEY, events BLOB NOT NULL) STRICT;"
    "CREATE TABLE acknowledged(subscriber INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;";
static const std::string version_2 = "ALTER TABLE acknowledged RENAME TO outbox_acknowledged;" + exchange::schema();
// Adding the column rewrites no row.
static const std::string version_3 =
    "ALTER TABLE orders ADD COLUMN repairs INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE standstill(id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;" +
    audit_log::schema();
static const std::string version_4 = "CREATE TABLE paused(flow INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;";
static const std::string version_5 = "CREATE TABLE runners(share INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;";
static const std::string_view migrations[]{version_1, version_2, version_3, version_4, version_5};

static const std::string columns =
    "SELECT id, request, print, brief, state, saga, why, detail, refund, ended, timeline, repairs FROM orders ";

static order_store::record read(statement::row row) {
  order_store::record r;
  r.brief = unpack<order::brief>(row.text(3));
  r.request = row.string(1);
  r.print = static_cast<std::uint64_t>(row.integer(2));
  r.state = static_cast<order::state>(row.integer(4));
  r.saga = static_cast<order::saga_state>(row.integer(5));
  r.why = static_cast<reason>(row.integer(6));
  r.detail = row.string(7);
  r.refund = {row.integer(8)};
  r.ended = {row.integer(9)};
  r.timeline = unpack<std::vector<order::happening>>(row.text(10));
  r.repairs = row.integer(11);
  return r;
}

order_store::order_store(const open_options& options)
    : file(options, migrations),
      exchange(file),
      outbox(file, "outbox", order::subscribers),
      audit(file),
      by_request_(file, "order_request"),
      by_user_(file, "order_user"),
      append_(file.prepare("INSERT INTO orders VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,0)")),
      save_(file.prepare("UPDATE orders SET brief=?2, state=?3, saga=?4, why=?5, detail=?6, refund=?7, ended=?8,"
                         " total=?9, timeline=?10, repairs=?11 WHERE id=?1")),
      find_(file.prepare(columns + "WHERE id=?1")),
      open_(file.prepare(columns + "WHERE id>=(SELECT orders FROM open_from) AND ended=0 ORDER BY id")),
      save_open_from_(file.prepare("UPDATE open_from SET orders=?1")),
      list_(file.prepare(columns + "WHERE id<?1 AND flow NOT IN (1,2) ORDER BY id DESC")),
      list_ended_badly_(
          file.prepare(columns + "WHERE state=?2 AND state>=2 AND id<?1 AND flow NOT IN (1,2) ORDER BY id DESC")),
      numbers_(file.prepare("SELECT id FROM orders WHERE id<?1 ORDER BY id DESC")),
      park_(file.prepare("INSERT OR REPLACE INTO standstill VALUES(?1,?2)")),
      unpark_(file.prepare("DELETE FROM standstill WHERE id=?1")),
      standstill_(file.prepare("SELECT content FROM standstill WHERE id=?1")),
      pause_(file.prepare("INSERT OR REPLACE INTO paused VALUES(?1,?2)")),
      resume_(file.prepare("DELETE FROM paused WHERE flow=?1")),
      save_runner_(file.prepare("INSERT OR REPLACE INTO runners VALUES(?1,?2)")) {
  auto late = file.prepare("SELECT id, request, user FROM orders WHERE id>?1 ORDER BY id");
  newest_.value =
      file.prepare("SELECT coalesce(max(id),0) FROM orders").first([](auto row) { return row.integer(0); }).value_or(0);
  const auto from = std::min(by_request_.mark(), by_user_.mark());
  late.each(
      [&](auto row) {
        const auto id = row.integer(0);
        if (id > by_request_.mark()) by_request_.add(fingerprint(row.text(1)), id);
        if (id > by_user_.mark()) by_user_.add(fingerprint(row.text(2)), id);
      },
      from);
}

number order_store::next_number(moment now, slice where) { return newest_ = souk::next_number(newest_, now.ms, where); }

void order_store::write_late(number oldest_open) {
  by_request_.write_a_slice();
  by_user_.write_a_slice();
  outbox.write_the_row();
  if (++commits_since_mark_ < commits_a_mark) return;
  commits_since_mark_ = 0;
  save_open_from_.run(oldest_open ? oldest_open.value : newest_.value);
}

void order_store::append(const record& r) {
  const auto brief = pack(r.brief);
  const auto timeline = pack(r.timeline);
  append_.run(r.brief.id.value, r.request, static_cast<std::int64_t>(r.print), r.brief.flow, r.brief.user.text,
              blob{brief}, r.state, r.saga, r.why, r.detail, r.refund.value, r.brief.placed.ms, r.ended.ms,
              r.brief.total().minor, blob{timeline});
  by_request_.add(fingerprint(r.request), r.brief.id.value);
  by_user_.add(fingerprint(r.brief.user.text), r.brief.id.value);
}

void order_store::save(const record& r) {
  const auto brief = pack(r.brief);
  const auto timeline = pack(r.timeline);
  save_.run(r.brief.id.value, blob{brief}, r.state, r.saga, r.why, r.detail, r.refund.value, r.ended.ms,
            r.brief.total().minor, blob{timeline}, r.repairs);
}

void order_store::save_standstill(const record& r) {
  if (!r.parked) return unpark_.run(r.brief.id.value);
  const auto content = pack(*r.parked);
  park_.run(r.brief.id.value, blob{content});
}

std::optional<order_store::record> order_store::find(number id) { return find_.first(read, id.value); }

std::optional<order_store::record> order_store::find_request(const std::string& request) {
  std::optional<record> found;
  by_request_.each(fingerprint(request), [&](std::int64_t id) {
    found = find({id});
    if (found && found->request == request) return false;
    found.reset();
    return true;
  });
  return found;
}

std::vector<order_store::record> order_store::open() {
  std::vector<record> all;
  open_.each([&](auto row) { all.push_back(read(row)); });
  for (auto& one : all) {
    if (one.saga != order::saga_state::parked) continue;
    const auto where = [](auto row) { return unpack<order::standstill>(row.text(0)); };
    if (auto found = standstill_.first(where, one.brief.id.value)) one.parked = *std::move(found);
  }
  return all;
}

std::vector<order::runner> order_store::runners() {
  std::vector<order::runner> all;
  file.prepare("SELECT content FROM runners ORDER BY share").each([&](auto row) {
    all.push_back(unpack<order::runner>(row.text(0)));
  });
  return all;
}

void order_store::save_runner(const order::runner& of) {
  const auto content = pack(of);
  save_runner_.run(of.share, blob{content});
}

std::vector<order::pausing> order_store::pausings() {
  std::vector<order::pausing> all;
  file.prepare("SELECT content FROM paused ORDER BY flow").each([&](auto row) {
    all.push_back(unpack<order::pausing>(row.text(0)));
  });
  return all;
}

void order_store::save_pausing(order::flow flow, const order::pausing* paused) {
  if (!paused) return resume_.run(flow);
  const auto content = pack(*paused);
  pause_.run(flow, blob{content});
}

void order_store::each_number_below(number before, const std::function<bool(number)>& visit) {
  numbers_.each([&](auto row) { return visit(number{row.integer(0)}); }, before ? before.value : INT64_MAX);
}

std::vector<order_store::record> order_store::list(const order::list& wanted) {
  std::vector<record> all;
  const auto before = wanted.before ? wanted.before.value : INT64_MAX;
  const auto take = [&](record r) {
    if ((!wanted.user || r.brief.user == *wanted.user) && (!wanted.state || r.state == *wanted.state) &&
        is_sale(r.brief.flow))
      all.push_back(std::move(r));
    return all.size() < wanted.limit;
  };
  if (wanted.user) {
    by_user_.each(fingerprint(wanted.user->text), [&](std::int64_t id) {
      if (id >= before) return true;
      auto found = find({id});
      return !found || take(std::move(*found));
    });
  } else if (wanted.state && *wanted.state >= order::state::failed) {
    list_ended_badly_.each([&](auto row) { return take(read(row)); }, before, *wanted.state);
  } else if (wanted.state == order::state::pending) {
    auto pending = open();
    for (auto r = pending.rbegin(); r != pending.rend(); ++r)
      if (r->brief.id.value < before && !take(std::move(*r))) break;
  } else {
    list_.each([&](auto row) { return take(read(row)); }, before);
  }
  return all;
}

}  // namespace souk::persistence
