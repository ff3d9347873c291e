// What runs by events: what desks tell, the log that keeps it, who has heard how far, what was put off; and the carts,
// which only such orders empty.
#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "persistence/audit/findings.hpp"

namespace souk::persistence::auditing {

namespace {

using std::to_string;

// A desk that takes part in choreographies.
struct desk {
  event_log::party who;
  store_file* file;
  exchange* at;
  std::string name() const { return std::string{to_text(who.domain)} + '/' + to_string(who.shard); }
};

std::vector<desk> desks_of(stores& all) {
  std::vector<desk> found;
  const auto add = [&](domain which, auto& pool) {
    for (auto& [shard, store] : pool) found.push_back({{which, shard}, &store->file, &store->exchange});
  };
  add(domain::user, all.users);
  add(domain::wallet, all.wallets);
  add(domain::product, all.products);
  add(domain::coupon, all.coupons);
  add(domain::order, all.orders);
  add(domain::payment, all.payments);
  add(domain::cart, all.carts);
  return found;
}

struct known_case {
  order::brief brief;
  bool ended = false;
};

// The cases of all shards, by number.
class case_book {
public:
  explicit case_book(stores& all) {
    for (auto& [shard, store] : all.orders) {
      has_.push_back(store->file.prepare("SELECT 1 FROM orders WHERE id=?1"));
      find_.push_back(store->file.prepare("SELECT brief, ended FROM orders WHERE id=?1"));
    }
  }
  bool has(number id) {
    return std::any_of(has_.begin(), has_.end(),
                       [&](auto& one) { return one.first([](auto) { return true; }, id.value).has_value(); });
  }
  std::optional<known_case> find(number id) {
    for (auto& one : find_)
      if (auto found = one.first(
              [](auto row) {
                return known_case{unpack<order::brief>(row.text(0)), row.integer(1) != 0};
              },
              id.value))
        return found;
    return std::nullopt;
  }

private:
  std::vector<statement> has_, find_;
};

// The same in an outbox and in the log, whose numbers differ.
std::uint64_t print_of(const event_log::event& one) {
  return fingerprint(to_text(one.about->id) + to_string(static_cast<int>(one.topic)) + '.' + to_string(one.step) + '.' +
                     to_string(static_cast<int>(one.how)));
}

std::string text_of(const event_log::event& one) {
  return "event " + to_string(one.seq) + " of case " + to_text(one.about->id);
}

class event_audit {
public:
  event_audit(stores& all, findings& found) : all_(all), found_(found), desks_(desks_of(all)), cases_(all) {}

  void run() {
    for (auto& one : desks_) look_at_desk(one);
    for (auto& [partition, store] : all_.logs) look_at_log(partition, *store);
    look_whether_told_is_logged();
    for (auto& [shard, store] : all_.carts) look_at_cart(*store);
    look_at_carts_of_sales();
  }

private:
  // Of a desk towards one partition.
  using way = std::pair<std::uint32_t, std::uint32_t>;  // party::id(), partition
  struct told_event {
    way on;
    std::int64_t seq = 0;
    std::string name;
  };

  event_log_store* log(std::uint32_t partition) {
    for (auto& [number_of, store] : all_.logs)
      if (number_of == partition) return store.get();
    return nullptr;
  }

  // What the log had handed out early when it fell may be heard and not there. It is still to come to it; the first
  // event that a log ever has is not handed out early.
  std::int64_t handed_out_upto(event_log_store& store) {
    auto upto = store.log.newest();
    if (upto > 0)
      for (const auto& one : desks_) upto += one.at->told.told_after(store.positions.of(one.who.id()));
    return upto;
  }

  // Rows of events in order, without a gap, and with nothing missing before the first that somebody has yet to take.
  template <class Visit>
  void walk(store_file& file, const std::string& table, const outbox<event_log::event>& of, Visit&& visit) {
    auto acknowledged = INT64_MAX;
    file.prepare("SELECT seq FROM " + table + "_acknowledged WHERE subscriber>=0").each([&](auto row) {
      acknowledged = std::min(acknowledged, row.integer(0));
    });
    if (acknowledged == INT64_MAX) acknowledged = 0;
    std::int64_t before = -1;
    file.prepare("SELECT events FROM " + table + " ORDER BY seq").each([&](auto row) {
      for (const auto& one : unpack<std::vector<event_log::event>>(row.text(0))) {
        const auto name = file.path() + ": " + text_of(one) + " (" + table + ')';
        if (before < 0 && of.before(one.seq) > acknowledged)
          found_.log.broken(name + " is the first, but not all before it are acknowledged");
        if (before >= 0 && of.before(one.seq) != before) found_.log.broken(name + " follows " + to_string(before));
        before = one.seq;
        if (!cases_.has(one.about->id)) found_.log.broken(name + " tells of a case that is not there");
        visit(one);
      }
    });
  }

