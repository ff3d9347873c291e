// What must hold of tickets: each seat with its hold, its payment and its token, and what the ranking makes of them.
//
// A hall has thousands of seats, not millions, so that the seat payments of a node are held in memory side by side.
#include <map>
#include <set>
#include <unordered_map>

#include "persistence/audit/findings.hpp"

namespace souk::persistence::auditing {

namespace {

using order::flow;
using order::state;
using std::to_string;
using seat_what = reservation_store::what;
using token_what = queue_store::what;

// A seat payment, and what the participants say that it did.
struct payment_case {
  order::brief brief;
  order::state state{};
  bool ended = false;
  bool gives_back = false;  // a refund of it was opened
  bool refunded = false;    // and has ended
  int confirmed = 0, undone = 0, given_back = 0;
  int used = 0, use_undone = 0;
  std::set<std::int64_t> holds, tokens;  // that its operations name

  bool kept() const { return state == order::state::completed; }
  bool has_seat() const { return confirmed > undone + given_back; }
};

class seat_audit {
public:
  seat_audit(stores& all, findings& found) : all_(all), found_(found) {
    for (auto& [shard, store] : all.orders) read_cases(store->file);
  }

  void run() {
    for (auto& [shard, store] : all_.reservations) {
      read_operations(store->file);
      look_at_seats(store->file);
    }
    for (auto& [shard, store] : all_.queues) {
      read_uses(store->file);
      look_at_tokens(store->file);
    }
    for (const auto& [id, one] : cases_) judge(id, one);
    look_at_ranking();
  }

private:
  static std::string text_of(std::int64_t saga) { return "payment " + to_text(number{saga}); }

  void read_cases(store_file& file) {
    file.prepare("SELECT id, brief, state, ended, refund FROM orders WHERE flow=?1")
        .each(
            [&](auto row) {
              auto& mine = cases_[row.integer(0)];
              mine.brief = unpack<order::brief>(row.text(1));
              mine.state = static_cast<order::state>(row.integer(2));
              mine.ended = row.integer(3) != 0;
              mine.gives_back = row.integer(4) != 0;
              if (!mine.brief.seat) {
                found_.seat_payments.broken(text_of(row.integer(0)) + " names no seat");
                cases_.erase(row.integer(0));
              }
            },
            flow::seat_payment);
    file.prepare("SELECT id, brief, ended FROM orders WHERE flow=?1")
        .each(
            [&](auto row) {
              const auto brief = unpack<order::brief>(row.text(1));
              if (!brief.seat) return;
              refund_of_[row.integer(0)] = brief.refund_of.value;
              if (const auto sale = cases_.find(brief.refund_of.value); sale != cases_.end())
                sale->second.refunded = row.integer(2) != 0;
            },
            flow::refund);
  }

  // The payment behind an operation's key: its own, or the one that its refund gives back.
  payment_case* case_of(std::int64_t key, bool of_refund) {
    auto saga = saga_of_key(key).value;
    if (of_refund) {
      const auto refund = refund_of_.find(saga);
      if (refund == refund_of_.end()) return nullptr;
      saga = refund->second;
    }
    const auto found = cases_.find(saga);
    return found == cases_.end() ? nullptr : &found->second;
  }

  void read_operations(store_file& file) {
    file.prepare("SELECT key, what, hold FROM operation ORDER BY key").each([&](auto row) {
      const auto key = row.integer(0);
      const auto what = static_cast<seat_what>(row.integer(1));
      auto* mine = case_of(key, what == seat_what::given_back || refund_of_.contains(saga_of_key(key).value));
      const auto name = [&] { return file.path() + ": an operation of " + text_of(saga_of_key(key).value); };
      if (!mine) return found_.orphans.broken(name() + " has no case");
      if ((what == seat_what::undone) != ((key & 1) != 0)) found_.undos.broken(name() + " undoes nothing");
      if (what == seat_what::confirmed) ++mine->confirmed;
      if (what == seat_what::undone) ++mine->undone;
      if (what == seat_what::given_back) ++mine->given_back;
      if (row.integer(2)) mine->holds.insert(row.integer(2));  // what was forbidden unseen names none
    });
  }

  void read_uses(store_file& file) {
    file.prepare("SELECT key, what, token FROM operation ORDER BY key").each([&](auto row) {
      const auto key = row.integer(0);
      const auto what = static_cast<token_what>(row.integer(1));
      auto* mine = case_of(key, false);
      const auto name = [&] { return file.path() + ": a use by " + text_of(saga_of_key(key).value); };
      if (!mine) return found_.orphans.broken(name() + " has no case");
      if ((what == token_what::use_undone) != ((key & 1) != 0)) found_.undos.broken(name() + " undoes nothing");
      if (what == token_what::used) ++mine->used;
      if (what == token_what::use_undone) ++mine->use_undone;
      if (row.integer(2)) mine->tokens.insert(row.integer(2));
    });
  }

