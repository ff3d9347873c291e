// What the stores must keep together: each case with its effects in every domain, and the events that tell of it.
//
// Every store's rows are ordered by their command's key, and a key begins with its case: reading all of them side by
// side brings each case together with all of its effects.
#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "persistence/audit/findings.hpp"

namespace souk::persistence::auditing {

namespace {

using order::flow;
using order::saga_state;
using order::state;
using std::to_string;

// Keys of step 15 are what a store numbers by itself: no case is behind them.
const std::string of_a_case = " AND ((key>>1)&15)<>15 ";

std::uint64_t print_of_line(std::string_view product, std::uint32_t position, std::int64_t quantity) {
  auto h = fingerprint(product) ^ ((position + 1ULL) * 0x9e3779b97f4a7c15ULL);
  h = (h ^ static_cast<std::uint64_t>(quantity)) * 0xbf58476d1ce4e5b9ULL;
  return h ^ (h >> 31);
}

struct case_row {
  std::int64_t key = 0;  // the case's number
  order::brief brief;
  order::state state{};
  order::saga_state saga{};
  number refund;
  bool ended = false;
  std::string request;
  bool columns_agree = false;  // with the brief

  std::uint64_t print() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < brief.lines.size(); ++i)
      sum += print_of_line(brief.lines[i].product.text, static_cast<std::uint32_t>(i), brief.lines[i].quantity);
    return sum;
  }
  std::int64_t due() const { return brief.total().minor - brief.discount.minor; }
};
case_row read_case(statement::row row) {
  case_row c;
  c.key = row.integer(0);
  c.request = row.string(1);
  c.brief = unpack<order::brief>(row.text(2));
  c.state = static_cast<order::state>(row.integer(3));
  c.saga = static_cast<order::saga_state>(row.integer(4));
  c.refund = {row.integer(5)};
  c.ended = row.integer(6) != 0;
  c.columns_agree = c.brief.id.value == c.key && row.integer(7) == static_cast<std::int64_t>(c.brief.flow) &&
                    row.text(8) == c.brief.user.text && row.integer(9) == c.brief.total().minor;
  return c;
}
const std::string case_columns =
    "SELECT id, request, brief, state, saga, refund, ended, flow, user, total FROM orders WHERE id";

struct entry_row {
  std::int64_t key = 0;
  wallet_store::what what{};
  std::int64_t amount = 0;
  std::string user;
};
struct goods_row {
  std::int64_t key = 0;
  product_store::what what{};
  std::vector<product_store::moved> lines;
};
struct use_row {
  std::int64_t key = 0;
  coupon_store::what what{};
  coupon_id coupon;
  std::int64_t amount = 0;
  std::int64_t off = 0;
  std::string user;
};
struct payment_row {
  std::int64_t key = 0;  // the order's number
  std::string user;
  std::int64_t amount = 0;
  payment::state now{};
  bool by_provider = false;
};

// All that one case did, over all domains.
struct effects {
  int debits = 0, credits = 0, takes = 0, takes_in = 0, uses = 0, given_back = 0, payments = 0;
  std::int64_t debited = 0, debit_undone = 0, credited = 0, off = 0, off_base = 0, paid = 0;
  std::uint64_t taken = 0, put_back = 0, taken_in = 0;
  std::int64_t taken_amount = 0;
  int uses_undone = 0, put_backs = 0;
  coupon_id coupon;
  payment::state payment{};
  bool by_provider = false;
  bool other_user = false;
  std::string user;

