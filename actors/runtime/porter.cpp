// Looks for the other nodes, and keeps the directory's slots of what sits there.
#include "actors/runtime/porter.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <caf/io/middleman.hpp>
#include <chrono>

namespace souk::runtime {

namespace {

constexpr std::int64_t dial_every_ms = 200;
// Nobody changes his mind within moments, but a configuration may be put right.
constexpr std::int64_t refused_ms = 2'000;
constexpr std::int64_t greeting_ms = 2'000;
// Until then both sides know who sits where, and what a desk begins finds its coordinator.
constexpr std::int64_t settled_ms = 500;
constexpr std::int64_t tidings_ms = 1'000;

// CAF connects while all of its other connections wait: a peer whose machine swallows what is sent to it would hold up
// the greeting of all others. So somebody else knocks first.
bool somebody_listens(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_port = htons(port);
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bool open = ::connect(socket, reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0;
  if (!open && errno == EINPROGRESS) {
    constexpr int patience_ms = 200;
    pollfd until{socket, POLLOUT, 0};
    int trouble = 0;
    socklen_t size = sizeof trouble;
    open = ::poll(&until, 1, patience_ms) == 1 && ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &trouble, &size) == 0 &&
           trouble == 0;
  }
  ::close(socket);
  return open;
}

bool is_coordinator(std::uint32_t seat) { return seat >> 16 == seat_name::coordinators; }
bool is_mover(std::uint32_t seat) { return seat >> 16 == seat_name::movers; }

}  // namespace

porter::porter(caf::actor_config& config, porter_papers papers)
    : caf::event_based_actor(config), papers_(std::move(papers)) {
  for (const auto& one : papers_.peers)
    peers_.push_back(peer{one, acquaintance{papers_.cluster.manners}, papers_.cluster.placement.find(one->name)});
  // Visits of two lives of a node have different numbers.
  sessions_ = static_cast<std::uint64_t>(papers_.incarnation) << 32;
  set_down_handler([this](const caf::down_msg& news) { on_gone(news); });
  // Whoever sends what cannot be understood ends nobody here.
  set_default_handler(caf::drop);
}

caf::behavior porter::make_behavior() {
  return {
      [this](souk::wake) { send(this, souk::sweep{}); },
      [this](const hello& said) { on_hello(said); },
      [this](const refusal& said) { on_refusal(said); },
      [this](const seats& said, const std::vector<caf::actor>& who) { on_seats(said, who); },
      [this](const ping& said) {
        auto* from = sender_of(said.session);
        // It believes in a visit that is over here: it is to come anew.
        if (!from) return send(caf::actor_cast<caf::actor>(current_sender()), farewell{said.session});
        tell(*from, pong{said.session, said.sent});
      },
      [this](const pong& said) {
        if (auto* from = sender_of(said.session)) from->figures->door.arrived(said.sent);
      },
      [this](const tidings& said) {
        if (auto* from = sender_of(said.session)) from->figures->said.put(said.about);
      },
      [this](const farewell& said) {
        auto* from = sender_of(said.session);
        if (!from) return;
        lose(*from, "said farewell");
        from->porter = nullptr;
      },
      [this](std::uint32_t where, const caf::actor& who) { seat(where, who); },
      [this](souk::spread_deeds) { tell_deeds(); },
      [this](souk::sweep) {
        on_sweep();
        delayed_send(this, std::chrono::milliseconds{papers_.around->sweep_ms}, souk::sweep{});
      },
      [this](souk::drain) {
        for (auto& one : peers_)
          if (one.known.here()) tell(one, farewell{one.known.session()});
        quit();
      },
  };
}

void porter::on_exit() {
  for (auto& one : peers_) {
    one.figures->door.shut();
    one.porter = nullptr;
    one.mover = nullptr;
  }
  seated_.clear();
  mover_ = nullptr;
}

hello porter::card(std::uint64_t session, bool is_answer) const {
  return {nodes_protocol, papers_.cluster.name, papers_.incarnation, papers_.cluster.placement.fingerprint(), session,
          is_answer};
}

porter::peer* porter::find(std::string_view name) {
  const auto found =
      std::find_if(peers_.begin(), peers_.end(), [&](const auto& one) { return one.figures->name == name; });
  return found == peers_.end() ? nullptr : &*found;
}

// Whoever says something that belongs to a visit: not of an earlier one.
porter::peer* porter::sender_of(std::uint64_t session) {
  const auto from = current_sender();
  for (auto& one : peers_)
    if (one.porter && from == one.porter && one.known.heard(session, now_ms())) return &one;
  return nullptr;
}

void porter::on_hello(const hello& said) {
  const auto who = caf::actor_cast<caf::actor>(current_sender());
  if (!who || superseded_) return;
  auto* from = find(said.name);
  const auto refuse = [&](const std::string& why) { send(who, refusal{said.session, why}); };
  if (!from) return refuse("nobody is called " + said.name + " in this node's configuration");
  if (said.is_answer && (said.session != from->greeting || who != from->porter)) return;  // of an earlier greeting
  if (const auto why = from->known.judge(said, card(0, false)); !why.empty()) {
    complain(*from, "is refused: " + why);
    if (said.is_answer) from->dial_at_ms = now_ms() + refused_ms, from->greeting = 0;
    return refuse(why);
  }
  if (from->known.here()) lose(*from, "comes anew");
  from->figures->incarnation = said.incarnation;
  if (!said.is_answer) {
    from->porter = who;
    monitor(who);
    tell(*from, card(said.session, true));
  }
  let_in(*from, said.session);
}

void porter::let_in(peer& one, std::uint64_t session) {
  one.greeting = 0;
  one.complaint.clear();
  one.known.let_in(session, now_ms());
  one.figures->visits += 1;
  papers_.through->lead(one.porter.node(), one.figures);
  one.figures->door.open();
  spdlog::info("node {} is there, with its stores under number {}", one.figures->name, one.known.incarnation());
  tell_seats(one);
  tell(one, tidings{one.known.session(), papers_.report()});
  wake_at_ms_ = now_ms() + settled_ms;
}

void porter::on_refusal(const refusal& said) {
  const auto from = current_sender();
  for (auto& one : peers_) {
    if (!one.porter || from != one.porter || (one.greeting != said.session && one.known.session() != said.session))
      continue;
    one.greeting = 0;
    if (one.known.here()) lose(one, "has changed its mind");
    try_later(one, "refuses this node: " + said.why, refused_ms);
    if (!said.why.starts_with(superseded) || superseded_) return;
    // Somebody else writes where this node used to: whatever it did from now on would be lost, or do harm.
    superseded_ = true;
    spdlog::critical("node {} says that this node has been replaced: it stops", one.figures->name);
    papers_.on_superseded();
    return;
  }
}

void porter::on_gone(const caf::down_msg& news) {
  for (auto& one : peers_) {
    if (!one.porter || one.porter.address() != news.source) continue;
    if (one.known.here()) lose(one, "is gone");
    one.porter = nullptr;
    one.greeting = 0;
  }
}

void porter::lose(peer& one, const std::string& why) {
  one.known.leave();
  one.figures->door.shut();
  const auto& placed = papers_.cluster.placement;
  for (std::size_t d = 0; d < domain_count; ++d)
    for (std::uint32_t shard = 0; shard < placed.desks[d].size(); ++shard)
      papers_.where->seat_desk({static_cast<domain>(d), shard}, {}, one.number);
  for (std::uint32_t share = 0; share < placed.coordinators.size(); ++share)
    papers_.where->seat_coordinator(share, {}, one.number);
  one.mover = nullptr;
  tell_mover(one, {});
  one.dial_at_ms = now_ms() + dial_every_ms;
  spdlog::warn("node {} {}: what it keeps is out of reach", one.figures->name, why);
}

void porter::on_sweep() {
  if (wake_at_ms_ && now_ms() >= wake_at_ms_) {
    wake_at_ms_ = 0;
    wake_coordinators();
  }
  if (now_ms() >= tidings_at_ms_) {
    tidings_at_ms_ = now_ms() + tidings_ms;
    tell_tidings();
  }
  for (auto& one : peers_) {
    using finding = acquaintance::finding;
    switch (one.known.look(now_ms())) {
      case finding::lost:
        lose(one, "is silent");
        one.porter = nullptr;
        break;
      case finding::suspect: one.figures->door.shut(); break;
      case finding::heard_again:
        one.figures->door.go_on();
        wake_at_ms_ = now_ms() + settled_ms;
        break;
      case finding::nothing: break;
    }
    if (one.known.here()) {
      if (now_ms() < one.ping_at_ms) continue;
      one.ping_at_ms = now_ms() + papers_.cluster.manners.ping_ms;
      tell(one, ping{one.known.session(), one.figures->door.sent()});
      continue;
    }
    if (one.greeting && now_ms() >= one.dial_at_ms) {
      one.greeting = 0;
      complain(one, "does not answer the greeting");
    }
    const bool mine = dials(papers_.cluster.name, one.figures->name);
    if (mine && !superseded_ && !one.dialling && !one.greeting && now_ms() >= one.dial_at_ms) dial(one);
  }
}

void porter::dial(peer& to) {
  to.dial_at_ms = now_ms() + dial_every_ms;
  const auto port = papers_.cluster.dial ? papers_.cluster.dial(to.figures->name) : std::uint16_t{0};
  // A tunnel's near end always listens, and only makes way for who stays.
  const bool is_its_own = papers_.cluster.port != 0;
  if (port == 0 || (is_its_own && !somebody_listens(port))) return complain(to, "is not there yet");
  to.dialling = true;
  const auto name = to.figures->name;
  request(system().middleman().actor_handle(), std::chrono::milliseconds{2 * greeting_ms}, caf::connect_atom::value,
          std::string{"127.0.0.1"}, port)
      .then(
          [this, name](const caf::node_id& node, const caf::strong_actor_ptr& who, const std::set<std::string>&) {
            if (auto* it = find(name)) greet(*it, node, who);
          },
          // A handshake that a heartbeat falls into is cut by CAF itself: that happens, and is tried again.
          [this, name](const caf::error&) {
            if (auto* it = find(name)) try_later(*it, "cannot be connected to yet", dial_every_ms);
          });
}

void porter::greet(peer& to, const caf::node_id& node, const caf::strong_actor_ptr& who) {
  to.dialling = false;
  if (to.known.here()) return;
  // CAF makes a node's id of its machine's addresses and its process number: in two containers they may be the same,
  // and then a connection to the other looks like one to oneself.
  if (!who || node == system().node() || who->node() == system().node())
    return try_later(to, "has this node's own CAF id: give one of them another process number or address", refused_ms);
  to.porter = caf::actor_cast<caf::actor>(who);
  monitor(to.porter);
  to.greeting = ++sessions_;
  to.dial_at_ms = now_ms() + greeting_ms;
  tell(to, card(to.greeting, false));
}

void porter::try_later(peer& one, const std::string& why, std::int64_t pause_ms) {
  one.dialling = false;
  one.dial_at_ms = now_ms() + pause_ms;
  complain(one, why);
}

// Once, until it changes.
void porter::complain(peer& of, const std::string& what) {
  if (of.complaint == what) return;
  of.complaint = what;
  spdlog::warn("node {} {}", of.figures->name, what);
}

bool porter::keeps(const peer& one, std::uint32_t seat) const {
  const auto shard = seat & 0xffff;
  if (is_mover(seat)) return shard == one.number;
  const auto& placed = papers_.cluster.placement;
  if (is_coordinator(seat)) return shard < placed.coordinators.size() && placed.coordinators[shard] == one.number;
  if (seat >> 16 >= domain_count || shard >= placed.desks[seat >> 16].size()) return false;
  return papers_.where->keeper(seat_name::desk(seat)) == one.number;
}

// False: it says of a shard that somebody else keeps it, by a deed as good as the one that is known here. Which of the
// two is wrong is not for nodes to decide, and one of them must not be spoken to.
bool porter::learn(peer& from, const seats& said) {
  using finding = deed_book::finding;
  bool news = false;
  for (const auto& one : said.deeds) {
    const auto found = papers_.deeds->learn(one);
    news = news || found == finding::news;
    if (found != finding::contradiction) continue;
    const auto why = "by its deeds " + shard_of(one) + " is " + one.keeper + "'s under turn " +
                     std::to_string(one.turn) +
                     ", by this node's another's: one of them was restored from before a move";
    tell(from, refusal{from.known.session(), why});
    lose(from, "is refused");
    try_later(from, "is refused: " + why, refused_ms);
    return false;
  }
  if (news && mover_) send(mover_, souk::wake{});
  if (news) tell_deeds();
  return true;
}

void porter::on_seats(const seats& said, const std::vector<caf::actor>& who) {
  auto* from = sender_of(said.session);
  if (!from || who.size() != said.taken.size() || !learn(*from, said)) return;
  const auto put = [&](std::uint32_t seat, const caf::actor& one) {
    if (!keeps(*from, seat)) return;
    if (is_mover(seat))
      tell_mover(*from, from->mover = one);
    else if (is_coordinator(seat))
      papers_.where->seat_coordinator(seat & 0xffff, one, from->number);
    else
      papers_.where->seat_desk(seat_name::desk(seat), one, from->number);
  };
  for (std::size_t i = 0; i < who.size(); ++i) put(said.taken[i], who[i]);
  for (const auto seat : said.vacant) put(seat, {});
  // A desk of orders may have begun cases for us meanwhile.
  wake_coordinators();
}

void porter::tell_mover(const peer& of, const caf::actor& theirs) {
  if (mover_) send(mover_, of.figures->name, theirs);
}

void porter::tell_seats(const peer& to) {
  seats all{to.known.session(), {}, {}, papers_.deeds->all()};
  std::vector<caf::actor> who;
  for (const auto& [where, one] : seated_) {
    all.taken.push_back(where);
    who.push_back(one);
  }
  send(to.porter, std::move(all), std::move(who));
}

void porter::tell_deeds() {
  for (auto& one : peers_)
    if (one.known.here())
      send(one.porter, seats{one.known.session(), {}, {}, papers_.deeds->all()}, std::vector<caf::actor>{});
}

void porter::tell_tidings() {
  const auto anybody = std::any_of(peers_.begin(), peers_.end(), [](const auto& one) { return one.known.here(); });
  if (!anybody) return;
  const auto about = papers_.report();
  for (auto& one : peers_)
    if (one.known.here()) tell(one, tidings{one.known.session(), about});
}

// Somebody sits anew here, or nobody does.
void porter::seat(std::uint32_t where, const caf::actor& who) {
  if (who)
    seated_[where] = who;
  else
    seated_.erase(where);
  if (is_mover(where)) {
    mover_ = who;
    for (const auto& one : peers_) tell_mover(one, one.mover);
  }
  for (auto& one : peers_) {
    if (!one.known.here()) continue;
    seats news{one.known.session(), {}, {}, papers_.deeds->all()};
    std::vector<caf::actor> sitting;
    (who ? news.taken : news.vacant).push_back(where);
    if (who) sitting.push_back(who);
    send(one.porter, std::move(news), std::move(sitting));
  }
}

// What order desks begin while a coordinator is out of reach is lost on the way. It would ask for it within seconds.
void porter::wake_coordinators() {
  for (const auto& [where, one] : seated_)
    if (is_coordinator(where)) send(one, souk::wake{});
}

}  // namespace souk::runtime
