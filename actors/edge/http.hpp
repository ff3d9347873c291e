// HTTP/1.1 for the edge: a server, server-sent events, a blocking client and a load client.
//
// The library underneath is spoken only in http.cpp; nothing of it shows here, so that including
// this header costs nothing and the library can be exchanged in one file.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace souk::edge {

using header_list = std::vector<std::pair<std::string, std::string>>;

struct http_request {
  std::string method;   // upper case as it came, for instance "POST"
  std::string target;   // path and query in origin form, not decoded: "/v1/orders?user=7"
  header_list headers;  // names lower-cased, in the order they came; trailers are dropped
  std::string body;
  std::string peer;  // "127.0.0.1:40312" or "[::1]:40312"

  // The first value under this lower-case name; empty when there is none.
  std::string_view header(std::string_view lower_name) const;
};

struct http_response {
  unsigned status = 200;
  header_list headers;  // in an answer that a client received: names lower-cased
  std::string content_type;
  std::string body;

  // The first value under this lower-case name; empty when there is none.
  std::string_view header(std::string_view lower_name) const;
};

// --- server ---------------------------------------------------------------------------------

namespace wire {
struct exchange;
struct event_line;
}  // namespace wire

// The writing end of a text/event-stream answer. A copy is the same stream; every member may be
// called from any thread. When the last copy goes, the stream is closed.
class event_stream {
public:
  event_stream() = default;
  explicit event_stream(std::shared_ptr<wire::event_line> line) : line_{std::move(line)} {}

  // Sends one event; an empty name leaves it out, line breaks in data are kept by the protocol.
  // False when nobody listens any more: the client has gone, was too slow, or we closed.
  bool event(std::string_view name, std::string_view data, std::string_view id = {}) const;

  // Ends the stream after what was sent before.
  void close() const;

  // True once the client has gone, or fell further behind than `stream_bytes_max`.
  bool gone() const;

  // Calls `hook` once when the client goes (at once when it has gone already), from a thread of
  // the server: it must be short and must not throw. A later hook replaces an earlier one. It is
  // not called when we close the stream ourselves.
  void on_gone(std::function<void()> hook) const;

private:
  std::shared_ptr<wire::event_line> line_;
};

// The right to answer one request. A copy is the same right; every member may be called from any
// thread, also when client or server have long gone. When the last copy goes without an answer,
// the client gets a 503.
class responder {
public:
  responder() = default;
  explicit responder(std::shared_ptr<wire::exchange> exchange) : exchange_{std::move(exchange)} {}

  // True when this was the first answer; a second one is ignored.
  // The server adds date, content-length and connection by itself. The body of an answer to HEAD
  // is counted but not sent, so a handler answers HEAD like GET.
  bool send(http_response response) const;

  // Answers with a stream of events, which begins at once. After an earlier answer the stream
  // returned is one whose client has gone.
  event_stream open_stream(header_list headers = {}) const;

private:
  std::shared_ptr<wire::exchange> exchange_;
};

struct server_options {
  std::string host = "127.0.0.1";  // a name or an address; loopback unless told otherwise
  std::uint16_t port = 0;          // 0 lets the system choose one, see http_server::port()
  unsigned threads = 1;

  std::size_t header_bytes_max = 16 * 1024;    // request line and headers together; beyond: 431
  std::size_t body_bytes_max = 1024 * 1024;    // beyond: 413
  std::size_t stream_bytes_max = 1024 * 1024;  // unsent events before a slow listener is cut off
  unsigned connections_max = 1024;             // beyond: 503 with Retry-After, then closed

  // Seconds may be fractions, so that tests are quick. They are looked at once a second, or four
  // times within the shortest of them.
  double idle_seconds = 30;       // without a request, or without progress while writing
  double request_seconds = 10;    // from a request's first byte to its last; beyond: 408
  double answer_seconds = 60;     // for the handler; beyond: 504
  double heartbeat_seconds = 15;  // a comment on quiet event streams, which finds dead listeners
  double linger_seconds = 2;      // for a client to read a refusal while it is still sending
  double drain_seconds = 5;       // stop() waits this long for started requests
};

struct server_counts {
  std::uint64_t accepted = 0;     // connections ever, those turned away included
  std::uint64_t turned_away = 0;  // connections over connections_max
  std::uint64_t requests = 0;     // handed to the handler
  std::uint64_t refused = 0;      // answered by the server itself: 4xx, 501, 503, 504
  std::uint64_t open = 0;         // connections now
};

class http_server {
public:
  // Called on a thread of the server, by several at once when `threads` > 1. It must not wait:
  // it passes the responder on and returns. What it throws becomes a 500.
  using handler = std::function<void(http_request&&, responder)>;

  // Listens when it returns. Throws std::system_error with the address in its text.
  http_server(server_options options, handler handle);
  ~http_server();  // as stop()
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;

  std::uint16_t port() const;
  server_counts counts() const;

  // Stops accepting, closes idle connections and streams, lets started requests be answered for
  // `drain_seconds`, closes the rest and joins. May be called twice, but not from a handler.
  void stop();

private:
  class engine;
  std::unique_ptr<engine> engine_;
};

// --- clients --------------------------------------------------------------------------------

// No answer: could not connect, timed out, was cut off, or something spoke that is not HTTP.
class http_unreachable : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

struct url {
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 80;
  std::string target = "/";
};

// Reads http://host[:port][/path]; nothing for other schemes, user names, fragments or blanks.
std::optional<url> parse_url(std::string_view text);

// One keep-alive connection to one server, for one thread at a time. It connects when needed.
class http_client {
public:
  http_client(std::string host, std::uint16_t port);
  ~http_client();
  http_client(http_client&&) noexcept;
  http_client& operator=(http_client&&) noexcept;

  // Waits for the answer, `timeout` for everything together; throws http_unreachable.
  // host and content-length are added. When the server had closed the kept connection, the
  // request is sent once more on a new one, but only before any byte of an answer came: what is
  // sent should carry a key by which the server knows a repetition.
  http_response request(std::string_view method, std::string_view target, const header_list& headers = {},
                        std::string_view body = {}, std::chrono::milliseconds timeout = std::chrono::seconds{30});

private:
  class link;
  std::unique_ptr<link> link_;
};

struct load_options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 80;
  unsigned connections = 64;
  unsigned threads = 1;
  double answer_seconds = 60;  // an answer that takes longer counts as lost
};

struct load_counts {
  std::uint64_t answered = 0;
  std::uint64_t lost = 0;     // requests without an answer; their connection is made again
  std::uint64_t retired = 0;  // connections that ended because they could not be made
};

// A closed loop for measuring: every connection has one request outstanding. With one thread the
// callbacks run one after the other on the calling thread; with more, one connection's callbacks
// stay on one thread.
class http_load {
public:
  // What to send next on this connection (0 to connections-1); nothing ends the connection.
  using next_request = std::function<std::optional<http_request>(unsigned connection)>;
  // The answer, or status 0 when it was lost. Latency counts from before the send.
  using on_answer = std::function<void(unsigned connection, const http_response& response, std::int64_t latency_ns)>;

  explicit http_load(load_options options);

  // Returns when `next` gave nothing for every connection. Throws http_unreachable when not one
  // connection could be made, and whatever a callback throws.
  load_counts run(const next_request& next, const on_answer& done) const;

private:
  load_options options_;
};

}  // namespace souk::edge
