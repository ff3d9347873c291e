// The tunnel between nodes, on Boost.Asio: its sockets, its deadlines, and one loop that carries the bytes.
//
// A connection ("crossing") has a plain socket on this side and a secure one to the other host:
//
//   called:   accept -> awaiting (first byte) -> shaking -> handing (to hand_to) -> carrying -> over
//   calling:  accept -> dialling ---------------> shaking ------------------------> carrying -> over
//
// Sockets never block. Asio only says when one is ready; then as much is moved as goes, a buffer of 16 KiB each way. A
// buffer is filled again when all of it is written, so nobody is read from faster than the other side takes. What one
// side says of its end is passed on: nothing follows, which leaves the other direction open, or cut off.
#include "actors/edge/tunnel.hpp"

#define BOOST_ASIO_DISABLE_FENCED_BLOCK  // one thread; ThreadSanitizer does not understand fences

#include <netinet/tcp.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <list>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "actors/edge/certificates.hpp"
#include "actors/edge/tls.hpp"

namespace souk::edge {

namespace net = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;
using tcp = net::ip::tcp;

namespace {

steady_clock::duration seconds_of(double seconds) {
  return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>{seconds});
}

std::string text_of(const tcp::endpoint& at) {
  std::ostringstream out;
  out << at;
  return out.str();
}

[[noreturn]] void cannot_listen(const std::string& address, error_code why) {
  throw std::system_error(why.value(), std::system_category(), "cannot listen on " + address);
}

// Whether the process behind a connection from loopback is of our user. What has been closed already belongs to nobody
// (inode 0), and nobody is not us, also when we are root.
bool is_ours(const tcp::endpoint& dialling, const tcp::endpoint& here) {
  std::ifstream table{"/proc/thread-self/net/tcp"};
  std::string rest;
  if (!std::getline(table, rest)) return true;
  const auto as_listed = [](const tcp::endpoint& at) {
    // The address as the machine keeps it, the port as one reads it.
    const auto raw = at.address().to_v4().to_bytes();
    std::uint32_t word = 0;
    std::copy(raw.begin(), raw.end(), reinterpret_cast<unsigned char*>(&word));
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%08X:%04X", word, at.port());
    return std::string{text.data()};
  };
  const auto from = as_listed(dialling), to = as_listed(here);
  std::string row, local, remote, state, queues, timer, retries;
  std::uint64_t user = 0, timeout = 0, inode = 0;
  while (table >> row >> local >> remote >> state >> queues >> timer >> retries >> user >> timeout >> inode) {
    std::getline(table, rest);
    if (local == from && remote == to) return inode != 0 && user == ::geteuid();
  }
  return false;
}

struct counters {
  std::atomic<std::uint64_t> open_in{0}, open_out{0}, strangers{0}, accepted{0}, called{0}, refused{0}, unreachable{0},
      silent{0}, cut_off{0}, bytes_in{0}, bytes_out{0};
};

// What was read and is not written yet.
struct carried {
  std::array<char, 16 * 1024> bytes;
  std::size_t from = 0, to = 0;
  bool empty() const { return from == to; }
  void take(std::size_t n) {
    from += n;
    if (from == to) from = to = 0;
  }
};

enum class stage : std::uint8_t { awaiting, dialling, shaking, handing, carrying, over };

}  // namespace

class tunnel::engine {
public:
  explicit engine(tunnel_options options);
  ~engine() { stop(); }

  std::uint16_t port() const { return port_; }
  std::uint16_t local_port(const std::string& peer) const {
    const auto port = peers_.at(peer).local_port;
    if (port == 0) throw std::out_of_range(peer + " is never called");
    return port;
  }
  tunnel_counts counts() const;
  void stop();

private:
  struct peer {
    tunnel_peer is;
    tcp::acceptor dialled;  // on loopback
    std::uint16_t local_port = 0;
    unsigned in = 0, out = 0;
    // Where its name led to last, so that nobody waits for those who know names. They are asked again when nothing
    // came of that, and passed over again when they said nothing. An address is no name.
    tcp::resolver::results_type known;
    bool is_named = true, ask = true, asking = false;
  };
  class crossing;
  using crossings = std::list<std::shared_ptr<crossing>>;

