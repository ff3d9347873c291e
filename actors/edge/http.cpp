// HTTP/1.1 for the edge, on Boost.Beast and Asio: the only file of the project that includes Boost.
//
// A server connection moves through these states; every arrow is taken on its own loop's thread:
//
//            first byte .. whole request     handler answers        written
//   reading --------------------------> answering -----> writing -----------> reading (keep-alive)
//      |                                    |               |
//      | malformed, too large, too slow     | opens stream  | last answer
//      v                                    v               v
//   writing (a refusal)                 streaming ----> lingering ----> closed
//                                              ended        client closed, or time is up
//
// Loops share nothing but mailboxes: an answer is put into the mailbox of the connection's loop,
// and only the first one of a burst wakes that loop. A loop sweeps its connections for deadlines
// once a second; timers per operation and strands were measured 1.4 to 1.9 times slower.
#include "actors/edge/http.hpp"

// Beast 1.74 asserts in parse_chunk_header that five bytes are there where four may be ("0\r\n\r"
// split off its last byte). The code behind it is right, so the assertion must not end the process.
#define BOOST_DISABLE_ASSERTS
// Every loop has one thread, and what crosses threads goes through a mutex: no fences needed around
// handlers. ThreadSanitizer does not understand them.
#define BOOST_ASIO_DISABLE_FENCED_BLOCK

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/status.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <exception>
#include <future>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <variant>

#include "messages/grammar/crash_point.hpp"

namespace souk::edge {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::steady_clock;
using tcp = net::ip::tcp;
// Naming the executor avoids the type-erased one, which costs an indirection per operation.
using loop_executor = net::io_context::executor_type;
using tcp_socket = net::basic_stream_socket<tcp, loop_executor>;
using tcp_acceptor = net::basic_socket_acceptor<tcp, loop_executor>;
using loop_timer = net::basic_waitable_timer<steady_clock, net::wait_traits<steady_clock>, loop_executor>;

namespace {

// --- words and headers ----------------------------------------------------------------------

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

bool same_word(std::string_view left, std::string_view right) {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(), [](char l, char r) { return lower(l) == lower(r); });
}

std::string_view find_header(const header_list& headers, std::string_view lower_name) {
  for (const auto& [name, value] : headers)
    if (name == lower_name) return value;
  return {};
}

std::string_view to_std(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string lowered(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

// Line breaks in a header would let a value write headers of its own.
void append_clean(std::string& out, std::string_view text) {
  const auto from = static_cast<std::ptrdiff_t>(out.size());
  out += text;
  std::replace_if(
      out.begin() + from, out.end(), [](char letter) { return letter == '\r' || letter == '\n' || letter == '\0'; },
      ' ');
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  append_clean(out, name);
  out += ": ";
  append_clean(out, value);
  out += "\r\n";
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

steady_clock::duration seconds_of(double seconds) {
  return std::chrono::duration_cast<steady_clock::duration>(std::chrono::duration<double>{seconds});
}

// --- parsing --------------------------------------------------------------------------------

// Reads one message straight into our own structures, without the library's header containers.
template <bool is_request>
class reader final : public http::basic_parser<is_request> {
public:
  using message_type = std::conditional_t<is_request, http_request, http_response>;
  message_type message;
  bool http10 = false;
  bool has_body_length = false;   // content-length or transfer-encoding was there
  bool odd_encoding = false;      // a transfer-encoding other than plain "chunked"
  bool expects_continue = false;  // the client waits for our word before it sends the body
  bool odd_expectation = false;   // it expects something we do not know
  unsigned hosts = 0;

private:
  using text = boost::beast::string_view;

  void on_request_impl(http::verb, text method, text target, int version, error_code&) override {
    if constexpr (is_request) {
      message.method = to_std(method);
      message.target = to_std(target);
    }
    http10 = version == 10;
    message.headers.reserve(8);
  }

  void on_response_impl(int code, text, int version, error_code&) override {
    if constexpr (!is_request) message.status = static_cast<unsigned>(code);
    http10 = version == 10;
    message.headers.reserve(8);
  }

  void on_field_impl(http::field field, text name, text value, error_code&) override {
    // Trailers come after the header was judged, so they must not be able to change it.
    if (header_done_) return;
    const auto word = to_std(value);
    switch (field) {
      case http::field::host: ++hosts; break;
      case http::field::content_length: has_body_length = true; break;
      case http::field::transfer_encoding:
        has_body_length = true;
        if (!same_word(word, "chunked")) odd_encoding = true;
        break;
      case http::field::expect:
        if (same_word(word, "100-continue"))
          expects_continue = true;
        else
          odd_expectation = true;
        break;
      case http::field::content_type:
        if constexpr (!is_request) message.content_type = word;
        break;
      default: break;
    }
    message.headers.emplace_back(lowered(to_std(name)), word);
  }

  void on_header_impl(error_code&) override { header_done_ = true; }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    // A promise of more than this is believed when the bytes come.
    constexpr std::uint64_t believed = 64 * 1024;
    if (length) message.body.reserve(static_cast<std::size_t>(std::min(*length, believed)));
  }

  std::size_t on_body_impl(text part, error_code&) override {
    message.body.append(part.data(), part.size());
    return part.size();
  }

  void on_chunk_header_impl(std::uint64_t, text, error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, text part, error_code&) override {
    message.body.append(part.data(), part.size());
    return part.size();
  }

  void on_finish_impl(error_code&) override {}

  bool header_done_ = false;
};

// --- refusals -------------------------------------------------------------------------------

// What the server says by itself, without the handler. The types are stable.
struct refusal {
  unsigned status;
  std::string_view type;
  std::string_view title;
  bool retry_soon = false;
};

constexpr refusal malformed{400, "malformed-request", "This is not an HTTP/1.1 request"};
constexpr refusal host_needed{400, "host-required", "Exactly one Host header is required"};
constexpr refusal too_slow{408, "request-timeout", "The request took too long to arrive"};
constexpr refusal body_too_large{413, "body-too-large", "The body is too large"};
constexpr refusal expectation_unknown{417, "expectation-failed", "Only 100-continue is known"};
constexpr refusal header_too_large{431, "header-too-large", "The header is too large"};
constexpr refusal handler_threw{500, "internal", "The request could not be handled"};
constexpr refusal encoding_unknown{501, "unsupported-transfer-encoding", "Only chunked is known"};
constexpr refusal unanswered{503, "unanswered", "The request was dropped unanswered", true};
constexpr refusal too_many{503, "too-many-connections", "Too many connections", true};
constexpr refusal answer_too_late{504, "answer-timeout", "The answer took too long"};

http_response response_of(const refusal& said) {
  http_response response;
  response.status = said.status;
  response.content_type = "application/problem+json";
  response.body = R"({"type":"/problems/)";
  response.body += said.type;
  response.body += R"(","title":")";
  response.body += said.title;
  response.body += R"(","status":)";
  append_number(response.body, said.status);
  response.body += '}';
  if (said.retry_soon) response.headers.emplace_back("Retry-After", "1");
  return response;
}

const refusal& refusal_of(error_code ec) {
  if (ec == http::error::header_limit) return header_too_large;
  if (ec == http::error::body_limit) return body_too_large;
  return malformed;
}

// --- writing --------------------------------------------------------------------------------

// The date header, made once a second.
class date_line {
public:
  std::string_view now() {
    const auto second = std::time(nullptr);
    if (second != second_) {
      second_ = second;
      std::tm utc{};
      gmtime_r(&second, &utc);
      // Not strftime's %a and %b: a locale would translate them.
      constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
      constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
      std::array<char, 64> text;
      const int size = std::snprintf(text.data(), text.size(), "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                                     days[static_cast<std::size_t>(utc.tm_wday)], utc.tm_mday,
                                     months[static_cast<std::size_t>(utc.tm_mon)], utc.tm_year + 1900, utc.tm_hour,
                                     utc.tm_min, utc.tm_sec);
      line_.assign(text.data(), static_cast<std::size_t>(size));
    }
    return line_;
  }

private:
  std::time_t second_ = -1;
  std::string line_;
};

struct framing {
  bool keep_alive;
  bool http10;       // the client; it must be told that the connection stays
  bool with_length;  // false for streams, which end with the connection
};

// Headers that say how the message lies on the wire are ours to write.
bool is_framing_header(std::string_view name) {
  for (const std::string_view ours : {"content-length", "transfer-encoding", "connection", "date", "content-type"})
    if (same_word(name, ours)) return true;
  return false;
}

std::string head_of(const http_response& response, framing how, std::string_view date) {
  std::string head;
  head.reserve(256);
  head += "HTTP/1.1 ";
  append_number(head, response.status);
  head += ' ';
  head += to_std(http::obsolete_reason(http::int_to_status(response.status)));
  head += "\r\n";
  head += date;
  if (!response.content_type.empty()) append_header(head, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers)
    if (!is_framing_header(name)) append_header(head, name, value);
  if (how.with_length && response.status != 204 && response.status != 304) {
    head += "Content-Length: ";
    append_number(head, response.body.size());
    head += "\r\n";
  }
  if (!how.keep_alive)
    head += "Connection: close\r\n";
  else if (how.http10)
    head += "Connection: keep-alive\r\n";
  head += "\r\n";
  return head;
}

}  // namespace