  bool nothing_left(const settlement& by_hand) const {
    const bool no_payment =
        payments == 0 || payment == payment::state::cancelled || payment == payment::state::declined;
    return (by_hand.covers(domain::wallet) || debited == debit_undone) && credits == 0 && takes_in == 0 &&
           (by_hand.covers(domain::product) || (taken == put_back && takes == put_backs)) &&
           (by_hand.covers(domain::coupon) || uses == uses_undone) && given_back == 0 &&
           (by_hand.covers(domain::payment) || no_payment);
  }
  void seen(const std::string& who) {
    if (who.empty()) return;
    if (user.empty()) user = who;
    other_user = other_user || user != who;
  }
  void add(const entry_row& e) {
    using what = wallet_store::what;
    if (e.what == what::debit) ++debits, debited -= e.amount, seen(e.user);
    if (e.what == what::debit_undone) debit_undone += e.amount, seen(e.user);
    if (e.what == what::credit) ++credits, credited += e.amount, seen(e.user);
  }
  void add(const use_row& u) {
    using what = coupon_store::what;
    if (u.what == what::used) ++uses, coupon = u.coupon, off_base = u.amount, off += u.off, seen(u.user);
    if (u.what == what::use_undone) ++uses_undone;
    if (u.what == what::given_back) ++given_back, coupon = u.coupon;
  }
  void add(const payment_row& p) {
    ++payments;
    paid = p.amount;
    payment = p.now;
    by_provider = p.by_provider;
    seen(p.user);
  }
  void add(const goods_row& g, const std::unordered_map<std::int64_t, std::string>& names) {
    using what = product_store::what;
    std::uint64_t print = 0;
    for (const auto& line : g.lines) {
      const auto name = names.find(line.shelf);
      print += print_of_line(name == names.end() ? "" : name->second, line.position, std::abs(line.units));
      if (g.what == what::taken) taken_amount += line.amount.minor;
    }
    if (g.what == what::taken) ++takes, taken += print;
    if (g.what == what::put_back) ++put_backs, put_back += print;
    if (g.what == what::taken_in) ++takes_in, taken_in += print;
  }
  std::string shown_payment() const {
    switch (payment) {
      case payment::state::requested: return "payment requested";
      case payment::state::approved: return "paid " + to_string(paid);
      case payment::state::declined: return "payment declined";
      case payment::state::cancelled: return "payment cancelled";
      case payment::state::cancelling: return "payment being called off";
    }
    return "payment in an unknown state";
  }
  // As one comparable text, for people.
  std::string shown() const {
    std::string text;
    const auto say = [&](int n, const std::string& what) {
      if (n) text += (text.empty() ? "" : ", ") + what;
    };
    say(debits, "debited " + to_string(debited));
    say(debit_undone != 0, "undone " + to_string(debit_undone));
    say(credits, "credited " + to_string(credited));
    say(takes, to_string(takes) + " takes of goods");
    say(put_backs, to_string(put_backs) + " put back");
    say(takes_in, to_string(takes_in) + " taken in");
    say(uses, "coupon used for " + to_string(off));
    say(uses_undone, "use undone");
    say(given_back, "coupon given back");
    say(payments, shown_payment());
    return text.empty() ? "nothing in effect" : text;
  }
};

// One table of one participant, read beside the others.
template <class Row>
struct reader {
  in_order<Row> rows;
  std::unordered_map<std::int64_t, std::string> names;  // of shelves

  std::int64_t saga() const {
    const auto* row = rows.now();
    if (!row) return INT64_MAX;
    if constexpr (std::is_same_v<Row, payment_row> || std::is_same_v<Row, case_row>)
      return row->key;
    else
      return saga_of_key(row->key).value;
  }
  void gather(std::int64_t saga_now, effects& into) {
    for (; saga() == saga_now; rows.pass()) {
      if constexpr (std::is_same_v<Row, goods_row>)
        into.add(*rows.now(), names);
      else
        into.add(*rows.now());
    }
  }
};

// What is expected of the ranking.
struct units {
  std::int64_t sold = 0;
  std::int64_t returned = 0;
};

