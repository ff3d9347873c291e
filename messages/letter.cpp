// Knows where each command belongs.
#include "messages/letter.hpp"

namespace souk {

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

slice of(const user_id& id) { return slice_of(id.text); }
slice of(const product_id& id) { return slice_of(id.text); }
slice of(const campaign_code& id) { return slice_of(id.text); }
slice of(const schedule_id& id) { return slice_of(id.text); }
slice of_first(const std::vector<product::wanted>& lines) {
  return lines.empty() ? slice{0} : of(lines.front().product);
}

address at(domain which, slice where) { return {which, where}; }
address at(const event_log::party& desk) { return at(desk.domain, static_cast<slice>(desk.shard)); }

}  // namespace

template <class Any>
word<Any>::word() noexcept = default;
template <class Any>
word<Any>::word(const word&) = default;
template <class Any>
word<Any>::word(word&&) noexcept = default;
template <class Any>
word<Any>& word<Any>::operator=(const word&) = default;
template <class Any>
word<Any>& word<Any>::operator=(word&&) noexcept = default;
template <class Any>
word<Any>::~word() = default;
template struct word<any_command>;
template struct word<any_reply>;

void pack_elsewhere(packer& out, const command& what) { out.put_variant(what); }
void unpack_elsewhere(unpacker& in, command& what) { in.get_variant(what); }
void pack_elsewhere(packer& out, const reply& what) { out.put_variant(what); }
void unpack_elsewhere(unpacker& in, reply& what) { in.get_variant(what); }

bool operator==(const answer& a, const answer& b) { return pack(a) == pack(b); }
bool operator==(const letter& a, const letter& b) { return pack(a) == pack(b); }
bool operator==(const response& a, const response& b) { return pack(a) == pack(b); }
bool operator==(const envelope& a, const envelope& b) { return pack(a) == pack(b); }
bool operator==(const responses& a, const responses& b) { return pack(a) == pack(b); }