std::string_view http_request::header(std::string_view lower_name) const { return find_header(headers, lower_name); }

std::string_view http_response::header(std::string_view lower_name) const { return find_header(headers, lower_name); }

// --- what crosses threads -------------------------------------------------------------------

namespace wire {

struct opening {
  header_list headers;
  std::weak_ptr<event_line> line;

  void refuse() const;  // the client has gone before
};
struct ending {};

// Names its connection by number, so that nobody else ever holds a socket. The request needs no
// number: a connection has one at a time, and the next begins only after the one answer to it.
struct letter {
  std::uint64_t connection;
  std::variant<http_response, opening, std::string, ending> content;
};

class mailbox {
public:
  explicit mailbox(std::function<void()> wake) : wake_{std::move(wake)} {}

  // False when the loop has ended.
  bool put(letter&& written) {
    const std::lock_guard lock{mutex_};
    if (shut_) return false;
    letters_.push_back(std::move(written));
    // Under the lock, because after shut() there is no loop to wake.
    if (letters_.size() == 1) wake_();
    return true;
  }

  // `letters` must be empty; its memory is what the next burst is written into.
  void take(std::vector<letter>& letters) {
    const std::lock_guard lock{mutex_};
    letters_.swap(letters);
  }

  void shut() {
    const std::lock_guard lock{mutex_};
    shut_ = true;
  }

private:
  std::mutex mutex_;
  std::vector<letter> letters_;
  bool shut_ = false;
  std::function<void()> wake_;
};

// One request waiting for its answer, held by its responders.
struct exchange {
  std::shared_ptr<mailbox> box;
  std::uint64_t connection;
  std::atomic<bool> answered = false;

  exchange(std::shared_ptr<mailbox> into, std::uint64_t from) : box{std::move(into)}, connection{from} {}
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;
  ~exchange() {
    if (!answered) answer(response_of(unanswered));
  }

  bool answer(http_response&& response) {
    if (answered.exchange(true)) return false;
    box->put({connection, std::move(response)});
    return true;
  }
};

// One open stream, held by its event_streams.
struct event_line {
  std::shared_ptr<mailbox> box;
  std::uint64_t connection;
  std::atomic<bool> ended = false;
  std::atomic<bool> gone = false;

  explicit event_line(const exchange& request) : box{request.box}, connection{request.connection} {}
  event_line(const event_line&) = delete;
  event_line& operator=(const event_line&) = delete;
  ~event_line() { end(); }

  void end() {
    if (ended.exchange(true)) return;
    std::function<void()> unused;  // it may hold a copy of the stream, and so itself
    {
      const std::lock_guard lock{mutex_};
      unused.swap(hook_);
    }
    if (!gone) box->put({connection, ending{}});
  }

  void vanish() {
    std::function<void()> hook;
    {
      const std::lock_guard lock{mutex_};
      if (gone.exchange(true)) return;
      hook.swap(hook_);
    }
    if (hook && !ended) hook();
  }

  void set_hook(std::function<void()> hook) {
    {
      const std::lock_guard lock{mutex_};
      if (ended) return;
      if (!gone) {
        hook_.swap(hook);
        return;
      }
    }
    if (hook) hook();
  }

private:
  std::mutex mutex_;
  std::function<void()> hook_;
};

void opening::refuse() const {
  if (const auto told = line.lock()) told->vanish();
}

}  // namespace wire

