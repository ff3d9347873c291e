// Speaks as much of MongoDB's wire protocol as a driver needs to write documents.
#include "tests/actors/mongo_double.hpp"

#include <arpa/inet.h>
#include <bson/bson.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace souk::tests {

namespace {

using json = nlohmann::json;

constexpr std::int32_t op_reply = 1, op_query = 2004, op_msg = 2013;
constexpr std::uint32_t checksum_present = 1, more_to_come = 2;

bool read_all(int from, char* into, std::size_t bytes) {
  while (bytes > 0) {
    const auto n = ::recv(from, into, bytes, 0);
    if (n <= 0) return false;
    into += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return true;
}
void write_all(int to, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto n = ::send(to, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (n <= 0) return;
    at += static_cast<std::size_t>(n);
  }
}

// Numbers on the wire are little-endian, as on every machine that this runs on.
template <class Number>
void put(std::string& to, Number value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// What is left of a message. Reading past its end is an error of the client.
struct cursor {
  const char* at;
  const char* end;

  template <class Number>
  Number number() {
    Number value;
    need(sizeof value);
    std::memcpy(&value, at, sizeof value);
    at += sizeof value;
    return value;
  }
  std::string text() {
    const auto* nul = static_cast<const char*>(std::memchr(at, 0, static_cast<std::size_t>(end - at)));
    if (!nul) throw std::runtime_error("a name without an end");
    const std::string value{at, nul};
    at = nul + 1;
    return value;
  }
  json document() {
    std::int32_t bytes;
    need(sizeof bytes);
    std::memcpy(&bytes, at, sizeof bytes);
    if (bytes < 5) throw std::runtime_error("a document that is too short");
    need(static_cast<std::size_t>(bytes));
    bson_t view;
    if (!bson_init_static(&view, reinterpret_cast<const std::uint8_t*>(at), static_cast<std::size_t>(bytes)) ||
        !bson_validate(&view, BSON_VALIDATE_UTF8, nullptr))
      throw std::runtime_error("a document that is none");
    auto* text = bson_as_relaxed_extended_json(&view, nullptr);
    auto value = json::parse(text);
    bson_free(text);
    at += bytes;
    return value;
  }
  void need(std::size_t bytes) const {
    if (static_cast<std::size_t>(end - at) < bytes) throw std::runtime_error("a message that is too short");
  }
};

std::string bson_of(const json& value) {
  const auto text = value.dump();
  bson_error_t why;
  auto* made =
      bson_new_from_json(reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<ssize_t>(text.size()), &why);
  if (!made) throw std::runtime_error(why.message);
  std::string out{reinterpret_cast<const char*>(bson_get_data(made)), made->len};
  bson_destroy(made);
  return out;
}

std::string message(std::int32_t operation, std::int32_t to, const std::string& body) {
  std::string out;
  put(out, static_cast<std::int32_t>(16 + body.size()));
  put(out, std::int32_t{1});
  put(out, to);
  put(out, operation);
  return out + body;
}

}  // namespace

void mongo_double::up() { listen_on(port_); }

void mongo_double::listen_on(std::uint16_t port) {
  const auto listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 16) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port for the MongoDB double");
  port_ = ntohs(address.sin_port);
  listener_ = listener;
  accepting_ = std::thread{[this, listener] { accept_all(listener); }};
}

void mongo_double::down() {
  if (listener_ < 0) return;
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  ::close(listener_);
  listener_ = -1;
  {
    const std::lock_guard lock{mutex_};
    for (const auto one : connections_) ::shutdown(one, SHUT_RDWR);
  }
  for (auto& one : serving_) one.join();
  serving_.clear();
}

void mongo_double::accept_all(int listener) {
  for (;;) {
    const auto connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const std::lock_guard lock{mutex_};
    connections_.insert(connection);
    serving_.emplace_back([this, connection] { serve(connection); });
  }
}

void mongo_double::serve(int connection) {
  try {
    for (;;) {
      std::array<char, 16> head;
      if (!read_all(connection, head.data(), head.size())) break;
      cursor header{head.data(), head.data() + head.size()};
      const auto length = header.number<std::int32_t>();
      const auto request = header.number<std::int32_t>();
      header.number<std::int32_t>();
      const auto operation = header.number<std::int32_t>();
      if (length < 16 || length > 64 * 1024 * 1024) break;
      std::string body(static_cast<std::size_t>(length) - 16, '\0');
      if (!read_all(connection, body.data(), body.size())) break;
      cursor in{body.data(), body.data() + body.size()};
      bool hang_up = false;
      std::string out;
      if (operation == op_query) {  // the first hello of a connection
        in.number<std::int32_t>();
        in.text();
        in.number<std::int64_t>();
        const auto said = answer(in.document(), {}, hang_up);
        put(out, std::int32_t{8});  // AwaitCapable
        put(out, std::int64_t{0});
        put(out, std::int32_t{0});
        put(out, std::int32_t{1});
        out = message(op_reply, request, out + bson_of(said));
      } else if (operation == op_msg) {
        const auto flags = in.number<std::uint32_t>();
        if (flags & checksum_present) in.end -= 4;
        json command;
        std::vector<json> updates;
        while (in.at < in.end) {
          const auto kind = in.number<std::uint8_t>();
          if (kind == 0) {
            command = in.document();
            continue;
          }
          const auto* end = in.at;
          end += in.number<std::int32_t>();
          if (kind != 1 || end > in.end || in.text() != "updates")
            throw std::runtime_error("a section that is not known");
          while (in.at < end) updates.push_back(in.document());
        }
        const auto said = answer(command, updates, hang_up);
        put(out, std::uint32_t{0});
        put(out, std::uint8_t{0});
        out = flags & more_to_come ? "" : message(op_msg, request, out + bson_of(said));
      } else {
        break;
      }
      if (hang_up) break;
      write_all(connection, out);
    }
  } catch (const std::exception&) {
    // A client that speaks nonsense is hung up on, and its test fails for want of an answer.
  }
  const std::lock_guard lock{mutex_};
  connections_.erase(connection);
  ::close(connection);
}

json mongo_double::answer(const json& command, const std::vector<json>& updates, bool& hang_up) {
  const std::lock_guard lock{mutex_};
  if (command.contains("hello") || command.contains("isMaster") || command.contains("ismaster")) {
    json said{{"ok", 1},
              {"helloOk", true},
              {"ismaster", true},
              {"isWritablePrimary", true},
              {"maxBsonObjectSize", document_bytes_max_},
              {"maxMessageSizeBytes", 48'000'000},
              {"maxWriteBatchSize", 100'000},
              {"minWireVersion", 0},
              {"maxWireVersion", 17}};
    if (kind_ == kind::replica_set) {
      const auto me = "127.0.0.1:" + std::to_string(port_);
      said.update({{"setName", "bazaar"}, {"setVersion", 1}, {"hosts", {me}}, {"me", me}, {"primary", me}});
      said["logicalSessionTimeoutMinutes"] = 30;
    }
    return said;
  }
  if (command.contains("update")) {
    updates_.push_back(command);
    return update(updates, hang_up);
  }
  if (command.contains("ping") || command.contains("endSessions")) return {{"ok", 1}};
  return {{"ok", 0}, {"code", 59}, {"codeName", "CommandNotFound"}, {"errmsg", "no such command"}};
}

json mongo_double::update(const std::vector<json>& updates, bool& hang_up) {
  const auto mishap = std::exchange(next_, mishap::none);
  if (mishap == mishap::hang_up) hang_up = true;
  if (mishap == mishap::not_primary)
    return {{"ok", 0}, {"code", 10107}, {"codeName", "NotWritablePrimary"}, {"errmsg", "not primary"}};
  auto errors = json::array(), upserted = json::array();
  int index = 0, matched = 0;
  for (const auto& one : updates) {
    if (hang_up) break;
    const auto at = index++;
    const std::string id = one.at("q").at("_id");
    if (refused_.contains(id)) {
      errors.push_back({{"index", at}, {"code", 121}, {"errmsg", "Document failed validation"}});
      continue;
    }
    if (mishap == mishap::shutting_down && at == 0) {
      errors.push_back({{"index", at}, {"code", 91}, {"errmsg", "the server is in quiesce mode"}});
      continue;
    }
    const auto there = documents_.contains(id);
    if (!there && one.value("upsert", false)) upserted.push_back({{"index", at}, {"_id", id}});
    matched += there;
    if (!there && !one.value("upsert", false)) continue;
    documents_[id] = one.at("u");
    arrivals_.push_back(id);
  }
  if (mishap == mishap::hang_up_when_done) hang_up = true;
  json said{{"ok", 1}, {"n", matched + static_cast<int>(upserted.size())}, {"nModified", matched}};
  if (!upserted.empty()) said["upserted"] = upserted;
  if (!errors.empty()) said["writeErrors"] = errors;
  if (mishap == mishap::no_majority)
    said["writeConcernError"] = {{"code", 64}, {"errmsg", "waiting for replication timed out"}};
  return said;
}

void mongo_double::next(mishap what) {
  const std::lock_guard lock{mutex_};
  next_ = what;
}
void mongo_double::refuse(const std::string& id) {
  const std::lock_guard lock{mutex_};
  refused_.insert(id);
}
void mongo_double::document_bytes_max(std::int64_t n) {
  const std::lock_guard lock{mutex_};
  document_bytes_max_ = n;
}
std::map<std::string, json> mongo_double::documents() const {
  const std::lock_guard lock{mutex_};
  return documents_;
}
std::vector<std::string> mongo_double::arrivals() const {
  const std::lock_guard lock{mutex_};
  return arrivals_;
}
std::vector<json> mongo_double::updates() const {
  const std::lock_guard lock{mutex_};
  return updates_;
}

}  // namespace souk::tests
