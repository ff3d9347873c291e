// What is logged while one looks on.
#pragma once

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <mutex>
#include <string>

namespace souk::tests {

// Whatever is logged while it lives, at any level; to be read while others go on logging.
class everything_logged {
public:
  everything_logged() : before_(spdlog::default_logger()) {
    auto mine = std::make_shared<spdlog::logger>("everything", lines_);
    mine->set_level(spdlog::level::trace);
    spdlog::set_default_logger(std::move(mine));
  }
  ~everything_logged() { spdlog::set_default_logger(before_); }
  everything_logged(const everything_logged&) = delete;
  everything_logged& operator=(const everything_logged&) = delete;

  std::string text() const { return lines_->text(); }

private:
  class lines : public spdlog::sinks::base_sink<std::mutex> {
  public:
    std::string text() {
      const std::lock_guard held{mutex_};
      return text_;
    }

  private:
    void sink_it_(const spdlog::details::log_msg& one) override {
      spdlog::memory_buf_t line;
      formatter_->format(one, line);
      text_.append(line.data(), line.size());
    }
    void flush_() override {}

    std::string text_;
  };

  std::shared_ptr<lines> lines_ = std::make_shared<lines>();
  std::shared_ptr<spdlog::logger> before_;
};

}  // namespace souk::tests