bool event_stream::event(std::string_view name, std::string_view data, std::string_view id) const {
  if (!line_ || line_->ended || line_->gone) return false;
  std::string text;
  text.reserve(name.size() + data.size() + id.size() + 32);
  const auto field = [&text](std::string_view key, std::string_view value) {
    text += key;
    append_clean(text, value);
    text += '\n';
  };
  if (!id.empty()) field("id: ", id);
  if (!name.empty()) field("event: ", name);
  for (std::size_t start = 0; start <= data.size();) {
    const auto end = std::min(data.find('\n', start), data.size());
    field("data: ", data.substr(start, end - start));
    start = end + 1;
  }
  text += '\n';
  return line_->box->put({line_->connection, std::move(text)});
}

void event_stream::close() const {
  if (line_) line_->end();
}

bool event_stream::gone() const { return !line_ || line_->gone; }

void event_stream::on_gone(std::function<void()> hook) const {
  if (line_)
    line_->set_hook(std::move(hook));
  else if (hook)
    hook();
}

bool responder::send(http_response response) const { return exchange_ && exchange_->answer(std::move(response)); }

event_stream responder::open_stream(header_list headers) const {
  if (!exchange_ || exchange_->answered.exchange(true)) return {};
  auto line = std::make_shared<wire::event_line>(*exchange_);
  wire::opening content{std::move(headers), line};
  if (!line->box->put({line->connection, std::move(content)})) line->vanish();
  return event_stream{std::move(line)};
}

// --- server ---------------------------------------------------------------------------------

namespace {

// What all loops of one server read, and the counters they keep.
struct service {
  server_options options;
  http_server::handler handle;
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> turned_away = 0;
  std::atomic<std::uint64_t> requests = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::atomic<std::uint64_t> open = 0;
  std::atomic<std::uint64_t> leaving = 0;  // turned away, still being told so
};

class connection;

// One thread with its io_context, its connections and its mailbox.
class loop {
public:
  explicit loop(service& of) : server{of} {}

  void start();
  void adopt(tcp_socket socket, bool welcome);
  void begin_stop();
  void forget(std::uint64_t id);

  service& server;
  net::io_context io{1};
  date_line date;
  bool stopping = false;
  std::thread thread;
  std::shared_ptr<wire::mailbox> box =
      std::make_shared<wire::mailbox>([this] { net::post(io, [this] { deliver(); }); });

private:
  void deliver();
  void sweep_later();
  void sweep();
  std::vector<std::shared_ptr<connection>> all() const;

  loop_timer clock_{io};
  steady_clock::time_point stop_deadline_ = steady_clock::time_point::max();
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<connection>> connections_;
  std::vector<wire::letter> letters_;
};

class connection : public std::enable_shared_from_this<connection> {
public:
  struct identity {
    std::uint64_t id;
    std::string peer;
    bool welcome;
  };

  connection(loop& at, tcp_socket socket, identity who)
      : loop_{at}, socket_{std::move(socket)}, id_{who.id}, peer_{std::move(who.peer)}, welcome_{who.welcome} {}

  void start() {
    wait_for_request();
    if (welcome_)
      advance();
    else
      refuse(too_many);
  }

  void receive(wire::letter&& letter) {
    // A letter may come after its request was given up; then the state is another one.
    if (auto* response = std::get_if<http_response>(&letter.content)) {
      if (state_ == state::answering) answer(std::move(*response));
    } else if (auto* opening = std::get_if<wire::opening>(&letter.content)) {
      if (state_ == state::answering)
        open_stream(std::move(*opening));
      else
        opening->refuse();
    } else if (state_ == state::streaming && !ending_) {
      if (auto* text = std::get_if<std::string>(&letter.content))
        waiting_ += *text;
      else
        ending_ = true;
    }
  }

  // After a burst of letters: all events of the burst in one write.
  void flush() {
    if (state_ == state::streaming && !write_waits_ && push()) written();
    const auto unsent = waiting_.size() + head_.size() - std::min(head_.size(), sent_);
    if (state_ == state::streaming && unsent > options().stream_bytes_max) close();
  }

  void check_deadline(steady_clock::time_point now) {
    if (now < deadline_) return;
    switch (state_) {
      case state::reading:
        if (reader_)
          refuse(too_slow);
        else
          close();
        break;
      case state::answering: refuse(answer_too_late); break;
      case state::streaming:
        if (write_waits_) return close();
        waiting_ += ":\n\n";
        flush();
        break;
      case state::writing:
      case state::lingering:
      case state::closed: close(); break;
    }
  }

  void begin_stop() {
    if (state_ == state::reading && !reader_) return close();
    if (state_ != state::streaming) return;
    ending_ = true;
    drop_line();
    flush();
  }

  bool is_streaming() const { return state_ == state::streaming; }
  bool is_welcome() const { return welcome_; }

  void close() {
    if (state_ == state::closed) return;
    state_ = state::closed;
    error_code ignored;
    socket_.close(ignored);
    drop_line();
    loop_.forget(id_);
  }

private:
  enum class state { reading, answering, writing, streaming, lingering, closed };

  const server_options& options() const { return loop_.server.options; }
  void set_deadline(double seconds) { deadline_ = steady_clock::now() + seconds_of(seconds); }

  void drop_line() {
    if (auto line = std::exchange(line_, {}).lock()) line->vanish();
  }

  // Reading.

  void wait_for_request() {
    state_ = state::reading;
    reader_.reset();
    set_deadline(options().idle_seconds);
  }

  void read() {
    if (reading_) return;
    reading_ = true;
    const bool in_body = reader_ && reader_->is_header_done();
    socket_.async_read_some(
        inbox_.prepare(in_body ? 16384 : 4096),
        [self = shared_from_this()](error_code ec, std::size_t bytes) { self->on_read(ec, bytes); });
  }

  void on_read(error_code ec, std::size_t bytes) {
    reading_ = false;
    if (state_ == state::closed) return;
    if (ec) return close();
    inbox_.commit(bytes);
    if (state_ == state::reading) return advance();
    // Nothing that comes now is a request: it is read to notice the end, and so that closing does
    // not reset the connection before the client has read our last words.
    inbox_.consume(inbox_.size());
    if (state_ != state::writing) read();
  }