  std::uint16_t listen(tcp::acceptor& at, const tcp::endpoint& where);
  void add(std::shared_ptr<crossing> one);
  void let_in();
  void let_out(peer& to);
  void accept_again(const error_code& why, std::function<void()> again);
  void make_room();
  void sweep();
  void say(const std::string& kind, const std::string& text);
  std::vector<std::string> names() const;

  const tunnel_options options_;
  const tls::identity identity_;
  counters counters_;
  net::io_context loop_{1};
  tcp::resolver resolver_{loop_};
  tcp::acceptor door_{loop_};
  std::uint16_t port_ = 0;
  net::steady_timer sweeping_{loop_};
  std::map<std::string, peer> peers_;
  crossings crossings_;
  struct said {
    steady_clock::time_point at;
    std::uint64_t since = 0;
  };
  std::map<std::string, said> said_;
  std::thread thread_;
};

// One connection, from its first packet to its last.
class tunnel::engine::crossing : public std::enable_shared_from_this<crossing> {
public:
  crossing(engine& of, tcp::socket plain, tcp::socket secure, peer* to)
      : engine_(of), plain_(std::move(plain)), secure_(std::move(secure)), peer_(to), calls_(to != nullptr) {}

  bool is_stranger() const { return peer_ == nullptr && stage_ != stage::over; }
  net::ip::address address() const { return from_.address(); }

  void begin(crossings::iterator place) {
    place_ = place;
    calls_ ? dial() : await();
  }

  void look_at(steady_clock::time_point now) {
    if (stage_ == stage::over || now < until_) return;
    if (stage_ == stage::carrying) {
      engine_.say("silent " + who(), "the tunnel " + way() + " ends: nothing was heard for too long");
      ++engine_.counters_.silent;
      return end();
    }
    if (calls_) return unreachable("no answer in time");
    turn_away("late", stage_ == stage::handing ? "nobody here takes the connection" : "no handshake in time");
  }

  // A stranger, or one too many of a peer.
  void turn_away(const std::string& kind, const std::string& why) {
    engine_.say(kind, "the tunnel turns " + text_of(from_) + " away: " + why);
    ++engine_.counters_.refused;
    end();
  }

  // In the middle: neither side can take it for a proper end.
  void end() {
    if (stage_ == stage::over) return;
    error_code ignored;
    plain_.set_option(tcp::socket::linger{true, 0}, ignored);
    finish();
  }

private:
  enum wait : std::uint8_t { plain_read, plain_write, secure_read, secure_write };

  void finish() {
    if (peer_) {
      --(calls_ ? engine_.counters_.open_out : engine_.counters_.open_in);
      --(calls_ ? peer_->out : peer_->in);
    } else {
      --engine_.counters_.strangers;
    }
    stage_ = stage::over;
    line_.reset();
    in_.reset();
    out_.reset();
    error_code ignored;
    plain_.close(ignored);
    secure_.close(ignored);
    // Not now: whoever goes through the list may have brought us here.
    net::post(engine_.loop_, [self = shared_from_this()] { self->engine_.crossings_.erase(self->place_); });
  }

  void enter(stage next) {
    stage_ = next;
    // The handshake's time runs from the first packet on, whatever comes of it.
    if (next == stage::awaiting || next == stage::dialling)
      until_ = steady_clock::now() + seconds_of(engine_.options_.handshake_seconds);
  }
  void heard() { until_ = steady_clock::now() + seconds_of(engine_.options_.idle_seconds); }
  std::string who() const { return peer_ ? peer_->is.name : std::string{}; }
  std::string way() const { return (calls_ ? "to " : "from ") + who(); }

