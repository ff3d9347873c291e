// HTTP over a real socket: whatever a client sends, the server answers or hangs up, and serves the next one.
#include "actors/edge/http.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "tests/fuzz/target.hpp"

using namespace souk::edge;
using souk::fuzz::must;

namespace {

http_server& server() {
  static http_server one{[] {
                           server_options wanted;
                           wanted.header_bytes_max = 1024;
                           wanted.body_bytes_max = 4096;
                           wanted.linger_seconds = 0.05;
                           return wanted;
                         }(),
                         [](http_request&& request, responder answer) {
                           must(!request.method.empty() && request.target.size() <= 1024, "a request has its parts");
                           must(request.body.size() <= 4096, "a body is no longer than it may be");
                           http_response said;
                           said.body = request.method + ' ' + request.target;
                           for (const auto& [name, value] : request.headers) said.headers.emplace_back(name, value);
                           answer.send(std::move(said));
                         }};
  return one;
}

// Nothing for a connection that could not be made.
std::string exchange(std::string_view bytes) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(server().port());
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Closed at once, so that a million inputs do not use up the ports.
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  const timeval patience{20, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string heard;
  bool ended = false;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0) {
    while (!bytes.empty()) {
      const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;  // the fuzzer looks at its clock by a signal
      if (n <= 0) break;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    ::shutdown(fd, SHUT_WR);
    char part[4096];
    for (;;) {
      const auto n = ::recv(fd, part, sizeof part, 0);
      if (n < 0 && errno == EINTR) continue;
      ended = n == 0 || (n < 0 && errno == ECONNRESET);
      if (n <= 0) break;
      heard.append(part, static_cast<std::size_t>(n));
    }
    must(ended, "whoever has said all hears an end");
  }
  ::close(fd);
  return heard;
}

}  // namespace

SOUK_FUZZ_TARGET(http) {
  const auto url = parse_url(input);
  must(!url || (!url->host.empty() && url->target.starts_with('/')), "an address has a host and a path");
  const auto heard = exchange(input.substr(0, 8192));
  must(heard.empty() || heard.starts_with("HTTP/1.1 "), "what is heard is HTTP");
  for (std::size_t at = heard.find("HTTP/1.1 5"); at != heard.npos; at = heard.find("HTTP/1.1 5", at + 1))
    must(heard.compare(at, 12, "HTTP/1.1 501") == 0 || (at > 0 && heard[at - 1] != '\n'),
         "no request breaks the server");
}