  void advance() {
    while (state_ == state::reading) {
      if (!reader_ && !begin_request()) {
        // Between two requests of a connection that is told to end there is nothing to wait for.
        if (loop_.stopping) return close();
        return read();
      }
      if (inbox_.size() == 0) return read();
      error_code ec;
      const bool in_header = !reader_->is_header_done();
      const auto used = reader_->put(inbox_.data(), ec);
      inbox_.consume(used);
      if (in_header) header_bytes_ += used;
      if (header_bytes_ > options().header_bytes_max) return refuse(header_too_large);
      if (ec == http::error::need_more) {
        // Beast waits without end for the end of a chunk's line or of the trailers.
        if (inbox_.size() > options().header_bytes_max) return refuse(malformed);
        return read();
      }
      if (ec) return refuse(refusal_of(ec));
      if (in_header && reader_->is_header_done() && !accept_header()) return;
      if (reader_->is_done()) hand_over();
    }
  }

  // False when there is no byte of a request yet.
  bool begin_request() {
    // Some clients send a line break after a body; the standard asks to overlook it.
    while (inbox_.size() >= 2 && std::memcmp(inbox_.data().data(), "\r\n", 2) == 0) inbox_.consume(2);
    if (inbox_.size() == 0) return false;
    reader_.emplace();
    reader_->header_limit(static_cast<std::uint32_t>(options().header_bytes_max));
    reader_->body_limit(options().body_bytes_max);
    header_bytes_ = 0;
    set_deadline(options().request_seconds);
    return true;
  }

  // What the parser does not judge. False when the request was refused.
  bool accept_header() {
    // Two readings of one length are how requests are smuggled past a proxy.
    if (reader_->http10 && reader_->chunked()) return reject(malformed);
    if (reader_->odd_encoding) return reject(encoding_unknown);
    if (reader_->hosts > 1 || (reader_->hosts == 0 && !reader_->http10)) return reject(host_needed);
    if (reader_->odd_expectation) return reject(expectation_unknown);
    const bool awaited = reader_->expects_continue && !reader_->http10;
    if (awaited && !reader_->is_done() && inbox_.size() == 0) {
      constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
      error_code ec;
      // The answer before this one was written, so that 25 bytes find room, or nobody reads.
      const auto bytes = socket_.write_some(net::buffer(interim.data(), interim.size()), ec);
      if (ec || bytes != interim.size()) {
        close();
        return false;
      }
    }
    return true;
  }

  void hand_over() {
    state_ = state::answering;
    set_deadline(options().answer_seconds);
    keep_alive_ = reader_->keep_alive();
    http10_ = reader_->http10;
    http_request request = std::move(reader_->message);
    head_only_ = request.method == "HEAD";
    reader_.reset();
    to_origin_form(request.target);
    request.peer = peer_;
    loop_.server.requests.fetch_add(1, std::memory_order_relaxed);
    const responder answer{std::make_shared<wire::exchange>(loop_.box, id_)};
    try {
      loop_.server.handle(std::move(request), answer);
    } catch (...) {
      // The room above owns its errors; here only the client must not wait for ever.
      answer.send(response_of(handler_threw));
    }
  }

  // A client may name us in full, as it would to a proxy.
  static void to_origin_form(std::string& target) {
    constexpr std::string_view scheme = "http://";
    if (!same_word(std::string_view{target}.substr(0, scheme.size()), scheme)) return;
    const auto path = target.find_first_of("/?", scheme.size());
    target = path == std::string::npos ? "/" : target.substr(path);
    if (target.front() == '?') target.insert(0, "/");
  }

  // Writing.

  bool reject(const refusal& said) {
    refuse(said);
    return false;
  }

  void refuse(const refusal& said) {
    loop_.server.refused.fetch_add(1, std::memory_order_relaxed);
    keep_alive_ = false;
    http10_ = false;
    head_only_ = state_ == state::answering && head_only_;
    reader_.reset();
    answer(response_of(said));
  }

  void answer(http_response&& response) {
    may_crash(crash_point::before_http_answer);
    // An interim or invented status would leave the client waiting.
    if (response.status < 200 || response.status > 599) response.status = 500;
    if (same_word(response.header("Connection"), "close") || same_word(response.header("connection"), "close") ||
        loop_.stopping)
      keep_alive_ = false;
    state_ = state::writing;
    head_ = head_of(response, {keep_alive_, http10_, true}, loop_.date.now());
    const bool bodiless = head_only_ || response.status == 204 || response.status == 304;
    body_ = bodiless ? std::string{} : std::move(response.body);
    sent_ = 0;
    if (push()) written();
  }

  void open_stream(wire::opening&& opening) {
    http_response response;
    response.content_type = "text/event-stream";
    response.headers = std::move(opening.headers);
    response.headers.emplace_back("Cache-Control", "no-cache");
    keep_alive_ = false;  // its end is the end of the connection
    state_ = state::streaming;
    line_ = std::move(opening.line);
    ending_ = head_only_ || loop_.stopping;
    if (ending_) drop_line();
    waiting_ = head_of(response, {false, http10_, false}, loop_.date.now());
    read();
  }

  // Sends what the socket takes. True when nothing is left; otherwise it goes on by itself.
  bool push() {
    for (;;) {
      const auto whole = head_.size() + body_.size();
      if (sent_ == whole) {
        if (waiting_.empty()) return true;
        head_.clear();
        head_.swap(waiting_);
        body_.clear();
        sent_ = 0;
        continue;
      }
      const auto in_head = std::min(sent_, head_.size());
      const std::array<net::const_buffer, 2> rest{net::buffer(head_.data(), head_.size()) + in_head,
                                                  net::buffer(body_.data(), body_.size()) + (sent_ - in_head)};
      error_code ec;
      sent_ += socket_.write_some(rest, ec);
      if (ec == net::error::would_block) {
        wait_to_write();
        return false;
      }
      if (ec) {
        close();
        return false;
      }
    }
  }

  void wait_to_write() {
    write_waits_ = true;
    set_deadline(options().idle_seconds);
    socket_.async_wait(tcp_socket::wait_write, [self = shared_from_this()](error_code ec) {
      self->write_waits_ = false;
      if (self->state_ == state::closed) return;
      if (ec) return self->close();
      if (self->push()) self->written();
    });
  }

