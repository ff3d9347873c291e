// Writes the access log.
#include "actors/edge/access_log.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace souk::edge {

namespace {
constexpr std::size_t waiting_max = 64 * 1024;
}

access_log::access_log(std::string file) : file_(std::move(file)) {
  open();
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), file_);
}

access_log::~access_log() {
  const std::lock_guard hold{mutex_};
  empty();
  if (descriptor_ >= 0) ::close(descriptor_);
}

void access_log::open() { descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640); }

// Nothing in a line comes from the request but the digits of its trace, so nothing needs to be quoted.
void access_log::write(const access_line& line) {
  std::string text;
  text.reserve(224);
  text.append(R"({"time":")").append(to_text(line.at));
  text.append(R"(","method":")").append(line.method);
  text.append(R"(","route":")").append(line.route);
  text.append(R"(","status":)").append(std::to_string(line.status));
  text.append(R"(,"micros":)").append(std::to_string(line.micros));
  text.append(R"(,"bytes":)").append(std::to_string(line.bytes));
  text.append(R"(,"trace":")").append(line.trace);
  text.append(R"(","role":")").append(line.role).append("\"}\n");
  const std::lock_guard hold{mutex_};
  waiting_ += text;
  if (waiting_.size() >= waiting_max) empty();
}

void access_log::empty() {
  for (std::string_view rest = waiting_; !rest.empty();) {
    const auto n = ::write(descriptor_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      if (!std::exchange(refused_, true)) spdlog::warn("the access log cannot be written: {}", std::strerror(errno));
      break;
    }
    rest.remove_prefix(static_cast<std::size_t>(n));
    refused_ = false;
  }
  waiting_.clear();
}

void access_log::tend() {
  const std::lock_guard hold{mutex_};
  empty();
  struct stat named {
  }, written{};
  const bool same = ::stat(file_.c_str(), &named) == 0 && ::fstat(descriptor_, &written) == 0 &&
                    named.st_ino == written.st_ino && named.st_dev == written.st_dev;
  if (same) return;
  const int before = std::exchange(descriptor_, -1);
  open();
  if (descriptor_ < 0)
    descriptor_ = before;
  else if (before >= 0)
    ::close(before);
}

}  // namespace souk::edge
