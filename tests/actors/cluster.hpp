// Certificates and tunnels of a cluster that a test makes for itself, and strangers that knock at them.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/edge/certificates.hpp"
#include "actors/edge/tunnel.hpp"
#include "tests/actors/sockets.hpp"
#include "tests/temporary.hpp"

namespace souk::tests {

inline moment now() {
  return {std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

// What a tunnel says, to be looked at from another thread.
class notebook {
public:
  void write(const std::string& text) {
    const std::lock_guard hold{mutex_};
    lines_.push_back(text);
  }
  std::vector<std::string> lines() const {
    const std::lock_guard hold{mutex_};
    return lines_;
  }
  bool has(const std::string& part) const {
    for (const auto& one : lines())
      if (one.find(part) != one.npos) return true;
    return false;
  }
  std::string text() const {
    std::string all;
    for (const auto& one : lines()) all += one + '\n';
    return all;
  }

private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// An authority in a folder.
class cluster {
public:
  explicit cluster(const std::vector<std::string>& nodes) {
    edge::make_authority(folder_.path().string(), {now(), 30});
    for (const auto& one : nodes) edge::make_certificate(folder_.path().string(), one, {now(), 7});
  }
  void expired(const std::string& node) {
    constexpr std::int64_t ten_days_ms = 10 * 24 * 3'600 * 1'000LL;
    edge::make_certificate(folder_.path().string(), node, {now() + -ten_days_ms, 1});
  }
  std::string file(const std::string& name) const { return folder_.file(name); }

  edge::tunnel_options options(const std::string& node, std::uint16_t hand_to,
                               std::vector<edge::tunnel_peer> peers) const {
    edge::tunnel_options wanted;
    wanted.name = node;
    wanted.certificate = file(node + ".crt");
    wanted.key = file(node + ".key");
    wanted.authority = file("ca.crt");
    wanted.hand_to = hand_to;
    wanted.peers = std::move(peers);
    // As long as no test waits for it.
    wanted.handshake_seconds = 30;
    wanted.idle_seconds = 60;
    const auto to = log;
    wanted.say = [to](const std::string& text) { to->write(text); };
    return wanted;
  }

  std::shared_ptr<notebook> log = std::make_shared<notebook>();

private:
  temporary_folder folder_;
};

// Somebody who speaks TLS to a port, with whatever certificate, and believes everything.
class tls_caller {
public:
  struct shows {
    std::string certificate, key;  // empty: none
    int most_version = TLS1_3_VERSION;
  };
  tls_caller(std::uint16_t port, const shows& what) : socket_(plain_socket::to(port)) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(context_.get(), what.most_version);
    if (!what.certificate.empty() &&
        (SSL_CTX_use_certificate_file(context_.get(), what.certificate.c_str(), SSL_FILETYPE_PEM) != 1 ||
         SSL_CTX_use_PrivateKey_file(context_.get(), what.key.c_str(), SSL_FILETYPE_PEM) != 1))
      throw std::runtime_error("no certificate in " + what.certificate);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), socket_.fd());
    shaken_ = SSL_connect(ssl_.get()) == 1;
    ERR_clear_error();
  }
  // True when something was heard; false when the other side has hung up.
  bool hears() {
    char one = 0;
    const bool heard = shaken_ && SSL_read(ssl_.get(), &one, 1) == 1;
    ERR_clear_error();
    return heard;
  }
  bool says(std::string_view bytes) {
    const bool said = shaken_ && SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    ERR_clear_error();
    return said;
  }
  plain_socket& socket() { return socket_; }

private:
  plain_socket socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_{nullptr, SSL_CTX_free};
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_{nullptr, SSL_free};
  bool shaken_ = false;
};

}  // namespace souk::tests