  void written() {
    if (state_ == state::streaming) {
      if (ending_) return linger();
      return set_deadline(options().heartbeat_seconds);
    }
    if (!keep_alive_) return linger();
    wait_for_request();
    advance();
  }

  void linger() {
    state_ = state::lingering;
    line_.reset();
    set_deadline(options().linger_seconds);
    inbox_.consume(inbox_.size());
    error_code ec;
    socket_.shutdown(tcp_socket::shutdown_send, ec);
    if (ec) return close();
    read();
  }

  loop& loop_;
  tcp_socket socket_;
  const std::uint64_t id_;
  const std::string peer_;
  const bool welcome_;

  state state_ = state::reading;
  steady_clock::time_point deadline_;
  bool reading_ = false;
  bool write_waits_ = false;

  boost::beast::flat_buffer inbox_;
  std::optional<reader<true>> reader_;  // there from a request's first byte to its last
  std::size_t header_bytes_ = 0;

  bool keep_alive_ = true;
  bool http10_ = false;
  bool head_only_ = false;

  std::string head_;  // head_ and body_ are being written, sent_ bytes of them are
  std::string body_;
  std::size_t sent_ = 0;

  std::string waiting_;  // events for the next write
  std::weak_ptr<wire::event_line> line_;
  bool ending_ = false;
};

void loop::start() {
  sweep_later();
  thread = std::thread{[this] {
    io.run();
    box->shut();
    // What nobody fetched any more: openings must hear that their client is gone.
    box->take(letters_);
    for (auto& letter : letters_)
      if (auto* opening = std::get_if<wire::opening>(&letter.content)) opening->refuse();
    letters_.clear();
  }};
}

void loop::adopt(tcp_socket socket, bool welcome) {
  error_code ec;
  const auto from = socket.remote_endpoint(ec);
  if (!ec) socket.set_option(tcp::no_delay{true}, ec);
  if (!ec) socket.non_blocking(true, ec);
  if (ec || stopping) {
    --(welcome ? server.open : server.leaving);
    return;
  }
  auto peer = from.address().to_string();
  if (from.address().is_v6()) peer = '[' + peer + ']';
  peer += ':';
  append_number(peer, from.port());
  const auto id = ++last_id_;
  auto made =
      std::make_shared<connection>(*this, std::move(socket), connection::identity{id, std::move(peer), welcome});
  connections_.emplace(id, made);
  made->start();
}

void loop::deliver() {
  box->take(letters_);
  std::vector<std::shared_ptr<connection>> streams;
  for (auto& letter : letters_) {
    const auto found = connections_.find(letter.connection);
    if (found == connections_.end()) {
      if (auto* opening = std::get_if<wire::opening>(&letter.content)) opening->refuse();
      continue;
    }
    const auto kept = found->second;  // it may close itself and leave the map
    kept->receive(std::move(letter));
    if (kept->is_streaming() && (streams.empty() || streams.back() != kept)) streams.push_back(kept);
  }
  letters_.clear();
  for (const auto& each : streams) each->flush();
}

void loop::sweep_later() {
  const auto& o = server.options;
  const double shortest = std::min(
      {o.idle_seconds, o.request_seconds, o.answer_seconds, o.heartbeat_seconds, o.linger_seconds, o.drain_seconds});
  clock_.expires_after(seconds_of(std::clamp(shortest / 4, 0.005, 1.0)));
  clock_.async_wait([this](error_code) { sweep(); });
}

void loop::sweep() {
  const auto now = steady_clock::now();
  for (const auto& each : all()) {
    each->check_deadline(now);
    if (now >= stop_deadline_) each->close();
  }
  // The sweep is what keeps the loop running; it ends with the last connection.
  if (!stopping || !connections_.empty()) sweep_later();
}

std::vector<std::shared_ptr<connection>> loop::all() const {
  std::vector<std::shared_ptr<connection>> result;
  result.reserve(connections_.size());
  for (const auto& [id, each] : connections_) result.push_back(each);
  return result;
}

void loop::begin_stop() {
  stopping = true;
  stop_deadline_ = steady_clock::now() + seconds_of(server.options.drain_seconds);
  for (const auto& each : all()) each->begin_stop();
  clock_.cancel();
}

void loop::forget(std::uint64_t id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  --(found->second->is_welcome() ? server.open : server.leaving);
  connections_.erase(found);
  if (stopping && connections_.empty()) clock_.cancel();
}

}  // namespace

class http_server::engine {
public:
  engine(server_options options, handler handle) {
    server_.options = std::move(options);
    server_.handle = std::move(handle);
    const auto threads = std::max(1U, server_.options.threads);
    for (unsigned n = 0; n < threads; ++n) loops_.push_back(std::make_unique<loop>(server_));
    listen();
    accept();
    for (const auto& each : loops_) each->start();
  }

  ~engine() { stop(); }
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  std::uint16_t port() const { return port_; }

  server_counts counts() const {
    return {server_.accepted, server_.turned_away, server_.requests, server_.refused, server_.open};
  }

  void stop() {
    std::call_once(stopped_, [this] {
      // The acceptor's loop tells the others, so that what it handed to them arrives before.
      net::post(loops_.front()->io, [this] {
        error_code ignored;
        acceptor_->close(ignored);
        pause_->cancel();
        for (const auto& each : loops_) net::post(each->io, [at = each.get()] { at->begin_stop(); });
      });
      for (const auto& each : loops_) each->thread.join();
    });
  }

private:
  void listen() {
    auto& io = loops_.front()->io;
    const auto& options = server_.options;
    const auto where = options.host + ':' + std::to_string(options.port);
    const auto check = [&where](error_code ec) {
      if (ec) throw std::system_error{ec.value(), std::system_category(), "cannot listen on " + where};
    };
    error_code ec;
    tcp::endpoint endpoint{net::ip::make_address(options.host, ec), options.port};
    if (ec) {
      tcp::resolver names{io};
      const auto found = names.resolve(options.host, std::to_string(options.port), tcp::resolver::passive, ec);
      if (ec) throw std::system_error{EADDRNOTAVAIL, std::system_category(), "cannot listen on " + where};
      endpoint = found.begin()->endpoint();
    }
    acceptor_.emplace(io);
    pause_.emplace(io);
    acceptor_->open(endpoint.protocol(), ec);
    check(ec);
    // One acceptor, not one per thread by SO_REUSEPORT: that would let a second process bind the
    // same port silently, and spreads few connections unevenly.
    acceptor_->set_option(net::socket_base::reuse_address{true}, ec);
    check(ec);
    acceptor_->bind(endpoint, ec);
    check(ec);
    acceptor_->listen(net::socket_base::max_listen_connections, ec);
    check(ec);
    port_ = acceptor_->local_endpoint(ec).port();
    check(ec);
  }

