// Opens the shop, lets everything go wrong, heals it, waits until all is over, and checks the books.
#include "tools/sim/play.hpp"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <random>
#include <set>
#include <stdexcept>

#include "actors/runtime/roster.hpp"
#include "persistence/audit.hpp"
#include "tools/sim/backlog.hpp"
#include "tools/sim/fuses.hpp"
#include "tools/sim/hardware.hpp"
#include "tools/sim/operators.hpp"
#include "tools/sim/shoppers.hpp"
#include "tools/sim/trail.hpp"
#include "tools/sim/witness.hpp"

namespace souk::sim {

namespace {

using runtime::stage;

constexpr std::int64_t ms_a_visit = 60;            // 100 visits in 6 s: many at once
constexpr std::int64_t patience_us = 900'000'000;  // until all must be over, after everything is healed
constexpr std::int64_t slow_us = 300'000;          // between two looks
constexpr std::int64_t quiet_us = 2'000'000;       // followers are some milliseconds behind

constexpr std::uint32_t coordinators = 2;

constexpr std::int64_t again_ms = 200;  // until a node that could not start is started again

// Of the falls, those after which the stores are audited at once: of all of them it would take as long as the plays.
constexpr unsigned looked_at_percent = 5;

// How the process ends: until somebody starts it again; with the power, then what is left of what was not synced.
struct death {
  std::int64_t for_ms = 0;
  std::optional<std::uint32_t> rest;

  // The process stops, and lets go of its stores, shortly before the power goes.
  bool stops() const { return rest && *rest / 4 % 4 == 0; }
};

class theatre {
public:
  explicit theatre(const play_options& options)
      : is_(options),
        over_ms_(static_cast<std::int64_t>(options.visits) * ms_a_visit),
        hardware_(seen_),
        stage_(options.seed),
        witness_(seen_),
        platform_(options.seed ^ 0x706c6174ULL, seen_),
        till_(stage_, options.seed ^ 0x74696c6cULL, seen_),
        counter_(stage_, options.seed ^ 0x636f756eULL, seen_),
        book_(seen_),
        shoppers_(stage_, counter_, book_, seen_, options.seed ^ 0x73686f70ULL),
        operators_(stage_, counter_, book_, seen_, options.seed ^ 0x6d656e64ULL),
        eye_(options.seed ^ 0x65796573ULL),
        faults_(options.faults ? *options.faults : plan_faults(options.seed, over_ms_)) {}