class case_audit {
public:
  case_audit(stores& all, findings& found, audit_figures& figures) : all_(all), found_(found), figures_(figures) {
    for (auto& [shard, store] : all.orders) {
      cases_.push_back({{store->file, case_columns + ">?1 ORDER BY id LIMIT ?2", read_case}, {}});
      find_.push_back(store->file.prepare(case_columns + "=?1"));
    }
    for (auto& [shard, store] : all.wallets)
      entries_.push_back({{store->file,
                           "SELECT key, what, amount, coalesce((SELECT user FROM wallet WHERE id=wallet),'') FROM entry"
                           " WHERE key>?1" +
                               of_a_case + "ORDER BY key LIMIT ?2",
                           [](statement::row row) {
                             return entry_row{row.integer(0), static_cast<wallet_store::what>(row.integer(1)),
                                              row.integer(2), row.string(3)};
                           }},
                          {}});
    for (auto& [shard, store] : all.products) {
      goods_.push_back(
          {{store->file, "SELECT key, what, lines FROM movement WHERE key>?1" + of_a_case + "ORDER BY key LIMIT ?2",
            [](statement::row row) {
              return goods_row{row.integer(0), static_cast<product_store::what>(row.integer(1)),
                               unpack<std::vector<product_store::moved>>(row.text(2))};
            }},
           {}});
      store->file.prepare("SELECT id, product FROM shelf").each([&](auto row) {
        goods_.back().names.emplace(row.integer(0), row.string(1));
      });
    }
    for (auto& [shard, store] : all.coupons)
      uses_.push_back({{store->file,
                        "SELECT key, what, coupon, amount, off, coalesce((SELECT user FROM coupon AS c WHERE"
                        " c.id=operation.coupon),'') FROM operation WHERE key>?1" +
                            of_a_case + "ORDER BY key LIMIT ?2",
                        [](statement::row row) {
                          return use_row{row.integer(0),   static_cast<coupon_store::what>(row.integer(1)),
                                         {row.integer(2)}, row.integer(3),
                                         row.integer(4),   row.string(5)};
                        }},
                       {}});
    for (auto& [shard, store] : all.payments)
      payments_.push_back(
          {{store->file, "SELECT id, user, amount, state, by_provider FROM payment WHERE id>?1 ORDER BY id LIMIT ?2",
            [](statement::row row) {
              return payment_row{row.integer(0), row.string(1), row.integer(2),
                                 static_cast<payment::state>(row.integer(3)), row.integer(4) != 0};
            }},
           {}});
    ends_.resize(cases_.size());
    // What the books of payments have not been told yet is not expected of them.
    for (auto& [shard, store] : all.orders) {
      const auto booked = all.payments.empty() ? 0 : all.payments.front().store->positions.of(shard);
      each_event(store->file, [&](const order::event& event) {
        if (event.seq > booked) unbooked_.insert(event.subject.value);
      });
    }
  }

  void run() {
    for (;;) {
      auto now = INT64_MAX;
      each_participant([&](auto& reader) { now = std::min(now, reader.saga()); });
      for (const auto& one : cases_) now = std::min(now, one.saga());
      if (now == INT64_MAX) break;
      effects did;
      each_participant([&](auto& reader) { reader.gather(now, did); });
      bool known = false;
      for (std::size_t shard = 0; shard < cases_.size(); ++shard)
        for (; cases_[shard].saga() == now; cases_[shard].rows.pass()) {
          if (known) found_.requests.broken(text_of(now) + " stands in two stores");
          known = true;
          judge(*cases_[shard].rows.now(), did, shard);
        }
      if (!known) found_.orphans.broken(text_of(now) + " has no case: " + did.shown());
    }
    std::sort(requests_.begin(), requests_.end());
    for (std::size_t i = 1; i < requests_.size(); ++i)
      if (requests_[i].first == requests_[i - 1].first)
        found_.requests.broken(text_of(requests_[i - 1].second) + " and " + text_of(requests_[i].second) +
                               " were opened by one request");
    for (std::size_t shard = 0; shard < cases_.size(); ++shard) look_at_outbox(shard);
    look_at_troubles();
    look_at_ranking();
  }

private:
  template <class Visit>
  void each_participant(Visit&& visit) {
    for (auto& one : entries_) visit(one);
    for (auto& one : goods_) visit(one);
    for (auto& one : uses_) visit(one);
    for (auto& one : payments_) visit(one);
  }
  template <class Visit>
  static void each_event(store_file& file, Visit&& visit) {
    file.prepare("SELECT events FROM outbox ORDER BY seq").each([&](auto row) {
      for (const auto& one : unpack<std::vector<order::event>>(row.text(0))) visit(one);
    });
  }
  static std::string text_of(std::int64_t saga) { return "case " + to_text(number{saga}); }