  void accept() {
    auto& next = *loops_[turn_++ % loops_.size()];
    acceptor_->async_accept(next.io, [this, &next](error_code ec, tcp_socket socket) {
      if (!acceptor_->is_open()) return;
      if (ec) {
        // Most likely no file descriptor is left: trying again at once would spin.
        pause_->expires_after(std::chrono::milliseconds{50});
        pause_->async_wait([this](error_code cancelled) {
          if (!cancelled && acceptor_->is_open()) accept();
        });
        return;
      }
      hand_out(next, std::move(socket));
      accept();
    });
  }

  void hand_out(loop& next, tcp_socket socket) {
    // So many are told why at a time; beyond that a flood is closed without a word.
    constexpr std::uint64_t leaving_max = 64;
    const bool welcome = server_.open < server_.options.connections_max;
    const bool heard = welcome || server_.leaving < leaving_max;
    if (heard) ++(welcome ? server_.open : server_.leaving);
    if (!welcome) ++server_.turned_away;
    ++server_.accepted;  // last, so that who sees it sees the others too
    if (!heard) return;
    net::post(next.io,
              [&next, welcome, socket = std::move(socket)]() mutable { next.adopt(std::move(socket), welcome); });
  }

  service server_;
  std::vector<std::unique_ptr<loop>> loops_;
  std::optional<tcp_acceptor> acceptor_;
  std::optional<loop_timer> pause_;
  std::uint16_t port_ = 0;
  std::size_t turn_ = 0;
  std::once_flag stopped_;
};

http_server::http_server(server_options options, handler handle)
    : engine_{std::make_unique<engine>(std::move(options), std::move(handle))} {}

http_server::~http_server() = default;

std::uint16_t http_server::port() const { return engine_->port(); }

server_counts http_server::counts() const { return engine_->counts(); }

void http_server::stop() { engine_->stop(); }

// --- clients --------------------------------------------------------------------------------

namespace {

constexpr std::uint64_t answer_bytes_max = 64 * 1024 * 1024;
constexpr std::uint32_t answer_header_bytes_max = 64 * 1024;

struct request_line {
  std::string_view method;
  std::string_view target;
  std::string_view host;  // value of the host header
};

void append_request(std::string& out, const request_line& line, const header_list& headers, std::string_view body) {
  append_clean(out, line.method);
  out += ' ';
  append_clean(out, line.target);
  out += " HTTP/1.1\r\n";
  append_header(out, "Host", line.host);
  for (const auto& [name, value] : headers)
    if (!same_word(name, "host") && !same_word(name, "content-length")) append_header(out, name, value);
  if (!body.empty() || (line.method != "GET" && line.method != "HEAD")) {
    out += "Content-Length: ";
    append_number(out, body.size());
    out += "\r\n";
  }
  out += "\r\n";
  out += body;
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

std::string reason(int error) { return std::generic_category().message(error); }

std::vector<tcp::endpoint> look_up_now(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  std::vector<tcp::endpoint> result;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return result;
  for (const auto* each = found; each != nullptr; each = each->ai_next) {
    tcp::endpoint endpoint;
    if (each->ai_addrlen > endpoint.capacity()) continue;
    endpoint.resize(each->ai_addrlen);
    std::memcpy(endpoint.data(), each->ai_addr, each->ai_addrlen);
    result.push_back(endpoint);
  }
  freeaddrinfo(found);
  return result;
}

// Throws http_unreachable when the name is not known by the deadline.
std::vector<tcp::endpoint> look_up(const std::string& host, std::uint16_t port, steady_clock::time_point deadline) {
  auto found = look_up_now(host, port, AI_NUMERICHOST);
  if (!found.empty()) return found;
  // getaddrinfo cannot be interrupted, so a slow name server is left behind on a thread that
  // owns all it touches.
  std::packaged_task<std::vector<tcp::endpoint>()> task{[host, port] { return look_up_now(host, port, 0); }};
  auto answer = task.get_future();
  std::thread{std::move(task)}.detach();
  if (answer.wait_until(deadline) != std::future_status::ready)
    throw http_unreachable{"cannot reach " + host + ": its name was not resolved in time"};
  found = answer.get();
  if (found.empty()) throw http_unreachable{"cannot reach " + host + ": unknown host"};
  return found;
}

}  // namespace

std::optional<url> parse_url(std::string_view text) {
  constexpr std::string_view scheme = "http://";
  if (!same_word(text.substr(0, scheme.size()), scheme)) return {};
  text.remove_prefix(scheme.size());
  for (const char letter : text)
    if (static_cast<unsigned char>(letter) <= ' ' || letter == '\x7f' || letter == '#') return {};

  url result;
  const auto path = std::min(text.find_first_of("/?"), text.size());
  auto where = text.substr(0, path);
  if (path < text.size()) result.target = text.substr(path);
  if (result.target.front() == '?') result.target.insert(0, "/");

  std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  auto host_end = std::min(where.find(':'), where.size());
  auto port_start = host_end;
  if (where.starts_with('[')) {
    allowed = "0123456789abcdefABCDEF:.";
    where.remove_prefix(1);
    host_end = where.find(']');
    if (host_end == std::string_view::npos) return {};
    port_start = host_end + 1;
  }
  result.host = where.substr(0, host_end);
  if (result.host.empty() || result.host.find_first_not_of(allowed) != std::string::npos) return {};

  auto port = where.substr(port_start);
  if (port.empty()) return result;
  if (!port.starts_with(':')) return {};
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), result.port);
  if (error != std::errc{} || end != port.data() + port.size() || result.port == 0) return {};
  return result;
}

// Plain poll(2) instead of an event loop: one socket, one thread, one deadline.
class http_client::link {
public:
  link(std::string host, std::uint16_t port)
      : host_{std::move(host)}, port_{port}, name_{host_and_port(host_, port_)} {}
  ~link() { close(); }
  link(const link&) = delete;
  link& operator=(const link&) = delete;

