// Appends events to a file, one JSON object a line.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/sinks/all.hpp"

namespace souk::edge::sinks {

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
    for (const auto& one : events.list) lines_.append(structured(describe(one, events.source))).push_back('\n');
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

}  // namespace

runtime::sink_maker file(const std::string& where) {
  return [path = where.substr(std::string_view{"file:"}.size())] { return std::make_unique<file_sink>(path); };
}

}  // namespace souk::edge::sinks
