// Keeps the promise that an order makes: it ends, once, and what it did is told.
#include "actors/domains/order.hpp"

#include <algorithm>
#include <array>

#include "messages/grammar/planted.hpp"

namespace souk::domains {

using souk::order::flow;
using souk::order::kind;
using souk::order::mark;
using souk::order::remedy;
using souk::order::saga_state;
using souk::order::state;

namespace {

constexpr std::size_t looked_at_max = 50'000;  // numbers of ended cases, for a page of them: some 50 ms

// Subjects that ring when there are events for a subscriber; cases have large numbers.
constexpr std::int64_t bell_of(souk::order::subscriber who) { return 1 + static_cast<std::int64_t>(who); }

using record = persistence::order_store::record;

// Whoever wanted it back gets what he wanted; otherwise it failed, and why.
void turn_down(record& r) {
  const bool cancelled = r.brief.cancelling && (r.why == reason::cancelled || r.why == reason::undone);
  r.state = cancelled ? state::cancelled : state::failed;
  if (!cancelled) return;
  r.why = reason::cancelled;
  r.detail.clear();
}

void settle_amounts(record& r, const std::vector<money>& amounts) {
  for (std::size_t i = 0; i < r.brief.lines.size() && i < amounts.size(); ++i) r.brief.lines[i].amount = amounts[i];
}

bool is_repair(const souk::order::happening& one) { return one.what == mark::repaired; }

// What operators did stands in it also when whoever ran it has not heard of it.
void take_story(record& r, std::vector<souk::order::happening> told) {
  auto known = std::count_if(told.begin(), told.end(), is_repair);
  for (const auto& one : r.timeline) {
    if (!is_repair(one) || --known >= 0) continue;
    // Behind those before it, also when the clock was set back in between.
    const auto before = std::find_if(told.rbegin(), told.rend(), is_repair).base();
    told.insert(std::find_if(before, told.end(), [&](const auto& other) { return other.ms > one.ms; }), one);
  }
  r.timeline = std::move(told);
}

std::uint64_t print_of(const souk::order::place& place) {
  bytes content;
  packer out{content};
  out.put(place.user);
  out.put(place.lines);
  out.put(place.coupon);
  out.put(place.agreed);
  out.put(place.flow);
  if (place.seat) out.put(*place.seat);
  return fingerprint(content);
}

// Who runs the case now; null: nobody has asked yet.
const souk::order::runner* whose(const std::vector<souk::order::runner>& runners, number id) {
  return runners.empty() ? nullptr : &runners[slice_of(id) % runners.size()];
}

}  // namespace

order::order(const persistence::open_options& options, std::uint32_t shard) : store_(options), shard_(shard) {
  for (auto& one : store_.pausings()) paused_[static_cast<std::size_t>(one.flow)] = std::move(one);
  // Those behind them are left of when there were more. Whoever asked before asks anew: should this be a copy that was
  // brought back, it does not know what turns were given since.
  for (auto one : store_.runners()) {
    one.who = 0;
    if (runners_.empty() || one.of == runners_.front().of) runners_.push_back(one);
  }
  for (auto& r : store_.open()) {
    if (!r.brief.by_events) begun_.push_back(r.brief);
    by_events_ += r.brief.by_events;
    open_.emplace(r.brief.id.value, std::move(r));
  }
}

answer order::on(const souk::order::place& place) {
  const auto print = print_of(place);
  if (auto known = store_.find_request(place.request)) {
    if (const auto* open = open_case(known->brief.id)) *known = *open;
    if (known->print != print) return refuse(reason::key_reused, "the same Idempotency-Key came with another body");
    const bool waits = place.wait || (place.flow == flow::stock_first && !known->brief.by_events);
    if (waits && known->state == state::pending)
      later_ = {known->brief.id.value, place};  // it will be answered as the repetition it is
    return reply_with(ticket_of(*known), true);
  }
  if (const auto& paused = paused_[static_cast<std::size_t>(place.flow)])
    return refuse(reason::paused, "paused" + (paused->by.empty() ? "" : " by " + paused->by) + " since " +
                                      to_text(paused->since) + ": " + paused->reason);
  record fresh;
  fresh.brief.id = store_.next_number(place.at, slice_of(place.request));
  fresh.brief.flow = place.flow;
  fresh.brief.user = place.user;
  fresh.brief.lines = place.lines;
  fresh.brief.coupon = place.coupon;
  fresh.brief.agreed = place.agreed;
  fresh.brief.placed = place.at;
  fresh.brief.seat = place.seat;
  fresh.brief.trace = place.trace;
  fresh.brief.from_cart = place.from_cart;
  fresh.request = place.request;
  fresh.print = print;
  fresh.brief.by_events = begins_by_event(place.flow);
  if (fresh.brief.by_events) fresh.timeline.push_back({0, mark::began, 0, reason::none});
  store_.append(fresh);
  placed_ += 1;
  by_events_ += fresh.brief.by_events;
  if (fresh.brief.by_events) {
    store_.exchange.tell({0, domain::order, souk::event_log::placed, outcome::done, {}, {}, place.at, fresh.brief});
  } else {
    begun_.push_back(fresh.brief);
  }
  const auto id = fresh.brief.id;
  // A sale that takes its goods while the caller waits is answered when it has them.
  if (place.wait || place.flow == flow::stock_first) later_ = {id.value, souk::order::watch{id, !place.wait}};
  auto said = reply_with(ticket_of(fresh));
  open_.emplace(id.value, std::move(fresh));
  return said;
}

answer order::on(const souk::order::watch& watch) {
  if (const auto* open = open_case(watch.id)) {
    if (open->state == state::pending && !(watch.accepted && open->brief.by_events)) later_ = {watch.id.value, watch};
    return reply_with(ticket_of(*open));
  }
  if (const auto just = ended_.find(watch.id.value); just != ended_.end()) return reply_with(ticket_of(just->second));
  if (const auto r = store_.find(watch.id)) return reply_with(ticket_of(*r));
  return refuse(reason::not_found, to_text(watch.id));
}

answer order::on(const souk::order::complete& complete) {
  if (is_outdated(complete.id, complete.turn)) return refuse(reason::outdated);
  auto* r = open_case(complete.id);
  if (!r) {
    const auto ended = store_.find(complete.id);
    if (!ended) return refuse(reason::not_found, to_text(complete.id));
    return ended->state == state::completed || ended->refund ? reply_with(reply{}, true) : refuse(reason::undone);
  }
  // Here it is decided, in one place and one transaction: whoever comes second finds the answer.
  if (r->brief.cancelling && !planted(bug::cancelled_yet_completed)) return refuse(reason::cancelled);
  settle_amounts(*r, complete.amounts);
  r->brief.discount = complete.discount;
  if (complete.seat) r->brief.seat = complete.seat;
  r->saga = saga_state::completed;
  take_story(*r, complete.timeline);
  end(*r, state::completed, complete.at);
  tell(*r, kind::completed, complete.at);
  put_away(complete.id);
  return {};
}

answer order::on(const souk::order::announce& announce) {
  if (is_outdated(announce.once.saga, announce.turn)) return refuse(reason::outdated);
  auto* r = open_case(announce.once.saga);
  if (!r) {
    const auto ended = store_.find(announce.once.saga);
    if (!ended) return refuse(reason::not_found);
    // It ended before it was announced, and runs again because somebody heard of it late: nobody acts on it any more.
    return ended->brief.by_events ? reply_with(reply{}, true) : refuse(reason::undone);
  }
  if (r->brief.by_events) return reply_with(reply{}, true);
  if (r->brief.cancelling) return refuse(reason::cancelled);
  settle_amounts(*r, announce.amounts);
  r->brief.by_events = true;
  by_events_ += 1;
  take_story(*r, announce.timeline);
  // Whoever says so runs it: that it stood still was the word of another, or came late. No operator is to turn back
  // what the others act on from here on.
  r->saga = saga_state::running;
  unpark(*r);
  const souk::event_log::event announced{0,           domain::order, announce.once.step, outcome::done, {}, {},
                                         announce.at, r->brief};
  hear(announced);  // its record says so itself: where nobody acts on it, it is not told
  store_.save(*r);
  store_.exchange.tell(announced);
  rung_.push_back(announce.once.saga.value);
  return {};
}

answer order::on(const souk::order::give_up& give_up) {
  if (is_outdated(give_up.id, give_up.turn)) return refuse(reason::outdated);
  auto* r = open_case(give_up.id);
  if (!r) {
    const auto ended = store_.find(give_up.id);
    if (!ended) return refuse(reason::not_found);
    const bool came_to_pass = ended->state == state::completed || ended->refund;
    return came_to_pass ? refuse(reason::not_cancellable) : reply_with(reply{}, true);
  }
  if (r->why != reason::none || r->state != state::pending) return reply_with(reply{}, true);
  // A copy of what whoever ran it has taken back since: the others act on what was announced.
  if (r->brief.by_events && give_up.turn) return refuse(reason::outdated);
  r->why = give_up.why;
  r->detail = give_up.detail;
  // Else who waits hears of it when all is walked back.
  if (r->brief.by_events) {
    turn_down(*r);
    rung_.push_back(give_up.id.value);
  }
  r->brief.cancelling = true;  // whoever else may still run it finds no way on
  r->saga = saga_state::compensating;
  unpark(*r);
  store_.save(*r);
  return {};
}

answer order::on(const souk::order::claim& claim) {
  if (is_outdated(claim.id, claim.turn)) return refuse(reason::outdated);
  auto* r = open_case(claim.id);
  if (!r || r->brief.by_events) return refuse(reason::not_found, to_text(claim.id));
  const bool stands = r->saga == saga_state::parked;
  // Who stands in for another finds it as that one left it, also when they do so by turns: for operators to mend.
  const auto* runner = whose(runners_, claim.id);
  const bool adopted = runner && runner->runs != runner->share;
  souk::order::claimed now{r->why, r->detail, stands && (claim.parked || adopted), r->timeline};
  if (r->brief.cancelling && now.why == reason::none) now.why = reason::cancelled;
  if (now.parked) return reply_with(std::move(now));
  // A coordinator that has just started does not know it: it tries again by itself.
  if (stands) send_on(*r);
  if (r->repairs)
    for (const auto& line : store_.audit.of(claim.id)) {
      if (line.what == remedy::skip) now.skipped.push_back({line.step, line.undoing});
      now.written_off = now.written_off || line.what == remedy::fail;
    }
  return reply_with(std::move(now));
}

answer order::on(const souk::order::fail& fail) {
  if (is_outdated(fail.id, fail.turn)) return refuse(reason::outdated);
  auto* r = open_case(fail.id);
  if (!r) {
    const auto ended = store_.find(fail.id);
    if (!ended) return refuse(reason::not_found, to_text(fail.id));
    return ended->state == state::completed ? refuse(reason::not_cancellable) : reply_with(reply{}, true);
  }
  if (r->state == state::pending) {
    if (r->why == reason::none) {
      r->why = fail.why;
      r->detail = fail.detail;
    }
    turn_down(*r);
  }
  r->saga = saga_state::compensated;
  take_story(*r, fail.timeline);
  end(*r, r->state, fail.at);
  put_away(fail.id);
  return {};
}

answer order::on(const souk::order::close& close) {
  if (is_outdated(close.id, close.turn)) return refuse(reason::outdated);
  auto* r = open_case(close.id);
  if (!r) return store_.find(close.id) ? reply_with(reply{}, true) : refuse(reason::not_found, to_text(close.id));
  r->saga = saga_state::completed;
  // A return that was given up when its goods were in already.
  r->why = reason::none;
  r->detail.clear();
  take_story(*r, close.timeline);
  end(*r, state::completed, close.at);
  if (r->brief.flow == flow::refund) {
    auto sale = any_case(r->brief.refund_of);
    sale->state = state::cancelled;
    sale->why = reason::cancelled;
    store_.save(*sale);
    count_end(*sale);
    rung_.push_back(sale->brief.id.value);
    tell(*sale, kind::cancelled, close.at);
    remember(*std::move(sale));
  } else {
    tell(*r, kind::returned, close.at);
  }
  put_away(close.id);
  return {};
}

answer order::on(const souk::order::park& park) {
  if (is_outdated(park.id, park.turn)) return refuse(reason::outdated);
  auto* r = open_case(park.id);
  // Older than an operator's word that sent it on: a copy that came late.
  const auto mended = std::count_if(park.timeline.begin(), park.timeline.end(), is_repair);
  // And what was announced meanwhile no coordinator runs any more: its silence was none.
  if (!r || r->brief.by_events || mended < r->repairs) return {};
  r->saga = saga_state::parked;
  r->timeline = park.timeline;
  r->parked = park.where;
  store_.save(*r);
  store_.save_standstill(*r);
  return {};
}

void order::send_on(record& parked) {
  parked.saga = parked.why != reason::none || parked.brief.cancelling ? saga_state::compensating : saga_state::running;
  store_.save(parked);
  unpark(parked);
}

void order::unpark(record& moving) {
  if (!moving.parked) return;
  moving.parked.reset();
  store_.save_standstill(moving);
}

answer order::on(const souk::order::repair& repair) {
  auto* r = open_case(repair.id);
  const auto any = r ? std::optional<record>{*r} : any_case(repair.id);
  if (!any) return refuse(reason::not_found, to_text(repair.id));
  const auto lines = any->repairs ? store_.audit.of(repair.id) : std::vector<souk::order::audit_line>{};
  for (const auto& line : lines) {
    if (repair.request.empty() || line.request != repair.request) continue;
    if (line.what == repair.what && line.reason == repair.reason) return reply_with(line, true);
    return refuse(reason::key_reused, "the same Idempotency-Key came with another repair");
  }
  const bool stands = r && r->saga == saga_state::parked && r->parked;
  if (!stands) {
    if (!repair.dry && !lines.empty() && lines.back().what == repair.what) return reply_with(lines.back(), true);
    return refuse(reason::not_repairable,
                  !r                   ? "it has ended"
                  : r->brief.by_events ? "it runs by events: what is in trouble there are letters of the event log"
                                       : "it runs: only what is parked is repaired");
  }
  const auto where = *r->parked;
  if (!where.allows(repair.what)) return refuse(reason::not_repairable, "not where it stands");
  souk::order::audit_line line{0,          repair.id,     repair.what, where.step,    where.undoing,
                               where.home, r->brief.flow, repair.by,   repair.reason, repair.request,
                               repair.at};
  if (repair.dry) return reply_with(std::move(line));
  if (repair.what == remedy::compensate || repair.what == remedy::fail) {
    // As whoever gives it up: the pivot finds it decided.
    if (r->why == reason::none) r->why = r->brief.cancelling ? reason::cancelled : reason::called_off;
    r->brief.cancelling = true;
  }
  line = store_.audit.append(std::move(line));
  r->repairs += 1;
  r->timeline.push_back({where.step, mark::repaired, repair.at.ms - r->brief.placed.ms, reason::none});
  send_on(*r);
  begun_.push_back(r->brief);  // should this be lost: its coordinator asks now and then
  return reply_with(std::move(line));
}

answer order::on(const souk::order::pause& pause) {
  auto& now = paused_[static_cast<std::size_t>(pause.flow)];
  souk::order::audit_line line;
  line.what = pause.resume ? remedy::resume : remedy::pause;
  line.flow = pause.flow;
  std::optional<souk::order::audit_line> last;  // that made it as it is
  for (auto& before : store_.audit.of(number{})) {
    const bool same = before.what == line.what && before.flow == line.flow;
    if (!pause.request.empty() && before.request == pause.request) {
      if (same && before.reason == pause.reason) return reply_with(std::move(before), true);
      return refuse(reason::key_reused, "the same Idempotency-Key came with another wish");
    }
    if (same) last = std::move(before);
  }
  if (now.has_value() != pause.resume) return reply_with(last.value_or(line), true);
  line.by = pause.by;
  line.reason = pause.reason;
  line.request = pause.request;
  line.at = pause.at;
  if (pause.dry) return reply_with(std::move(line));
  line = store_.audit.append(std::move(line));
  if (pause.resume)
    now.reset();
  else
    now = {pause.flow, pause.by, pause.reason, pause.at};
  if (!planted(bug::pause_not_written)) store_.save_pausing(pause.flow, now ? &*now : nullptr);
  return reply_with(std::move(line));
}

answer order::on(const souk::order::replay& replay) {
  // Among the newest so many lines a wish that comes again is known; without a key one that was sent again on its way.
  constexpr std::uint32_t looked_at = 1'000;
  for (auto& before : store_.audit.list({}, looked_at)) {
    const bool same = before.letter == rare{replay.letter} && before.reason == replay.reason;
    if (replay.request.empty() ? same && before.request.empty() && before.at == replay.at && before.by == replay.by
                               : same && before.request == replay.request)
      return reply_with(std::move(before), true);
    if (!replay.request.empty() && before.request == replay.request && !before.about)
      return refuse(reason::key_reused, "the same Idempotency-Key came with another wish");
  }
  souk::order::audit_line line;
  line.what = remedy::replay;
  line.letter = replay.letter;
  line.home = replay.letter.from;
  line.by = replay.by;
  line.reason = replay.reason;
  line.request = replay.request;
  line.at = replay.at;
  return reply_with(replay.dry ? std::move(line) : store_.audit.append(std::move(line)));
}

answer order::on(const souk::order::read_audit& read) {
  souk::order::audit_page page{store_.audit.list(read, read.limit + 1), false};
  page.more = page.lines.size() > read.limit;
  if (page.more) page.lines.pop_back();
  return reply_with(std::move(page));
}

answer order::on(const souk::order::verify_audit&) { return reply_with(store_.audit.verify()); }

namespace {

bool is_about(const record& r, const product_id& what) {
  return std::any_of(r.brief.lines.begin(), r.brief.lines.end(),
                     [&](const auto& line) { return line.product == what; });
}

bool is_late(const record& r, const std::vector<moment>& late_before) {
  const auto flow = static_cast<std::size_t>(r.brief.flow);
  return flow < late_before.size() && r.brief.placed < late_before[flow];
}

// What it stands at or turned back for, in words.
bool has_text(const record& r, const std::string& wanted) {
  const auto in = [&](reason why, const std::string& detail) {
    return to_text(why).find(wanted) != std::string_view::npos || detail.find(wanted) != detail.npos;
  };
  return in(r.why, r.detail) || (r.parked && in(r.parked->why, r.parked->detail));
}

}  // namespace

answer order::on(const souk::order::survey& survey) {
  souk::order::overview now{
      {}, ends_, placed_, {}, store_.outbox.behind(static_cast<std::uint32_t>(souk::order::subscriber::platform))};
  for (const auto& one : paused_)
    if (one) now.paused.push_back(*one);
  for (const auto& [id, r] : open_) {
    auto found = std::find_if(now.open.begin(), now.open.end(),
                              [&, &r = r](const auto& one) { return one.flow == r.brief.flow && one.saga == r.saga; });
    if (found == now.open.end()) found = now.open.insert(now.open.end(), {r.brief.flow, r.saga, 0, r.brief.placed});
    found->cases += 1;
    found->late += is_late(r, survey.late_before);
  }
  return reply_with(std::move(now));
}

answer order::on(const souk::order::list_sagas& list) {
  const auto fits = [&](const record& r) {
    return (!list.state || r.saga == *list.state) && (!list.flow || r.brief.flow == *list.flow) &&
           (!list.why || r.why == *list.why || (r.parked && r.parked->why == *list.why)) &&
           (!list.user || r.brief.user == *list.user) && (!list.product || is_about(r, *list.product)) &&
           (!list.placed_before.ms || r.brief.placed < list.placed_before) &&
           (list.late_before.empty() || is_late(r, list.late_before)) && (list.has.empty() || has_text(r, list.has)) &&
           to_text(r.brief.id).starts_with(list.prefix);
  };
  const auto below = list.before ? list.before.value : INT64_MAX;
  std::vector<souk::order::view> found;
  for (auto at = std::make_reverse_iterator(open_.lower_bound(below)); at != open_.rend(); ++at) {
    if (fits(at->second)) found.push_back(view_of(at->second));
    if (found.size() > list.limit) break;
  }
  const bool asks_for_ended = list.state
                                  ? *list.state == saga_state::completed || *list.state == saga_state::compensated
                                  : !list.prefix.empty();
  number stopped;  // below it nothing was looked at
  if (asks_for_ended) {
    std::size_t looked_at = 0, ended = 0;
    store_.each_number_below(list.before, [&](number id) {
      if (++looked_at > looked_at_max) return false;
      stopped = id;
      if (!open_.contains(id.value) && to_text(id).starts_with(list.prefix))
        if (const auto r = any_case(id); r && fits(*r)) found.push_back(view_of(*r)), ++ended;
      return ended <= list.limit;
    });
    if (looked_at <= looked_at_max && ended <= list.limit) stopped = {};
    std::erase_if(found, [&](const auto& one) { return one.id < stopped; });
    std::sort(found.begin(), found.end(), [](const auto& x, const auto& y) { return x.id > y.id; });
  }
  souk::order::page page{std::move(found), bool{stopped}, stopped};
  if (page.orders.size() <= list.limit) return reply_with(std::move(page));
  page.orders.resize(list.limit);
  page.more = true;
  page.next = page.orders.back().id;
  return reply_with(std::move(page));
}

answer order::on(const souk::order::cancel& cancel) {
  if (auto* r = open_case(cancel.id); r && r->state == state::pending) {
    if (!is_sale(r->brief.flow)) return refuse(reason::not_cancellable, "only sales are cancelled");
    if (!r->brief.cancelling) {
      r->brief.cancelling = true;
      store_.save(*r);
    }
    // Its coordinator learns of it, and told twice is told once; what runs by events learns of it at the pivot.
    if (!r->brief.by_events) begun_.push_back(r->brief);
    if (cancel.wait) later_ = {cancel.id.value, cancel};
    return reply_with(ticket_of(*r));
  }
  auto r = any_case(cancel.id);
  if (!r || !is_sale(r->brief.flow)) return refuse(reason::not_found, to_text(cancel.id));
  switch (r->state) {
    case state::cancelled: return reply_with(ticket_of(*r), true);
    case state::failed: return refuse(reason::not_cancellable, "the order failed, nothing of it is in effect");
    case state::pending: break;
    case state::completed:
      if (!r->refund) begin_refund(*r, cancel.at);
      if (cancel.wait) later_ = {cancel.id.value, cancel};
      return reply_with(ticket_of(*r));
  }
  throw std::logic_error("a case that is pending is open");
}

void order::begin_refund(record& sale, moment at) {
  record refund;
  refund.brief = sale.brief;
  refund.brief.id = store_.next_number(at, slice_of(sale.brief.id));
  refund.brief.flow = flow::refund;
  refund.brief.refund_of = sale.brief.id;
  refund.brief.placed = at;
  refund.brief.by_events = false;  // however the sale came about, a coordinator gives it back
  refund.request = "refund of " + to_text(sale.brief.id);
  store_.append(refund);
  sale.refund = refund.brief.id;
  store_.save(sale);
  remember(sale);
  begun_.push_back(refund.brief);
  open_.emplace(refund.brief.id.value, std::move(refund));
}

answer order::on(const souk::order::find& find) {
  const auto r = any_case(find.id);
  if (!r) return refuse(reason::not_found, to_text(find.id));
  auto view = view_of(*r);
  if (r->repairs) view.repairs = store_.audit.of(find.id);
  return reply_with(std::move(view));
}

answer order::on(const souk::order::find_request& find) {
  if (const auto known = store_.find_request(find.request))
    if (const auto r = any_case(known->brief.id)) return reply_with(view_of(*r));
  return refuse(reason::not_found, find.request);
}

answer order::on(const souk::order::list& list) {
  auto wanted = list;
  wanted.limit += 1;
  souk::order::page page;
  for (const auto& r : store_.list(wanted)) page.orders.push_back(view_of(r));
  page.more = page.orders.size() > list.limit;
  if (page.more) page.orders.pop_back();
  return reply_with(std::move(page));
}

answer order::on(const souk::order::resume& resume) {
  if (resume.of == 0 || resume.share >= resume.of) return refuse(reason::not_found, "there is no such share");
  if (runners_.size() != resume.of) share_anew(resume.of);
  auto& mine = runners_[resume.share];
  if (mine.who != resume.who || mine.runs != resume.runs) {
    const auto newest = std::max_element(runners_.begin(), runners_.end(),
                                         [](const auto& a, const auto& b) { return a.turn < b.turn; });
    // Beyond all that were given before this store was copied, if it has been restored since.
    const auto seconds = static_cast<std::uint32_t>(resume.at.ms / 1000);
    mine = {resume.share, resume.of, resume.runs, resume.who, std::max(newest->turn + 1, seconds)};
    store_.save_runner(mine);
  }
  for (const auto& [id, r] : open_)
    if (!r.brief.by_events && slice_of(r.brief.id) % resume.of == resume.share) begun_.push_back(r.brief);
  return reply_with(souk::order::resumed{store_.newest(), mine.turn});
}

// There are more coordinators, or fewer, than there were: no turn of before counts, and those to come are later.
void order::share_anew(std::uint32_t of) {
  std::uint32_t turn = 1;
  for (const auto& one : runners_) turn = std::max(turn, one.turn + 1);
  runners_.resize(of);
  for (std::uint32_t share = 0; share < of; ++share) {
    runners_[share] = {share, of, share, 0, turn};
    store_.save_runner(runners_[share]);
  }
}

souk::order::runner order::runner_of(std::uint32_t share) const {
  return share < runners_.size() ? runners_[share] : brain::runner_of(share);
}

bool order::is_outdated(number id, std::uint32_t turn) const {
  if (!turn || planted(bug::outdated_believed)) return false;
  const auto* runner = whose(runners_, id);
  return !runner || runner->turn != turn;
}

answer order::on(const souk::order::fetch& fetch) {
  store_.outbox.acknowledge(static_cast<std::uint32_t>(fetch.who), fetch.after);
  souk::order::events events{shard_, store_.outbox.after(fetch.after, fetch.limit)};
  if (events.list.empty()) later_ = {bell_of(fetch.who), fetch};
  return reply_with(std::move(events));
}

void order::hear(const souk::event_log::event& event) {
  auto* r = open_case(event.about->id);
  if (!r || event.step == souk::event_log::placed) return;
  static constexpr std::array<mark, 4> marks{mark::done, mark::refused, mark::lost, mark::undone};
  const auto what = marks[static_cast<std::size_t>(event.how)];
  const auto heard = [&](const auto& one) { return one.step == event.step && one.what == what; };
  if (std::any_of(r->timeline.begin(), r->timeline.end(), heard)) return;  // told again
  if (what == mark::refused && r->saga == saga_state::running) r->saga = saga_state::compensating;
  r->timeline.push_back({event.step, what, event.at.ms - r->brief.placed.ms, event.why});
}

const std::vector<souk::order::happening>* order::story(number id) const {
  const auto found = open_.find(id.value);
  return found == open_.end() ? nullptr : &found->second.timeline;
}

order::record* order::open_case(number id) {
  const auto found = open_.find(id.value);
  return found == open_.end() ? nullptr : &found->second;
}

std::optional<order::record> order::any_case(number id) {
  if (const auto* open = open_case(id)) return *open;
  if (const auto just = ended_.find(id.value); just != ended_.end()) return just->second;
  return store_.find(id);
}

void order::end(record& r, souk::order::state state, moment at) {
  r.state = state;
  r.ended = at;
  unpark(r);
  store_.save(r);
  count_end(r);
  rung_.push_back(r.brief.id.value);
}

void order::count_end(const record& ended) {
  const auto same = [&](const auto& one) {
    return one.flow == ended.brief.flow && one.state == ended.state && one.why == ended.why;
  };
  const auto found = std::find_if(ends_.begin(), ends_.end(), same);
  if (found == ends_.end())
    ends_.push_back({ended.brief.flow, ended.state, ended.why, 1});
  else
    found->cases += 1;
}

void order::put_away(number id) {
  auto ended = open_.extract(id.value);
  by_events_ -= ended.mapped().brief.by_events;
  ended_.insert(std::move(ended));
  if (ended_.size() > ended_max) ended_.erase(ended_.begin());
}

void order::remember(record ended) {
  const auto id = ended.brief.id.value;
  ended_.insert_or_assign(id, std::move(ended));
  if (ended_.size() > ended_max) ended_.erase(ended_.begin());
}

void order::tell(const record& r, kind what, moment at) {
  const auto& b = r.brief;
  store_.outbox.write(
      {0, b.id, what, at, b.user, b.lines, b.discount, b.coupon, b.placed, b.seat, b.flow, {}, b.trace});
  using souk::order::subscriber;
  for (const auto who : {subscriber::ranking, subscriber::platform, subscriber::payment})
    if (std::find(rung_.begin(), rung_.end(), bell_of(who)) == rung_.end()) rung_.insert(rung_.begin(), bell_of(who));
}

souk::order::ticket ticket_of(const persistence::order_store::record& r) {
  return {r.brief.id, r.state, r.why, r.detail, r.brief.total(), r.brief.discount};
}

souk::order::view view_of(const persistence::order_store::record& r) {
  const auto& b = r.brief;
  return {b.id,      b.flow,     b.user,   b.lines, b.coupon,   r.state, r.saga,   r.why, r.detail,
          b.total(), b.discount, b.placed, r.ended, r.timeline, b.seat,  r.parked, {},    b.trace};
}

}  // namespace souk::domains
