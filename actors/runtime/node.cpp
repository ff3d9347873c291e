// Starts and stops a node.
#include "actors/runtime/node.hpp"

#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <caf/scoped_actor.hpp>
#include <filesystem>
#include <thread>

#include "actors/runtime/cashier.hpp"
#include "actors/runtime/follower.hpp"
#include "actors/runtime/relay.hpp"
#include "actors/runtime/roster.hpp"
#include "persistence/ownership.hpp"
#include "persistence/shards.hpp"

namespace souk::runtime {

namespace {
// Who waits at another node is to hear within five seconds that a keeper is out of reach, also when he is asked for a
// second time, and when his silence has yet to be noticed.
constexpr std::int64_t out_of_reach_ms = 1'200;
}  // namespace

node::node(node_options options) : options_(std::move(options)) {
  if (options_.cluster) {
    const auto& placed = options_.cluster->placement;
    for (std::size_t d = 0; d < domain_count; ++d)
      options_.shards[d] = static_cast<std::uint32_t>(placed.desks[d].size());
    options_.coordinators = static_cast<std::uint32_t>(placed.coordinators.size());
    where_ = std::make_shared<directory>(placed, placed.find(options_.cluster->name));
    gates_ = std::make_shared<gated_link>(options_.around.link);
    options_.around.link = gates_;
    if (!options_.around.out_of_reach_ms) options_.around.out_of_reach_ms = out_of_reach_ms;
  } else {
    where_ = std::make_shared<directory>(options_.shards, options_.coordinators);
  }
  around_ = std::make_shared<const surroundings>(options_.around);
  figures_.supervision = std::make_shared<supervision>();
  for (const auto n : options_.shards)
    if (n == 0) throw std::invalid_argument("every domain has at least one shard");
  std::filesystem::create_directories(options_.data);
  if (!options_.cluster && std::filesystem::exists(std::filesystem::path{options_.data} / persistence::deeds_name))
    throw std::invalid_argument(options_.data + " is the directory of one of several nodes: name its configuration");
  // A simulated disk has stores and nothing else.
  if (options_.around.vfs.empty()) persistence::keep_shards(options_.data, options_.shards);
  if (options_.cluster) {
    owner_ = persistence::next_owner(options_.data);
    deeds_ = std::make_shared<deed_book>(options_.data, options_.cluster->name, options_.cluster->placement, where_);
    engaged_ = put_in_order(*deeds_, *where_);
  }
  // Batches allocate and free megabytes at a time: giving them back to the kernel in between costs page faults.
  mallopt(M_TRIM_THRESHOLD, 64 << 20);

  config_.add_message_types<caf::id_block::souk>();
  // Under the default, stealing, two busy pairs of actors starve all others for seconds.
  config_.set("scheduler.policy", caf::atom("sharing"));
  config_.set("scheduler.max-throughput", std::size_t{50});
  config_.set("scheduler.max-threads",
              options_.threads ? options_.threads : std::max<std::size_t>(1, std::thread::hardware_concurrency()));
  config_.set("logger.verbosity", caf::atom("quiet"));
  if (options_.around.driver) options_.around.driver->install(config_);
  if (options_.cluster) links::install(config_);
  system_ = std::make_unique<caf::actor_system>(config_);

  auto posts = desk_posts();
  for (auto& one : coordinator_posts()) posts.push_back(std::move(one));
  add_carriers(posts);
  if (options_.cluster) join_the_others();
  supervisor_ = system_->spawn<supervisor>(std::move(posts), figures_.supervision);
  if (options_.cluster) {
    moves_ = std::make_shared<move_tray>();
    // On a thread of its own: it copies and syncs whole stores, and pings are not to wait for that.
    mover_ = system_->spawn<mover, caf::detached>(mover_papers{
        deeds_, where_, around_, moves_, supervisor_, engaged_, [to = links_.get()] { to->spread_deeds(); },
        static_cast<bool>(options_.make_sink), static_cast<bool>(options_.make_provider)});
    links_->announce(seat_name::of_mover(where_->me()), mover_);
  }
  front_ = std::make_unique<runtime::front>(*system_, where_, around_);
  try {
    wait_for_all();
    if (links_) links_->open();
  } catch (const process_over&) {
    vanish();
    leave();
    throw;
  } catch (...) {
    leave();
    throw;
  }
  if (where_->is_here({domain::payment, 0})) warn_of_open_payments();
}

// The supervisor seats everybody in its first breath. What was open before, other nodes may have to say, which may not
// be there for hours.
void node::wait_for_all() {
  wait_until([this] {
    if (options_.around.driver && options_.around.driver->over()) throw process_over("it ended while it started");
    if (figures_.supervision->given_up) throw given_up("the node cannot start: the log names who fell again and again");
    if (!options_.cluster) return ready();
    return std::all_of(engaged_.begin(), engaged_.end(), [this](auto at) {
      return !where_->is_here(at) || where_->desk(at) != nullptr;  // it may be taken away meanwhile
    });
  });
}

// Before the supervisor seats anybody: the porter is told who sits where.
void node::join_the_others() {
  // Both from the porter's thread. The supervisor has been there since before the door was opened.
  links_ = std::make_unique<links>(
      *system_, *options_.cluster, owner_, where_, deeds_, around_, gates_, [this] { return report(); },
      [this] { caf::anon_send(supervisor_, souk::drain{}); });
  figures_.peers = links_->peers();
}

// Of several nodes all have all desks, most of them empty: a shard may move here.
std::vector<post> node::desk_posts() {
  std::vector<post> posts;
  for (std::size_t d = 0; d < domain_count; ++d)
    for (std::uint32_t shard = 0; shard < options_.shards[d]; ++shard)
      if (const directory::place at{static_cast<domain>(d), shard}; may_be_here(at)) posts.push_back(desk_post(at));
  return posts;
}

bool node::is_engaged(directory::place at) const {
  return !options_.cluster || std::find(engaged_.begin(), engaged_.end(), at) != engaged_.end();
}

post node::desk_post(directory::place at) {
  // A store that cannot be opened is found before anything starts; the first desk gets what was opened.
  const auto opened = std::make_shared<std::unique_ptr<domains::brain>>();
  if (is_engaged(at)) *opened = open_brain(at, true);
  const auto next = [this, at, opened] { return *opened ? std::move(*opened) : open_brain(at, false); };
  auto counts = std::make_shared<desk_counts>();
  figures_.desks.emplace_back(at, counts);
  const desk_papers papers{at, next, where_, around_, counts};
  return {std::string{to_text(at.domain)} + '/' + std::to_string(at.shard),
          [this, papers] {
            return options_.around.desks == spawn_policy::detached ? system_->spawn<desk, caf::detached>(papers)
                                                                   : system_->spawn<desk>(papers);
          },
          [this, at](caf::actor who) {
            where_->seat_desk(at, who);
            if (links_) links_->announce(seat_name::of(at), std::move(who));
          },
          [counts] { counts->restarts += 1; },
          seat_name::of(at),
          is_engaged(at)};
}

// A store that somebody took away meanwhile must not be made anew: an empty one would be in its place.
std::unique_ptr<domains::brain> node::open_brain(directory::place at, bool first) const {
  persistence::open_options store;
  store.path = (std::filesystem::path{options_.data} / store_name(at.domain, at.shard)).string();
  store.vfs = options_.around.vfs;
  store.owner = owner_;
  // Until it is open: whoever takes it out of its place meanwhile would miss what is moved from its WAL, or leave room
  // for a new one.
  std::optional<deed_book::standstill> still;
  if (deeds_) {
    still.emplace(*deeds_);
    if (deeds_->keeper(at) != deeds_->me())
      throw persistence::store_taken(store.path + ": it is " + deeds_->keeper(at) + "'s now", 0);
    if (!std::filesystem::exists(store.path)) {
      if (!first || deeds_->turn(at) > 0) throw persistence::store_taken(store.path + ": it is gone", 0);
      if (!persistence::given_turns(store.path).empty())
        throw std::invalid_argument(store.path +
                                    " was given away, and no deed says to whom: restore a backup of the node");
    }
    store.owner = number_for(at, store.path);
  }
  if (options_.make_brain)
    if (auto own = options_.make_brain(at, store)) return own;
  return make_brain(
      at.domain, at.shard, store,
      {options_.make_provider ? domains::approval::external : domains::approval::internal, options_.keep_events_ms});
}

// A store that came from another node may have been taken there under a larger number than this node's. It gets one of
// its own when it comes, and never a larger one as long as it stays: whoever has taken it meanwhile keeps it.
std::int64_t node::number_for(directory::place at, const std::string& store) const {
  const auto turn = deeds_->turn(at);
  const auto [mine, first] = taken_.try_emplace(seat_name::of(at));
  if (first || mine->second.first != turn)
    mine->second = {turn, turn ? std::max(owner_, persistence::owner_of(store) + 1) : owner_};
  return mine->second.second;
}

std::vector<post> node::coordinator_posts() {
  std::vector<post> posts;
  for (std::uint32_t share = 0; share < options_.coordinators; ++share) {
    if (!where_->is_coordinator_here(share)) continue;
    auto counts = std::make_shared<coordinator_counts>();
    counts->share = share;
    figures_.coordinators.push_back(counts);
    const coordinator_papers papers{share, where_, around_, counts};
    posts.push_back({"coordinator/" + std::to_string(share),
                     [this, papers] { return system_->spawn<coordinator>(papers); },
                     [this, share](caf::actor who) {
                       where_->seat_coordinator(share, who);
                       caf::anon_send(who, souk::wake{});
                       if (links_) links_->announce(seat_name::of_coordinator(share), std::move(who));
                     },
                     [counts] { counts->restarts += 1; }});
  }
  return posts;
}

// Those who carry events keep nothing, and reach both of their ends through the directory. Of several nodes each runs
// at one: beside what it belongs to, so that it comes and goes with that.
void node::add_carriers(std::vector<post>& posts) {
  const auto nobody = [](caf::actor) {};
  // Beside the outbox that they read.
  for (std::uint32_t shard = 0; shard < where_->shards(domain::order); ++shard) {
    const directory::place beside{domain::order, shard};
    if (!may_be_here(beside)) continue;
    const follower_papers papers{shard, 0, where_, around_};
    for (const auto* keeper : {&ranking_bookkeeper, &payment_bookkeeper})
      posts.push_back({keeper->name + ('/' + std::to_string(shard)),
                       [this, papers, keeper] { return system_->spawn<book_follower>(papers, *keeper); },
                       nobody,
                       {},
                       seat_name::of(beside),
                       is_engaged(beside)});
  }
  // Between the desks that take part in choreographies and the event log: beside the desk.
  std::vector<event_log::party> parties;
  for (std::size_t d = 0; d < domain_count; ++d)
    for (std::uint32_t shard = 0; shard < options_.shards[d] && interest_of(static_cast<domain>(d)).topics; ++shard)
      parties.push_back({static_cast<domain>(d), shard});
  // The platform subscribes too, whether there is one yet or not: until then its events are kept.
  const auto subscribers = static_cast<std::uint32_t>(parties.size()) + 1;
  for (const auto& party : parties) {
    const directory::place beside{party.domain, party.shard};
    if (!may_be_here(beside)) continue;
    const auto name = std::string{to_text(party.domain)} + '/' + std::to_string(party.shard);
    relay_papers papers{party, 0, subscribers, where_, around_};
    posts.push_back({"relay/" + name,
                     [this, papers] { return system_->spawn<relay>(papers); },
                     nobody,
                     {},
                     seat_name::of(beside),
                     is_engaged(beside)});
    for (; papers.partition < where_->shards(domain::event_log); ++papers.partition)
      posts.push_back({"subscriber/" + name + '/' + std::to_string(papers.partition),
                       [this, papers] { return system_->spawn<subscriber>(papers); },
                       nobody,
                       {},
                       seat_name::of(beside),
                       is_engaged(beside)});
  }
  // Beside the platform's positions: one node alone speaks to the platform.
  const directory::place at_platform{domain::platform, 0}, at_payment{domain::payment, 0};
  if (options_.make_sink && may_be_here(at_platform))
    for (const auto* source : {&outbox_of_orders, &log_of_histories}) {
      for (std::uint32_t shard = 0; shard < where_->shards(source->of); ++shard) {
        const follower_papers papers{shard, subscribers, where_, around_};
        posts.push_back({std::string{"platform_follower/"} + source->name + '/' + std::to_string(shard),
                         // Delivery blocks: it has a thread of its own.
                         [this, papers, source] {
                           return options_.around.desks == spawn_policy::detached
                                      ? system_->spawn<platform_follower, caf::detached>(papers, *source,
                                                                                         options_.make_sink)
                                      : system_->spawn<platform_follower>(papers, *source, options_.make_sink);
                         },
                         nobody,
                         {},
                         seat_name::of(at_platform),
                         is_engaged(at_platform)});
      }
    }
  // Beside what is open: one node alone speaks to the provider.
  if (options_.make_provider && may_be_here(at_payment)) {
    figures_.cashier = std::make_shared<cashier_counts>();
    const cashier_papers papers{where_, around_, figures_.cashier, options_.make_provider, options_.make_errands};
    posts.push_back({"cashier",
                     // Who waits for the last errands at its end must keep no thread from others.
                     [this, papers] {
                       return options_.around.desks == spawn_policy::detached
                                  ? system_->spawn<cashier, caf::detached>(papers)
                                  : system_->spawn<cashier>(papers);
                     },
                     nobody, [counts = figures_.cashier] { counts->restarts += 1; }, seat_name::of(at_payment),
                     is_engaged(at_payment)});
  }
}

// Whoever changes the configuration would otherwise wait for them in vain.
void node::warn_of_open_payments() {
  if (options_.make_provider) return;
  front_->ask(payment::open_work{}, {}, [](answer&& said) {
    if (const auto* open = std::get_if<payment::works>(&said.body); open && !open->list.empty())
      spdlog::warn(
          "at least {} payments are open at an external provider, but payments are internal now: their orders "
          "wait until payment_provider names it again",
          open->list.size());
  });
}

node::~node() {
  leave();
  system_.reset();
}

void node::leave() {
  if (vanishes_) {
    // Actors and the directory know each other: without the directory nobody keeps them.
    options_.around.driver->halt();
    system_->await_actors_before_shutdown(false);
    where_->clear();
    front_.reset();
    supervisor_ = mover_ = nullptr;
    return;
  }
  front_.reset();
  caf::scoped_actor self{*system_};
  if (mover_) {
    self->monitor(mover_);
    self->send(mover_, souk::drain{});
    self->receive([](const caf::down_msg&) {});
  }
  self->monitor(supervisor_);
  self->send(supervisor_, souk::drain{});
  if (options_.around.driver) wait_until([&] { return self->has_next_message(); });
  self->receive([](const caf::down_msg&) {});
  if (options_.around.driver) wait_until([this] { return system_->registry().running() <= 1; });
  links_.reset();
  supervisor_ = mover_ = nullptr;
}

void node::wait_until(const std::function<bool()>& holds) const {
  while (!holds()) {
    if (options_.around.driver)
      options_.around.driver->drive();
    else
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

bool node::all_seated() const {
  for (const auto& [at, counts] : figures_.desks)
    if (where_->is_here(at) && !where_->desk(at)) return false;
  return std::all_of(figures_.coordinators.begin(), figures_.coordinators.end(),
                     [this](const auto& one) { return where_->coordinator(one->share) != nullptr; });
}

std::vector<std::pair<directory::place, std::shared_ptr<desk_counts>>> node::desks_here() const {
  auto here = figures_.desks;
  std::erase_if(here, [this](const auto& one) { return !where_->is_here(one.first); });
  return here;
}

std::string node::name() const {
  return options_.cluster ? options_.cluster->placement.nodes[where_->me()] : std::string{};
}

std::string node::keeper(directory::place at) const {
  return options_.cluster ? options_.cluster->placement.nodes[where_->keeper(at)] : std::string{};
}

std::vector<directory::place> node::desks_elsewhere() const {
  std::vector<directory::place> all;
  for (std::size_t d = 0; d < domain_count; ++d)
    for (std::uint32_t s = 0; s < options_.shards[d]; ++s)
      if (const directory::place at{static_cast<domain>(d), s}; !where_->is_here(at)) all.push_back(at);
  return all;
}

std::vector<std::uint32_t> node::shares_of(const std::string& name) const {
  std::vector<std::uint32_t> shares;
  if (!options_.cluster) return shares;
  const auto& placed = options_.cluster->placement;
  for (std::uint32_t share = 0; share < placed.coordinators.size(); ++share)
    if (placed.nodes[placed.coordinators[share]] == name) shares.push_back(share);
  return shares;
}

std::shared_ptr<cashier_counts> node::cashier_here() const {
  return where_->is_here({domain::payment, 0}) ? figures_.cashier : nullptr;
}

std::vector<persistence::deed> node::deeds() const { return deeds_ ? deeds_->all() : std::vector<persistence::deed>{}; }

bool node::move(move_wish wish, hear_of_move then) {
  const auto known = [&] {
    const auto& placed = options_.cluster->placement;
    return placed.find(wish.to) < placed.nodes.size() && wish.domain < domain_count &&
           wish.shard < options_.shards[wish.domain];
  };
  if (!mover_ || !known()) return false;
  {
    const std::lock_guard hold{moves_->mutex};
    wish.ticket = ++moves_->last;
    moves_->waiting.emplace(wish.ticket, std::move(then));
  }
  caf::anon_send(mover_, std::move(wish));
  return true;
}

bool node::ready() const {
  return figures_.supervision->given_up == 0 && all_seated() &&
         std::all_of(figures_.coordinators.begin(), figures_.coordinators.end(),
                     [](const auto& one) { return one->knows_open_cases.load(); });
}

std::unique_ptr<console> node::employ(const char* name, console::look around) {
  return std::make_unique<console>(*system_, name, std::move(around));
}

node_report node::report() const {
  node_report out;
  out.ready = ready() && !stops_;
  out.restarts = figures_.supervision->restarts;
  out.given_up = figures_.supervision->given_up;
  for (const auto& [at, counts] : figures_.desks) {
    counts->passed.add_to(out.passed);
    if (!where_->is_here(at)) continue;
    out.desks += 1;
    out.waiting += counts->waiting;
  }
  for (const auto& one : figures_.coordinators) {
    one->passed.add_to(out.passed);
    out.coordinators.push_back(now_of(*one));
  }
  out.audit = figures_.audit->get();
  return out;
}

std::int64_t node::sagas_running() const {
  std::int64_t n = 0;
  for (const auto& one : figures_.coordinators) n += one->running;
  return n;
}

void node::fell(directory::place at) {
  if (const auto who = where_->desk(at)) caf::anon_send_exit(who, caf::exit_reason::unhandled_exception);
}

void node::fell_coordinator(std::uint32_t share) {
  if (const auto who = where_->coordinator(share)) caf::anon_send_exit(who, caf::exit_reason::unhandled_exception);
}

void node::hide_coordinator(std::uint32_t share) {
  if (auto who = where_->coordinator(share)) hidden_.emplace_back(share, caf::actor_cast<caf::actor_addr>(who));
  where_->seat_coordinator(share, {});
}

void node::show_coordinators() {
  for (const auto& [share, where] : std::exchange(hidden_, {})) {
    const auto who = caf::actor_cast<caf::actor>(where);
    if (!who || where_->coordinator(share)) continue;  // another sits there by now
    where_->seat_coordinator(share, who);
    caf::anon_send(who, souk::wake{});
  }
}

}  // namespace souk::runtime