  // Somebody calls us.
  void await() {
    error_code ignored;
    from_ = secure_.remote_endpoint(ignored);
    ++engine_.counters_.strangers;
    enter(stage::awaiting);
    // Until something comes, a stranger costs us a socket and nothing else.
    secure_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code ec) {
      if (self->stage_ == stage::awaiting && !ec) self->shake();
    });
  }

  // Somebody here has dialled a peer.
  void dial() {
    ++engine_.counters_.open_out;
    ++peer_->out;
    enter(stage::dialling);
    asked_ = peer_->is_named && peer_->ask;
    if (!asked_) return connect();
    // One question at a time: others' names would have to wait for all that are asked in vain.
    if (std::exchange(peer_->asking, true))
      return peer_->known.empty() ? unreachable("nobody has said yet where it is") : connect();
    engine_.resolver_.async_resolve(
        peer_->is.host, std::to_string(peer_->is.port), tcp::resolver::numeric_service,
        [self = shared_from_this(), to = peer_](error_code ec, const tcp::resolver::results_type& found) {
          to->asking = false;
          if (!ec) {
            to->known = found;
            to->ask = false;
          }
          if (self->stage_ != stage::dialling) return;
          to->known.empty() ? self->unreachable(ec.message()) : self->connect();
        });
  }

  void connect() {
    net::async_connect(secure_, peer_->known, [self = shared_from_this()](error_code trouble, const tcp::endpoint&) {
      if (self->stage_ != stage::dialling) return;
      trouble ? self->unreachable(trouble.message()) : self->shake();
    });
  }

  void unreachable(const std::string& why) {
    peer_->ask = peer_->known.empty() || !asked_;
    engine_.say("unreachable " + who(), "the tunnel does not reach " + who() + ": " + why);
    ++engine_.counters_.unreachable;
    end();
  }

  void shake() {
    enter(stage::shaking);
    error_code trouble;
    secure_.non_blocking(true, trouble);
    if (!trouble) secure_.set_option(tcp::no_delay{true}, trouble);
    // What was sent and is never confirmed ends the connection too, while we hear nothing because of it.
    const auto ms = static_cast<unsigned>(engine_.options_.idle_seconds * 1'000);
    ::setsockopt(secure_.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
    if (trouble) return calls_ ? unreachable(trouble.message()) : turn_away("gone", "it has gone");
    line_ = calls_ ? engine_.identity_.call(secure_.native_handle(), peer_->is.name)
                   : engine_.identity_.answer(secure_.native_handle(), engine_.names());
    pump();
  }

  void go_on_shaking() {
    const auto how = line_->shake();
    if (how == tls::outcome::wants_read) return await_ready(secure_read);
    if (how == tls::outcome::wants_write) return await_ready(secure_write);
    if (how != tls::outcome::done) {
      if (calls_) return unreachable(line_->text());
      return turn_away("stranger " + std::to_string(static_cast<int>(line_->why())), line_->text());
    }
    if (calls_) return carry();
    welcome();
  }

  // We know who it is: from here on it is a peer's connection.
  void welcome() {
    auto& whose = engine_.peers_.at(line_->other());
    if (whose.in >= engine_.options_.per_peer_max)
      return turn_away("crowd " + whose.is.name, whose.is.name + " has too many connections here");
    if (engine_.counters_.open_in + engine_.counters_.open_out >= engine_.options_.connections_max)
      return turn_away("crowd", "there are too many connections here");
    peer_ = &whose;
    ++peer_->in;
    --engine_.counters_.strangers;
    ++engine_.counters_.open_in;
    enter(stage::handing);
    plain_.async_connect(
        {net::ip::address_v4::loopback(), engine_.options_.hand_to}, [self = shared_from_this()](error_code ec) {
          if (self->stage_ != stage::handing) return;
          ec ? self->turn_away("nobody", "nobody here takes the connection: " + ec.message()) : self->carry();
        });
  }

  void carry() {
    error_code trouble;
    plain_.non_blocking(true, trouble);
    if (!trouble) plain_.set_option(tcp::no_delay{true}, trouble);
    if (trouble) return end();
    ++(calls_ ? engine_.counters_.called : engine_.counters_.accepted);
    in_ = std::make_unique<carried>();
    out_ = std::make_unique<carried>();
    enter(stage::carrying);
    heard();
    pump();
  }

  void pump() {
    if (stage_ == stage::shaking) return go_on_shaking();
    if (stage_ != stage::carrying) return;
    // After so much it is others' turn.
    for (int round = 0; round < 16; ++round) {
      const bool in = inwards();
      if (stage_ == stage::over) return;
      const bool out = outwards();
      if (stage_ == stage::over) return;
      if (!in && !out) return await_more();
    }
    net::post(engine_.loop_, [self = shared_from_this()] { self->pump(); });
  }

  // From the other host to this side; true when something moved.
  bool inwards() {
    bool moved = false;
    if (in_->empty() && !in_ended_) {
      const auto got = line_->read(in_->bytes.data(), in_->bytes.size());
      secure_write_for_read_ = got.how == tls::outcome::wants_write;
      if (got.how == tls::outcome::failed) return cut_off(), false;
      if (got.how == tls::outcome::done) in_->to = got.bytes;
      in_ended_ = got.how == tls::outcome::closed;
      moved = got.how == tls::outcome::done || in_ended_;
      if (moved) heard();
    }
    if (!in_->empty()) {
      error_code trouble;
      const auto n = plain_.write_some(net::buffer(in_->bytes.data() + in_->from, in_->to - in_->from), trouble);
      if (trouble && trouble != net::error::would_block) return reset(), false;
      if (!trouble) {
        in_->take(n);
        engine_.counters_.bytes_in += n;
        heard();
        moved = true;
      }
    }
    if (in_->empty() && in_ended_ && !in_told_) {
      error_code ignored;
      plain_.shutdown(tcp::socket::shutdown_send, ignored);
      in_told_ = moved = true;
    }
    if (in_told_ && out_told_) finish();
    return moved;
  }

  // And the other way.
  bool outwards() {
    bool moved = false;
    if (out_->empty() && !out_ended_) {
      error_code trouble;
      const auto n = plain_.read_some(net::buffer(out_->bytes), trouble);
      if (trouble && trouble != net::error::would_block && trouble != net::error::eof) return reset(), false;
      out_ended_ = trouble == net::error::eof;
      out_->to = n;
      moved = !trouble || out_ended_;
    }
    out_wants_read_ = out_wants_write_ = false;
    if (!out_->empty()) {
      const auto put = line_->write(out_->bytes.data() + out_->from, out_->to - out_->from);
      if (put.how == tls::outcome::failed) return cut_off(), false;
      note(put.how);
      if (put.how == tls::outcome::done) {
        out_->take(put.bytes);
        engine_.counters_.bytes_out += put.bytes;
        // Only when nobody speaks there any more, but still listens; else writing into the void would be a sign of
        // life.
        if (in_ended_) heard();
        moved = true;
      }
    }
    if (out_->empty() && out_ended_ && !out_told_) {
      const auto how = line_->close();
      if (how == tls::outcome::failed) return cut_off(), false;
      note(how);
      out_told_ = how == tls::outcome::done;
      moved = moved || out_told_;
    }
    if (in_told_ && out_told_) finish();
    return moved;
  }
  void note(tls::outcome how) {
    out_wants_read_ = how == tls::outcome::wants_read;
    out_wants_write_ = how == tls::outcome::wants_write;
  }

  // Only for what would be used at once: else a socket that is always ready would keep us running.
  void await_more() {
    if (in_->empty() && !secure_write_for_read_ && (!in_ended_ || out_wants_read_)) await_ready(secure_read);
    if (out_wants_write_ || secure_write_for_read_) await_ready(secure_write);
    if (!in_->empty()) await_ready(plain_write);
    if (out_->empty() && !out_ended_) await_ready(plain_read);
  }
  void await_ready(wait what) {
    if (std::exchange(waiting_[what], true)) return;
    auto& socket = what == plain_read || what == plain_write ? plain_ : secure_;
    const auto kind = what == plain_read || what == secure_read ? tcp::socket::wait_read : tcp::socket::wait_write;
    socket.async_wait(kind, [self = shared_from_this(), what](error_code) {
      self->waiting_[what] = false;
      if (self->stage_ != stage::over) self->pump();
    });
  }

  // The other host ended in the middle.
  void cut_off() {
    ++engine_.counters_.cut_off;
    // Whoever calls learns only now that it is not taken.
    if (line_->why() == tls::trouble::refused) return unreachable(line_->text());
    engine_.say("broken " + who(), "the tunnel " + way() + " ends: " + line_->text());
    end();
  }
  // This side ended in the middle: the other host's tunnel sees no proper end, and does as above.
  void reset() {
    ++engine_.counters_.cut_off;
    end();
  }

  engine& engine_;
  tcp::socket plain_, secure_;
  peer* peer_;
  const bool calls_;
  bool asked_ = false;  // for where it is
  tcp::endpoint from_;
  std::unique_ptr<tls::line> line_;
  stage stage_ = stage::awaiting;
  steady_clock::time_point until_{};
  std::unique_ptr<carried> in_, out_;
  crossings::iterator place_;
  bool in_ended_ = false, in_told_ = false, out_ended_ = false, out_told_ = false;
  bool out_wants_read_ = false, out_wants_write_ = false, secure_write_for_read_ = false;
  std::array<bool, 4> waiting_{};
};

// --- engine ---------------------------------------------------------------------------------

namespace {

tunnel_options checked(tunnel_options options) {
  const auto check = [](const std::string& name) {
    if (!is_node_name(name)) throw std::invalid_argument("'" + name + "' is no node's name");
  };
  check(options.name);
  std::map<std::string, int> seen{{options.name, 1}};
  for (const auto& one : options.peers) {
    check(one.name);
    if (++seen[one.name] > 1)
      throw std::invalid_argument("the peer " + one.name +
                                  (one.name == options.name ? " has our own name" : " is there twice"));
  }
  if (options.hand_to == 0) throw std::invalid_argument("a tunnel needs a port that it hands connections to");
  if (!options.say) options.say = [](const std::string& text) { spdlog::warn(text); };
  return options;
}

}  // namespace

tunnel::engine::engine(tunnel_options options)
    : options_(checked(std::move(options))),
      identity_({options_.name, options_.certificate, options_.key, options_.authority}) {
  const auto address = options_.host + ':' + std::to_string(options_.port);
  error_code trouble;
  const auto found = resolver_.resolve(options_.host, std::to_string(options_.port),
                                       tcp::resolver::passive | tcp::resolver::numeric_service, trouble);
  if (trouble || found.empty()) cannot_listen(address, trouble);
  try {
    port_ = listen(door_, found.begin()->endpoint());
  } catch (const boost::system::system_error& why) {
    cannot_listen(address, why.code());
  }
  for (const auto& one : options_.peers) {
    auto& mine = peers_.emplace(one.name, peer{one, tcp::acceptor{loop_}}).first->second;
    if (one.port == 0) continue;
    error_code is_a_name;
    if (const auto literal = net::ip::make_address(one.host, is_a_name); !is_a_name) {
      mine.known = tcp::resolver::results_type::create(tcp::endpoint{literal, one.port}, one.host, {});
      mine.is_named = false;
    }
    mine.local_port = listen(mine.dialled, {net::ip::address_v4::loopback(), 0});
    let_out(mine);
  }
  let_in();
  sweep();
  // Left to the threads that stand by for them; and a write to who has gone is an error like others.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread{[this] { loop_.run(); }};
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void tunnel::engine::stop() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
  for (const auto& one : crossings_) one->end();
  error_code ignored;
  door_.close(ignored);
  for (auto& [name, one] : peers_) one.dialled.close(ignored);
}

std::uint16_t tunnel::engine::listen(tcp::acceptor& at, const tcp::endpoint& where) {
  at.open(where.protocol());
  at.set_option(tcp::acceptor::reuse_address{true});
  at.bind(where);
  at.listen();
  return at.local_endpoint().port();
}

void tunnel::engine::let_in() {
  door_.async_accept([this](error_code ec, tcp::socket who) {
    if (!ec) {
      if (counters_.strangers >= options_.strangers_max) make_room();
      add(std::make_shared<crossing>(*this, tcp::socket{loop_}, std::move(who), nullptr));
    }
    accept_again(ec, [this] { let_in(); });
  });
}

void tunnel::engine::let_out(peer& to) {
  to.dialled.async_accept([this, &to](error_code ec, tcp::socket who) {
    if (!ec) {
      error_code ignored;
      const auto from = who.remote_endpoint(ignored);
      const auto full =
          to.out >= options_.per_peer_max || counters_.open_in + counters_.open_out >= options_.connections_max;
      if (full || !is_ours(from, who.local_endpoint(ignored))) {
        ++counters_.refused;
        say((full ? "crowd " : "user ") + to.is.name,
            "the tunnel to " + to.is.name +
                (full ? " has too many connections" : " turns away who is of another user of this host"));
      } else {
        add(std::make_shared<crossing>(*this, std::move(who), tcp::socket{loop_}, &to));
      }
    }
    accept_again(ec, [this, &to] { let_out(to); });
  });
}

void tunnel::engine::add(std::shared_ptr<crossing> one) {
  crossings_.push_back(std::move(one));
  crossings_.back()->begin(std::prev(crossings_.end()));
}

// Out of file descriptors, for instance: asked at once it would say so again, without end.
void tunnel::engine::accept_again(const error_code& why, std::function<void()> again) {
  if (why == net::error::operation_aborted) return;
  if (!why || why == net::error::connection_aborted) return again();
  say("accept", "the tunnel cannot take a connection: " + why.message());
  const auto pause = std::make_shared<net::steady_timer>(loop_, std::chrono::milliseconds{100});
  pause->async_wait([pause, again = std::move(again)](error_code) { again(); });
}

// Whoever holds most places loses the oldest of his. A peer that calls from elsewhere is not hurt by one who calls a
// thousand times; one who calls from everywhere would have to outrun a handshake with each round through all places.
void tunnel::engine::make_room() {
  std::map<net::ip::address, unsigned> places;
  const std::shared_ptr<crossing>* oldest = nullptr;
  unsigned most = 0;
  for (const auto& one : crossings_)
    if (one->is_stranger()) most = std::max(most, ++places[one->address()]);
  for (const auto& one : crossings_)
    if (!oldest && one->is_stranger() && places[one->address()] == most) oldest = &one;
  if (oldest) (*oldest)->turn_away("room", "strangers beyond the limit");
}

void tunnel::engine::sweep() {
  const auto now = steady_clock::now();
  for (const auto& one : crossings_) one->look_at(now);
  const auto shortest = std::min(options_.handshake_seconds, options_.idle_seconds);
  sweeping_.expires_after(seconds_of(std::clamp(shortest / 4, 0.01, 0.5)));
  sweeping_.async_wait([this](error_code ec) {
    if (!ec) sweep();
  });
}

void tunnel::engine::say(const std::string& kind, const std::string& text) {
  const auto now = steady_clock::now();
  const auto [it, first] = said_.try_emplace(kind);
  auto& before = it->second;
  if (!first && now - before.at < seconds_of(options_.say_seconds)) {
    ++before.since;
    return;
  }
  options_.say(before.since ? text + " (and " + std::to_string(before.since) + " times more since this was said)"
                            : text);
  before = {now, 0};
}

std::vector<std::string> tunnel::engine::names() const {
  std::vector<std::string> all;
  for (const auto& [name, one] : peers_) all.push_back(name);
  return all;
}

tunnel_counts tunnel::engine::counts() const {
  const auto& c = counters_;
  return {c.open_in,     c.open_out, c.strangers, c.accepted, c.called,    c.refused,
          c.unreachable, c.silent,   c.cut_off,   c.bytes_in, c.bytes_out, identity_.holds_until_s()};
}

// --- tunnel ---------------------------------------------------------------------------------

tunnel::tunnel(tunnel_options options) : engine_(std::make_unique<engine>(std::move(options))) {}
tunnel::~tunnel() = default;
std::uint16_t tunnel::port() const { return engine_->port(); }
std::uint16_t tunnel::local_port(const std::string& peer) const { return engine_->local_port(peer); }
tunnel_counts tunnel::counts() const { return engine_->counts(); }
void tunnel::stop() { engine_->stop(); }

}  // namespace souk::edge
