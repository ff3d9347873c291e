// Appends events to a file, one JSON object a line; to whatever file has the name now, for others may move it away.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "actors/edge/cloud_event.hpp"
#include "actors/edge/sinks/all.hpp"
#include "persistence/durable.hpp"

namespace souk::edge::sinks {

namespace {

class file_sink final : public runtime::sink {
public:
  explicit file_sink(std::string path) : path_(std::move(path)) { open(); }

  runtime::delivery deliver(const order::events& events) override {
    lines_.clear();
    for (const auto& one : events.list) lines_.append(structured(describe(one, events.source))).push_back('\n');
    if (!has_the_name()) open();
    append(lines_);
    if (::fdatasync(file_.is) != 0) fail();
    // Moved away meanwhile it still has the lines; removed meanwhile nobody ever sees them.
    if (is_removed()) throw std::runtime_error(path_ + ": it was removed while it was written");
    return {events.list.size(), {}, {}};
  }

private:
  // Closed also when the constructor throws.
  struct descriptor {
    ~descriptor() { ::close(is); }
    int is = -1;
  };

  // Leaves everything as it was when it fails.
  void open() {
    constexpr int how = O_RDWR | O_APPEND | O_CLOEXEC;
    int fresh = ::open(path_.c_str(), how);
    const bool is_new = fresh < 0 && errno == ENOENT;
    if (is_new) fresh = ::open(path_.c_str(), how | O_CREAT, 0644);
    if (fresh < 0) fail();
    if (const int before = std::exchange(file_.is, fresh); before >= 0) ::close(before);
    // A new name outlives a power loss only with its folder.
    if (is_new) {
      const auto folder = std::filesystem::path{path_}.parent_path();
      persistence::make_durable(folder.empty() ? "." : folder);
    }
    // A crash in the middle of a line leaves half of it: the next line must not continue it.
    char last = '\n';
    const auto size = ::lseek(file_.is, 0, SEEK_END);
    if (size > 0 && ::pread(file_.is, &last, 1, size - 1) == 1 && last != '\n') append("\n");
  }

  bool has_the_name() const {
    struct stat named {
    }, written{};
    return ::stat(path_.c_str(), &named) == 0 && ::fstat(file_.is, &written) == 0 && named.st_ino == written.st_ino &&
           named.st_dev == written.st_dev;
  }
  bool is_removed() const {
    struct stat written {};
    return ::fstat(file_.is, &written) == 0 && written.st_nlink == 0;
  }

  void append(std::string_view what) {
    while (!what.empty()) {
      const auto n = ::write(file_.is, what.data(), what.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail();
      what.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  [[noreturn]] void fail() const { throw std::runtime_error(path_ + ": " + std::strerror(errno)); }

  std::string path_;
  descriptor file_;
  std::string lines_;
};

}  // namespace

runtime::sink_maker file(const std::string& where) {
  return [path = where.substr(std::string_view{"file:"}.size())] { return std::make_unique<file_sink>(path); };
}

}  // namespace souk::edge::sinks