  outcome run() {
    if (is_.follow) trail_.emplace(stage_, *is_.follow);
    stage_.watch = [this](const auto& it) {
      witness_.departs(it);
      if (trail_) trail_->departs(it);
    };
    stage_.hold = [this](const auto& it) { return witness_.holds(it); };
    stage_.watch_arrival = [this](const auto& it) {
      witness_.arrives(it);
      if (trail_) trail_->arrives(it);
    };
    stage_.over = [this] { return is_over(); };
    till_.call_back = [this](const std::string& key) { hasten(key); };
    if (is_.struck) prepare(*is_.struck);
    try {
      open();
      shoppers_.furnish();
      run_until([this] { return counter_.waiting() == 0; }, "the shop was never furnished");
      things_go_wrong();
      things_are_healed();
      everything_ends();
      close_the_books();
    } catch (const std::exception& trouble) {
      book_.broken(trouble.what());
      look_what_is_there();
      if (node_) node_->vanish();
    }
    close_node();
    if (!is_.keep.empty() && !book_.all_broken().empty()) hardware_.keep(is_.keep);
    return account();
  }

private:
  void prepare(const strike& one) {
    using kind = strike::kind;
    // Not one after which the process stops first.
    const auto rest = static_cast<std::uint32_t>(one.left) + 4 * (1 + 4 * static_cast<std::uint32_t>(one.seed % 4'096));
    constexpr auto once = false, for_a_while = true;
    switch (one.what) {
      case kind::power: return hardware_.go_dark(one.at, {0, fault_kind::power_fails, with_rest(rest), again_ms});
      case kind::death: return hardware_.go_dark(one.at, {0, fault_kind::kill, 0, again_ms});
      case kind::io_error: return hardware_.fail(one.at, trouble::io_error, once, one.seed);
      case kind::io_errors: return hardware_.fail(one.at, trouble::io_error, for_a_while, one.seed);
      case kind::full: return hardware_.fail(one.at, trouble::full, for_a_while, one.seed);
      case kind::failed_sync: return hardware_.fail(one.at, trouble::failed_sync, once, one.seed);
    }
  }
  // What fails for a while does so for a moment.
  void look_whether_struck() {
    if (was_struck_ || !(hardware_.has_failed() || hardware_.blackout())) return;
    was_struck_ = true;
    stage_.after(slow_us, stage::who::world, [this] { hardware_.mend(); });
  }

  void open() {
    runtime::node_options options;
    options.data = "/";  // of that disk
    options.around = stage_.around();
    options.around.vfs = hardware_.vfs();
    options.around.seed = is_.seed;
    options.around.answer_ms = 400;
    options.around.sweep_ms = 100;
    options.around.adopt_ms = 250;
    options.around.patience.tries_before_parked = 60;
    for (const auto& one : faults_)
      if (one.what == fault_kind::impatience) options.around.patience.tries_before_parked = static_cast<int>(one.which);
    options.around.patience.pause_ms_first = 20;
    options.around.patience.pause_ms_max = 1'000;
    options.coordinators = coordinators;
    options.make_sink = platform_.maker();
    options.make_provider = till_.maker();
    options.make_errands = till_.errands_maker();
    options.make_brain = [this](runtime::directory::place at, const persistence::open_options& store) {
      auto small = store;
      small.checkpoint_pages = 64;  // so that a play sees some
      small.events_at_once = 8;     // so that outboxes forget
      return std::make_unique<guarded>(runtime::make_brain(at.domain, at.shard, small, {domains::approval::external}),
                                       burns(throws_[at.domain]), burns_at_commit(throws_[at.domain]));
    };
    try {
      node_ = std::make_unique<runtime::node>(std::move(options));
    } catch (const runtime::process_over&) {
      seen_.saw(situation::ended_while_starting);
      const auto how = std::exchange(death_, std::nullopt).value();
      if (how.stops()) lose(how);
      return open_after(how.for_ms * 1000);
    } catch (const std::runtime_error& trouble) {  // what is wrong with a store, or given_up
      note(std::string{"the node does not start: "} + trouble.what());
      return come_to_an_end(how_it_ends().value_or(death{again_ms, {}}));
    }
    note("a node is there");
    ++nodes_;
    falls_ = 0;
    counter_.open(*node_);
  }
  void close_node() {
    if (node_) seats_taken_again_ += node_->figures().supervision->restarts;
    node_.reset();
  }
  void open_after(std::int64_t us) {
    open_at_us_ = stage_.now_us() + us;
    stage_.after(us, stage::who::world, [] {});  // so that time comes there
  }

  void kill(const death& how) {
    seen_.saw(situation::process_killed);
    if (node_->sagas_running() > 0) seen_.saw(situation::killed_with_sagas_running);
    if (book_.is_paused(stage_.now_us())) seen_.saw(situation::fell_while_paused);
    counter_.close();
    come_to_an_end(how);
  }
  // Unless it stops, first: nothing that is done on the way out reaches the disk.
  void lose(const death& how) {
    note(how.stops() ? "the process stops and the power is lost"
         : how.rest  ? "the power is lost"
                     : "the process is killed");
    if (how.stops()) seen_.saw(situation::power_lost_after_stop);
    how.rest ? hardware_.lose_power(*how.rest) : hardware_.lose_process();
    look_what_is_left();
  }
  // What `souk check` would say before anybody starts a node on it.
  void look_what_is_left() {
    if (eye_() % 100 >= looked_at_percent) return;
    try {
      for (const auto& one : persistence::audit(hardware_.picture()))
        if (!one.holds())
          book_.broken("NOT " + one.name + ": " + one.rows.front() + " (after the fall at " +
                       std::to_string(stage_.now_us()) + " us)");
    } catch (const persistence::no_stores&) {
      // It ended before it had made any.
    } catch (const persistence::store_damaged& damage) {
      // A commit that was torn in a single bit may be there, which the next start sees to.
      if (!damage.mends) book_.broken("after the fall at " + std::to_string(stage_.now_us()) + " us: " + damage.what());
    } catch (const std::runtime_error& trouble) {
      book_.broken("after the fall at " + std::to_string(stage_.now_us()) + " us: " + trouble.what());
    }
  }
  // Asked by a node that is starting.
  bool is_over() {
    death_ = how_it_ends();
    if (death_ && !death_->stops()) lose(*death_);
    return death_.has_value();
  }
  void come_to_an_end(const death& how) {
    if (!how.stops()) lose(how);
    if (node_) node_->vanish();
    close_node();
    if (how.stops()) lose(how);
    open_after(how.for_ms * 1000);
  }
  std::optional<death> how_it_ends() const {
    if (const auto dark = hardware_.blackout())
      return dark->what == fault_kind::kill ? death{dark->much_ms, {}} : death{dark->much_ms, rest_of(dark->which)};
    return death_;
  }

  // One thing happens; and what may not happen in its midst, happens after it.
  void step() {
    if (!stage_.step()) throw std::logic_error("nothing will ever happen any more");
    if (is_.struck) look_whether_struck();
    if (const auto how = how_it_ends(); how && node_) kill(*how);
    death_.reset();  // who is dead already is not killed again
    if (!node_ && stage_.now_us() >= open_at_us_) open();
    if (trail_) look_who_fell();
  }
  template <class Holds>
  void run_until(Holds&& holds, const std::string& else_what) {
    const auto end = stage_.now_us() + patience_us;
    while (!holds()) {
      if (stage_.now_us() > end) throw std::runtime_error(else_what + what_is_open());
      step();
    }
  }
  // Of a play that is broken anyway: so that its cases have numbers, and can be followed.
  void look_what_is_there() {
    if (!node_ || !healed_) return;
    try {
      shoppers_.look_around();
      run_for(slow_us);
    } catch (const std::exception&) {
      // As far as it goes.
    }
  }
  std::string what_is_open() const {
    std::string text;
    if (!unended_.empty()) text += "; " + unended_ + " has not ended";
    for (const auto& one : counter_.open_questions()) text += "; " + name_of(one) + " waits";
    if (node_) text += "; " + std::to_string(node_->sagas_running()) + " sagas run";
    return text;
  }
  void note(const std::string& what) {
    if (trail_) trail_->note(what);
  }
  void look_who_fell() {
    if (!node_ || node_->figures().supervision->restarts == falls_) return;
    falls_ = node_->figures().supervision->restarts;
    note("somebody fell: " + std::to_string(falls_) + " times in this life");
  }
  void run_for(std::int64_t us) {
    stage_.after(us, stage::who::world, [] {});
    for (const auto end = stage_.now_us() + us; stage_.now_us() < end;) step();
  }

  void things_go_wrong() {
    for (const auto& one : faults_)
      stage_.after(one.at_ms * 1000, stage::who::world, [this, one] {
        if (!healed_) happen(one);
      });
    shoppers_.come(is_.visits, over_ms_);
    run_for((over_ms_ + 1'000) * 1000);
  }

  void happen(const fault& one) {
    const auto later = [&](auto what) { stage_.after(one.much_ms * 1000, stage::who::world, what); };
    const auto percent = [&](unsigned n) { return percent_of(one.which, n); };
    if (trail_) note(to_text(one));
    const auto desk =
        node_ ? node_->figures().desks[one.which % node_->figures().desks.size()].first : runtime::directory::place{};
    switch (one.what) {
      case fault_kind::weather:
        stage_.sky = {percent(0), percent(1), percent(2), 2'000'000};
        later([this] { stage_.sky = {}; });
        break;
      case fault_kind::cut: {
        const auto& pair = cut_pairs[one.which % std::size(cut_pairs)];
        stage_.cuts.emplace(pair.from, pair.to);
        later([this, pair] { stage_.cuts.erase({pair.from, pair.to}); });
        break;
      }
      case fault_kind::fell_desk:
        if (node_) node_->fell(desk), seen_.saw(situation::desk_fell);
        break;
      case fault_kind::desk_throws:
        if (node_) throws_[desk.domain]->left = 1 + one.which % 5, seen_.saw(situation::desk_threw);
        break;
      case fault_kind::commit_fails:
        if (node_) throws_[desk.domain]->commits_left = 1 + one.which % 5, seen_.saw(situation::commit_failed);
        break;
      case fault_kind::fell_at_tombstone:
        // Several times: most tombstones forbid what nobody has asked for, and nothing comes late.
        witness_.at_tombstone = [this, ms = one.much_ms, falls = std::map<domain, int>{}](domain where) mutable {
          if (++falls[where] > 8) return;
          stage_.after(ms * 1000, stage::who::world, [this, where] {
            if (node_) node_->fell({where, 0}), seen_.saw(situation::fell_at_tombstone);
          });
        };
        break;
      case fault_kind::stalled: {
        const auto& pair = cut_pairs[one.which % std::size(cut_pairs)];
        stage_.stalls[{pair.from, pair.to}] = stage_.now_us() + one.much_ms * 1000;
        later([this, pair] { stage_.stalls.erase({pair.from, pair.to}); });
        break;
      }
      case fault_kind::fell_at_turn:
        witness_.at_turn = [this, ms = one.much_ms](number saga) {
          const auto share = slice_of(saga) % coordinators;
          stage_.after(1, stage::who::world, [this, share] {
            if (node_) node_->fell_coordinator(share), seen_.saw(situation::fell_at_turn);
          });
          return ms * 1000;
        };
        break;
      case fault_kind::onlookers:
        shoppers_.onlookers = true;
        later([this] { shoppers_.onlookers = false; });
        break;
      case fault_kind::fell_coordinator:
        if (node_) node_->fell_coordinator(one.which % coordinators), seen_.saw(situation::coordinator_fell);
        break;
      case fault_kind::kill: death_ = {one.much_ms, {}}; break;
      case fault_kind::power_off: death_ = {one.much_ms, one.which}; break;
      case fault_kind::power_fails:
        if (node_) hardware_.fail(one);
        break;
      case fault_kind::io_error:
      case fault_kind::sync_fails:
      case fault_kind::disk_full:
        hardware_.fail(one);
        if (one.much_ms) later([this] { hardware_.mend(); });
        break;
      case fault_kind::kill_at_charge:
        till_.at_capture = [this, ms = one.much_ms] {
          till_.at_capture = nullptr;
          stage_.after(0, stage::who::world, [this, ms] { death_ = {ms, {}}; });
          seen_.saw(situation::killed_after_capture);
        };
        break;
      case fault_kind::set_clock:
        stage_.jump(one.much_ms);
        furthest_off_ms_ = std::max(furthest_off_ms_, stage_.wall_off_ms());
        seen_.saw(one.much_ms > 0 ? situation::clock_set_forward : situation::clock_set_back);
        break;
      case fault_kind::platform_down:
        platform_.now.down = true;
        later([this] { platform_.now.down = false; });
        break;
      case fault_kind::provider_down:
        till_.now.down = true;
        later([this] { till_.now.down = false; });
        break;
      case fault_kind::platform_mood:
        platform_.now = {platform_.now.down, percent(0), percent(1), percent(2), 0};
        break;
      case fault_kind::provider_mood:
        till_.now = {till_.now.down, percent(0), percent(1), percent(2), percent(3)};
        break;
      case fault_kind::operators: operators_.come(one.which, one.much_ms); break;
      case fault_kind::impatience: break;  // of each node when it is opened
      case fault_kind::fell_at_repair:
        operators_.at_repair = [this, one](number saga) {
          stage_.after(one.which / 3 * 10, stage::who::world, [this, one, saga] { fall_of(one, saga); });
        };
        break;
      case fault_kind::coordinator_hidden:
        if (node_) node_->hide_coordinator(one.which % coordinators);
        later([this] {
          if (node_) node_->show_coordinators();
        });
        break;
      case fault_kind::design_paused: operators_.pause(static_cast<order::flow>(one.which), one.much_ms); break;
      case fault_kind::lookers: shoppers_.look_closely(one.which, one.much_ms); break;
    }
  }

  // Whoever is to send on what was just mended.
  void fall_of(const fault& one, number saga) {
    if (!node_) return;
    seen_.saw(situation::fell_after_repair);
    switch (one.which % 3) {
      case 0: return node_->fell({domain::order, 0});
      case 1: return node_->fell_coordinator(slice_of(saga) % coordinators);
      default: death_ = {one.much_ms, {}};
    }
  }

  void things_are_healed() {
    healed_ = true;
    operations_ = hardware_.history();
    hardware_.heal();
    note("all is healed");
    stage_.sky = {};
    stage_.cuts.clear();
    stage_.stalls.clear();
    platform_.now = {};
    till_.now = {};
    till_.at_capture = nullptr;
    witness_.at_tombstone = nullptr;
    witness_.at_turn = nullptr;
    operators_.at_repair = nullptr;
    for (auto& [which, one] : throws_) *one = {};
    if (node_) node_->show_coordinators();
    // A clock that was set forward stays so: times that were written down would lie in the future.
    if (stage_.wall_off_ms() < 0) stage_.jump(-stage_.wall_off_ms());
  }

  // Else what stands still would do so for ever, and whoever waits for its end.
  void mend_now_and_then() {
    stage_.after(slow_us, stage::who::world, [this] {
      if (over_) return;
      operators_.mend_all();
      mend_now_and_then();
    });
  }

  void everything_ends() {
    mend_now_and_then();
    // Also what nobody waits for any more: it may open a case still.
    run_until([this, last = stage_.last_arrival_us()] { return stage_.now_us() > last; }, "time stands still");
    run_until([this] { return shoppers_.all_done() && operators_.all_done() && counter_.waiting() == 0; },
              "somebody is never answered");
    run_until([this] { return all_cases_ended(); }, "a case never ends");
    over_ = true;
    shoppers_.look_around();
    run_until([this] { return counter_.waiting() == 0; }, "somebody is never answered");
    operators_.look_around();
    run_until([this] { return counter_.waiting() == 0; }, "somebody is never answered");
    const auto settled = [this] {
      return book_.untold(platform_).empty() && book_.owed(till_).empty() && knows_what_the_provider_did();
    };
    for (const auto end = stage_.now_us() + patience_us; !settled() && stage_.now_us() < end;) run_for(slow_us);
    if (const auto what = book_.untold(platform_); !what.empty()) book_.broken("the platform is never told: " + what);
    if (const auto what = book_.owed(till_); !what.empty()) book_.broken(what);
    // A clock that was set back has left holds that end when it is there again.
    stage_.jump(furthest_off_ms_ - stage_.wall_off_ms());
    for (const auto end = stage_.now_us() + patience_us; !seats_held().empty() && stage_.now_us() < end;)
      run_for(slow_us);
    if (const auto what = seats_held(); !what.empty()) book_.broken("a hold is never released: " + what);
    everything_arrives();
  }

  // Each look takes a picture of the disk: most plays need one.
  void everything_arrives() {
    const auto end = stage_.now_us() + patience_us;
    for (;;) {
      run_for(quiet_us);
      const auto late = backlog(hardware_.picture());
      if (late.empty()) return;
      if (stage_.now_us() < end) continue;
      for (const auto& one : late) book_.broken("this is never heard: " + one);
      return;
    }
  }

  // Nobody holds one any more, and none is sold that was not paid for: the audit sees to that.
  std::string seats_held() {
    std::string names;
    counter_.ask(reservation::read{{"mon"}, {}, 100, stage_.now()}, [&names](const answer& said) {
      if (const auto* page = std::get_if<reservation::page>(&said.body))
        for (const auto& one : page->seats)
          if (one.now == reservation::state::held) names += (names.empty() ? "" : ", ") + one.what.seat.text;
    });
    run_until([this] { return counter_.waiting() == 0; }, "somebody is never answered");
    return names;
  }

  bool knows_what_the_provider_did() {
    bool all = false;
    counter_.ask(payment::open_work{}, [&all](const answer& said) {
      const auto* open = std::get_if<payment::works>(&said.body);
      all = open && open->list.empty();
    });
    run_until([this] { return counter_.waiting() == 0; }, "somebody is never answered");
    return all;
  }

  bool all_cases_ended() {
    bool all = true;
    unended_.clear();
    for (const auto& [request, one] : book_.wishes()) {
      const auto as_known = std::pair{request, one.cancel_told};
      if (ended_.contains(as_known)) continue;  // and nothing begins it anew: the books will tell
      counter_.ask(order::find_request{request}, [&, as_known, request = request,
                                                  refunded = one.cancel_told](const answer& said) {
        const auto* view = std::get_if<order::view>(&said.body);
        const bool over = !view || (view->ended.ms != 0 && (!refunded || view->state != order::state::completed));
        if (over && view) ended_.insert(as_known);
        if (over) return;
        all = false;
        unended_ = request;
      });
    }
    run_until([this] { return counter_.waiting() == 0; }, "somebody is never answered");
    if (all && node_->sagas_running() == 0 && operators_.all_done()) return true;
    run_for(slow_us);
    return false;
  }

  void close_the_books() {
    for (int i = 0; i < 8; ++i) {
      const user_id user{"u" + std::to_string(i)};
      counter_.ask(wallet::read_entries{user, 0, 100'000},
                   [this, user](const answer& said) { book_.read_ledger(user, said); });
    }
    run_until([this] { return counter_.waiting() == 0; }, "somebody is never answered");
    book_.add_up();
    for (int i = 0; i < 8; ++i)
      counter_.ask(wallet::find{{"u" + std::to_string(i)}}, [this](const answer& said) {
        if (const auto* mine = std::get_if<wallet::view>(&said.body)) book_.balance(mine->user, mine->balance.minor);
      });
    for (int i = 0; i < 6; ++i)
      counter_.ask(product::find{{"p" + std::to_string(i)}}, [this](const answer& said) {
        if (const auto* mine = std::get_if<product::view>(&said.body)) book_.stock(mine->product, mine->stock);
      });
    run_until([this] { return counter_.waiting() == 0; }, "somebody is never answered");
    counter_.close();
    close_node();
    book_.compare_sights();
    book_.outside(platform_, till_);
    persistence::audit_figures figures;
    for (const auto& one : persistence::audit(hardware_.files(), &figures))
      if (!one.holds()) book_.broken("NOT " + one.name + ": " + one.rows.front());
    if (figures.running) book_.broken(std::to_string(figures.running) + " sagas are left running");
    if (figures.parked) book_.broken(std::to_string(figures.parked) + " sagas are parked");
    if (figures.refunds_owed) book_.broken(std::to_string(figures.refunds_owed) + " refunds are owed");
  }

  void hasten(const std::string& key) {
    const auto id = parse_number(key);
    if (id && node_)
      counter_.ask(
          payment::hasten{*id, stage_.now()}, [](const answer&) {}, 1);
  }

  outcome account() {
    hardware_.count();
    outcome all;
    all.broken = book_.all_broken();
    all.faults = faults_;
    all.trace = stage_.trace();
    all.letters = stage_.carried();
    all.virtual_ms = stage_.now_us() / 1000;
    all.seen = seen_;
    all.histories = book_.history().searched();
    all.undecided = book_.history().too_wide();
    all.operations = std::move(operations_);
    all.was_struck = was_struck_;
    all.recoveries = seats_taken_again_ + std::max<std::int64_t>(nodes_ - 1, 0);
    for (const auto& [request, one] : book_.wishes()) {
      if (!one.end) continue;
      all.opened_by[request] = {one.end->id, one.what.flow};
      ++all.cases;
      all.completed += one.end->state == order::state::completed;
      all.failed += one.end->state == order::state::failed;
      all.cancelled += one.end->state == order::state::cancelled;
    }
    return all;
  }

  play_options is_;
  std::int64_t over_ms_;
  situations seen_;
  hardware hardware_;
  stage stage_;
  witness witness_;
  data_platform platform_;
  till till_;
  counter counter_;
  promises book_;
  shoppers shoppers_;
  operators operators_;
  std::mt19937_64 eye_;
  std::vector<fault> faults_;
  fuses throws_;
  std::unique_ptr<runtime::node> node_;
  std::optional<death> death_;
  std::optional<trail> trail_;
  std::int64_t falls_ = 0;              // of this node
  std::int64_t nodes_ = 0;              // that there were
  std::int64_t seats_taken_again_ = 0;  // at the nodes before this one
  std::int64_t open_at_us_ = 0;
  std::int64_t furthest_off_ms_ = 0;              // that the clock ever was
  std::string unended_;                           // some case that has not ended
  std::set<std::pair<std::string, bool>> ended_;  // requests whose case has, and whether as one that is taken back
  std::vector<operation> operations_;             // of the disk, until all was healed
  bool was_struck_ = false;
  bool healed_ = false;
  bool over_ = false;  // every case has ended
};

}  // namespace

outcome play(const play_options& options) {
  spdlog::set_level(spdlog::level::off);  // falls are made on purpose here
  return theatre{options}.run();
}

}  // namespace souk::sim