  void look_at_desk(desk& of) {
    const auto newest = of.at->told.newest();
    std::int64_t furthest = 0;
    for (auto& [partition, store] : all_.logs) furthest = std::max(furthest, store->positions.of(of.who.id()));
    if (furthest > newest)
      found_.log_positions.broken("the relay of " + of.name() + " stands at " + to_string(furthest) + " of " +
                                  to_string(newest) + " events");
    of.file->prepare("SELECT seq FROM told_acknowledged WHERE subscriber>=0").each([&](auto row) {
      if (row.integer(0) > furthest)
        found_.log.broken(of.name() + " has been acknowledged " + to_string(row.integer(0)) + " events, the log has " +
                          to_string(furthest));
    });
    of.file->prepare("SELECT source, seq FROM heard").each([&](auto row) {
      auto* partition = log(static_cast<std::uint32_t>(row.integer(0)));
      const auto there = partition ? handed_out_upto(*partition) : 0;
      if (row.integer(1) > there)
        found_.log_positions.broken(of.name() + " has heard " + to_string(row.integer(1)) + " events of partition " +
                                    to_string(row.integer(0)) + ", which has " + to_string(there));
    });
    for (const auto& one : of.at->waiting()) {
      const auto about = cases_.find(one.event.about->id);
      if (!about || about->ended)
        found_.put_off.broken(of.name() + " put off its answer to " + text_of(one.event) +
                              (about ? ", which has ended" : ", which is not there"));
    }
    if (all_.logs.empty()) return;
    walk(*of.file, "told", of.at->told, [&](const event_log::event& one) {
      const auto partition = all_.logs[slice_of(one.about->id) % all_.logs.size()].number;
      if (one.seq <= log(partition)->positions.of(of.who.id()))
        told_.insert_or_assign(print_of(one),
                               told_event{{of.who.id(), partition}, one.seq, of.name() + ": " + text_of(one)});
    });
  }

  void look_at_log(std::uint32_t partition, event_log_store& store) {
    const auto newest = store.log.newest();
    const auto name = store.file.path();
    std::int64_t appended = 0;
    store.file.prepare("SELECT source, seq FROM position").each([&](auto row) {
      const auto who = event_log::party::of(static_cast<std::uint32_t>(row.integer(0)));
      appended += row.integer(1);
      if (std::none_of(desks_.begin(), desks_.end(), [&](const auto& one) { return one.who == who; }))
        found_.log_positions.broken(name + ": a relay stands at " + to_string(row.integer(1)) +
                                    " of a desk that is not there");
    });
    // With one partition the log has exactly what was told; of a restored one the numbers do not say how much.
    const auto had = store.log.told_after(0);
    const bool restored =
        std::any_of(desks_.begin(), desks_.end(), [](const auto& one) { return one.at->told.leapt(); });
    if (all_.logs.size() == 1 && !restored && appended != had)
      found_.log.broken(name + " has had " + to_string(had) + " events, its relays appended " + to_string(appended));
    for (auto& [shard, platform] : all_.platforms)
      if (const auto at = platform->positions.of(platform::source_of({domain::event_log, partition})); at > newest)
        found_.log_positions.broken("the platform stands at " + to_string(at) + " of " + name + ", which has " +
                                    to_string(newest) + " events");
    store.file.prepare("SELECT seq, subject FROM trouble").each([&](auto row) {
      const auto letter = name + ": the troubled event " + to_string(row.integer(0));
      if (row.integer(0) > handed_out_upto(store)) found_.log_positions.broken(letter + " lies beyond the log");
      if (!cases_.has({row.integer(1)})) found_.log.broken(letter + " tells of a case that is not there");
    });
    walk(store.file, "log", store.log, [&](const event_log::event& one) {
      const auto told = told_.find(print_of(one));
      if (told == told_.end()) return;
      const auto first = first_logged_.try_emplace(told->second.on, told->second.seq).first;
      first->second = std::min(first->second, told->second.seq);
      told_.erase(told);
    });
  }