  std::optional<case_row> find(number id) {
    for (auto& one : find_)
      if (auto row = one.first(read_case, id.value)) return row;
    return std::nullopt;
  }

  void judge(const case_row& c, const effects& did, std::size_t shard) {
    figures_.cases += 1;
    requests_.emplace_back(fingerprint(c.request), c.key);
    const auto is_broken = [&](invariant& what, const std::string& why) {
      what.broken(text_of(c.key) + ' ' + why + ": " + did.shown());
    };
    figures_.settled += all_.settled.contains(c.key);
    if (!c.columns_agree) is_broken(found_.requests, "has a row that disagrees with its content");
    if (did.other_user || (!did.user.empty() && did.user != c.brief.user.text))
      is_broken(found_.orphans, "of " + c.brief.user.text + " has effects on somebody else");
    // What fails by events is decided before everybody has undone its part.
    const bool on_its_way_back = !c.ended && c.saga == saga_state::compensating && c.brief.by_events;
    if (c.ended != (c.state != state::pending) && !on_its_way_back) is_broken(found_.told, "is neither open nor ended");
    if (!c.ended) {
      figures_.running += c.saga != saga_state::parked;
      figures_.parked += c.saga == saga_state::parked;
      return;  // on its way: the next start goes on with it
    }
    switch (c.brief.flow) {
      case flow::order_payment:
      case flow::balance_first:
      case flow::seat_payment:
      case flow::stock_first:
      case flow::by_events: return judge_sale(c, did, shard);
      case flow::take_back: return judge_return(c, did, shard);
      case flow::refund: return judge_refund(c, did);
    }
    is_broken(found_.orphans, "is of an unknown kind");
  }

  void judge_sale(const case_row& c, const effects& did, std::size_t shard) {
    const auto is_broken = [&](invariant& what, const std::string& why) {
      what.broken(text_of(c.key) + " (sale over " + to_string(c.brief.total().minor) + " less " +
                  to_string(c.brief.discount.minor) + ") " + why + ": " + did.shown());
    };
    if (did.credits || did.takes_in || did.given_back)
      is_broken(found_.orphans, "did what only refunds and returns do");
    const bool undone_before = c.state == state::failed || (c.state == state::cancelled && !c.refund);
    if (undone_before) {
      if (!did.nothing_left(all_.settled_of(c.key))) is_broken(found_.failed, "ended, but something is left");
      return;
    }
    auto& as = c.state == state::cancelled ? found_.cancelled : found_.completed;
    if (did.taken != c.print() || did.put_backs) is_broken(as, "did not take exactly its goods");
    if (!c.brief.agreed && !c.brief.seat && c.brief.flow != flow::balance_first &&
        did.taken_amount != c.brief.total().minor)
      is_broken(as, "does not cost what its goods cost");
    const bool coupon_right = c.brief.coupon
                                  ? did.uses == 1 && did.coupon == c.brief.coupon &&
                                        did.off == c.brief.discount.minor && did.off_base == c.brief.total().minor
                                  : did.uses == 0 && c.brief.discount.minor == 0;
    if (!coupon_right || did.uses_undone) is_broken(as, "did not use exactly its coupon");
    if (did.debits != (c.due() != 0) || did.debited != c.due() || did.debit_undone)
      is_broken(as, "did not debit exactly what is due");
    const bool booked = !unbooked_.contains(c.key);
    if (booked ? did.payments != 1 || did.paid != c.due() : did.payments && did.paid != c.due())
      is_broken(as, "has no payment of what is due");

    std::optional<case_row> refund;
    if (c.refund) {
      refund = find(c.refund);
      if (!refund || refund->brief.flow != flow::refund || refund->brief.refund_of.value != c.key)
        is_broken(found_.cancelled, "names a refund that is not its own");
    }
    if (c.state == state::cancelled) {
      ends_[shard] += 2;
      if (!refund || refund->state != state::completed) is_broken(found_.cancelled, "was cancelled without a refund");
      // An external provider is told of the refund after the order's end; a payment that waits for it goes on with the
      // next start.
      const bool owed = did.by_provider && did.payment == payment::state::cancelling;
      figures_.refunds_owed += owed;
      if (booked && !owed && did.payment != payment::state::cancelled)
        is_broken(found_.cancelled, "has a payment that still stands");
      return;
    }
    ends_[shard] += 1;
    if (refund && refund->ended) is_broken(found_.cancelled, "is refunded but not cancelled");
    if (booked && did.payment != payment::state::approved)
      is_broken(found_.completed, "has a payment that does not stand");
    count(c, 1, 0);
  }

