// Delivers events to a file or to an HTTP endpoint.
#include "actors/edge/sinks.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <unordered_set>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/http.hpp"

namespace souk::edge {

namespace {

class file_sink final : public runtime::sink {
public:
  explicit file_sink(const std::string& path)
      : path_(path), file_(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
    if (file_ < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
    // A crash in the middle of a line leaves half of it: the next line must not continue it.
    char last = '\n';
    const auto size = ::lseek(file_, 0, SEEK_END);
    if (size > 0 && ::pread(file_, &last, 1, size - 1) == 1 && last != '\n') append("\n");
  }
  ~file_sink() override { ::close(file_); }

  runtime::delivery deliver(const order::events& events) override {
    lines_.clear();
    for (const auto& one : events.list) lines_.append(cloud_event(one, events.source)).push_back('\n');
    append(lines_);
    if (::fdatasync(file_) != 0) throw std::runtime_error(path_ + ": " + std::strerror(errno));
    return {events.list.size(), {}, {}};
  }

private:
  void append(std::string_view what) {
    while (!what.empty()) {
      const auto n = ::write(file_, what.data(), what.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw std::runtime_error(path_ + ": " + std::strerror(errno));
      what.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  std::string path_;
  int file_;
  std::string lines_;
};

class http_sink final : public runtime::sink {
public:
  explicit http_sink(const url& where) : target_(where.target), client_(where.host, where.port) {}

  runtime::delivery deliver(const order::events& events) override {
    runtime::delivery done;
    std::unordered_set<number> rejected;  // an order whose event was rejected gets no later one before it
    for (const auto& one : events.list) {
      if (rejected.contains(one.subject)) {
        done.rejected.push_back({one.seq, {}});
        ++done.tried;
        continue;
      }
      try {
        const auto said = client_.request("POST", target_, {{"content-type", "application/cloudevents+json"}},
                                          cloud_event(one, events.source), std::chrono::seconds{5});
        // Busy and unavailable are about the endpoint, not about this event.
        if (said.status == 429 || (said.status >= 502 && said.status <= 504)) {
          done.outage = "the endpoint answers " + std::to_string(said.status);
          return done;
        }
        if (said.status >= 300) {
          done.rejected.push_back({one.seq, std::to_string(said.status) + ' ' + said.body.substr(0, 200)});
          rejected.insert(one.subject);
        }
      } catch (const http_unreachable& trouble) {
        done.outage = trouble.what();
        return done;
      }
      ++done.tried;
    }
    return done;
  }

private:
  std::string target_;
  http_client client_;
};

}  // namespace

runtime::sink_maker make_sink_maker(const std::string& where) {
  if (where.empty()) return {};
  if (where.starts_with("file:")) return [path = where.substr(5)] { return std::make_unique<file_sink>(path); };
  if (const auto to = parse_url(where)) return [to] { return std::make_unique<http_sink>(*to); };
  throw std::invalid_argument("the platform's sink '" + where + "' is neither file:PATH nor http://HOST:PORT/PATH");
}

}  // namespace souk::edge