address address_of(const command& what) {
  using d = domain;
  return std::visit(
      overloaded{
          [](const std::monostate&) { return address{}; },
          [](const user::put& c) { return at(d::user, of(c.user)); },
          [](const user::find& c) { return at(d::user, of(c.user)); },
          [](const user::verify& c) { return at(d::user, of(c.user)); },
          [](const wallet::charge& c) { return at(d::wallet, of(c.user)); },
          [](const wallet::debit& c) { return at(d::wallet, of(c.user)); },
          [](const wallet::undo_debit& c) { return at(d::wallet, of(c.user)); },
          [](const wallet::credit& c) { return at(d::wallet, of(c.user)); },
          [](const wallet::find& c) { return at(d::wallet, of(c.user)); },
          [](const wallet::read_entries& c) { return at(d::wallet, of(c.user)); },
          [](const product::put& c) { return at(d::product, of(c.product)); },
          [](const product::change& c) { return at(d::product, of(c.product)); },
          [](const product::restock& c) { return at(d::product, of(c.product)); },
          [](const product::take& c) { return at(d::product, of_first(c.lines)); },
          [](const product::undo_take& c) { return at(d::product, of_first(c.lines)); },
          [](const product::quote& c) { return at(d::product, of_first(c.lines)); },
          [](const product::verify& c) { return at(d::product, of_first(c.lines)); },
          [](const product::take_in& c) { return at(d::product, of_first(c.lines)); },
          [](const product::find& c) { return at(d::product, of(c.product)); },
          [](const product::list&) { return at(d::product, 0); },
          [](const coupon::put& c) { return at(d::coupon, of(c.code)); },
          [](const coupon::find_campaign& c) { return at(d::coupon, of(c.code)); },
          [](const coupon::issue& c) { return at(d::coupon, of(c.code)); },
          // a coupon's number carries its campaign's slice: a campaign and its coupons share a desk
          [](const coupon::use& c) { return at(d::coupon, slice_of(c.coupon)); },
          [](const coupon::undo_use& c) { return at(d::coupon, slice_of(c.coupon)); },
          [](const coupon::give_back& c) { return at(d::coupon, slice_of(c.coupon)); },
          [](const coupon::find& c) { return at(d::coupon, slice_of(c.coupon)); },
          [](const coupon::list&) { return at(d::coupon, 0); },
          // payments are one book, told of every outbox
          [](const payment::pay&) { return at(d::payment, 0); },
          [](const payment::undo_pay&) { return at(d::payment, 0); },
          [](const payment::book&) { return at(d::payment, 0); },
          [](const payment::find_position&) { return at(d::payment, 0); },
          [](const payment::find&) { return at(d::payment, 0); },
          [](const payment::open_work&) { return at(d::payment, 0); },
          [](const payment::settle&) { return at(d::payment, 0); },
          [](const payment::hasten&) { return at(d::payment, 0); },
          // an order's number carries the slice of the request key that placed it: the key finds the order
          [](const order::place& c) { return at(d::order, slice_of(c.request)); },
          [](const order::watch& c) { return at(d::order, slice_of(c.id)); },
          [](const order::complete& c) { return at(d::order, slice_of(c.id)); },
          [](const order::fail& c) { return at(d::order, slice_of(c.id)); },
          [](const order::close& c) { return at(d::order, slice_of(c.id)); },
          [](const order::park& c) { return at(d::order, slice_of(c.id)); },
          [](const order::cancel& c) { return at(d::order, slice_of(c.id)); },
          [](const order::find& c) { return at(d::order, slice_of(c.id)); },
          [](const order::list&) { return at(d::order, 0); },
          [](const order::resume&) { return at(d::order, 0); },
          [](const order::fetch& c) { return at(d::order, static_cast<slice>(c.source)); },
          [](const ranking::best&) { return at(d::ranking, 0); },
          [](const ranking::count&) { return at(d::ranking, 0); },
          [](const ranking::find_position&) { return at(d::ranking, 0); },
          [](const platform::find_position&) { return at(d::platform, 0); },
          [](const platform::offer&) { return at(d::platform, 0); },
          [](const platform::record&) { return at(d::platform, 0); },
          [](const platform::due&) { return at(d::platform, 0); },
          [](const platform::tried&) { return at(d::platform, 0); },
          [](const platform::list_troubles&) { return at(d::platform, 0); },
          [](const platform::revive&) { return at(d::platform, 0); },
          [](const order::announce& c) { return at(d::order, slice_of(c.once.saga)); },
          [](const order::give_up& c) { return at(d::order, slice_of(c.id)); },
          [](const order::claim& c) { return at(d::order, slice_of(c.id)); },
          [](const order::repair& c) { return at(d::order, slice_of(c.id)); },
          [](const order::list_sagas&) { return at(d::order, 0); },
          [](const order::survey&) { return at(d::order, 0); },
          [](const order::read_audit& c) { return at(d::order, slice_of(c.about)); },
          [](const order::verify_audit&) { return at(d::order, 0); },
          [](const order::pause&) { return at(d::order, 0); },
          [](const order::replay&) { return at(d::order, 0); },
          [](const recall& c) { return at(c.at); },
          [](const examine& c) { return at(c.at); },
          [](const measure& c) { return at(c.at); },
          [](const cart::put& c) { return at(d::cart, of(c.user)); },
          [](const cart::find& c) { return at(d::cart, of(c.user)); },
          [](const cart::checkout& c) { return at(d::cart, of(c.user)); },
          [](const cart::take_out& c) { return at(d::cart, of(c.user)); },
          [](const cart::undo_take_out& c) { return at(d::cart, of(c.user)); },
          // asked of a desk by its name, not by a key
          [](const event_log::collect& c) { return at(c.from); },
          [](const event_log::find_heard& c) { return at(c.by); },
          [](const event_log::react& c) { return at(c.by); },
          [](const event_log::go_on& c) { return at(c.by); },
          [](const event_log::find_position& c) { return at(d::event_log, static_cast<slice>(c.partition)); },
          [](const event_log::append& c) { return at(d::event_log, static_cast<slice>(c.partition)); },
          [](const event_log::fetch& c) { return at(d::event_log, static_cast<slice>(c.partition)); },
          [](const event_log::set_aside& c) { return at(d::event_log, static_cast<slice>(c.partition)); },
          [](const event_log::find_held& c) { return at(d::event_log, static_cast<slice>(c.partition)); },
          [](const event_log::tried& c) { return at(d::event_log, static_cast<slice>(c.partition)); },
          [](const event_log::revive& c) { return at(d::event_log, static_cast<slice>(c.partition)); },
          [](const event_log::find_status&) { return at(d::event_log, 0); },
          [](const order::find_request& c) { return at(d::order, slice_of(c.request)); },
          [](const ranking::sold_out&) { return at(d::ranking, 0); },
          // concerts are one list: it decides whose a date is
          [](const concert::put&) { return at(d::concert, 0); },
          [](const concert::find&) { return at(d::concert, 0); },
          [](const concert::list&) { return at(d::concert, 0); },
          // reservations and tokens carry their date's slice
          [](const reservation::open& c) { return at(d::reservation, of(c.schedule)); },
          [](const reservation::hold& c) { return at(d::reservation, c.where ? of(c.where->schedule) : slice{0}); },
          [](const reservation::release& c) { return at(d::reservation, slice_of(c.reservation)); },
          [](const reservation::check_out& c) { return at(d::reservation, slice_of(c.reservation)); },
          [](const reservation::confirm& c) { return at(d::reservation, slice_of(c.reservation)); },
          [](const reservation::undo_confirm& c) { return at(d::reservation, slice_of(c.reservation)); },
          [](const reservation::give_back& c) { return at(d::reservation, slice_of(c.reservation)); },
          [](const reservation::find& c) { return at(d::reservation, slice_of(c.reservation)); },
          [](const reservation::read& c) { return at(d::reservation, of(c.schedule)); },
          [](const queue::open& c) { return at(d::queue, of(c.schedule)); },
          [](const queue::join& c) { return at(d::queue, of(c.schedule)); },
          [](const queue::find& c) { return at(d::queue, slice_of(c.token)); },
          [](const queue::enter& c) { return at(d::queue, slice_of(c.token)); },
          [](const queue::use& c) { return at(d::queue, slice_of(c.token)); },
          [](const queue::undo_use& c) { return at(d::queue, slice_of(c.token)); },
      },
      what);
}

template <class T, class... Ts>
constexpr bool is_one_of = (std::is_same_v<T, Ts> || ...);

bool is_question(const command& what) {
  return std::visit(
      [](const auto& one) {
        return is_one_of<std::decay_t<decltype(one)>, user::find, user::verify, wallet::find, wallet::read_entries,
                         product::find, product::list, product::verify, coupon::find, coupon::find_campaign,
                         coupon::list, payment::find, payment::find_position, order::find, order::find_request,
                         order::list, order::list_sagas, order::survey, order::read_audit, order::verify_audit,
                         order::watch, order::fetch, ranking::best, ranking::sold_out, ranking::find_position,
                         platform::find_position, platform::offer, platform::list_troubles, concert::find,
                         concert::list, cart::find, event_log::collect, event_log::find_heard, event_log::find_position,
                         event_log::fetch, event_log::find_held, event_log::find_status, examine, measure>;
      },
      what);
}

}  // namespace souk