  void judge_return(const case_row& c, const effects& did, std::size_t shard) {
    const auto is_broken = [&](const std::string& why) {
      found_.returned.broken(text_of(c.key) + " (return over " + to_string(c.due()) + ") " + why + ": " + did.shown());
    };
    if (did.debits || did.takes || did.uses || did.given_back || did.payments) is_broken("did what only sales do");
    if (c.state != state::completed) {
      if (did.takes_in || did.credits) is_broken("failed, but something is left");
      return;
    }
    ends_[shard] += 1;
    const auto by_hand = all_.settled_of(c.key);
    if (did.taken_in != c.print()) is_broken("did not take in exactly its goods");
    if (credits_otherwise(c, did, by_hand)) is_broken("did not credit exactly what is due");
    count(c, 0, 1);
  }

  void judge_refund(const case_row& c, const effects& did) {
    const auto is_broken = [&](const std::string& why) {
      found_.cancelled.broken(text_of(c.key) + " (refund over " + to_string(c.due()) + ") " + why + ": " + did.shown());
    };
    const auto sale = find(c.brief.refund_of);
    if (!sale || sale->refund.value != c.key || sale->due() != c.due() || sale->print() != c.print() ||
        sale->brief.user != c.brief.user || sale->brief.coupon != c.brief.coupon)
      return is_broken("refunds no sale, or another one");
    if (c.state != state::completed || sale->state != state::cancelled)
      is_broken("ended without having cancelled its sale");
    if (did.debits || did.takes || did.uses || did.payments) is_broken("did what only sales do");
    const auto by_hand = all_.settled_of(c.key);
    const bool goods_by_hand = by_hand.covers(domain::product) && did.takes_in == 0;
    if (did.taken_in != c.print() && !goods_by_hand) is_broken("did not take in exactly its goods");
    if (credits_otherwise(c, did, by_hand)) is_broken("did not credit exactly what is due");
    const bool coupon_by_hand = by_hand.covers(domain::coupon) && did.given_back == 0;
    if ((did.given_back != (c.brief.coupon ? 1 : 0) && !coupon_by_hand) ||
        (did.given_back && did.coupon != c.brief.coupon))
      is_broken("did not give the coupon back");
  }

  // Whoever paid it out by hand has seen to it that it is not credited as well.
  static bool credits_otherwise(const case_row& c, const effects& did, const settlement& by_hand) {
    if (by_hand.covers(domain::wallet) && did.credits == 0) return false;
    return did.credits != (c.due() != 0) || did.credited != c.due();
  }

  void count(const case_row& c, int sold, int returned) {
    for (const auto& line : c.brief.lines) {
      if (line.amount.minor == 0) continue;  // free goods do not sell themselves
      auto& mine = ranking_[line.product.text];
      mine.sold += sold * line.quantity;
      mine.returned += returned * line.quantity;
    }
  }

