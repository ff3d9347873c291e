// Mutual TLS 1.3 between nodes, over sockets that never block: who may speak, and why somebody may not.
//
// The library underneath is spoken only in tls.cpp and certificates.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace souk::edge::tls {

// Whom a node shows itself as. Files are PEM; the key's may be read by its owner alone.
struct papers {
  std::string name;         // the certificate carries it as subjectAltName DNS:NAME
  std::string certificate;  // and after it what leads to the authority, if that takes more than one
  std::string key;
  std::string authority;  // the cluster's, one or several: whatever they have signed is believed, nothing else
};

enum class outcome : std::uint8_t { done, wants_read, wants_write, closed, failed };

enum class trouble : std::uint8_t {
  none,
  no_tls,           // something else is spoken there
  old_tls,          // not 1.3
  no_certificate,   // it shows none
  expired,          //
  not_yet_valid,    //
  wrong_authority,  // signed by somebody else, or by itself
  wrong_name,       // of our authority, but of a node that we do not know, or not of the one that was called
  wrong_purpose,    // not made for talking between nodes
  refused,          // the other side does not take our certificate, or us
  cut_off,          // gone without saying that nothing follows
  other
};

struct transfer {
  outcome how = outcome::failed;
  std::size_t bytes = 0;  // of outcome::done, at least one
};

class line;

// What is the same for all connections of a node.
class identity {
public:
  // Throws std::invalid_argument naming the file: not there, not what it should be, a key that others may read or that
  // is not the certificate's, a certificate that is over, of another name, or not of the authority. Whoever would be
  // refused by every peer had better hear of it at home.
  explicit identity(const papers& own);
  ~identity();
  identity(const identity&) = delete;
  identity& operator=(const identity&) = delete;

  // socket: connected and non-blocking; it must outlive the line and stays its owner's.
  // One of these may call us; and this one is called. They must have the name in their certificate, letter by letter.
  std::unique_ptr<line> answer(int socket, std::vector<std::string> may_call) const;
  std::unique_ptr<line> call(int socket, std::string whom) const;

  std::int64_t holds_until_s() const { return until_; }  // the certificate, in seconds since 1970

private:
  std::unique_ptr<line> make(int socket, bool answers, std::vector<std::string> names) const;
  struct contexts;
  std::unique_ptr<contexts> contexts_;
  std::int64_t until_ = 0;
};

// One connection. Nothing waits: what cannot be done now says what it waits for. After outcome::failed nothing more may
// be asked of it but what the trouble was. A write to a connection that is gone raises SIGPIPE.
class line {
public:
  ~line();
  line(const line&) = delete;
  line& operator=(const line&) = delete;

  // done: both have shown their certificates, and ours of the other side is right. Whoever calls is done before the
  // other side has looked at its certificate: a refusal is then heard by the first read.
  outcome shake();
  const std::string& other() const { return other_; }  // who it is, after shake()

  transfer read(char* into, std::size_t room);  // closed: the other side has said that nothing follows
  transfer write(const char* from, std::size_t size);
  outcome close();  // says that nothing follows; reading goes on

  trouble why() const { return why_; }
  const std::string& text() const { return text_; }  // of why(), in words for an operator

private:
  friend class identity;
  struct session;
  line(std::unique_ptr<session> with, std::vector<std::string> names);
  outcome after(int result);
  void blame();

  std::unique_ptr<session> session_;
  std::vector<std::string> names_;
  std::string other_;
  std::string seen_;  // the names in a certificate that has none of names_
  trouble why_ = trouble::none;
  std::string text_;
};

}  // namespace souk::edge::tls
