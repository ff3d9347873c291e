// Plain sockets on loopback, as whoever dials a tunnel and whoever it hands bytes to have them.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace souk::tests {

// Long enough for the slowest machine; a passing test never waits for it.
inline bool in_the_end(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

class plain_socket {
public:
  plain_socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) throw std::runtime_error("no socket");
    // Nothing here waits for ever.
    const timeval patience{60, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  explicit plain_socket(int fd) : fd_(fd) {}
  ~plain_socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  plain_socket(plain_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  plain_socket& operator=(plain_socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  static plain_socket to(std::uint16_t port, const char* host = "127.0.0.1") {
    plain_socket made;
    auto at = address(port, host);
    if (::connect(made.fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0)
      throw std::runtime_error("nobody listens on port " + std::to_string(port));
    return made;
  }

  int fd() const { return fd_; }
  // True when all of it went.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }

  struct heard {
    std::string bytes;
    bool properly = false;  // it came to an end that was meant; else it was cut off, or `most` was reached
  };
  heard read_all(std::size_t most = static_cast<std::size_t>(-1)) {
    heard all;
    char part[65536];
    while (all.bytes.size() < most) {
      const auto n = ::recv(fd_, part, std::min(sizeof part, most - all.bytes.size()), 0);
      if (n == 0) all.properly = true;
      if (n <= 0) break;
      all.bytes.append(part, static_cast<std::size_t>(n));
    }
    return all;
  }
  // Whether something could be read (an end counts) within so long.
  bool ready(int ms = 0) const {
    pollfd one{fd_, POLLIN, 0};
    return ::poll(&one, 1, ms) > 0;
  }

protected:
  static sockaddr_in address(std::uint16_t port, const char* host) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &at.sin_addr);
    return at;
  }
  int fd_ = -1;
};

class plain_listener : public plain_socket {
public:
  plain_listener() {
    auto at = address(0, "127.0.0.1");
    socklen_t size = sizeof at;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(fd_, 64) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw std::runtime_error("cannot listen");
    port_ = ntohs(at.sin_port);
  }
  std::uint16_t port() const { return port_; }
  plain_socket accept() {
    const int fd = ready(60'000) ? ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC) : -1;
    if (fd < 0) throw std::runtime_error("nobody came");
    const timeval patience{60, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return plain_socket{fd};
  }

private:
  std::uint16_t port_ = 0;
};

}  // namespace souk::tests