  void look_at_seats(store_file& file) {
    file.prepare(
            "SELECT c.schedule, s.seat, s.state, s.newest, s.sale, coalesce(h.user,''), coalesce(h.seat,0)=s.id,"
            " coalesce(h.token,0), (SELECT max(id) FROM hold WHERE seat=s.id) FROM seat AS s"
            " JOIN schedule AS c ON c.id=s.schedule LEFT JOIN hold AS h ON h.id=s.newest")
        .each([&](auto row) {
          const auto name = file.path() + ": seat " + row.string(1) + " of " + row.string(0);
          const auto now = static_cast<reservation::state>(row.integer(2));
          const auto newest = row.integer(3), sale = row.integer(4);
          if (newest != 0 && !row.integer(6)) found_.seats.broken(name + " has a hold of another seat, or of none");
          if (row.integer(8) > newest) found_.seats.broken(name + " does not know its newest hold");
          if (now != reservation::state::reserved) {
            if (sale != 0) found_.seats.broken(name + " is not reserved, yet somebody's");
            return;
          }
          const auto found = cases_.find(sale);
          if (found == cases_.end())
            return found_.seats.broken(name + " is reserved by " + text_of(sale) + ", which is not there");
          const auto& its = *found->second.brief.seat;
          if (its.reservation.value != newest || its.seat.text != row.text(1) || its.schedule.text != row.text(0) ||
              found->second.brief.user.text != row.text(5) || its.token.value != row.integer(7))
            found_.seats.broken(name + " is reserved by " + text_of(sale) + ", which paid for something else");
          if (!owned_.emplace(sale, name).second) found_.seats.broken(name + " is the second seat of " + text_of(sale));
        });
    file.prepare("SELECT s.schedule, s.seats, (SELECT count(*) FROM seat WHERE schedule=s.id) FROM schedule AS s")
        .each([&](auto row) {
          if (row.integer(1) != row.integer(2))
            found_.seats.broken(file.path() + ": " + row.string(0) + " counts " + to_string(row.integer(1)) +
                                " seats and has " + to_string(row.integer(2)));
        });
    file.prepare("SELECT id FROM hold WHERE id<=token").each([&](auto row) {
      found_.seats.broken(file.path() + ": hold " + to_text(number{row.integer(0)}) + " is older than its token");
    });
  }

  void look_at_tokens(store_file& file) {
    // States: 0 waiting, 1 admitted, 2 used, 3 expired. Turns are given by place, each once.
    file.prepare(
            "SELECT t.id, t.place, t.turn, r.issued, r.turns, r.schedule FROM token AS t JOIN room AS r"
            " ON r.id=t.room WHERE (t.turn<>0 AND t.turn<>t.place) OR (t.turn=0 AND t.place<=r.turns)"
            " OR t.place>r.issued OR t.turn>r.turns OR (t.turn=0 AND t.state IN (1,2))")
        .each([&](auto row) {
          found_.tokens.broken(file.path() + ": token " + to_text(number{row.integer(0)}) + " of " + row.string(5) +
                               " has place " + to_string(row.integer(1)) + " and turn " + to_string(row.integer(2)) +
                               " of " + to_string(row.integer(4)));
        });
    file.prepare(
            "SELECT r.schedule, r.crowded, count(*) AS n FROM token AS t JOIN room AS r ON r.id=t.room"
            " WHERE t.state=1 GROUP BY r.id HAVING n>r.crowded")
        .each([&](auto row) {
          found_.tokens.broken(file.path() + ": " + to_string(row.integer(2)) + " are in at " + row.string(0) +
                               ", which never admitted more than " + to_string(row.integer(1)));
        });
    file.prepare(
            "SELECT r.schedule, r.issued, count(t.id), count(DISTINCT t.place) FROM room AS r LEFT JOIN token AS t"
            " ON t.room=r.id GROUP BY r.id HAVING r.issued<>count(t.id) OR r.issued<>count(DISTINCT t.place)")
        .each([&](auto row) {
          found_.tokens.broken(file.path() + ": " + row.string(0) + " gave " + to_string(row.integer(1)) +
                               " places and has " + to_string(row.integer(2)) + " tokens");
        });
    file.prepare("SELECT id, state, used_by, user FROM token WHERE state=2 OR used_by<>0").each([&](auto row) {
      const auto name = file.path() + ": token " + to_text(number{row.integer(0)});
      const auto by = row.integer(2);
      const auto found = cases_.find(by);
      if (row.integer(1) != 2 || found == cases_.end())
        return found_.tokens.broken(name + " was used by " + text_of(by) + ", which is not there, or is not used");
      if (found->second.brief.seat->token.value != row.integer(0) || found->second.brief.user.text != row.text(3))
        found_.tokens.broken(name + " was used by " + text_of(by) + ", which has another one");
      users_[by] += 1;
    });
  }

