// The tunnel between nodes: carries bytes from a loopback port here to one on another host, over mutual TLS 1.3.
//
//   this host                                                          another host
//   who dials -> 127.0.0.1:local_port(peer) == tunnel ==== TLS ====> tunnel == 127.0.0.1:hand_to -> who listens
//
// CAF's protocol between nodes has no authentication and does not survive hostile bytes, so it never leaves loopback;
// what leaves is this. A byte is handed on only after the other side has shown a certificate of the cluster's own
// authority with the name of a configured peer in it, and we have shown ours.
//
// What it does not protect from is this host itself. A process of another user can reach whatever listens on loopback.
// For what is dialled here the owner of the dialling socket is asked for, and must be our user; where the system does
// not say, everybody may. Nothing can be done here about who dials `hand_to` without us: a host that runs a node should
// run nobody else's programs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace souk::edge {

struct tunnel_peer {
  std::string name;        // in its certificate, letter by letter
  std::string host;        // an address, or a name that is looked up when nobody is where it led
  std::uint16_t port = 0;  // 0: it may call, and is never called
};

struct tunnel_options {
  std::string name;         // our own
  std::string certificate;  // PEM files
  std::string key;          // readable by its owner alone
  std::string authority;    // of the cluster and nothing else

  std::string host = "127.0.0.1";  // where other hosts' tunnels call
  std::uint16_t port = 0;          // 0 lets the system choose one, see tunnel::port()
  std::uint16_t hand_to = 0;       // the port on 127.0.0.1 that is dialled for each of their connections
  std::vector<tunnel_peer> peers;

  unsigned connections_max = 64;  // of known peers, both ways together
  unsigned per_peer_max = 8;      // each way; between two nodes CAF needs one
  // Strangers that have not shown a certificate yet. One more makes room at the cost of the address that has most.
  unsigned strangers_max = 32;

  // Seconds may be fractions, so that tests are quick.
  double handshake_seconds = 3;  // from the first packet to the last word of the handshake
  // Silence of the other host, or of a reader here that takes nothing. CAF says something every half second.
  double idle_seconds = 5;
  double say_seconds = 10;  // the same trouble is said once in so long

  std::function<void(const std::string&)> say;  // on the tunnel's thread; else a warning in the log
};

struct tunnel_counts {
  std::uint64_t open_in = 0;             // connections of peers now
  std::uint64_t open_out = 0;            // connections to peers now, those being made included
  std::uint64_t strangers = 0;           // now
  std::uint64_t accepted = 0;            // peers that were let in, ever
  std::uint64_t called = 0;              // peers that were reached, ever
  std::uint64_t refused = 0;             // strangers, and peers beyond the limits
  std::uint64_t unreachable = 0;         // calls that came to nothing
  std::uint64_t silent = 0;              // connections that ended because nothing was heard
  std::uint64_t cut_off = 0;             // connections that ended in the middle
  std::uint64_t bytes_in = 0;            // handed on here
  std::uint64_t bytes_out = 0;           // handed to other hosts
  std::int64_t certificate_until_s = 0;  // our own holds until then, in seconds since 1970
};

class tunnel {
public:
  // Listens when it returns. Throws std::invalid_argument naming the file or the name that is wrong, and
  // std::system_error with the address in its text.
  explicit tunnel(tunnel_options options);
  ~tunnel();  // as stop()
  tunnel(const tunnel&) = delete;
  tunnel& operator=(const tunnel&) = delete;

  std::uint16_t port() const;  // of TLS
  // What to dial on 127.0.0.1 to reach this peer. A peer that is out of reach, or is another one than its name says,
  // closes what was dialled. Throws std::out_of_range for who is none, or is never called.
  std::uint16_t local_port(const std::string& peer) const;
  tunnel_counts counts() const;

  // Ends all connections, and joins. May be called twice.
  void stop();

private:
  class engine;
  std::unique_ptr<engine> engine_;
};

}  // namespace souk::edge