  void look_at_outbox(std::size_t at) {
    const auto shard = all_.orders[at].number;
    auto& store = all_.orders[at].store;
    auto& file = store->file;
    std::array<std::int64_t, order::subscribers> acknowledged{};
    file.prepare("SELECT subscriber, seq FROM outbox_acknowledged WHERE subscriber>=0").each([&](auto row) {
      acknowledged.at(static_cast<std::size_t>(row.integer(0))) = row.integer(1);
    });
    const auto newest = store->outbox.newest();
    const auto oldest_acknowledged = *std::min_element(acknowledged.begin(), acknowledged.end());
    const auto counted = all_.rankings.empty() ? 0 : all_.rankings.front().store->positions.of(shard);
    std::int64_t before = -1;
    auto known = file.prepare("SELECT flow FROM orders WHERE id=?1");
    each_event(file, [&](const order::event& event) {
      const auto seq = event.seq;
      const auto subject = event.subject;
      const auto name = [&] { return file.path() + ": event " + to_string(seq); };
      if (before < 0 && store->outbox.before(seq) > oldest_acknowledged)
        found_.outbox.broken(name() + " is the first, but not all before it are acknowledged");
      if (before >= 0 && store->outbox.before(seq) != before)
        found_.outbox.broken(name() + " follows " + to_string(before));
      before = seq;
      if (!known.first([](auto) { return true; }, subject.value))
        found_.outbox.broken(name() + " tells of " + text_of(subject.value) + ", which is not there");
      // What the ranking has not counted yet is not expected of it.
      if (seq > counted)
        if (const auto c = find(subject)) {
          switch (event.what) {
            case order::kind::completed: count(*c, -1, 0); break;
            case order::kind::cancelled: count(*c, 1, 0); break;
            case order::kind::returned: count(*c, 0, -1); break;
            default: found_.outbox.broken(name() + " is none of an order");
          }
        }
    });
    const auto told = store->outbox.told_after(0);
    figures_.events += told;
    if (told != ends_[at])
      found_.told.broken(file.path() + ": " + to_string(ends_[at]) + " ends were to be told, " + to_string(told) +
                         " events were written");
    const auto look = [&](auto& pool, order::subscriber who, std::string_view name) {
      const auto position = pool.empty() ? 0 : pool.front().store->positions.of(shard);
      const auto said = acknowledged[static_cast<std::size_t>(who)];
      if (position > newest || position < said)
        found_.positions.broken(std::string{name} + " stands at " + to_string(position) + " of " + file.path() +
                                ", which has " + to_string(newest) + " events, " + to_string(said) + " acknowledged");
    };
    look(all_.rankings, order::subscriber::ranking, "the ranking");
    look(all_.platforms, order::subscriber::platform, "the platform");
    look(all_.payments, order::subscriber::payment, "the books of payments");
  }

  void look_at_troubles() {
    for (auto& one : all_.platforms)
      one.store->file.prepare("SELECT source, seq, subject FROM trouble").each([&, &store = one.store](auto row) {
        const auto name = store->file.path() + ": the troubled event " + to_string(row.integer(1));
        if (row.integer(1) > store->positions.of(static_cast<std::uint32_t>(row.integer(0))))
          found_.positions.broken(name + " lies beyond the platform's position");
        if (!find({row.integer(2)})) found_.outbox.broken(name + " tells of a case that is not there");
      });
  }

  void look_at_ranking() {
    for (auto& [shard, store] : all_.rankings)
      store->file.prepare("SELECT product, sold, returned FROM seller").each([&](auto row) {
        auto& mine = ranking_[row.string(0)];
        mine.sold -= row.integer(1);
        mine.returned -= row.integer(2);
      });
    for (const auto& [product, off] : ranking_)
      if (off.sold || off.returned)
        found_.ranking.broken(product + " lacks " + to_string(off.sold) + " sold and " + to_string(off.returned) +
                              " returned units");
  }

  stores& all_;
  findings& found_;
  audit_figures& figures_;
  std::vector<reader<case_row>> cases_;
  std::vector<statement> find_;
  std::vector<reader<entry_row>> entries_;
  std::vector<reader<goods_row>> goods_;
  std::vector<reader<use_row>> uses_;
  std::vector<reader<payment_row>> payments_;
  std::vector<std::pair<std::uint64_t, std::int64_t>> requests_;  // fingerprint and case
  std::vector<std::int64_t> ends_;                                // events that each outbox must have written
  std::unordered_set<std::int64_t> unbooked_;                     // cases with events that payments have yet to be told
  std::unordered_map<std::string, units> ranking_;                // expected, then less what is counted
};

}  // namespace

void audit_cases(stores& all, findings& found, audit_figures& figures) { case_audit{all, found, figures}.run(); }

}  // namespace souk::persistence::auditing