  // What the log has let go is what came first on its way: nothing may be missing after something that is there, and
  // nothing at all while the log is whole.
  void look_whether_told_is_logged() {
    for (const auto& [print, one] : told_) {
      const auto later = first_logged_.find(one.on);
      const bool may_be_gone = log(one.on.second)->log.forgotten() > 0;
      if (!may_be_gone || (later != first_logged_.end() && one.seq > later->second))
        found_.log.broken(one.name + " is below the relay's position, but not in the log");
    }
  }

  // Kinds: 0 taken_out, 1 put_back, 10 refused, 11 tombstone. What users put in by themselves is not written down.
  void look_at_cart(cart_store& store) {
    cart_store::operation last;
    store.file.prepare("SELECT key FROM operation ORDER BY key").each([&](auto row) {
      const auto op = *store.operation_at(row.integer(0));
      const auto id = saga_of_key(op.key);
      const auto is_broken = [&](const std::string& why) {
        found_.carts.broken(store.file.path() + ": case " + to_text(id) + ' ' + why);
      };
      const bool undo = op.what == cart_store::what::put_back;
      if (undo != ((op.key & 1) != 0) || (undo && (last.key != op.key - 1 || last.what != cart_store::what::taken_out ||
                                                   last.items != op.items || last.user != op.user)))
        is_broken("puts back something else than was taken out");
      if (op.what == cart_store::what::tombstone && !op.items.empty()) is_broken("was never in effect, yet it counts");
      const auto of = cases_.find(id);
      if (!of || of->brief.user != op.user)
        found_.orphans.broken("case " + to_text(id) + (of ? " empties the cart of somebody else" : " has no case") +
                              ": the cart of " + op.user.text);
      else if (!undo && !within(op.items, of->brief))
        is_broken("takes out what was not ordered");
      last = op;
    });
  }
  static bool within(const std::vector<cart::item>& items, const order::brief& ordered) {
    std::map<std::string_view, std::int64_t> left;
    for (const auto& line : ordered.lines) left[line.product.text] += line.quantity;
    return std::all_of(items.begin(), items.end(),
                       [&](const auto& one) { return (left[one.product.text] -= one.quantity) >= 0; });
  }

  // A completed sale by events has taken its goods out, a failed one has put them back.
  void look_at_carts_of_sales() {
    if (all_.carts.empty()) return;
    for (auto& [shard, orders] : all_.orders)
      orders->file.prepare("SELECT id, user, state, refund FROM orders WHERE flow=?1 AND ended<>0 ORDER BY id")
          .each(
              [&](auto row) {
                const number id{row.integer(0)};
                const auto state = static_cast<order::state>(row.integer(2));
                const bool stands = state == order::state::completed || row.integer(3) != 0;
                int taken = 0, back = 0;
                auto& carts = all_.carts[slice_of(row.string(1)) % all_.carts.size()].store;
                carts->file.prepare("SELECT what FROM operation WHERE key BETWEEN ?1 AND ?2")
                    .each(
                        [&](auto op) {
                          taken += op.integer(0) == static_cast<int>(cart_store::what::taken_out);
                          back += op.integer(0) == static_cast<int>(cart_store::what::put_back);
                        },
                        once{id, 0}.key(), once{id, step_of_own_number}.undo_key());
                if (stands ? taken != 1 || back : taken != back)
                  found_.carts.broken("case " + to_text(id) + (stands ? " was sold" : " came to nothing") +
                                      ", its goods were taken out of the cart " + to_string(taken) +
                                      " times and put back " + to_string(back) + " times");
              },
              order::flow::by_events);
  }

  stores& all_;
  findings& found_;
  std::vector<desk> desks_;
  case_book cases_;
  std::unordered_map<std::uint64_t, told_event> told_;  // that must be in the log
  std::map<way, std::int64_t> first_logged_;            // the first of them that are
};

}  // namespace

void audit_events(stores& all, findings& found) { event_audit{all, found}.run(); }

}  // namespace souk::persistence::auditing