  // What was skipped for the payment, or for its refund.
  settlement settled_of(std::int64_t id) const {
    if (all_.settled.empty()) return {};
    auto all = all_.settled_of(id);
    for (const auto& [refund, sale] : refund_of_)
      if (sale == id) all.domains |= all_.settled_of(refund).domains;
    return all;
  }

  void judge(std::int64_t id, const payment_case& p) {
    const auto is_broken = [&](const std::string& why) { found_.seat_payments.broken(text_of(id) + ' ' + why); };
    const auto& seat = *p.brief.seat;
    const auto by_hand = settled_of(id);
    const bool owns = owned_.contains(id);
    for (const auto hold : p.holds)
      if (hold != seat.reservation.value) is_broken("did something with a hold that is not its own");
    for (const auto token : p.tokens)
      if (token != seat.token.value) is_broken("did something with a token that is not its own");
    if (p.confirmed > 1 || p.undone > p.confirmed || p.used > 1 || p.use_undone > p.used)
      is_broken("confirmed or undid something twice");
    if (owns != p.has_seat())
      is_broken(owns ? "has a seat without a confirmation" : "has confirmed a seat that it has not");
    const bool token_used = users_.contains(id);
    if (token_used != (p.used > p.use_undone)) is_broken("and its token disagree on whether it is used");
    if (!p.ended) return;  // on its way: the next start goes on with it
    switch (p.state) {
      case state::completed:
        if (p.confirmed != 1 || p.undone || p.used != 1 || p.use_undone)
          is_broken("is completed without seat or token");
        // Until its refund is through, the seat may be given back already.
        if (!owns && !(p.gives_back && p.given_back)) is_broken("is completed, and its seat is not its own");
        if (p.given_back && !p.gives_back) is_broken("is completed, yet its seat was given back");
        if (seat.seats <= 0 || seat.opened.ms == 0) is_broken("never learned how many seats there are");
        break;
      case state::cancelled:
        if (by_hand.covers(domain::reservation) || by_hand.covers(domain::queue)) break;
        if (p.gives_back ? !p.refunded || p.given_back != 1 || p.confirmed != 1 || p.undone
                         : p.given_back || token_used)
          is_broken("is cancelled, but its seat was not given back once");
        if (owns) is_broken("is cancelled and still has its seat");
        break;
      case state::failed:
        if ((owns && !by_hand.covers(domain::reservation)) || (token_used && !by_hand.covers(domain::queue)) ||
            p.given_back)
          is_broken("failed and left something behind");
        break;
      case state::pending: is_broken("is neither open nor ended"); break;
    }
  }

  void look_at_ranking() {
    struct expected {
      std::int64_t sold = 0;
      std::int64_t seats = 0;
    };
    std::map<std::string, expected> wanted;
    for (const auto& [id, one] : cases_)
      if (one.ended && one.kept()) wanted[one.brief.seat->schedule.text].sold += 1;
    for (auto& [shard, store] : all_.orders) {
      const auto counted = all_.rankings.empty() ? 0 : all_.rankings.front().store->positions.of(shard);
      store->file.prepare("SELECT events FROM outbox ORDER BY seq").each([&](auto row) {
        for (const auto& event : unpack<std::vector<order::event>>(row.text(0)))
          if (event.seq > counted && event.seat)
            wanted[event.seat->schedule.text].sold += event.what == order::kind::cancelled ? 1 : -1;
      });
    }
    for (auto& [shard, store] : all_.reservations)
      store->file.prepare("SELECT schedule, seats FROM schedule").each([&](auto row) {
        wanted[row.string(0)].seats = row.integer(1);
      });
    for (auto& [shard, store] : all_.rankings)
      store->file.prepare("SELECT schedule, sold, seats FROM house").each([&](auto row) {
        auto& mine = wanted[row.string(0)];
        mine.sold -= row.integer(1);
        if (row.integer(2) > mine.seats || row.integer(1) > row.integer(2))
          found_.sold_out.broken(row.string(0) + " sold " + to_string(row.integer(1)) + " of " +
                                 to_string(row.integer(2)) + " seats, and has " + to_string(mine.seats));
      });
    for (const auto& [schedule, off] : wanted)
      if (off.sold) found_.sold_out.broken(schedule + " lacks " + to_string(off.sold) + " seats that are paid for");
  }

  stores& all_;
  findings& found_;
  std::unordered_map<std::int64_t, payment_case> cases_;
  std::unordered_map<std::int64_t, std::int64_t> refund_of_;  // refund to payment
  std::unordered_map<std::int64_t, std::string> owned_;       // payment to its seat
  std::unordered_map<std::int64_t, int> users_;               // payments that a token says it was used by
};

}  // namespace

void audit_seats(stores& all, findings& found) { seat_audit{all, found}.run(); }

}  // namespace souk::persistence::auditing