  http_response request(const request_line& line, const header_list& headers, std::string_view body,
                        std::chrono::milliseconds timeout) {
    timeout_ = timeout;
    deadline_ = steady_clock::now() + timeout;
    std::string text;
    append_request(text, {line.method, line.target, name_}, headers, body);
    const bool head_only = line.method == "HEAD";
    try {
      if (socket_ >= 0) {
        if (auto answer = exchange(text, head_only)) return std::move(*answer);
        close();
      }
      connect();
      if (auto answer = exchange(text, head_only)) return std::move(*answer);
      throw http_unreachable{name_ + " closed the connection without an answer"};
    } catch (...) {
      close();  // half an answer may still be on its way
      throw;
    }
  }

private:
  [[noreturn]] void fail(const std::string& why) const { throw http_unreachable{"cannot reach " + name_ + ": " + why}; }

  [[noreturn]] void too_late() const {
    throw http_unreachable{"no answer from " + name_ + " within " + std::to_string(timeout_.count()) + " ms"};
  }

  // What the socket is ready for; 0 when `until` has passed.
  short wait(short wanted, steady_clock::time_point until) const {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now()).count();
      const auto ms = std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max());
      pollfd watched{socket_, wanted, 0};
      const int ready = ::poll(&watched, 1, static_cast<int>(ms));
      if (ready > 0) return watched.revents;
      if (ready == 0 && left <= 0) return 0;
      if (ready < 0 && errno != EINTR) fail(reason(errno));
    }
  }

  void connect() {
    const auto addresses = look_up(host_, port_, deadline_);
    int error = 0;
    for (std::size_t n = 0; n < addresses.size(); ++n) {
      // An address that swallows everything must leave time for the next one.
      const auto now = steady_clock::now();
      const auto share = (deadline_ - now) / static_cast<std::int64_t>(addresses.size() - n);
      error = connect_to(addresses[n], now + share);
      if (error == 0) return;
      close();
    }
    if (error == ETIMEDOUT && steady_clock::now() >= deadline_)
      fail("no connection within " + std::to_string(timeout_.count()) + " ms");
    fail(reason(error));
  }

  int connect_to(const tcp::endpoint& address, steady_clock::time_point until) {
    socket_ = ::socket(address.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return errno;
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_, address.data(), static_cast<socklen_t>(address.size())) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    if (wait(POLLOUT, until) == 0) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
  }

  // Nothing when the connection broke before any byte of the answer came.
  std::optional<http_response> exchange(std::string_view unsent, bool head_only) {
    boost::beast::flat_buffer inbox;
    std::optional<reader<false>> answer;
    const auto begin_answer = [&answer, head_only] {
      answer.emplace();
      answer->eager(true);
      answer->header_limit(answer_header_bytes_max);
      answer->body_limit(answer_bytes_max);
      answer->skip(head_only);
    };
    begin_answer();
    bool any = false;
    for (;;) {
      if (!unsent.empty()) {
        const auto sent = ::send(socket_, unsent.data(), unsent.size(), MSG_NOSIGNAL);
        if (sent > 0) unsent.remove_prefix(static_cast<std::size_t>(sent));
        // A server that refuses early closes its side; its answer may be waiting all the same.
        if (sent < 0 && errno != EAGAIN && errno != EINTR) unsent = {};
      }
      // Watching for the answer while still sending: it may be "too large".
      const short wanted = unsent.empty() ? POLLIN : POLLIN | POLLOUT;
      const auto ready = wait(wanted, deadline_);
      if (ready == 0) too_late();
      if ((ready & ~POLLOUT) == 0) continue;

      const auto room = inbox.prepare(16384);
      const auto got = ::recv(socket_, room.data(), room.size(), 0);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      error_code ec;
      if (got <= 0) {
        if (!any) return {};
        if (got == 0 && answer->got_some()) answer->put_eof(ec);
        if (got < 0 || ec || !answer->is_done()) fail("the connection broke in the answer");
      } else {
        any = true;
        inbox.commit(static_cast<std::size_t>(got));
        while (inbox.size() > 0 && !answer->is_done() && !ec) {
          inbox.consume(answer->put(inbox.data(), ec));
          // "100 Continue" and its like announce the answer, they are not it.
          if (!ec && answer->is_done() && answer->message.status / 100 == 1) begin_answer();
        }
        if (ec && ec != http::error::need_more) fail("it does not speak HTTP (" + ec.message() + ")");
        if (!answer->is_done()) continue;
      }
      // Whatever is not in step any more cannot be used again.
      if (got <= 0 || !answer->keep_alive() || inbox.size() > 0 || !unsent.empty()) close();
      return std::move(answer->message);
    }
  }

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  std::string host_;
  std::uint16_t port_;
  std::string name_;
  int socket_ = -1;
  std::chrono::milliseconds timeout_{};
  steady_clock::time_point deadline_;
};

http_client::http_client(std::string host, std::uint16_t port) : link_{std::make_unique<link>(std::move(host), port)} {}

http_client::~http_client() = default;
http_client::http_client(http_client&&) noexcept = default;
http_client& http_client::operator=(http_client&&) noexcept = default;

http_response http_client::request(std::string_view method, std::string_view target, const header_list& headers,
                                   std::string_view body, std::chrono::milliseconds timeout) {
  return link_->request({method, target, {}}, headers, body, timeout);
}

// --- load -----------------------------------------------------------------------------------

namespace {

struct load_work {
  const load_options& options;
  const http_load::next_request& next;
  const http_load::on_answer& done;
  tcp::endpoint address;
  std::string host;
};

// What the lanes of one thread share. The clock would keep the thread when all have ended.
struct lane_group {
  net::io_context io{1};
  loop_timer clock{io};
  unsigned active = 0;
};

// One connection of the closed loop: connect, send, read, again.
class lane {
public:
  lane(lane_group& group, const load_work& work, unsigned number)
      : group_{group}, socket_{group.io}, work_{work}, number_{number} {
    ++group_.active;
  }

