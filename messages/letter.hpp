// The letter: every command and every answer of every domain, as one word each, so that desks, coordinators, the
// gateway and the link between nodes handle all alike.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "messages/cart.hpp"
#include "messages/concert.hpp"
#include "messages/coupon.hpp"
#include "messages/event_log.hpp"
#include "messages/examine.hpp"
#include "messages/grammar/answer.hpp"
#include "messages/grammar/domain.hpp"
#include "messages/grammar/pack.hpp"
#include "messages/measure.hpp"
#include "messages/order.hpp"
#include "messages/payment.hpp"
#include "messages/platform.hpp"
#include "messages/product.hpp"
#include "messages/queue.hpp"
#include "messages/ranking.hpp"
#include "messages/recall.hpp"
#include "messages/reservation.hpp"
#include "messages/user.hpp"
#include "messages/wallet.hpp"

namespace souk {

// New commands go at the end: the index travels between nodes.
using any_command = std::variant<
    std::monostate,  //
    user::put, user::find, user::verify, wallet::charge, wallet::debit, wallet::undo_debit, wallet::credit,
    wallet::find, wallet::read_entries, product::put, product::change, product::restock, product::take,
    product::undo_take, product::verify, product::take_in, product::find, product::list, coupon::put,
    coupon::find_campaign, coupon::issue, coupon::use, coupon::undo_use, coupon::give_back, coupon::find, coupon::list,
    payment::pay, payment::undo_pay, payment::book, payment::find, order::place, order::watch, order::complete,
    order::fail, order::close, order::park, order::cancel, order::find, order::list, order::resume, order::fetch,
    ranking::best, ranking::count, ranking::find_position, platform::find_position, platform::offer, platform::record,
    platform::due, platform::tried, platform::list_troubles, platform::revive, payment::find_position, product::quote,
    order::find_request, ranking::sold_out, concert::put, concert::find, concert::list, reservation::open,
    reservation::hold, reservation::release, reservation::check_out, reservation::confirm, reservation::undo_confirm,
    reservation::give_back, reservation::find, reservation::read, queue::open, queue::join, queue::find, queue::enter,
    queue::use, queue::undo_use, order::announce, order::give_up, cart::put, cart::find, cart::checkout, cart::take_out,
    cart::undo_take_out, event_log::collect, event_log::find_heard, event_log::react, event_log::find_position,
    event_log::append, event_log::fetch, event_log::set_aside, event_log::find_held, event_log::tried,
    event_log::revive, event_log::find_status, payment::open_work, payment::settle, payment::hasten, event_log::go_on,
    order::claim, recall, order::repair, order::list_sagas, order::survey, order::read_audit, order::verify_audit,
    order::pause, examine, order::replay, measure>;

using any_reply =
    std::variant<std::monostate,  //
                 user::view, wallet::view, wallet::page, product::view, product::page, product::taken, coupon::campaign,
                 coupon::view, coupon::page, coupon::used, payment::view, order::view, order::page, order::ticket,
                 order::events, order::position, ranking::board, platform::troubles, platform::not_now,
                 ranking::full_houses, concert::view, concert::page, reservation::view, reservation::page,
                 reservation::confirmed, queue::view, cart::view, event_log::events, event_log::heard, event_log::held,
                 event_log::status, payment::works, order::entry, recorded, order::claimed, order::audit_line,
                 order::overview, order::audit_page, order::audit_state, examined, order::resumed, measured>;

// A variant whose copying, moving and destruction are compiled once, in letter.cpp: for so many alternatives they took
// half of every file's compile time.
template <class Any>
struct word : Any {
  word() noexcept;
  word(const word&);
  word(word&&) noexcept;
  word& operator=(const word&);
  word& operator=(word&&) noexcept;
  ~word();
  template <class T>
  requires(!std::is_same_v<std::decay_t<T>, word> && std::is_constructible_v<Any, T>) word(T&& one)
      : Any(std::forward<T>(one)) {}
};
extern template struct word<any_command>;
extern template struct word<any_reply>;
using command = word<any_command>;
using reply = word<any_reply>;

// Compiled once, in letter.cpp: fifty alternatives in every file that packs a letter took minutes.
template <>
inline constexpr bool is_packed_elsewhere<command> = true;
template <>
inline constexpr bool is_packed_elsewhere<reply> = true;
void pack_elsewhere(packer& out, const command& what);
void unpack_elsewhere(unpacker& in, command& what);
void pack_elsewhere(packer& out, const reply& what);
void unpack_elsewhere(unpacker& in, reply& what);

// What comes back: the verdict, why if it was not done, and what was asked for.
struct answer {
  verdict what = verdict::done;
  reason why = reason::none;
  bool replayed = false;  // the key was known: this is what was answered the first time
  std::string detail;     // names what a refusal is about, for people and for `detail`
  reply body;
  SOUK_ONLY_FIELDS(answer, what, why, replayed, detail, body);

  bool done() const { return what == verdict::done; }
};

inline answer refuse(reason why, std::string detail = {}) {
  return {verdict::refused, why, false, std::move(detail), {}};
}
inline answer lose(reason why) { return {verdict::lost, why, false, {}, {}}; }
template <class T>
answer reply_with(T&& body, bool replayed = false) {
  return {verdict::done, reason::none, replayed, {}, std::forward<T>(body)};
}

// A command on its way, with the sender's own number for the answer.
struct letter {
  std::uint64_t ticket = 0;
  souk::command command;
  SOUK_ONLY_FIELDS(letter, ticket, command);
};
struct response {
  std::uint64_t ticket = 0;
  souk::answer answer;
  SOUK_ONLY_FIELDS(response, ticket, answer);
};

// Letters for one desk, and answers for one sender, travel together.
struct envelope {
  std::vector<letter> letters;
  SOUK_ONLY_FIELDS(envelope, letters);
};
struct responses {
  std::vector<response> list;
  SOUK_ONLY_FIELDS(responses, list);
};

// Equal when their bytes are.
bool operator==(const answer& a, const answer& b);
bool operator==(const letter& a, const letter& b);
bool operator==(const response& a, const response& b);
bool operator==(const envelope& a, const envelope& b);
bool operator==(const responses& a, const responses& b);

// Cases whose sagas a coordinator is to run, from the desk that keeps them.
struct begin {
  std::vector<order::brief> cases;
  std::uint64_t who = 0;   // the coordinator that is meant, in which of its lives
  std::uint32_t turn = 0;  // to be said with every word about them
  SOUK_FIELDS(begin, cases, who, turn);
};

// Somebody follows a saga that runs: what happens is sent as it happens.
struct follow {
  number id;
  std::uint64_t ticket = 0;
  SOUK_FIELDS(follow, id, ticket);
};
struct progress {
  std::uint64_t ticket = 0;
  number id;
  std::vector<order::happening> timeline;
  bool ended = false;
  SOUK_FIELDS(progress, ticket, id, timeline, ended);
};

// The desk that a command belongs to: its domain, and the key's slice of that domain's pool.
struct address {
  souk::domain domain{};
  souk::slice slice = 0;
};
address address_of(const command& what);

// Changes nothing, so it may be answered before what came with it.
bool is_question(const command& what);

// A command over several products is split when the products' shelves lie in several shards: part(command, keep) is
// the command with only the lines for which keep(slice) holds. Only commands with lines are ever split.
template <class Command>
concept over_lines = requires(Command c) {
  c.lines[0].position;
};

}  // namespace souk