  void connect() {
    error_code ignored;
    socket_.close(ignored);
    inbox_.consume(inbox_.size());
    state_ = state::connecting;
    set_deadline();
    socket_.async_connect(work_.address, [this](error_code ec) {
      if (!ec) socket_.set_option(tcp::no_delay{true}, ec);
      if (!ec) socket_.non_blocking(true, ec);
      if (ec) {
        error = ec;
        ++counts.retired;
        return end();
      }
      send_next();
    });
  }

  // A stuck operation is cut off; its own handler then says what that means.
  void check_deadline(steady_clock::time_point now) {
    error_code ignored;
    if (state_ != state::ended && now >= deadline_) socket_.close(ignored);
  }

  load_counts counts;
  error_code error;

private:
  enum class state { connecting, asking, ended };

  void set_deadline() { deadline_ = steady_clock::now() + seconds_of(work_.options.answer_seconds); }

  void end() {
    error_code ignored;
    socket_.close(ignored);
    state_ = state::ended;
    if (--group_.active == 0) group_.clock.cancel();
  }

  void send_next() {
    const auto request = work_.next(number_);
    if (!request) return end();
    text_.clear();
    append_request(text_, {request->method, request->target, work_.host}, request->headers, request->body);
    answer_.emplace();
    answer_->eager(true);
    answer_->header_limit(answer_header_bytes_max);
    answer_->body_limit(answer_bytes_max);
    answer_->skip(request->method == "HEAD");
    sent_ = 0;
    state_ = state::asking;
    set_deadline();
    start_ = steady_clock::now();
    push();
    read();
  }

  void push() {
    while (sent_ < text_.size()) {
      error_code ec;
      sent_ += socket_.write_some(net::buffer(text_.data() + sent_, text_.size() - sent_), ec);
      if (ec == net::error::would_block) {
        socket_.async_wait(tcp_socket::wait_write, [this](error_code broken) {
          if (!broken && state_ == state::asking) push();
        });
        return;
      }
      if (ec) return;  // the read will say so, or find an early answer
    }
  }

  void read() {
    socket_.async_read_some(inbox_.prepare(8192), [this](error_code ec, std::size_t bytes) {
      inbox_.commit(bytes);
      on_read(ec);
    });
  }

  void on_read(error_code ec) {
    if (ec == net::error::eof && answer_->got_some()) answer_->put_eof(ec);
    if (ec) return lose();
    while (inbox_.size() > 0 && !answer_->is_done() && !ec) inbox_.consume(answer_->put(inbox_.data(), ec));
    if (ec && ec != http::error::need_more) return lose();
    if (!answer_->is_done()) return read();
    ++counts.answered;
    const bool again = answer_->keep_alive() && sent_ == text_.size() && inbox_.size() == 0;
    report(answer_->message);
    if (again)
      send_next();
    else
      connect();
  }

  void lose() {
    ++counts.lost;
    http_response nothing;
    nothing.status = 0;
    report(nothing);
    connect();
  }

  void report(const http_response& response) {
    const auto took = steady_clock::now() - start_;
    work_.done(number_, response, std::chrono::duration_cast<std::chrono::nanoseconds>(took).count());
  }

  lane_group& group_;
  tcp_socket socket_;
  const load_work& work_;
  const unsigned number_;
  state state_ = state::connecting;
  steady_clock::time_point start_;
  steady_clock::time_point deadline_;
  std::string text_;
  std::size_t sent_ = 0;
  boost::beast::flat_buffer inbox_;
  std::optional<reader<false>> answer_;
};

// The lanes of one thread.
class lanes {
public:
  lanes(const load_work& work, unsigned first, unsigned step)
      : pause_{seconds_of(std::clamp(work.options.answer_seconds / 4, 0.005, 1.0))} {
    for (auto n = first; n < work.options.connections; n += step)
      lanes_.push_back(std::make_unique<lane>(group_, work, n));
  }

  void run() {
    for (const auto& each : lanes_) each->connect();
    sweep_later();
    try {
      group_.io.run();
    } catch (...) {
      failure = std::current_exception();
    }
  }

  void stop() { group_.io.stop(); }

  load_counts counts() const {
    load_counts sum;
    for (const auto& each : lanes_) {
      sum.answered += each->counts.answered;
      sum.lost += each->counts.lost;
      sum.retired += each->counts.retired;
    }
    return sum;
  }

  error_code error() const {
    for (const auto& each : lanes_)
      if (each->error) return each->error;
    return {};
  }

  std::exception_ptr failure;

private:
  void sweep_later() {
    group_.clock.expires_after(pause_);
    group_.clock.async_wait([this](error_code) {
      const auto now = steady_clock::now();
      for (const auto& each : lanes_) each->check_deadline(now);
      if (group_.active > 0) sweep_later();
    });
  }

  lane_group group_;
  const steady_clock::duration pause_;
  std::vector<std::unique_ptr<lane>> lanes_;
};

}  // namespace

http_load::http_load(load_options options) : options_{std::move(options)} {}

load_counts http_load::run(const next_request& next, const on_answer& done) const {
  const auto deadline = steady_clock::now() + seconds_of(options_.answer_seconds);
  const load_work work{options_, next, done, look_up(options_.host, options_.port, deadline).front(),
                       host_and_port(options_.host, options_.port)};
  const auto threads = std::clamp(options_.threads, 1U, std::max(1U, options_.connections));
  std::vector<std::unique_ptr<lanes>> parts;
  for (unsigned n = 0; n < threads; ++n) parts.push_back(std::make_unique<lanes>(work, n, threads));

  const auto run_part = [&parts](std::size_t n) {
    parts[n]->run();
    if (parts[n]->failure)
      for (const auto& each : parts) each->stop();
  };
  std::vector<std::thread> helpers;
  for (std::size_t n = 1; n < parts.size(); ++n) helpers.emplace_back(run_part, n);
  run_part(0);
  for (auto& each : helpers) each.join();

  load_counts sum;
  error_code error;
  for (const auto& each : parts) {
    if (each->failure) std::rethrow_exception(each->failure);
    const auto part = each->counts();
    sum.answered += part.answered;
    sum.lost += part.lost;
    sum.retired += part.retired;
    if (each->error()) error = each->error();
  }
  if (sum.retired == options_.connections && sum.answered + sum.lost == 0 && sum.retired > 0)
    throw http_unreachable{"cannot reach " + work.host + ": " + reason(error.value())};
  return sum;
}

}  // namespace souk::edge
